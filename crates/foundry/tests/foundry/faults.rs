//! Calls that are held, broken off, or refused for their token, as cf sees them.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use foundry::Foundry;
use foundry::faults::{Fault, Harm, Occurrence, Rule};
use foundry::request_log::Service;
use foundry::settings::{Settings, TokenPolicy};
use testkit::cf::{self, Cf};
use testkit::wait::{PATIENCE, wait_until};

const CREATE: [&str; 4] = ["create-route", "apps.foundry.test", "--hostname", "www"];

fn start() -> (Foundry, Cf) {
    let foundry = Foundry::start(Settings::default()).unwrap();
    let cf = Cf::targeted(&foundry);
    (foundry, cf)
}

fn routes(foundry: &Foundry) -> usize {
    foundry.routes().len()
}

#[test]
fn a_call_is_held_before_or_after_its_effect() {
    let (foundry, cf) = start();
    for (fault, meanwhile) in [(Fault::Before(Harm::Nothing), 0), (Fault::After(Harm::Nothing), 1)] {
        let held = foundry.faults().hold(Rule::new("POST", "/v3/routes", fault));
        std::thread::scope(|scope| {
            let running = scope.spawn(|| cf.run(CREATE));
            assert!(held.wait_until_reached(PATIENCE));
            assert_eq!(routes(&foundry), meanwhile, "{fault:?}");
            assert!(!running.is_finished());
            held.release();
            assert!(running.join().unwrap().status.success(), "{fault:?}");
        });
        assert_eq!(routes(&foundry), 1, "{fault:?}");
        foundry.faults().clear();
        cf.must(["delete-route", "apps.foundry.test", "--hostname", "www", "-f"]);
    }
}

#[test]
fn a_call_that_was_held_may_still_go_wrong() {
    let (foundry, cf) = start();
    let held = foundry.faults().hold(Rule::new("POST", "/v3/routes", Fault::After(Harm::Close)));
    std::thread::scope(|scope| {
        let running = scope.spawn(|| cf.run(CREATE));
        assert!(held.wait_until_reached(PATIENCE));
        drop(held);
        assert!(!running.join().unwrap().status.success());
    });
    assert_eq!(routes(&foundry), 1);
}

#[test]
fn who_is_killed_in_mid_call_leaves_what_the_call_has_done() {
    let (foundry, cf) = start();
    let whole = foundry.snapshot().unwrap();
    for (fault, left) in [(Fault::Before(Harm::Nothing), 0), (Fault::After(Harm::Nothing), 1)] {
        let held = foundry.faults().hold(Rule::new("POST", "/v3/routes", fault));
        #[expect(clippy::disallowed_methods, reason = "tests drive cf from outside, without the code under test")]
        let mut child = Command::new(cf::binary())
            .args(CREATE)
            .env_clear()
            .env("CF_HOME", cf.home())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        assert!(held.wait_until_reached(PATIENCE));
        child.kill().unwrap();
        child.wait().unwrap();
        // The call ends with its client: else the snapshot would wait for it, and it would go on when it is released.
        let killed = foundry.snapshot().unwrap();
        held.release();
        assert_eq!(routes(&foundry), left, "{fault:?}");
        assert!(foundry.is_as_in(&killed), "{fault:?}");
        foundry.restore(&whole).unwrap();
        cf.must(["routes"]);
    }
}

#[test]
fn who_goes_away_in_an_upload_is_noticed() {
    let foundry = Foundry::start(Settings::default()).unwrap();
    let held = foundry.faults().hold(Rule::new("POST", "/v3/packages/*/upload", Fault::Before(Harm::Nothing)));
    let mut client = TcpStream::connect(foundry.api_addr()).unwrap();
    let body = vec![0; 1 << 20];
    write!(client, "POST /v3/packages/any/upload HTTP/1.1\r\nHost: api\r\nContent-Length: {}\r\n\r\n", body.len())
        .unwrap();
    client.write_all(&body).unwrap();
    assert!(held.wait_until_reached(PATIENCE));
    drop(client);
    assert!(held.wait_until_left(PATIENCE));
}

#[test]
fn a_call_that_hangs_before_its_effect_has_none() {
    let (foundry, cf) = start();
    let whole = foundry.snapshot().unwrap();
    foundry.faults().add(Rule::new("POST", "/v3/routes", Fault::Before(Harm::Hang)));
    foundry.request_log().clear();
    let posted = || foundry.request_log().calls().iter().any(|call| call.method == "POST");
    std::thread::scope(|scope| {
        let running = scope.spawn(|| cf.run(CREATE));
        wait_until("the call is made", || {
            assert!(!running.is_finished(), "cf does not wait for the answer");
            posted()
        });
        foundry.restore(&whole).unwrap();
        assert!(!running.join().unwrap().status.success());
    });
    assert_eq!(routes(&foundry), 0);
    cf.must(CREATE);
}

#[test]
fn a_token_expires_just_before_or_after_a_call() {
    let (foundry, cf) = start();
    let whole = foundry.snapshot().unwrap();
    let other = ["create-route", "apps.foundry.test", "--hostname", "other"];
    let cases = [(Fault::Before(Harm::ExpireTokens), 401, 0), (Fault::After(Harm::ExpireTokens), 201, 1)];
    for (fault, status, left) in cases {
        foundry.faults().add(Rule::new("POST", "/v3/routes", fault).on(Occurrence::Nth(1)));
        foundry.request_log().clear();
        // cf 8.17 refreshes a token by its time alone: one that is refused is not tried again.
        let output = cf.run(CREATE);
        assert_eq!(output.status.success(), status == 201, "{output:?}");
        let output = cf.run(other);
        assert!(String::from_utf8_lossy(&output.stderr).contains("Invalid Auth Token"), "{output:?}");
        let calls = foundry.request_log().calls();
        assert_eq!(calls.iter().find(|call| call.method == "POST").unwrap().status, Some(status));
        assert_eq!(routes(&foundry), left, "{fault:?}");
        foundry.restore(&whole).unwrap();
        cf.must(["routes"]);
    }
}

#[test]
fn the_same_goes_wrong_at_uaa() {
    // cf refreshes tokens with less than a minute to live.
    let tokens = TokenPolicy { access: Duration::from_secs(30), ..TokenPolicy::default() };
    let foundry = Foundry::start(Settings { tokens, ..Settings::default() }).unwrap();
    let cf = Cf::targeted(&foundry);
    let rule = Rule::new("POST", "/oauth/token", Fault::Before(Harm::Close));
    foundry.faults().add(Rule { service: Service::Uaa, ..rule });
    assert!(!cf.run(["routes"]).status.success());
    foundry.faults().clear();
    cf.must(["routes"]);
}

#[test]
fn one_call_of_a_command_is_hit_by_its_number() {
    let (foundry, cf) = start();
    let answers = |foundry: &Foundry| -> Vec<Option<u16>> {
        let calls = foundry.request_log().calls();
        calls.iter().filter(|call| !call.only_reads()).map(|call| call.status).collect()
    };
    // The first one makes the user a member of the organization, too.
    cf.must(["create-space", "first"]);
    foundry.request_log().clear();
    cf.must(["create-space", "second"]);
    let all = answers(&foundry);
    assert!(all.len() > 1, "{all:?}");
    for number in 1..=all.len() {
        let hit = Rule::changing(Fault::Before(Harm::status(500))).on(Occurrence::Nth(number as u64));
        foundry.faults().add(hit);
        foundry.request_log().clear();
        assert!(!cf.run(["create-space", &format!("space-{number}")]).status.success());
        let expected: Vec<_> = all[..number - 1].iter().copied().chain([Some(500)]).collect();
        assert_eq!(answers(&foundry), expected);
        foundry.faults().clear();
    }
}
