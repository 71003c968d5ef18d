//! Several apps of a plan at the same time, with the real cf.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use foundry::faults::{Fault, Harm, Occurrence, Rule};
use serde_json::Value;
use testkit::wait::PATIENCE;

use crate::support::bench::{Bench, Run, three};

const APPLY: [&str; 8] = ["apply", "--yes", "--file", "three.yaml", "--parallel", "3", "--events", "events.jsonl"];

/// A bench with a plan of three apps, of which the first one is live; the check of the second one asks for this path.
fn bench(path: &str) -> Bench {
    let bench = Bench::live_undrained();
    bench.write("three.yaml", &three(path));
    bench
}

/// Who serves each of the apps.
fn served(bench: &Bench) -> [Vec<String>; 3] {
    ["shop", "cart", "mail"].map(|app| bench.leads_to(&format!("{app}.apps.foundry.test")))
}

/// The events of the last run.
fn events(bench: &Bench) -> Vec<Value> {
    let text = fs::read_to_string(bench.folder().join("events.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How many apps were on their way at the same time at the most; each step was begun once all before it were confirmed.
fn most_at_once(events: &[Value]) -> usize {
    let mut in_flight: BTreeMap<&str, &str> = BTreeMap::new();
    let mut most = 0;
    for event in events {
        let (Some(app), Some(step)) = (event["app"].as_str(), event["step"].as_str()) else { continue };
        match event["event"].as_str().unwrap() {
            "step-started" => assert_eq!(in_flight.insert(app, step), None, "one step of an app at a time"),
            "step-confirmed" | "step-failed" => assert_eq!(in_flight.remove(app), Some(step)),
            _ => {}
        }
        most = most.max(in_flight.len());
    }
    most
}

#[test]
fn apps_are_deployed_side_by_side() {
    let bench = bench("/health");
    let run = bench.must(&APPLY);
    assert_eq!(served(&bench), [["shop_b"], ["cart_a"], ["mail_a"]]);
    let told = events(&bench);
    assert_eq!(most_at_once(&told), 3);
    assert_eq!(told.last().unwrap()["exit_code"], 0);
    // Whoever reads it knows of each step which app it is of.
    for app in ["shop", "cart", "mail"] {
        assert!(run.err.contains(&format!("{app}: push the update as the second colour")), "{}", run.err);
    }
    // All go back as they came, and there is nothing left of any run.
    bench.must(&["rollback", "--yes", "--file", "three.yaml", "--parallel", "3"]);
    assert_eq!(served(&bench)[0], ["shop_a"]);
    assert!(bench.foundry.apps().iter().all(|app| !app.name.starts_with("cutover-lock")));
}

#[test]
fn one_lane_fails_and_the_others_come_to_their_end() {
    let bench = bench("/nowhere");
    let run = bench.run(&APPLY);
    assert_eq!(run.code, 3, "{}", run.err);
    assert_eq!(served(&bench), [vec!["shop_b".to_owned()], Vec::new(), vec!["mail_a".to_owned()]]);
    for words in [
        "no app serves cart.apps.foundry.test",
        "shop is done: shop_b serves shop.apps.foundry.test\nmail is done: mail_a serves mail.apps.foundry.test\n",
        "to go on: cutover apply --file three.yaml --app cart\nto go back: cutover rollback --file three.yaml --app shop\n",
    ] {
        assert!(run.err.contains(words), "'{words}' is not in:\n{}", run.err);
    }
}

#[test]
fn a_token_that_ends_for_all_lanes_at_once_is_renewed() {
    let bench = bench("/health");
    let expire = Rule::new("POST", "/v3/apps/*/actions/start", Fault::Before(Harm::ExpireTokens));
    bench.foundry.faults().add(expire.on(Occurrence::First(1)));
    let run = bench.must(&APPLY);
    assert!(!run.err.contains('✗'), "{}", run.err);
    assert_eq!(served(&bench), [["shop_b"], ["cart_a"], ["mail_a"]]);
}

#[test]
fn lanes_that_were_killed_are_resumed() {
    let bench = bench("/health");
    let rule = Rule::new("POST", "/v3/routes/*/destinations", Fault::After(Harm::Nothing)).on(Occurrence::Nth(4));
    let held = bench.foundry.faults().hold(rule);
    let mut child = bench.command(&APPLY).spawn().unwrap();
    assert!(held.wait_until_reached(PATIENCE));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(held.wait_until_left(PATIENCE), "no cf is left behind");
    held.release();
    bench.foundry.faults().clear();
    bench.must(&["resume", "--yes", "--file", "three.yaml", "--parallel", "3"]);
    assert_eq!(served(&bench), [["shop_b"], ["cart_a"], ["mail_a"]]);
}

#[test]
fn an_interrupt_ends_all_lanes() {
    let bench = bench("/health");
    bench.foundry.set_timing(|timing| timing.staging = Duration::from_secs(600));
    let child = bench.command(&APPLY).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let staging = || bench.foundry.request_log().calls().iter().filter(|call| call.target == "/v3/builds").count();
    testkit::wait::wait_until("all of them stage", || staging() == 3);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_eq!(run.code, 130, "{}", run.err);
    assert_eq!(run.err.matches("interrupted before step").count(), 3, "{}", run.err);
    assert_eq!(served(&bench)[0], ["shop_a"]);
}
