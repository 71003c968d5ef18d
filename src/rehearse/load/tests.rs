//! The load against a real router.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use foundry::router::{Endpoint, Propagation, Router, RouterSettings};
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Runtime;

use super::{Cause, Kind, LiveUrl, Load, LoadSettings, Mix, Progress, socket};

const LIVE: &str = "live.example.com";

/// A router, and what runs it.
struct Stage {
    router: Router,
    #[expect(dead_code, reason = "being alive is its work")]
    runtime: Runtime,
}

impl Stage {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let settings = RouterSettings { propagation: Propagation::NONE, ..RouterSettings::default() };
        let router = runtime.block_on(Router::start(settings)).unwrap();
        Self { router, runtime }
    }

    fn register(&self, app: &str, addr: SocketAddr) -> Endpoint {
        let endpoint = Endpoint {
            host: LIVE.to_owned(),
            path: String::new(),
            app_guid: app.to_owned(),
            process_guid: app.to_owned(),
            instance_guid: addr.to_string(),
            index: 0,
            addr,
            route_service_url: None,
        };
        self.router.register(endpoint.clone());
        endpoint
    }

    fn load(&self, change: impl FnOnce(&mut LoadSettings)) -> Load {
        let url = LiveUrl { host: LIVE.to_owned(), path: String::new() };
        let mut settings = LoadSettings::new(self.router.addr(), vec![url], 500);
        change(&mut settings);
        Load::start(settings, Some(self.router.subscribe())).unwrap()
    }
}

/// An instance that answers every request on every connection with these bytes, and remembers what it was sent.
fn instance(answer: &'static str) -> (SocketAddr, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (heads, received) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let heads = heads.clone();
            std::thread::spawn(move || serve(stream, answer, &heads));
        }
    });
    (addr, received)
}

fn serve(mut stream: TcpStream, answer: &str, heads: &std::sync::mpsc::Sender<String>) {
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    while let Ok(read) = stream.read(&mut buffer) {
        if read == 0 {
            return;
        }
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
        if answer == GOOD && seen.contains("\r\nUpgrade: websocket\r\n") && seen.ends_with("\r\n\r\n") {
            echo(stream, &seen);
            return;
        }
        let bodies_end = |seen: &str| !seen.starts_with("POST") || seen.ends_with("lost");
        if seen.contains("\r\n\r\n") && bodies_end(&seen) {
            // The test may have ended.
            let _gone = heads.send(std::mem::take(&mut seen));
            if stream.write_all(answer.as_bytes()).is_err() || !answer.ends_with("good") {
                return;
            }
        }
    }
}

/// Accepts a WebSocket and sends back what comes, the close too.
fn echo(mut stream: TcpStream, head: &str) {
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-Websocket-Key: ")).unwrap();
    let accept = socket::accepted(key);
    let agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
    write!(stream, "{agreed}Sec-WebSocket-Accept: {accept}\r\n\r\n").unwrap();
    let mut head = [0; 6];
    // The load may end before its conversations.
    while stream.read_exact(&mut head).is_ok() {
        let mut payload = vec![0; usize::from(head[1] & 0x7f)];
        stream.read_exact(&mut payload).unwrap();
        let answer = [&[head[0], head[1] & 0x7f], payload.as_slice()].concat();
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

/// Waits until the load has got so far.
fn until(load: &Load, reached: impl Fn(Progress) -> bool) {
    let begun = Instant::now();
    while !reached(load.progress()) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", load.progress());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_schedule_holds_each_kind_as_often_as_it_weighs() {
    let mix = Mix { get: 3, post: 1, kept: 2, ..Mix::NONE };
    assert_eq!(mix.schedule(), [Kind::Get, Kind::Kept, Kind::Post, Kind::Get, Kind::Kept, Kind::Get]);
    assert!(Mix::NONE.schedule().is_empty());
}

#[test]
fn requests_of_all_kinds_are_counted() {
    let stage = Stage::new();
    let (addr, heads) = instance(GOOD);
    stage.register("blue", addr);
    let load = stage.load(|settings| {
        settings.mix = Mix { get: 1, post: 1, slow: 1, kept: 1, sticky: 1, stream: 1, socket: 1 };
    });
    until(&load, |progress| progress.ended >= 100);
    let report = load.finish();
    assert_eq!((report.failed, report.failures.as_slice()), (0, [].as_slice()));
    assert!(report.sent >= 100);
    assert_eq!(report.by_kind.values().sum::<u64>(), report.sent);
    assert_eq!(report.by_kind.len(), Kind::ALL.len());
    assert_eq!(report.by_app, BTreeMapOf::from([(Some("blue".to_owned()), report.sent)]));
    assert!(report.slowest.is_some_and(|slowest| slowest.took >= report.latency.p99));
    let heads: Vec<String> = heads.try_iter().collect();
    assert!(heads.iter().any(|head| head.starts_with("GET /slow?ms=1500 ")));
    assert!(heads.iter().any(|head| head.starts_with("POST / ") && head.ends_with("lost")));
}

/// Accepts as the sample key of RFC 6455 wants it, which is none that is ever sent.
const OTHER_KEY: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

#[test]
fn a_websocket_that_is_refused_or_breaks_off_is_a_failure() {
    assert_eq!(socket::accepted("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    let cases = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Cause::Status(200)),
        (OTHER_KEY, Cause::Connection("the WebSocket was not accepted".to_owned())),
    ];
    for (answer, cause) in cases {
        let stage = Stage::new();
        let (addr, _heads) = instance(answer);
        stage.register("blue", addr);
        let load = stage.load(|settings| settings.mix = Mix { socket: 1, ..Mix::NONE });
        until(&load, |progress| progress.ended >= 20);
        let report = load.finish();
        let told: Vec<_> = report.failures.iter().map(|group| (group.cause.clone(), group.count)).collect();
        assert_eq!(told, [(cause, report.sent)]);
    }
}

#[tokio::test]
async fn a_conversation_is_whole_or_failed() {
    let echoed = |first: u8, text: &[u8]| [&[first, u8::try_from(text.len()).unwrap()], text].concat();
    let cases = [
        (Vec::new(), "early eof"),
        (echoed(0x81, b"message 0"), "early eof"),
        (echoed(0x81, b"message 1"), "the WebSocket sent something else"),
        (echoed(0x88, &1001_u16.to_be_bytes()), "the WebSocket was closed by the other end"),
    ];
    for (answer, fault) in cases {
        let (mut client, mut server) = tokio::io::duplex(1024);
        server.write_all(&answer).await.unwrap();
        server.shutdown().await.unwrap();
        assert_eq!(socket::converse(&mut client).await.unwrap_err().to_string(), fault);
    }
}

type BTreeMapOf = std::collections::BTreeMap<Option<String>, u64>;

#[test]
fn every_failure_is_told_once_with_its_count() {
    let cases = [
        ("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", Some(Cause::Status(500))),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Some(Cause::Status(404))),
        ("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", None),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
            Some(Cause::BrokenOff("closed without a whole answer".to_owned())),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
            Some(Cause::Connection("closed without a whole answer".to_owned())),
        ),
    ];
    for (answer, cause) in cases {
        let stage = Stage::new();
        let (addr, _heads) = instance(answer);
        stage.register("blue", addr);
        let load = stage.load(|settings| settings.mix = Mix { get: 1, ..Mix::NONE });
        until(&load, |progress| progress.ended >= 20);
        let report = load.finish();
        let told: Vec<_> = report.failures.iter().map(|group| (group.cause.clone(), group.count)).collect();
        match cause {
            Some(cause) => assert_eq!(told, [(cause, report.sent)], "{answer}"),
            None => assert_eq!(told, [], "{answer}"),
        }
    }
}

#[test]
fn the_router_says_why() {
    let stage = Stage::new();
    // Never listened on: a listener that is closed again goes on in a process that another test is starting.
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let closed_addr = closed.local_addr().unwrap();
    let load = stage.load(|_| {});
    until(&load, |progress| progress.failed >= 10);
    let gone = stage.register("blue", closed_addr);
    until(&load, |progress| progress.failed >= 100);
    stage.router.unregister(&gone);
    let report = load.finish();
    assert_eq!(report.failed, report.sent);
    assert_eq!(report.failures.iter().map(|group| group.count).sum::<u64>(), report.failed);
    let errors: Vec<&str> = report.failures.iter().filter_map(|group| group.router_error.as_deref()).collect();
    assert!(errors.contains(&"unknown_route"), "{errors:?}");
    assert!(errors.iter().any(|error| error.starts_with("endpoint_failure (dial tcp ")), "{errors:?}");
    assert!(report.by_app.contains_key(&None) && report.by_app.contains_key(&Some("blue".to_owned())));
}

#[test]
fn it_does_not_slow_down_with_the_server_and_its_bound_is_told() {
    let stage = Stage::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    stage.register("blue", silent.local_addr().unwrap());
    let load = stage.load(|settings| {
        settings.timeout = Duration::from_millis(500);
        settings.max_open = 50;
    });
    until(&load, |progress| progress.sent >= 200);
    let report = load.finish();
    assert_eq!(report.failed, report.sent);
    let causes: Vec<&Cause> = report.failures.iter().map(|group| &group.cause).collect();
    assert!(causes.contains(&&Cause::Crowded) && causes.contains(&&Cause::Timeout), "{causes:?}");
}

#[test]
fn kept_connections_are_kept_and_cookies_come_back() {
    let stage = Stage::new();
    let (addr, heads) =
        instance("HTTP/1.1 200 OK\r\nSet-Cookie: JSESSIONID=1; Path=/\r\nContent-Length: 4\r\n\r\ngood");
    stage.register("blue", addr);
    let load = stage.load(|settings| {
        settings.mix = Mix { kept: 1, sticky: 1, ..Mix::NONE };
        settings.paths.session = "/session".to_owned();
    });
    until(&load, |progress| progress.ended >= 100);
    assert_eq!(load.finish().failed, 0);
    let heads: Vec<String> = heads.try_iter().collect();
    assert!(heads.iter().any(|head| head.starts_with("GET /session ") && !head.contains("Cookie: ")));
    let sticky = format!("Cookie: JSESSIONID=1; __VCAP_ID__={addr}\r\n");
    assert!(heads.iter().any(|head| head.starts_with("GET / ") && head.contains(&sticky)));
}

#[test]
fn nothing_is_sent_where_nothing_is_asked_for() {
    let stage = Stage::new();
    assert_eq!(stage.load(|settings| settings.per_second = 0).finish().sent, 0);
    assert_eq!(stage.load(|settings| settings.urls.clear()).finish().sent, 0);
}
