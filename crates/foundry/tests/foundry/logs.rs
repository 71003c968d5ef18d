//! `cf logs --recent`: what an app, the platform and the router wrote.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use foundry::Foundry;
use foundry::settings::Settings;
use testkit::cf::Cf;
use testkit::sinatra;
use testkit::wait::wait_until;

#[test]
fn the_log_holds_what_everybody_wrote() {
    let foundry = Foundry::start(Settings::default()).unwrap();
    let cf = Cf::targeted(&foundry);
    let app = cf.work_dir().join("app");
    fs::create_dir(&app).unwrap();
    fs::copy(sinatra(), app.join("sinatra")).unwrap();
    fs::write(app.join("run.sh"), "echo a line\necho an error >&2\nexec ./sinatra\n").unwrap();
    cf.must(["push", "noisy", "-p", "app", "-b", "binary_buildpack", "-c", "sh run.sh", "-m", "32M", "-k", "64M"]);

    let host = format!("noisy.{}", foundry.settings().domains[0]);
    wait_until("it answers", || get(&foundry, &host).starts_with("HTTP/1.1 200 "));
    let expected = [
        "[STG/0] OUT Uploading complete".to_owned(),
        "[APP/PROC/WEB/0] OUT a line".to_owned(),
        "[APP/PROC/WEB/0] ERR an error".to_owned(),
        format!("[RTR/0] OUT {host} - ["),
    ];
    let recent = || cf.must(["logs", "noisy", "--recent"]);
    wait_until("everybody has written", || {
        let log = recent();
        expected.iter().all(|line| log.contains(line))
    });
    let log = recent();
    let line = log.lines().find(|line| line.contains("[RTR/0]")).unwrap();
    assert!(line.contains("\"GET / HTTP/1.1\" 200 "), "{line}");
    let guid = cf.must(["app", "noisy", "--guid"]);
    assert!(line.contains(&format!("app_id:\"{}\" app_index:\"0\"", guid.trim())), "{line}");
    let staged = log.find(&expected[0]).unwrap();
    assert!(staged < log.find(&expected[1]).unwrap(), "the oldest comes first");
}

fn get(foundry: &Foundry, host: &str) -> String {
    let mut stream = TcpStream::connect(foundry.router_addr()).unwrap();
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
