//! Apps as their owner sees them through cf: processes, environment, scaling, crashes, and the time that things take.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Output;
use std::time::Duration;

use foundry::Foundry;
use foundry::request_log::Call;
use foundry::router::Propagation;
use foundry::settings::Settings;
use serde_json::Value;
use testkit::cf::Cf;
use testkit::sinatra;
use testkit::wait::wait_until;

/// An hour: longer than any test.
const FOREVER: Duration = Duration::from_secs(3600);

const MANIFEST: &str = "\
applications:
- name: shop
  path: app
  buildpacks: [binary_buildpack]
  disk_quota: 64M
  env: {GREETING: hello}
  services: [db]
  processes:
  - {type: web, command: ./sinatra, memory: 32M, health-check-type: port}
  - type: worker
    command: 'echo \"$GREETING from $CF_INSTANCE_INDEX, $VCAP_SERVICES\"; exec sleep 3600'
    memory: 32M
    instances: 2
    health-check-type: process
";

fn start(change: impl FnOnce(&mut Settings)) -> (Foundry, Cf) {
    let mut settings = Settings::default();
    settings.router.propagation = Propagation::NONE;
    change(&mut settings);
    let foundry = Foundry::start(settings).unwrap();
    let cf = Cf::targeted(&foundry);
    let app = cf.work_dir().join("app");
    fs::create_dir(&app).unwrap();
    fs::copy(sinatra(), app.join("sinatra")).unwrap();
    fs::write(cf.work_dir().join("manifest.yml"), MANIFEST).unwrap();
    cf.must(["create-user-provided-service", "db", "-p", r#"{"uri":"db://shop"}"#]);
    (foundry, cf)
}

fn read(cf: &Cf, path: &str) -> Value {
    serde_json::from_str(&cf.must(["curl", path])).unwrap()
}

fn get(foundry: &Foundry, path: &str, header: &str) -> String {
    let mut stream = TcpStream::connect(foundry.router_addr()).unwrap();
    let host = format!("shop.{}", foundry.settings().domains[0]);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n{header}Connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn every_process_runs_and_knows_where_it_is() {
    let (foundry, cf) = start(|_| ());
    cf.must(["push"]);
    let log = || cf.must(["logs", "shop", "--recent"]);
    for index in 0..2 {
        let says = format!("[APP/PROC/WORKER/{index}] OUT hello from {index}, {{\"user-provided\":[{{");
        wait_until(&says, || log().contains(&says));
    }
    assert!(log().contains("db://shop"), "{}", log());
    wait_until("both processes run", || {
        let shown = cf.must(["apps"]);
        shown.contains("web:1/1") && shown.contains("worker:2/2")
    });
    assert!(get(&foundry, "/", "").contains("shop version unknown instance 0"));

    cf.must(["scale", "shop", "-i", "3"]);
    let guid = cf.must(["app", "shop", "--guid"]).trim().to_owned();
    for index in 0..3 {
        let header = format!("X-Cf-App-Instance: {guid}:{index}\r\n");
        let says = format!("instance {index}\n");
        wait_until(&says, || get(&foundry, "/", &header).ends_with(&says));
    }

    cf.must(["scale", "shop", "--process", "worker", "-i", "1"]);
    wait_until("one worker is left", || cf.must(["apps"]).contains("worker:1/1"));
}

#[test]
fn an_instance_that_ends_is_crashed_and_comes_back() {
    let (foundry, cf) = start(|_| ());
    cf.must(["push"]);
    wait_until("it answers", || get(&foundry, "/", "").starts_with("HTTP/1.1 200 "));
    get(&foundry, "/crash", "");
    wait_until("the crash is told", || {
        cf.must(["events", "shop"]).contains("exit_description: APP/PROC/WEB: Exited with status 1")
    });
    wait_until("it answers again", || get(&foundry, "/", "").starts_with("HTTP/1.1 200 "));
}

#[test]
fn staging_and_starting_take_as_long_as_they_are_told_to() {
    let (foundry, cf) = start(|settings| settings.timing.staging = FOREVER);
    let pushed = |name: &str| -> (String, String) {
        cf.must([
            "push",
            name,
            "--no-manifest",
            "-p",
            "app",
            "-b",
            "binary_buildpack",
            "-c",
            "./sinatra",
            "--no-start",
        ]);
        let app = cf.must(["app", name, "--guid"]).trim().to_owned();
        let packages = read(&cf, &format!("/v3/apps/{app}/packages"));
        (app, packages["resources"][0]["guid"].as_str().unwrap().to_owned())
    };
    let build = |package: &str| -> Value {
        let body = format!(r#"{{"package":{{"guid":"{package}"}}}}"#);
        serde_json::from_str(&cf.must(["curl", "-X", "POST", "/v3/builds", "-d", &body])).unwrap()
    };
    let state = |build: &Value| read(&cf, &format!("/v3/builds/{}", build["guid"].as_str().unwrap()))["state"].clone();

    let (_, package) = pushed("slow");
    let slow = build(&package);
    assert_eq!(slow["state"], "STAGING", "{slow}");
    wait_until("staging has begun", || cf.must(["logs", "slow", "--recent"]).contains("[STG/0] OUT"));
    let again = build(&package);
    assert_eq!(again["errors"][0]["detail"], "Only one build can be STAGING at a time per application.");

    foundry.set_timing(|timing| {
        timing.staging = Duration::ZERO;
        timing.start = FOREVER;
    });
    let (app, package) = pushed("quick");
    let quick = build(&package);
    wait_until("it is staged", || state(&quick) == "STAGED");
    assert_eq!(state(&slow), "STAGING");
    let droplet = read(&cf, &format!("/v3/builds/{}", quick["guid"].as_str().unwrap()))["droplet"]["guid"].clone();
    cf.must(["set-droplet", "quick", droplet.as_str().unwrap()]);
    cf.must(["curl", "--fail", "-X", "POST", &format!("/v3/apps/{app}/actions/start")]);
    wait_until("it has begun", || cf.must(["logs", "quick", "--recent"]).contains("[CELL/0] OUT"));
    assert!(cf.must(["app", "quick"]).contains("#0   starting"));
}

#[test]
fn pushes_that_are_under_way_end_with_the_foundry() {
    let (foundry, cf) = start(|settings| settings.timing.staging = FOREVER);
    let cell = foundry.directory().to_owned();
    assert!(cell.is_dir());
    let ended: Vec<Output> = std::thread::scope(|scope| {
        let names = ["one", "two", "three"];
        let pushes = names.map(|name| {
            let cf = &cf;
            scope.spawn(move || {
                cf.run(["push", name, "--no-manifest", "-p", "app", "-b", "binary_buildpack", "-c", "./sinatra"])
            })
        });
        let staging = |call: &&Call| call.method == "POST" && call.path() == "/v3/builds";
        wait_until("all of them stage", || foundry.request_log().calls().iter().filter(staging).count() == names.len());
        foundry.shutdown();
        pushes.into_iter().map(|push| push.join().unwrap()).collect()
    });
    for output in ended {
        assert!(!output.status.success(), "{output:?}");
    }
    assert!(!cell.exists(), "{} is left", cell.display());
}

#[test]
fn twenty_foundries_at_once() {
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let (foundry, cf) = start(|_| ());
                cf.must(["push", "shop", "--no-start"]);
                assert!(cf.must(["apps"]).contains("shop"));
                foundry.shutdown();
            });
        }
    });
}
