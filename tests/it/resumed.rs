//! What is left of a deployment is finished or taken back by somebody else; and somebody else at work is noticed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use cutover::run::executor::ended::Why;
use foundry::faults::{Fault, Harm, Occurrence, Rule};
use foundry::router::Propagation;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use testkit::cf::Cf;
use testkit::wait::{PATIENCE, comes_true_within, wait_for, wait_until};

use crate::support::bench::{Bench, LIVE, PLAN, Run, assert_has, unchecked};
use crate::support::inside;
use crate::support::processes::children;

const STAGING: &str = "shop-staging.apps.foundry.test";

/// A plan whose check goes on until there is a file `go`.
fn waiting_for_go() -> String {
    let check = "- command: {run: 'until [ -e go ]; do sleep 0.1; done'}";
    PLAN.replace("- http: {path: /health, within: 20s, interval: 50ms}", check)
}

/// Starts a deployment whose steps can be followed.
fn started(bench: &Bench, args: &[&str]) -> Child {
    fs::write(bench.folder().join("events.jsonl"), "").unwrap();
    let mut command = bench.command(args);
    command.args(["--events", "events.jsonl"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn until_started(bench: &Bench, step: &str) {
    let begun = format!("\"step\":\"{step}\"");
    wait_until(step, || fs::read_to_string(bench.folder().join("events.jsonl")).unwrap().contains(&begun));
}

/// Kills a run in the midst of a call, before or after its effect.
pub(crate) fn killed_in(bench: &Bench, verb: &str, rule: Rule) {
    let held = bench.foundry.faults().hold(rule);
    let mut child = started(bench, &[verb, "--yes"]);
    assert!(held.wait_until_reached(PATIENCE), "the call is not made");
    child.kill().unwrap();
    child.wait().unwrap();
    // It is cf's call, which ends a moment later than the run; a call that is let go before would be made again.
    assert!(held.wait_until_left(PATIENCE), "cf goes on");
    held.release();
    bench.foundry.faults().clear();
}

/// Another machine: a cf of its own, the plan and its manifest, and nothing that was built.
fn elsewhere(bench: &Bench, args: &[&str]) -> Run {
    elsewhere_with(bench, args, |_| {})
}

/// As [`elsewhere`], where more is done to the app's folder.
fn elsewhere_with(bench: &Bench, args: &[&str], prepare: impl FnOnce(&Path)) -> Run {
    let cf = Cf::targeted(&bench.foundry);
    let folder = cf.work_dir();
    fs::create_dir(folder.join("app")).unwrap();
    for file in ["deploy.yaml", "app/manifest.yml"] {
        fs::copy(bench.folder().join(file), folder.join(file)).unwrap();
    }
    prepare(&folder.join("app"));
    let output = bench.command(args).current_dir(folder).env("CF_HOME", cf.home()).output().unwrap();
    Run::of(&output)
}

fn uploads(bench: &Bench) -> usize {
    let path = |call: &foundry::request_log::Call| call.path().ends_with("/upload");
    bench.foundry.request_log().calls().iter().filter(|call| path(call)).count()
}

#[test]
fn another_machine_finishes_it_without_the_files() {
    let bench = Bench::live_undrained();
    killed_in(&bench, "apply", Rule::new("POST", "/v3/builds", Fault::After(Harm::Nothing)));
    let before = uploads(&bench);
    let status = bench.must(&["status"]).out;
    assert_has(&status, &["shop_b", "cutover resume", "cutover rollback"]);
    // Nothing there is read: what cannot be read does not matter.
    let unreadable = |app: &Path| {
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, app.join("pipe"), kind, mode, 0).unwrap();
    };
    let resumed = elsewhere_with(&bench, &["resume", "--yes"], unreadable);
    resumed.assert_tells(0, &["shop_b serves shop.apps.foundry.test"]);
    assert_eq!(uploads(&bench), before, "the upload was finished, and is repeated");
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
    assert_eq!(bench.leads_to(STAGING), [""; 0]);
    assert_eq!(bench.state_of("shop_a"), "stopped");
    // Nothing is under way any more: it is done where the files are those that run, and not where they are others.
    bench.run(&["resume", "--yes"]).assert_tells(0, &["what runs is what this plan deploys", "shop_b serves"]);
    elsewhere(&bench, &["resume", "--yes"]).assert_tells(
        4,
        &["nothing is under way", "shop_b is live and comes from other files", "cutover apply --app shop"],
    );
    // It is not done, either, where somebody has pushed something else there by hand.
    let changed = |bench: &Bench| {
        let json: serde_json::Value = serde_json::from_str(&bench.must(&["status", "--format", "json"]).out).unwrap();
        let told = bench.must(&["status"]).out.lines().filter(|line| line.contains("somebody has changed it")).count();
        // Programs are offered what people are.
        let way = &json["status"][0]["ways"][0];
        let (command, steps) = (way["command"].as_str().unwrap(), way["steps"].as_u64().unwrap());
        assert!(command.starts_with("cutover rollback") && way["does"] == "goes back to shop_a" && steps > 0, "{way}");
        (json["status"][0]["other_droplet"].clone(), told)
    };
    assert_eq!(changed(&bench), (false.into(), 0));
    bench.cf.must(["push", "shop_b", "-f", "app/manifest.yml", "-p", "app"]);
    assert_eq!(changed(&bench), (true.into(), 1));
    bench.run(&["resume", "--yes"]).assert_tells(4, &["shop_b is live, and somebody has given it another droplet"]);
    // What was switched can be taken back, from there, too.
    elsewhere(&bench, &["rollback", "--yes"]).assert_tells(0, &["shop_a serves shop.apps.foundry.test"]);
}

#[test]
fn an_upload_that_is_not_finished_needs_the_same_files() {
    let bench = Bench::live_undrained();
    killed_in(&bench, "apply", Rule::new("POST", "/v3/packages/*/upload", Fault::Before(Harm::Nothing)));
    elsewhere(&bench, &["resume", "--yes"]).assert_tells(
        4,
        &["the files to upload for shop are not those", "not here: sinatra", "cutover apply", "cutover rollback"],
    );
    bench.write("app/more", "a file more");
    bench
        .run(&["resume", "--yes"])
        .assert_tells(4, &["the files to upload for shop are not those", "not there before: more"]);
    fs::remove_file(bench.folder().join("app/more")).unwrap();
    bench.must(&["resume", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
}

#[test]
fn another_plan_does_not_finish_it() {
    let bench = Bench::live_undrained();
    killed_in(&bench, "apply", Rule::new("POST", "/v3/builds", Fault::Before(Harm::Nothing)));
    bench.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: 2s"));
    bench.run(&["resume", "--yes"]).assert_tells(4, &["comes from another plan", "cutover rollback --app shop"]);
    // The way back is the same by any plan.
    bench.must(&["rollback", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_a"]);
    assert_eq!(bench.state_of("shop_b"), "stopped");
}

#[test]
fn a_run_that_was_killed_before_its_first_change_is_not_the_one_before() {
    let bench = Bench::updated_undrained();
    // `shop_a` is the previous version now: a rollback must not go back to it for the sake of what has not begun.
    let guid = bench.cf.must(["app", "shop_a", "--guid"]);
    killed_in(&bench, "apply", Rule::new("PATCH", &format!("/v3/apps/{}", guid.trim()), Fault::Before(Harm::Close)));
    assert!(bench.cf.must(["apps"]).contains("cutover-lock-shop"));
    bench.run(&["rollback", "--yes"]).assert_tells(0, &["nothing to roll back", "shop_b serves", "is removed"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
    assert!(!bench.cf.must(["apps"]).contains("cutover-lock-shop"));
}

/// A pipeline with `apply || resume` is not green where nothing was ever deployed.
#[test]
fn a_first_run_that_was_killed_before_its_first_change_is_resumed() {
    let bench = Bench::new(Duration::ZERO);
    // The first app that is created is the lock.
    let create = Rule::new("POST", "/v3/apps", Fault::Before(Harm::Nothing)).on(Occurrence::Nth(2));
    killed_in(&bench, "apply", create);
    bench.cf.must(["delete", "shop_a", "-f"]);
    let resumed = bench.run(&["resume", "--yes"]);
    resumed.assert_tells(0, &["shop_a serves shop.apps.foundry.test"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_a"]);
}

/// A signal lets the call that is in flight come to its end.
#[test]
fn an_upload_that_is_in_flight_is_finished() {
    let bench = Bench::live_undrained();
    let held = bench.foundry.faults().hold(Rule::new("POST", "/v3/packages/*/upload", Fault::Before(Harm::Nothing)));
    let child = started(&bench, &["apply", "--yes"]);
    assert!(held.wait_until_reached(PATIENCE), "nothing is uploaded");
    rustix::process::kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    held.release();
    let run = Run::of(&child.wait_with_output().unwrap());
    run.assert_tells(130, &["interrupted", "cutover resume"]);
    let packages = bench.cf.must(["packages", "shop_b"]);
    assert!(packages.contains("ready"), "{packages}");
}

#[test]
fn a_rollback_that_was_killed_is_finished_by_resume() {
    finished_by("resume");
}

#[test]
#[ignore = "`make verify` runs it: the other verb is tried each time"]
fn a_rollback_that_was_killed_is_finished_by_another_one() {
    finished_by("rollback");
}

/// Kills a rollback, and has a verb finish it.
fn finished_by(verb: &str) {
    let bench = Bench::updated_undrained();
    let rule = Rule::new("DELETE", "/v3/routes/*/destinations/*", Fault::Before(Harm::Nothing));
    killed_in(&bench, "rollback", rule);
    let status = bench.must(&["status"]).out;
    assert!(status.contains("rolled back"), "{status}");
    bench.must(&[verb, "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_a"], "{verb}");
    assert_eq!(bench.state_of("shop_b"), "stopped", "{verb}");
}

#[test]
fn a_failed_version_is_stopped_with_its_logs_or_kept() {
    for (flag, state) in [("--yes", "stopped"), ("--keep-failed", "started")] {
        let bench = Bench::live_undrained();
        bench.write("deploy.yaml", &PLAN.replace("/health, within: 20s", "/nowhere, within: 2s"));
        let run = bench.run(
            &["apply", "--yes", flag].iter().copied().take(if flag == "--yes" { 2 } else { 3 }).collect::<Vec<_>>(),
        );
        run.assert_tells(1, &["✗ check shop_b", "(cf logs shop_b --recent)", "shop_a serves"]);
        assert!(run.err.contains("[APP/PROC/WEB/") && !run.err.contains("[RTR/"), "{}", run.err);
        assert_eq!(bench.state_of("shop_b"), state);
        assert_eq!(bench.leads_to(LIVE), ["shop_a"]);
        assert_eq!(bench.leads_to(STAGING), [""; 0]);
    }
}

/// Somebody does this by hand, and this is told of it.
const BY_HAND: &[(&[&str], &str)] = &[
    (
        &["map-route", "shop_b", "apps.foundry.test", "--hostname", "shop"],
        "shop.apps.foundry.test was mapped to shop_b",
    ),
    (&["scale", "shop_b", "-i", "3"], "process web of app shop_b was scaled from 2 to 3 instances"),
    (&["scale", "shop_a", "-i", "1"], "process web of app shop_a was scaled from 2 to 1 instances"),
    (&["delete", "shop_b", "-f"], "app shop_b was deleted"),
    (&["stop", "shop_b"], "app shop_b was stopped"),
    (&["unmap-route", "shop_b", "apps.foundry.test", "--hostname", "shop-staging"], "was unmapped from shop_b"),
];

#[test]
fn a_change_by_somebody_else_stops_the_run() {
    changed_by_hand(&BY_HAND[..2]);
}

#[test]
#[ignore = "`make verify` runs it: others of its kind are tried each time"]
fn each_change_by_somebody_else_stops_the_run() {
    changed_by_hand(&BY_HAND[2..]);
}

/// A package that is newer than what the deployment was compiled for is not for that its own.
#[test]
fn what_somebody_else_uploads_is_not_deployed() {
    let bench = Bench::live_undrained();
    let newest = || {
        let guid = bench.cf.must(["app", "shop_b", "--guid"]);
        let asked = format!("/v3/packages?app_guids={}&order_by=-created_at&per_page=1", guid.trim());
        let answer: serde_json::Value = serde_json::from_str(&bench.cf.must(["curl", &asked])).unwrap();
        answer["resources"][0]["guid"].as_str().unwrap().to_owned()
    };
    let theirs = std::sync::Mutex::new(String::new());
    let ended = inside::deploy(&bench, &|step| {
        if step.id == "shop/push" {
            bench.cf.must(["create-package", "shop_b", "-p", "app"]);
            *theirs.lock().unwrap() = newest();
        }
    });
    assert_eq!(ended, Ok(()));
    let theirs = theirs.into_inner().unwrap();
    assert_ne!(newest(), theirs);
    let guid = bench.cf.must(["app", "shop_b", "--guid"]);
    let droplet = bench.cf.must(["curl", &format!("/v3/apps/{}/droplets/current", guid.trim())]);
    assert!(droplet.contains(&newest()) && !droplet.contains(&theirs), "{droplet}");
}

/// Nor is it by whoever goes on after that has stopped the run.
#[test]
fn what_somebody_else_has_uploaded_since_is_not_gone_on_with() {
    let bench = Bench::live_undrained();
    bench.write("deploy.yaml", &waiting_for_go());
    let child = started(&bench, &["apply", "--yes"]);
    until_started(&bench, "shop/check");
    bench.cf.must(["push", "shop_b", "-f", "app/manifest.yml", "-p", "app", "--no-route", "--no-start"]);
    bench.write("go", "");
    Run::of(&child.wait_with_output().unwrap()).assert_tells(3, &["somebody else has changed", "shop_a serves"]);
    let words =
        ["another package was uploaded to app shop_b since", "cutover rollback --app shop", "cutover apply --app shop"];
    bench.run(&["resume", "--yes"]).assert_tells(4, &words);
    assert_eq!(bench.leads_to(LIVE), ["shop_a"]);
    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
}

/// Nothing would start what was uploaded: it runs already, as the version that it was before.
#[test]
fn what_somebody_starts_while_it_is_pushed_does_not_go_live() {
    let bench = Bench::updated_undrained();
    let held = bench.foundry.faults().hold(Rule::new("POST", "/v3/packages/*/upload", Fault::Before(Harm::Nothing)));
    let child = started(&bench, &["apply", "--yes"]);
    assert!(held.wait_until_reached(PATIENCE), "nothing is uploaded");
    // (`cf start` would stage the package, which is not there.)
    let guid = bench.cf.must(["app", "shop_a", "--guid"]);
    bench.cf.must(["curl", "-X", "POST", &format!("/v3/apps/{}/actions/start", guid.trim()), "--fail"]);
    held.release();
    let run = Run::of(&child.wait_with_output().unwrap());
    run.assert_tells(1, &["app shop_a is started"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
}

fn changed_by_hand(changes: &[(&[&str], &str)]) {
    let bench = Bench::live_undrained();
    // The check takes its time, in which somebody works by hand.
    bench.write("deploy.yaml", &waiting_for_go());
    for (by_hand, told) in changes {
        let child = started(&bench, &["apply", "--yes"]);
        until_started(&bench, "shop/check");
        bench.cf.must(*by_hand);
        bench.write("go", "");
        let run = Run::of(&child.wait_with_output().unwrap());
        run.assert_tells(3, &["somebody else has changed", told, "cutover status"]);
        let is_offered = run.err.contains("cutover rollback");
        let events = fs::read_to_string(bench.folder().join("events.jsonl")).unwrap();
        let mut events = events.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let stopped = events.find(|event| event["event"] == "stopped").unwrap();
        assert!(stopped["why"].as_str().unwrap().contains(told), "{stopped}");
        fs::remove_file(bench.folder().join("go")).unwrap();
        // Nothing was taken back; the way back is open, where it is offered.
        bench.cf.must(["scale", "shop_a", "-i", "2"]);
        let back = bench.run(&["rollback", "--yes"]);
        assert!(is_offered == (by_hand[0] != "delete"), "{by_hand:?}: {}", run.err);
        assert_eq!(back.code == 0, is_offered, "{by_hand:?}: {}", back.err);
        assert_eq!(bench.leads_to(LIVE), ["shop_a"], "{by_hand:?}");
    }
}

#[test]
fn a_check_command_ends_with_a_run_that_is_killed() {
    let bench = Bench::live_undrained();
    let endless = "- command: {run: 'sleep 1000 & echo $$ >group; wait', within: 60s}";
    bench.write("deploy.yaml", &PLAN.replace("- http: {path: /health, within: 20s, interval: 50ms}", endless));
    let mut child = started(&bench, &["apply", "--yes"]);
    let group = wait_for("the check runs", || {
        fs::read_to_string(bench.folder().join("group")).ok()?.trim().parse().ok().and_then(Pid::from_raw)
    });
    assert_eq!(test_kill_process_group(group), Ok(()));
    let guards = children(&child).into_iter().filter(|(_, line)| line.contains("cutover-guard"));
    let guards: Vec<PathBuf> = guards.map(|(pid, _)| format!("/proc/{pid}").into()).collect();
    assert!(!guards.is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until("the guard has ended", || guards.iter().all(|guard| !guard.exists()));
    // What it has killed is gone as soon as it gets to a core.
    let ended = comes_true_within(Duration::from_secs(30), || test_kill_process_group(group).is_err());
    // Whether the test fails or not, nothing of it is left.
    let _gone = kill_process_group(group, Signal::KILL);
    assert!(ended, "the check goes on");
    bench.must(&["rollback", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_a"]);
}

#[test]
fn a_broken_lock_stops_the_run() {
    let bench = Bench::live_undrained();
    bench.write("deploy.yaml", &waiting_for_go());
    let child = started(&bench, &["apply", "--yes"]);
    until_started(&bench, "shop/check");
    bench.cf.must(["delete", "cutover-lock-shop", "-f"]);
    bench.write("go", "");
    let run = Run::of(&child.wait_with_output().unwrap());
    run.assert_tells(3, &["the lock is not held any more", "shop_a serves"]);
    bench.must(&["resume", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
}

/// Takes a version back whose check fails, and does something while it leaves its staging route.
fn disturbed_on_the_way_back(bench: &Bench, disturb: impl FnOnce()) -> String {
    bench.write(
        "deploy.yaml",
        &PLAN.replace("/health, within: 20s", "/nowhere, within: 1s").replace("drain: 1s", "drain: 0s"),
    );
    let rule = Rule::new("DELETE", "/v3/routes/*/destinations/*", Fault::Before(Harm::Nothing));
    let held = bench.foundry.faults().hold(rule);
    let child = started(bench, &["apply", "--yes"]);
    assert!(held.wait_until_reached(PATIENCE));
    disturb();
    held.release();
    bench.foundry.faults().clear();
    let run = Run::of(&child.wait_with_output().unwrap());
    run.assert_tells(3, &["stopped at step", "shop_a serves shop.apps.foundry.test"]);
    let (_, last_words) = run.err.split_once("stopped at step").unwrap();
    last_words.to_owned()
}

/// What is told after a way back was cut off is never the way forward: three people stopped the app that serves by it.
#[test]
#[ignore = "`make verify` runs it: a law of `steps::left` says it of all states"]
fn what_is_left_of_a_way_back_harms_nobody() {
    let bench = Bench::live_undrained();
    let told = disturbed_on_the_way_back(&bench, || {
        bench.cf.must(["delete", "cutover-lock-shop", "-f"]);
    });
    assert!(told.contains("the lock is not held any more") && !told.contains("  cf "), "{told}");
    bench.must(&["rollback", "--yes"]);

    let told = disturbed_on_the_way_back(&bench, || {
        bench.cf.must(["scale", "shop_a", "-i", "1"]);
    });
    assert!(told.contains("was scaled from 2 to 1 instances"), "{told}");
    let commands: Vec<&str> = told.lines().filter(|line| line.starts_with("  cf ")).collect();
    // The new version is off its routes: what is left is its own.
    assert!(commands.contains(&"  cf stop shop_b"), "{told}");
    assert!(commands.iter().all(|line| !line.contains("shop_a")), "{told}");
    bench.must(&["rollback", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_a"]);
}

#[test]
fn a_platform_that_asks_for_patience_gets_it() {
    let bench = Bench::live_undrained();
    let limited = Fault::Before(Harm::Answer { status: 429, retry_after: Some(Duration::from_secs(2)) });
    let faults = bench.foundry.faults();
    let held = faults.hold(Rule::new("POST", "/v3/routes/*/destinations", limited).on(Occurrence::First(1)));
    // Beside another step it would not be known which of them is asked for patience.
    let child = started(&bench, &["apply", "--yes", "--parallel", "1"]);
    assert!(held.wait_until_reached(PATIENCE));
    // cf does not tell how long: that is asked for, and the platform still limits.
    faults.add(Rule::new("GET", "/v3/apps", limited).on(Occurrence::First(1)));
    held.release();
    let run = Run::of(&child.wait_with_output().unwrap());
    run.assert_tells(0, &["again", "on attempt 2"]);
    assert!(bench.seconds_of("on attempt 2") >= 2.0);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
}

#[test]
fn an_instance_that_comes_back_is_waited_for() {
    let bench = Bench::live_undrained();
    let ended = inside::deploy_while(&bench, &|| {
        bench.foundry.set_timing(|timing| timing.start = Duration::from_secs(2));
        assert_eq!(bench.foundry.crash_now("shop_b"), 2);
    });
    assert_eq!(ended, Ok(()));
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
}

/// The routers will never reach what does not run any more: that is noticed long before the step may last no longer.
#[test]
fn what_is_stopped_while_the_routers_are_waited_for_is_noticed() {
    let bench = Bench::live_undrained();
    let never = Propagation { register: Duration::from_secs(24 * 3600), unregister: Duration::ZERO };
    bench.foundry.routers().iter().for_each(|router| router.set_propagation(never));
    stopped_while_it_is_waited_for(&bench, "timeouts: {start: 20h}", &bench.foundry.router_url());
}

/// No router can be asked: the time that stands in for them does no good, either.
#[test]
fn what_is_stopped_while_a_route_settles_is_noticed() {
    let bench = Bench::live_undrained();
    stopped_while_it_is_waited_for(&bench, "settle: 20h", "http://127.0.0.1:1");
}

fn stopped_while_it_is_waited_for(bench: &Bench, key: &str, router: &str) {
    bench.write("deploy.yaml", &unchecked(&format!("drain: 0s\n    {key}")));
    let mut child = started(bench, &["apply", "--yes", "--router", router]);
    let is_waited_for = |line: &str| line.contains("\"step\":\"shop/start\"") && line.contains("the router");
    let events = || fs::read_to_string(bench.folder().join("events.jsonl")).unwrap();
    wait_until("the router is waited for", || events().lines().any(is_waited_for));
    bench.cf.must(["stop", "shop_b"]);
    let ended = comes_true_within(PATIENCE, || child.try_wait().unwrap().is_some());
    if !ended {
        child.kill().unwrap();
    }
    let run = Run::of(&child.wait_with_output().unwrap());
    let words = ["the router is not waited for any longer: app shop_b is stopped", "shop_a serves"];
    run.assert_tells(1, &words);
}

#[test]
fn a_resume_of_an_upload_before_tells_of_other_files_since() {
    let bench = Bench::live_undrained();
    killed_in(&bench, "apply", Rule::new("POST", "/v3/builds", Fault::After(Harm::Nothing)));
    bench.write("app/extra.txt", "new");
    let words = [
        "note: shop: shop_b is live and comes from other files than those that are here",
        "extra.txt",
        "to deploy what is here: cutover apply --app shop",
    ];
    bench.run(&["resume", "--yes"]).assert_tells(0, &words);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
}

/// Has a colour end as soon as it starts, from its next start on.
fn break_colour(bench: &Bench, colour: &str) {
    let guid = bench.cf.must(["app", colour, "--guid"]);
    let broken =
        ["curl", "-X", "PATCH", &format!("/v3/processes/{}", guid.trim()), "-d", r#"{"command":"exit 1"}"#, "--fail"];
    bench.cf.must(broken);
}

/// The way back begins with a start, and nothing tells of it before that has come true.
#[test]
fn a_rollback_to_a_version_that_does_not_start_changes_nothing() {
    let bench = Bench::live_undrained();
    bench.must(&["apply", "--yes"]);
    break_colour(&bench, "shop_a");
    let run = bench.run(&["rollback", "--yes"]);
    run.assert_tells(1, &["✗ start shop_a", "shop_b serves shop.apps.foundry.test", "Exit status 1"]);
    assert!(!run.err.contains("map-route"), "{}", run.err);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
    assert!(bench.must(&["status"]).out.contains("● shop_b: live"));
    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_a"]);
}

/// Both are on the live route when a run is killed, and the old one is broken then: neither way back nor way forward may need it.
#[test]
fn what_serves_is_live_where_the_old_version_is_down() {
    let bench = Bench::live_undrained();
    let unmap = Rule::new("DELETE", "/v3/routes/*/destinations/*", Fault::Before(Harm::Nothing));
    let held = bench.foundry.faults().hold(unmap.on(Occurrence::First(1)));
    let mut child = started(&bench, &["apply", "--yes"]);
    assert!(held.wait_until_reached(PATIENCE));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(held.wait_until_left(PATIENCE));
    held.release();
    bench.foundry.faults().clear();
    break_colour(&bench, "shop_a");
    bench.cf.run(["restart", "shop_a"]);
    let told = bench.must(&["status"]).out;
    assert!(told.contains("● shop_b: live"), "{told}");
    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_a"]);
}

#[test]
fn nothing_is_taken_off_while_the_new_version_does_not_run() {
    let bench = Bench::live_undrained();
    // It has passed its check and is on the live route, and crashes for good.
    let ended = inside::deploy_while(&bench, &|| {
        bench.foundry.faults().keep_unhealthy(Some("shop_b"));
        assert_eq!(bench.foundry.crash_now("shop_b"), 2);
    });
    let unfinished = ended.unwrap_err();
    assert!(matches!(unfinished.why, Why::Failed(_)), "{unfinished:?}");
    assert_eq!(unfinished.step.id, "shop/unmap-live");
    assert!(bench.leads_to(LIVE).contains(&"shop_a".to_owned()));
    assert_eq!(bench.state_of("shop_a"), "started");
}
