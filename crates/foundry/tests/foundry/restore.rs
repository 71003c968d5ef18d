//! A foundry put back to a snapshot, its own or another's: what cf and the routers say is what they said then.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use foundry::Foundry;
use foundry::faults::{Fault, Harm, Rule, StagingFailure};
use foundry::port::Port;
use foundry::router::Propagation;
use foundry::settings::{ReservablePorts, Settings};
use testkit::cf::Cf;
use testkit::sinatra;
use testkit::wait::wait_until;

use crate::support::normal::Normal;

/// Longer than any test.
const FOREVER: Duration = Duration::from_secs(3600);

const LIVE: &str = "shop.apps.foundry.test";

const MANIFEST: &str = "\
applications:
- name: shop
  buildpacks: [binary_buildpack]
  command: ./sinatra
  instances: 2
  memory: 64M
  health-check-type: http
  health-check-http-endpoint: /health
  health-check-invocation-timeout: 30
";

/// A foundry, and a cf that is logged in there.
struct Bench {
    foundry: Foundry,
    cf: Cf,
}

/// A bench on which the app runs, under two routes and with an annotation.
fn deployed(routers: usize) -> Bench {
    deployed_with(Settings { routers, ..Settings::default() })
}

fn deployed_with(mut settings: Settings) -> Bench {
    settings.router.propagation = Propagation::NONE;
    let foundry = Foundry::start(settings).unwrap();
    let bench = Bench { cf: Cf::targeted(&foundry), foundry };
    let app = bench.cf.work_dir().join("app");
    fs::create_dir(&app).unwrap();
    fs::copy(sinatra(), app.join("sinatra")).unwrap();
    fs::write(app.join("manifest.yml"), MANIFEST).unwrap();
    bench.cf.must(["push", "shop", "-f", "app/manifest.yml", "-p", "app"]);
    bench.cf.must(["map-route", "shop", "apps.foundry.test", "--hostname", "www", "--path", "shop"]);
    let guid = bench.cf.must(["app", "shop", "--guid"]);
    let annotations = r#"{"metadata":{"annotations":{"role":"live"}}}"#;
    bench.cf.must(["curl", "-X", "PATCH", &format!("/v3/apps/{}", guid.trim()), "-d", annotations]);
    wait_until("both instances are on both routes", || bench.foundry.router().table().len() == 4);
    bench
}

/// Everything that cf tells of the space.
fn told(bench: &Bench) -> Vec<String> {
    let mut normal = Normal::new(&bench.foundry, bench.cf.work_dir());
    let guid = bench.cf.must(["app", "shop", "--guid"]).trim().to_owned();
    let droplet = format!("/v3/apps/{guid}/droplets/current");
    let app = format!("/v3/apps/{guid}");
    let raw = [vec!["curl", &app], vec!["curl", &droplet], vec!["curl", "/v3/routes"]];
    let shown =
        [vec!["app", "shop"], vec!["apps"], vec!["routes"], vec!["services"], vec!["spaces"], vec!["events", "shop"]];
    let raw = raw.map(|words| bench.cf.must(words));
    raw.into_iter().chain(shown.map(|words| normal.apply(&bench.cf.must(words)))).collect()
}

fn get(router: SocketAddr, host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(router).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn guids(foundry: &Foundry) -> Vec<String> {
    foundry.instances().into_iter().map(|instance| instance.guid).collect()
}

#[test]
fn what_was_broken_by_cf_is_whole_again() {
    let bench = deployed(2);
    bench.cf.must(["create-user-provided-service", "db"]);
    let foundry = &bench.foundry;
    let before = told(&bench);
    let snapshot = foundry.snapshot().unwrap();

    bench.cf.must(["delete", "shop", "-f", "-r"]);
    bench.cf.must(["delete-service", "db", "-f"]);
    // This one does not end when it is asked to, and has an hour.
    let deaf = "trap '' TERM; while :; do sleep 1; done";
    bench.cf.must(["push", "other", "-f", "app/manifest.yml", "-p", "app", "--no-route", "-u", "process", "-c", deaf]);
    foundry.set_timing(|timing| timing.graceful_shutdown = FOREVER);
    // From now on a change takes an hour to reach the routers.
    foundry.routers().iter().for_each(|router| router.set_propagation(Propagation::both(FOREVER)));
    bench.cf.must(["map-route", "other", "apps.foundry.test", "--hostname", "shop"]);
    bench.cf.must(["create-space", "elsewhere"]);
    bench.cf.must(["create-user", "somebody", "secret"]);
    foundry.faults().add(Rule::new("GET", "/v3/**", Fault::Before(Harm::status(500))));
    foundry.faults().fail_staging(None, StagingFailure::compile());

    // Apps have an hour to end, and routers to learn of it: neither is waited for.
    foundry.restore(&snapshot).unwrap();
    assert!(foundry.is_as_in(&snapshot));
    assert_eq!(told(&bench), before);
    for router in foundry.routers() {
        assert_eq!(router.table().len(), 4);
        assert!(get(router.addr(), LIVE, "/health").ends_with("ok\n"));
        assert!(get(router.addr(), "www.apps.foundry.test", "/shop").ends_with("/shop is not here\n"));
    }
    assert_eq!(foundry.instances().len(), 2);

    // The files are there, and the account is not.
    foundry.routers().iter().for_each(|router| router.set_propagation(Propagation::NONE));
    bench.cf.must(["restage", "shop"]);
    wait_until("it answers", || get(foundry.router_addr(), LIVE, "/health").starts_with("HTTP/1.1 200 "));
    bench.cf.must(["create-user", "somebody", "secret"]);
}

#[test]
#[ignore = "`make verify` runs it: it judges the embedded Cloud Foundry alone"]
fn what_was_not_touched_is_not_restarted() {
    let bench = deployed(1);
    let foundry = &bench.foundry;
    let before = (told(&bench), guids(foundry));
    let snapshot = foundry.snapshot().unwrap();
    for _ in 0..3 {
        bench.cf.must(["unmap-route", "shop", "apps.foundry.test", "--hostname", "shop"]);
        bench.cf.must(["set-env", "shop", "GREETING", "hello"]);
        bench.cf.must(["rename", "shop", "renamed"]);
        foundry.restore(&snapshot).unwrap();
        assert_eq!((told(&bench), guids(foundry)), before);
        assert!(get(foundry.router_addr(), LIVE, "/health").starts_with("HTTP/1.1 200 "));
    }
    // One of the two is taken away, and a new one takes its place.
    bench.cf.must(["scale", "shop", "-i", "1"]);
    wait_until("one is left", || foundry.instances().len() == 1);
    foundry.restore(&snapshot).unwrap();
    let after = guids(foundry);
    assert_eq!(after.len(), 2);
    assert!(after[0] == before.1[0] && after[1] != before.1[1], "{after:?} {before:?}");
}

#[test]
#[ignore = "`make verify` runs it: it judges the embedded Cloud Foundry alone"]
fn ports_of_routes_are_listened_on_again() {
    let port = Port::claim().unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()));
    let tcp_ports = ReservablePorts::range(address.port(), address.port());
    let bench = deployed_with(Settings { tcp_ports, ..Settings::default() });
    let foundry = &bench.foundry;
    let refused = || TcpStream::connect(address).is_err();
    bench.cf.must(["create-shared-domain", "tcp.example.com", "--router-group", "default-tcp"]);
    bench.cf.must(["map-route", "shop", "tcp.example.com"]);
    wait_until("the port is listened on", || !refused());
    assert!(get(address, LIVE, "/health").ends_with("ok\n"));
    let before = foundry.tcp_router().ports();
    assert_eq!(before[0].endpoints.len(), 2);
    let snapshot = foundry.snapshot().unwrap();

    bench.cf.must(["unmap-route", "shop", "tcp.example.com", "--port", &address.port().to_string()]);
    wait_until("nothing listens any more", refused);
    bench.cf.must(["delete-shared-domain", "tcp.example.com", "-f"]);
    let group = before[0].group.as_str();
    bench.cf.must(["curl", "-X", "DELETE", &format!("/routing/v1/router_groups/{group}")]);
    foundry.tcp_router().set_propagation(Propagation::both(FOREVER));
    foundry.restore(&snapshot).unwrap();
    assert!(get(address, LIVE, "/health").ends_with("ok\n"));
    assert_eq!(foundry.tcp_router().ports(), before);
    assert!(foundry.is_as_in(&snapshot));
}

#[test]
#[ignore = "`make verify` runs it: it judges the embedded Cloud Foundry alone"]
fn another_foundry_goes_on_where_one_was() {
    let bench = deployed(1);
    bench.cf.must(["create-user", "somebody", "secret"]);
    let snapshot = bench.foundry.snapshot().unwrap();
    let other = Foundry::start(Settings { routers: 2, ..Settings::default() }).unwrap();
    other.restore(&snapshot).unwrap();
    drop(bench);

    assert!(other.is_as_in(&snapshot));
    assert_eq!(other.instances().len(), 2);
    for router in other.routers() {
        assert!(get(router.addr(), LIVE, "/health").ends_with("ok\n"));
    }
    // Accounts came along, and files to stage and to run.
    let cf = Cf::targeted(&other);
    cf.must(["restage", "shop"]);
    wait_until("it answers", || get(other.router_addr(), LIVE, "/health").starts_with("HTTP/1.1 200 "));
    cf.must(["auth", "somebody", "secret"]);
}

#[test]
fn what_has_just_crashed_is_not_taken_for_running() {
    let bench = deployed(1);
    let foundry = &bench.foundry;
    let snapshot = foundry.snapshot().unwrap();
    for crashed in [true, false, true, false] {
        let before = guids(foundry);
        if crashed {
            assert_eq!(foundry.crash_now("shop"), 2);
        } else {
            // An instance ends with the request; the router may ask the other one then, which does the same.
            get(foundry.router_addr(), LIVE, "/crash");
        }
        foundry.restore(&snapshot).unwrap();
        let left = guids(foundry).iter().filter(|guid| before.contains(guid)).count();
        assert!(left == 0 || (left == 1 && !crashed), "{left} of two");
        for _ in 0..2 {
            assert!(get(foundry.router_addr(), LIVE, "/health").ends_with("ok\n"));
        }
    }
}

#[test]
fn a_stopped_app_is_stopped_again_and_an_old_environment_comes_back() {
    let bench = deployed(1);
    let foundry = &bench.foundry;
    bench.cf.must(["set-env", "shop", "VERSION", "7"]);
    // Not restarted: what runs does not know its version.
    let running = foundry.snapshot().unwrap();
    bench.cf.must(["stop", "shop"]);
    let stopped = foundry.snapshot().unwrap();
    foundry.restore(&running).unwrap();
    assert!(get(foundry.router_addr(), LIVE, "/").contains("version unknown"));
    bench.cf.must(["restart", "shop"]);
    wait_until("the new version answers", || get(foundry.router_addr(), LIVE, "/").contains("version 7"));
    foundry.restore(&stopped).unwrap();
    assert!(foundry.instances().is_empty());
    assert_eq!(foundry.router().table(), []);
    foundry.restore(&running).unwrap();
    assert!(get(foundry.router_addr(), LIVE, "/").contains("version unknown"));
}

/// What is under way, what begins it, and whether it has begun.
type Case<'a> = (&'a str, &'a [&'a str], &'a dyn Fn() -> bool);

#[test]
#[ignore = "`make verify` runs it: it judges the embedded Cloud Foundry alone"]
fn what_is_under_way_has_no_effect_any_more() {
    let bench = deployed(1);
    let foundry = &bench.foundry;
    let before = foundry.snapshot().unwrap();
    let is_staging =
        || foundry.request_log().calls().iter().any(|call| call.path() == "/v3/builds" && call.status == Some(201));
    let starts = || foundry.instances().iter().any(|one| one.starting);
    let job_runs = || foundry.request_log().calls().iter().any(|call| call.path().starts_with("/v3/jobs/"));
    let task_runs = || bench.cf.must(["logs", "shop", "--recent"]).contains("begun");
    let push = ["push", "other", "-f", "app/manifest.yml", "-p", "app"];
    let task = ["run-task", "shop", "--command", "trap '' TERM; echo begun; exec sleep 3600", "--wait"];
    let cases: [Case<'_>; 4] = [
        ("a build", &push, &is_staging),
        ("a start", &push, &starts),
        ("a job", &["delete", "shop", "-f"], &job_runs),
        ("a task", &task, &task_runs),
    ];
    for (what, command, is_under_way) in cases {
        foundry.set_timing(|timing| {
            let slow = |which: &str| if what == which { FOREVER } else { Duration::ZERO };
            (timing.staging, timing.start, timing.job) = (slow("a build"), slow("a start"), slow("a job"));
        });
        foundry.request_log().clear();
        std::thread::scope(|scope| {
            let running = scope.spawn(|| bench.cf.run(command));
            wait_until(what, is_under_way);
            foundry.restore(&before).unwrap();
            assert!(!running.join().unwrap().status.success(), "{what}");
        });
        // It waits until nothing is under way, so what was begun has ended.
        foundry.snapshot().unwrap();
        assert!(foundry.is_as_in(&before), "{what}");
        assert_eq!(foundry.instances().len(), 2, "{what}");
    }
}
