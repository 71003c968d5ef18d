//! The user's session, the private copy of it, and signals.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use foundry::faults::{Fault, Harm, Rule};
use foundry::router::Propagation;
use foundry::settings::{Settings, TokenPolicy};
use rustix::process::{Pid, Signal, kill_process};
use testkit::wait::{PATIENCE, wait_until};

use crate::support::bench::{Bench, PLAN, Run, assert_has, unchecked};

/// The private directories below a directory for temporary files.
fn private_directories(temporary: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(temporary).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("cutover-")).collect()
}

/// A run that is under way: its own directory for temporary files, and its events.
struct Running {
    child: Child,
    temporary: PathBuf,
    events: PathBuf,
    /// What it tells.
    told: PathBuf,
}

impl Running {
    fn start(bench: &Bench) -> Self {
        Self::start_with(bench, &[])
    }

    fn start_with(bench: &Bench, flags: &[&str]) -> Self {
        let temporary = bench.folder().join("tmp");
        fs::create_dir_all(&temporary).unwrap();
        let (events, told) = (bench.folder().join("events.jsonl"), bench.folder().join("told.txt"));
        fs::write(&events, "").unwrap();
        let child = bench
            .command(&["apply", "--yes", "--events", "events.jsonl"])
            .args(flags)
            .env("TMPDIR", &temporary)
            .stderr(fs::File::create(&told).unwrap())
            .spawn()
            .unwrap();
        Self { child, temporary, events, told }
    }

    /// The steps that were started so far.
    fn started(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.events).unwrap();
        let events = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let started = events.filter(|event| event["event"] == "step-started");
        started.map(|event| event["step"].as_str().unwrap().to_owned()).collect()
    }

    fn wait_for(&self, step: &str) {
        wait_until(step, || self.started().iter().any(|started| started == step));
    }

    /// Waits until a step waits for the router.
    fn wait_for_router(&self, step: &str) {
        let waits = |event: &serde_json::Value| {
            event["event"] == "waiting" && event["step"] == step && event["what"] == "the router"
        };
        wait_until("the router is waited for", || {
            let text = fs::read_to_string(&self.events).unwrap();
            text.lines().filter_map(|line| serde_json::from_str(line).ok()).any(|event| waits(&event))
        });
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn end(mut self) -> (Run, Vec<String>) {
        wait_until("it ends", || self.child.try_wait().unwrap().is_some());
        let started = self.started();
        let output = self.child.wait_with_output().unwrap();
        (Run { err: fs::read_to_string(self.told).unwrap(), ..Run::of(&output) }, started)
    }
}

#[test]
#[ignore = "`make verify` runs it: the tokens of lanes end and are renewed in the same way"]
fn tokens_that_live_three_seconds_and_rotate() {
    let settings = Settings {
        tokens: TokenPolicy { access: Duration::from_secs(3), rotate: true, ..TokenPolicy::default() },
        ..Settings::default()
    };
    let bench = Bench::with(settings);
    bench.must(&["apply", "--yes"]);
    bench.must(&["apply", "--yes"]);
    bench.must(&["status"]);
    bench.must(&["plan"]);
    // Also where nothing comes of it.
    bench.write("deploy.yaml", &PLAN.replace("path: app\n", "path: app\n    services: [nowhere]\n"));
    assert_eq!(bench.run(&["apply", "--yes"]).code, 4);
    assert_eq!(bench.run(&["plan"]).code, 4);
    // The user's own cf is logged in after each.
    assert!(bench.cf.must(["orgs"]).contains("acme"));
    assert_eq!(bench.apps_on("shop"), ["shop_b"]);
}

#[test]
fn the_private_copy_is_the_users_alone_and_goes_whatever_happens() {
    let bench = Bench::new(Duration::ZERO);
    let check = |run: &str| {
        PLAN.replace("- http: {path: /health, within: 20s, interval: 50ms}", &format!("- command: {{run: '{run}'}}"))
            .replace("drain: 1s", "drain: 0s")
    };
    let ends: [(&str, Option<Signal>, i32); 4] = [
        ("true", None, 0),
        ("false", None, 1),
        ("sleep 60", Some(Signal::TERM), 143),
        ("sleep 60", Some(Signal::KILL), -1),
    ];
    for (command, signal, code) in ends {
        bench.write("deploy.yaml", &check(command));
        let running = Running::start(&bench);
        wait_until("the private directory is there", || !private_directories(&running.temporary).is_empty());
        running.wait_for("shop/push");
        for directory in private_directories(&running.temporary) {
            assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
            let config = directory.join(".cf/config.json");
            assert_eq!(fs::metadata(&config).unwrap().permissions().mode() & 0o777, 0o600);
        }
        if let Some(signal) = signal {
            running.wait_for("shop/check");
            running.send(signal);
        }
        let temporary = running.temporary.clone();
        let (run, _) = running.end();
        assert_eq!(run.code, code, "{command} {signal:?}\n{}", run.err);
        wait_until("the private directory is gone", || private_directories(&temporary).is_empty());
        assert!(bench.cf.must(["orgs"]).contains("acme"));
    }
}

/// Interrupts a deployment at a step, looks, and lets another one finish it. `beside` begins with the step, whatever the
/// order; nothing else begins after it. Where `starts` is false no instance comes up.
fn interrupted_at(step: &str, beside: &[&str], (signal, code): (Signal, i32), starts: bool) {
    let mut settings = Settings::default();
    settings.router.propagation = Propagation::both(Duration::from_secs(1));
    settings.timing.start = Duration::from_secs(1);
    let bench = Bench::live_with(settings);
    bench.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: 60m"));
    if !starts {
        bench.foundry.faults().keep_unhealthy(Some("shop_b"));
    }
    let running = Running::start(&bench);
    running.wait_for(step);
    running.send(signal);
    let (run, started) = running.end();
    assert_eq!(run.code, code, "{step}\n{}", run.err);
    let last = started.iter().rfind(|id| !beside.contains(&id.as_str()));
    assert_eq!(last.map(String::as_str), Some(step), "{started:?}");
    assert_has(&run.err, &["interrupted", "cutover resume", "cutover rollback"]);
    let serving: Vec<_> = bench.apps_on("shop").into_iter().filter(|app| bench.state_of(app) == "started").collect();
    assert!(!serving.is_empty(), "{step}: nobody serves");
    bench.foundry.faults().clear();
    bench.write("deploy.yaml", PLAN);
    bench.must(&["apply", "--yes"]);
    let live = bench.apps_on("shop");
    assert_eq!(live.len(), 1, "{live:?}");
    assert_eq!(bench.apps_on("shop-staging"), [""; 0]);
    let status = bench.must(&["status"]).out;
    assert!(status.contains(&format!("{}: live, started, 2 of 2 instances run", live[0])), "{status}");
}

const CTRL_C: (Signal, i32) = (Signal::INT, 130);
const TERMINATED: (Signal, i32) = (Signal::TERM, 143);

#[test]
#[ignore = "`make verify` runs it: another of its kind is tried each time"]
fn interrupted_while_it_uploads() {
    interrupted_at("shop/push", &[], CTRL_C, true);
}

/// A start that cannot come is not waited for: its time is ten minutes.
#[test]
fn interrupted_while_it_starts_in_vain() {
    interrupted_at("shop/start", &[], TERMINATED, false);
}

/// An app that takes a request of a check and does not answer it is not waited for, and nothing is held against it.
#[test]
fn interrupted_while_a_check_is_not_answered() {
    let bench = Bench::live_undrained();
    bench.write("deploy.yaml", &PLAN.replace("path: /health, within: 20s", "path: '/slow?ms=600000', within: 5m"));
    let running = Running::start(&bench);
    running.wait_for("shop/check");
    running.send(Signal::TERM);
    let (run, _) = running.end();
    assert_eq!(run.code, 143, "{}", run.err);
    assert!(run.err.contains("cutover resume") && !run.err.contains("✗"), "{}", run.err);
    bench.must(&["rollback", "--yes"]);
}

/// A version that is watched is live alone, and the one before it still runs: from there it goes on, or back.
fn interrupted_while_the_new_version_is_watched(time: &str) -> Bench {
    let bench = Bench::live_undrained();
    bench.write("deploy.yaml", &PLAN.replace("drain: 1s", &format!("drain: 0s\n    watch: {{for: {time}}}")));
    let running = Running::start(&bench);
    running.wait_for("shop/watch");
    running.send(Signal::INT);
    let (run, _) = running.end();
    assert_eq!(run.code, 130, "{}", run.err);
    assert!(run.err.contains("cutover resume") && !run.err.contains("✗"), "{}", run.err);
    assert_eq!(bench.apps_on("shop"), ["shop_b"]);
    assert_eq!((bench.state_of("shop_a"), bench.state_of("shop_b")), ("started", "started"));
    bench
}

#[test]
fn a_watch_that_was_interrupted_is_begun_anew_by_resume() {
    let bench = interrupted_while_the_new_version_is_watched("8s");
    let resumed = bench.must(&["resume", "--yes"]).err;
    assert!(resumed.contains("✓ watch shop_b at shop.apps.foundry.test for 8s"), "{resumed}");
    assert_eq!(bench.apps_on("shop"), ["shop_b"]);
    assert_eq!(bench.state_of("shop_a"), "stopped");
}

#[test]
fn a_watch_that_was_interrupted_is_taken_back_by_rollback() {
    let bench = interrupted_while_the_new_version_is_watched("1h");
    let back = bench.must(&["rollback", "--yes"]).err;
    assert!(!back.contains("start shop_a"), "{back}");
    assert_eq!(bench.apps_on("shop"), ["shop_a"]);
    assert_eq!((bench.state_of("shop_a"), bench.state_of("shop_b")), ("started", "stopped"));
}

/// A platform that is out of reach is not waited for either, nor is that its lock is gone.
#[test]
fn interrupted_while_the_platform_is_out_of_reach() {
    let bench = Bench::live_undrained();
    let running = Running::start(&bench);
    running.wait_for("shop/push");
    bench.foundry.faults().add(Rule::any(Fault::Before(Harm::Close)));
    running.send(Signal::TERM);
    let (run, _) = running.end();
    assert_eq!(run.code, 143, "{}", run.err);
    assert_has(
        &run.err,
        &["shop_a serves", "cutover resume", "cutover rollback", "the lock on shop could not be removed"],
    );
    bench.foundry.faults().clear();
    bench.must(&["apply", "--yes"]);
}

#[test]
#[ignore = "`make verify` runs it: another of its kind is tried each time"]
fn interrupted_while_the_live_route_is_mapped() {
    interrupted_at("shop/map-live", &[], TERMINATED, true);
}

#[test]
#[ignore = "`make verify` runs it: it drains for long; a start is interrupted each time"]
fn interrupted_while_the_old_colour_drains() {
    interrupted_at("shop/drain", &["shop/unmap-staging"], CTRL_C, true);
}

/// Staging goes on at the platform by itself: nobody waits for it who wants to stop.
#[test]
fn interrupted_while_it_stages() {
    let mut settings = Settings::default();
    settings.timing.staging = Duration::from_secs(3600);
    let bench = Bench::live_with(settings);
    let running = Running::start(&bench);
    running.wait_for("shop/stage");
    running.send(Signal::TERM);
    let (run, _) = running.end();
    assert_eq!(run.code, 143, "{}", run.err);
    bench.foundry.set_timing(|timing| timing.staging = Duration::ZERO);
    bench.must(&["rollback", "--yes"]);
    assert_eq!(bench.apps_on("shop"), ["shop_a"]);
}

/// Asserts that a run which waits for the router in a step ends at once.
fn interrupted_at_the_router(running: Running, step: &str) {
    running.wait_for_router(step);
    running.send(Signal::TERM);
    let (run, started) = running.end();
    assert_eq!(run.code, 143, "{}", run.err);
    assert_eq!(started.last().map(String::as_str), Some(step));
    assert!(run.err.contains("cutover resume") && !run.err.contains("✗"), "{}", run.err);
}

/// A router that does not learn of a route is not waited for; its time is an hour.
#[test]
fn interrupted_while_a_router_does_not_know_the_route() {
    let bench = Bench::live_undrained();
    let check = "- command: {run: 'until [ -e go ]; do sleep 0.1; done'}";
    let plan = PLAN.replace("- http: {path: /health, within: 20s, interval: 50ms}", check);
    bench.write("deploy.yaml", &plan.replace("drain: 1s", "drain: 0s\n    timeouts: {route: 60m}"));
    let running = Running::start(&bench);
    running.wait_for("shop/check");
    let late = Propagation::both(Duration::from_secs(3600));
    bench.foundry.routers().iter().for_each(|router| router.set_propagation(late));
    bench.write("go", "");
    interrupted_at_the_router(running, "shop/map-live");
    assert_eq!(bench.apps_on("shop"), ["shop_a", "shop_b"]);
}

/// Nor is the time that stands in where the router cannot be asked.
#[test]
fn interrupted_while_it_settles() {
    let bench = Bench::live_undrained();
    bench.write("deploy.yaml", &unchecked("drain: 0s\n    settle: 60m"));
    let running = Running::start_with(&bench, &["--router", "http://127.0.0.1:1"]);
    // Its instances are to be reached at the staging route first.
    interrupted_at_the_router(running, "shop/start");
    assert_eq!(bench.apps_on("shop"), ["shop_a"]);
}

#[test]
fn a_second_ctrl_c_tells_where_things_stand() {
    let bench = Bench::live_undrained();
    let held = bench.foundry.faults().hold(Rule::new("POST", "/v3/packages/*/upload", Fault::Before(Harm::Nothing)));
    let running = Running::start(&bench);
    assert!(held.wait_until_reached(PATIENCE));
    running.send(Signal::INT);
    // The first one is answered before the second one comes, as a person would.
    wait_until("it is answered", || fs::read_to_string(&running.told).unwrap().contains("once more ends it at once"));
    running.send(Signal::INT);
    let events = running.events.clone();
    let (run, _) = running.end();
    assert_eq!(run.code, 130);
    let events = fs::read_to_string(events).unwrap();
    let last: serde_json::Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["exit_code"]), (&"ended".into(), &130.into()));
    assert_eq!(last["apps"][0]["live"], "shop_a");
    assert_has(
        &run.err,
        &["ended at once, in the midst of step shop/push", "shop_a serves", "cutover resume", "cutover status"],
    );
    held.release();
    bench.must(&["rollback", "--yes"]);
}
