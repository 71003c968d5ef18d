//! What a person reads when the session, the API or the router is gone: what happened, what serves, and what to do.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use foundry::faults::{Fault, Harm, Occurrence, Rule};
use serde_json::Value;
use testkit::wait::PATIENCE;

use crate::support::bench::{Bench, PLAN, Run};

/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:1";

fn assert_tells(run: &Run, code: i32, words: &[&str]) {
    run.assert_tells(code, words);
    // What is for programs is never told to a person.
    for raw in ["dial tcp", "Get \"", "/v3/organizations", "{\"errors\"", "runtime error"] {
        assert!(!run.err.contains(raw), "'{raw}' is in:\n{}", run.err);
    }
}

#[test]
fn a_session_that_ends_in_mid_run() {
    let bench = Bench::live_undrained();
    let held = bench.foundry.faults().hold(Rule::new("POST", "/v3/builds", Fault::Before(Harm::Nothing)));
    let child = bench.command(&["apply", "--yes"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    assert!(held.wait_until_reached(PATIENCE));
    bench.foundry.revoke_tokens();
    held.release();
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_tells(
        &run,
        3,
        &[
            "not logged in any more: the token expired or was revoked",
            "when it was read last, shop_a serves shop.apps.foundry.test",
            "log in again first: cf login\ngo on with cutover resume, or go back with cutover rollback; see cutover status",
        ],
    );
    assert!(!run.err.contains("whoever holds it decides"), "{}", run.err);

    bench.foundry.faults().clear();
    assert_tells(&bench.run(&["status"]), 4, &["not logged in any more", "hint: log in again: cf login"]);
    let settings = bench.foundry.settings();
    let (user, password) = (settings.user.as_str(), settings.password.as_str());
    bench.cf.must(["login", "-u", user, "-p", password, "-o", "acme", "-s", "production"]);
    bench.must(&["rollback", "--yes", "--take-over"]);
    assert_eq!(bench.apps_on("shop"), ["shop_a"]);
}

#[test]
fn an_api_that_cannot_be_reached_and_one_that_asks_for_patience() {
    let bench = Bench::live_undrained();
    // The platform answers again after a second: a read is made once more.
    let limited = Fault::Before(Harm::Answer { status: 429, retry_after: Some(Duration::from_secs(1)) });
    for path in ["/v3/organizations/*/domains", "/v3/processes"] {
        bench.foundry.faults().clear();
        bench.foundry.faults().add(Rule::new("GET", path, limited).on(Occurrence::First(1)));
        let run = bench.must(&["status"]);
        assert!(run.err.contains("the platform takes no more calls of this user for a while"), "{}", run.err);
        assert!(run.out.contains("shop_a: live"), "{}", run.out);
    }
    let config = bench.cf.home().join(".cf/config.json");
    let there = fs::read_to_string(&config).unwrap();
    fs::write(&config, there.replace(&bench.foundry.api_url(), NOWHERE)).unwrap();
    bench.write("deploy.yaml", &PLAN.replace("API", NOWHERE));
    for verb in [&["status"][..], &["plan"], &["apply", "--yes"]] {
        assert_tells(
            &bench.run(verb),
            1,
            &["error: the API http://127.0.0.1:1 cannot be reached (connection refused)\n"],
        );
    }
}

#[test]
#[ignore = "`make verify` runs it: it waits for a router three times over; `routes` has a shorter one"]
fn a_router_that_cannot_be_asked_is_told_before_the_first_change() {
    let bench = Bench::live_undrained();
    let plan = PLAN
        .replace("- http: {path: /health, within: 20s, interval: 50ms}", "- command: {run: 'true'}")
        .replace("drain: 1s", "drain: 0s\n    settle: 1s");
    bench.write("deploy.yaml", &plan);
    let deaf = |args: &[&str]| Run::of(&bench.command(args).env("CUTOVER_ROUTER", NOWHERE).output().unwrap());
    let note = "note: the router cannot be asked who answers on";
    let words = [note, "shop.apps.foundry.test", "connection refused", "settle time, 1s", "--router URL"];

    let preview = deaf(&["plan"]);
    assert_eq!(preview.code, 0, "{}", preview.err);
    assert!(words.iter().all(|words| preview.out.contains(words)), "{}", preview.out);
    let json: Value = serde_json::from_str(&deaf(&["plan", "--format", "json"]).out).unwrap();
    let told: Vec<_> = json["routers"].as_array().unwrap().iter().map(|route| route["asked"].as_bool()).collect();
    assert_eq!(told, [Some(false), Some(false)], "staging and live");
    assert!(!bench.must(&["plan"]).out.contains(note), "this one can be asked");

    let run = deaf(&["apply", "--yes"]);
    assert_tells(&run, 0, &words);
    let (first, step) = (run.err.find(note).unwrap(), run.err.find("create shop_b").unwrap());
    assert!(first < step, "{}", run.err);
    assert!(run.err.contains("not asked at the router (it cannot be reached from here"), "{}", run.err);
    assert_eq!(bench.apps_on("shop"), ["shop_b"]);

    // A previous version that was scaled down to nothing comes back as large as the one that is live.
    bench.cf.run(["scale", "shop_a", "-i", "0"]);
    let status = bench.must(&["status"]);
    assert!(status.out.contains("cutover rollback goes back to shop_a ("), "{}", status.out);
    assert_tells(&bench.run(&["rollback", "--yes"]), 0, &["✓ give shop_a 2 web instances", "shop_a serves"]);
    let status = bench.must(&["status"]);
    assert!(status.out.contains("shop_a: live, started, 2 of 2 instances run"), "{}", status.out);
}
