//! Routes that are asked by `https`, and through a proxy.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::bench::{Bench, PLAN, Run};

/// Takes requests by TLS, with a certificate for the routes of the usual plan, and gives each to the router.
fn front_of(router: &str) -> String {
    let folder = testkit::root().join("fixtures/tls");
    let certificates = CertificateDer::pem_file_iter(folder.join("router.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("router.key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .unwrap();
    let (config, router): (_, SocketAddr) = (Arc::new(config), router.trim_start_matches("http://").parse().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let config = Arc::clone(&config);
            // A client that does not trust the certificate goes away.
            thread::spawn(move || pass_on(stream, config, router));
        }
    });
    url
}

/// Passes on one request without a body.
fn pass_on(stream: TcpStream, config: Arc<ServerConfig>, router: SocketAddr) -> io::Result<()> {
    let mut client = StreamOwned::new(ServerConnection::new(config).map_err(io::Error::other)?, stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.extend(byte);
    }
    head.truncate(head.len() - 2);
    let mut router = TcpStream::connect(router)?;
    router.write_all(&head)?;
    router.write_all(b"Connection: close\r\n\r\n")?;
    io::copy(&mut router, &mut client)?;
    client.conn.send_close_notify();
    client.flush()
}

/// A bench whose routes are asked by TLS, with this key at the top of its plan.
fn asked_by_tls(key: &str) -> (Bench, String) {
    let bench = Bench::live_undrained();
    bench.write(
        "deploy.yaml",
        &PLAN.replace("version: 1", &format!("version: 1\n{key}")).replace("drain: 1s", "drain: 0s"),
    );
    fs::copy(testkit::root().join("example/ca.pem"), bench.folder().join("ca.pem")).unwrap();
    let front = front_of(&bench.foundry.router_url());
    (bench, front)
}

fn run(bench: &Bench, front: &str, words: &[&str]) -> Run {
    Run::of(&bench.command(words).env("CUTOVER_ROUTER", front).output().unwrap())
}

#[test]
fn a_certificate_of_an_unknown_authority_is_not_trusted() {
    let (bench, front) = asked_by_tls("");
    let refused = run(&bench, &front, &["apply", "--yes"]);
    assert_eq!(refused.code, 4, "{}", refused.err);
    assert!(
        refused.err.contains("cannot be reached from here") && refused.err.contains("certificate"),
        "{}",
        refused.err
    );
}

#[test]
fn the_authorities_of_the_plan_are_trusted() {
    let (bench, front) = asked_by_tls("tls: {ca_file: ca.pem}");
    let done = run(&bench, &front, &["apply", "--yes"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("asked at the router, 16 answers in a row"), "{}", done.err);
    assert!(!done.err.contains("WARNING"), "{}", done.err);
    assert_eq!(bench.apps_on("shop"), ["shop_b"]);
}

#[test]
fn each_run_warns_where_no_certificate_is_verified() {
    let (bench, front) = asked_by_tls("tls: {insecure: true}");
    let preview = run(&bench, &front, &["plan"]);
    assert!(preview.out.contains("WARNING: no certificate of a route is verified"), "{}", preview.out);
    for words in [&["apply", "--yes", "-q"][..], &["rollback", "--yes"]] {
        let done = run(&bench, &front, words);
        assert_eq!(done.code, 0, "{}", done.err);
        assert!(done.err.contains("WARNING: the plan says tls.insecure"), "{}", done.err);
    }
}

#[test]
fn routes_are_asked_through_the_proxy_of_the_environment() {
    let bench = Bench::live_undrained();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(String::new()));
    let asks = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in proxy.incoming().map_while(Result::ok) {
            let mut line = String::new();
            // Whoever goes away has asked for nothing.
            let _read = BufReader::new(stream).read_line(&mut line);
            asks.lock().unwrap().push_str(&line);
        }
    });
    let plan = |exempt: &str| {
        let mut command = bench.command(&["plan"]);
        command.env_remove("CUTOVER_ROUTER").env("HTTPS_PROXY", &address).env("NO_PROXY", exempt);
        assert!(command.output().unwrap().status.success());
        std::mem::take(&mut *asked.lock().unwrap())
    };
    let seen = plan("elsewhere.test");
    assert!(seen.contains("CONNECT shop.apps.foundry.test:443"), "{seen}");
    assert_eq!(plan(".foundry.test"), "");
}
