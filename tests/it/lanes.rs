//! Several apps of a plan at the same time, with the real cf.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use foundry::faults::{Fault, Harm, Occurrence, Rule};
use serde_json::Value;
use testkit::wait::{PATIENCE, wait_until};

use crate::support::bench::{Bench, Run, assert_has, three};

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

/// By the id of each step of the deployment, the ids of those that it waits for.
fn waits(bench: &Bench, arguments: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let plan = bench.must(&[&["plan", "--format", "json"], arguments].concat());
    let plan: Value = serde_json::from_str(&plan.out).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let after = |step: &Value| step["after"].as_array().unwrap().iter().map(text).collect();
    plan["steps"].as_array().unwrap().iter().map(|step| (text(&step["id"]), after(step))).collect()
}

/// How many apps were on their way at the same time at the most. Each step was begun once all that it waits for were confirmed.
fn most_at_once(events: &[Value], waits: &BTreeMap<String, BTreeSet<String>>) -> usize {
    let mut in_flight: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut confirmed = BTreeSet::new();
    let mut most = 0;
    for event in events {
        let (Some(app), Some(step)) = (event["app"].as_str(), event["step"].as_str()) else { continue };
        let of_app = in_flight.entry(app).or_default();
        match event["event"].as_str().unwrap() {
            "step-started" => {
                assert!(waits[step].is_subset(&confirmed), "{step} was begun too early");
                assert!(of_app.insert(step), "{step} was begun twice");
            }
            "step-confirmed" => {
                assert!(of_app.remove(step));
                confirmed.insert(step.to_owned());
            }
            _ => {}
        }
        most = most.max(in_flight.values().filter(|steps| !steps.is_empty()).count());
    }
    assert_eq!(confirmed.len(), waits.len());
    most
}

#[test]
fn apps_are_deployed_side_by_side() {
    let bench = bench("/health");
    let waits = waits(&bench, &["--file", "three.yaml", "--parallel", "3"]);
    let run = bench.must(&APPLY);
    assert_eq!(served(&bench), [["shop_b"], ["cart_a"], ["mail_a"]]);
    let told = events(&bench);
    assert_eq!(most_at_once(&told, &waits), 3);
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
fn what_does_not_wait_for_each_other_in_one_app_runs_side_by_side() {
    let bench = Bench::live_undrained();
    let waits = waits(&bench, &[]);
    assert!(!waits["shop/map-staging"].contains("shop/stage"));
    let held = bench.foundry.faults().hold(Rule::new("POST", "/v3/builds", Fault::Before(Harm::Nothing)));
    let child = bench.command(&["apply", "--yes", "--events", "events.jsonl"]).spawn().unwrap();
    wait_until("the staging route is mapped while it is staged", || {
        let events = fs::read_to_string(bench.folder().join("events.jsonl")).unwrap_or_default();
        let is_confirmed = |line: &str| line.contains("step-confirmed") && line.contains("\"shop/map-staging\"");
        events.lines().any(is_confirmed)
    });
    assert!(held.wait_until_reached(PATIENCE));
    held.release();
    assert_eq!(Run::of(&child.wait_with_output().unwrap()).code, 0);
    assert_eq!(most_at_once(&events(&bench), &waits), 1);
    assert_eq!(bench.apps_on("shop"), ["shop_b"]);
}

#[test]
fn one_lane_fails_and_the_others_come_to_their_end() {
    let bench = bench("/nowhere");
    let run = bench.run(&APPLY);
    assert_eq!(run.code, 3, "{}", run.err);
    assert_eq!(served(&bench), [vec!["shop_b".to_owned()], Vec::new(), vec!["mail_a".to_owned()]]);
    assert_has(
        &run.err,
        &[
            "no app serves cart.apps.foundry.test",
            "shop is done: shop_b serves shop.apps.foundry.test\nmail is done: mail_a serves mail.apps.foundry.test\n",
            "to go on: cutover apply --file three.yaml --app cart\nto go back: cutover rollback --file three.yaml --app shop\n",
        ],
    );
}

#[test]
fn a_cf_that_hangs_in_one_lane_is_ended_and_holds_up_no_other() {
    let bench = bench("/health");
    bench.write("three.yaml", &three("/health").replace("drain: 0s", "drain: 0s\n    timeouts: {call: 10s}"));
    let start = Rule::new("POST", "/v3/apps/*/actions/start", Fault::Before(Harm::Hang));
    bench.foundry.faults().add(start.on(Occurrence::Nth(1)));
    bench.must(&APPLY);
    assert_eq!(served(&bench), [["shop_b"], ["cart_a"], ["mail_a"]]);
    let told = events(&bench);
    let repeated = told.iter().position(|event| event["event"] == "step-repeated").unwrap();
    let (hung, step) = (&told[repeated]["app"], &told[repeated]["step"]);
    assert!(step.as_str().unwrap().ends_with("/start"), "{step}");
    let begun = told.iter().position(|event| event["event"] == "step-started" && event["step"] == *step).unwrap();
    let meanwhile = told[begun..repeated].iter().filter(|event| event["event"] == "step-confirmed");
    let apps: BTreeSet<&str> = meanwhile.map(|event| event["app"].as_str().unwrap()).collect();
    assert!(apps.len() == 2 && !apps.contains(hung.as_str().unwrap()), "{hung} hangs, and {apps:?} go on");
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

/// A run all of whose three apps stage, and go on doing so.
fn staging(bench: &Bench) -> Child {
    bench.foundry.set_timing(|timing| timing.staging = Duration::from_secs(600));
    let child = bench.command(&APPLY).stderr(Stdio::piped()).spawn().unwrap();
    let builds = || bench.foundry.request_log().calls().iter().filter(|call| call.target == "/v3/builds").count();
    wait_until("all of them stage", || builds() == 3);
    child
}

#[test]
fn an_interrupt_ends_all_lanes() {
    let bench = bench("/health");
    let child = staging(&bench);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_eq!(run.code, 130, "{}", run.err);
    assert_eq!(run.err.matches("interrupted before step").count(), 3, "{}", run.err);
    assert_eq!(served(&bench)[0], ["shop_a"]);
}

/// Whoever asks for one of its apps ends the run, and has not taken the others.
#[test]
fn a_run_whose_lock_on_one_app_is_taken_over_ends_as_a_whole() {
    let bench = bench("/health");
    let child = staging(&bench);
    bench.must(&["rollback", "--yes", "--file", "three.yaml", "--app", "shop", "--take-over"]);
    let ended = Run::of(&child.wait_with_output().unwrap());
    ended.assert_tells(
        3,
        &[
            "has asked to take shop over",
            "whoever has taken it decides what comes next",
            "the run ends with the lock on shop: whoever has taken it may be at work on cart, too",
            "the run ends with the lock on shop: whoever has taken it may be at work on mail, too",
        ],
    );
    assert_eq!(served(&bench)[0], ["shop_a"]);
    assert!(!bench.has_lock());
}
