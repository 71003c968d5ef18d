//! One deployment of an app at a time: who gets the lock, how it is kept and lost, and what people are told.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use cutover::cf::session::{PrivateHome, Session};
use cutover::cf::spawn::Cf;
use cutover::plan::AppName;
use cutover::run::api::Api;
use cutover::run::lock::{Claim, LockError, LockManager, Patience};
use cutover::run::waiting::clock::{Clock, Stop};
use cutover::run::waiting::signal;
use cutover::space::Verb;
use cutover::space::lock::{Lock, LockState, ProcessId, SILENCE, SKEW};
use cutover::steps::annotations::Identity;
use foundry::faults::{Fault, Harm, Occurrence, Rule};
use foundry::settings::Settings;
use guard::Guard;
use jiff::Timestamp;
use regex::Regex;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use testkit::cf::binary;
use testkit::wait::{PATIENCE, wait_until};

use crate::support::bench::{Bench, MANIFEST, PLAN, Run};

/// What nobody cares to hear.
fn deaf(_: &str) {}

/// A bench whose deletions take a while: until then a name is not free.
fn bench() -> Bench {
    let mut settings = Settings::default();
    settings.timing.job = Duration::from_millis(30);
    let bench = Bench::with(settings);
    bench.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: 0s"));
    bench
}

fn shop() -> AppName {
    AppName::parse("shop").unwrap()
}

/// A clock that goes as fast as it is asked to wait.
struct Hurried(Mutex<Instant>);

impl Hurried {
    fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }
}

impl Clock for Hurried {
    fn now(&self) -> Instant {
        *self.0.lock().unwrap()
    }

    fn pause(&self, time: Duration) -> Result<(), Stop> {
        *self.0.lock().unwrap() += time;
        Ok(())
    }
}

/// A clock whose waits are ended by a signal, and that counts them.
#[derive(Default)]
struct Signalled(AtomicUsize);

impl Clock for Signalled {
    fn pause(&self, time: Duration) -> Result<(), Stop> {
        self.0.fetch_add(usize::from(!time.is_zero()), Ordering::SeqCst);
        if self.0.load(Ordering::SeqCst) > 0 { Err(Stop::Signal(signal::Signal::Interrupt)) } else { Ok(()) }
    }
}

/// Nobody else is waited for.
const AT_ONCE: Patience = Patience { wait: Duration::ZERO, find_out: false, take_over: false };
/// It is found out whether somebody else's run is dead.
const FINDS_OUT: Patience = Patience { find_out: true, ..AT_ONCE };

/// A machine from which somebody deploys: a cf of its own with a session of its own.
struct Machine {
    cf: Cf,
    session: Session,
    clock: Hurried,
    by: String,
}

impl Machine {
    fn new(bench: &Bench, by: &str) -> Self {
        let home = PrivateHome::create(&Guard::start().unwrap()).unwrap();
        let cf = Cf::discover(Some(&binary()), &home).unwrap();
        let session = Session::open(&bench.cf.home().join(".cf/config.json"), home).unwrap();
        Self { cf, session, clock: Hurried::new(), by: by.to_owned() }
    }

    fn manager(&self, patience: Patience) -> LockManager<'_> {
        LockManager::new(Api::new(&self.cf, &self.session), &self.clock, patience)
    }

    fn claim(&self, deployment: &str) -> Claim {
        let (id, by) = (deployment.to_owned(), self.by.clone());
        let deployment = Identity { id, by, at: "2026-11-24T10:00:00Z".to_owned() };
        Claim { deployment, plan: "digest".to_owned(), verb: Verb::Apply }
    }

    fn take(&self, deployment: &str) -> Result<Lock, LockError> {
        self.manager(AT_ONCE).take(&shop(), &self.claim(deployment), &mut deaf)
    }

    fn give_back(&self, lock: &Lock) {
        assert!(self.manager(AT_ONCE).break_open(lock, &mut deaf).unwrap());
    }
}

fn ago(span: Duration) -> String {
    Timestamp::now().saturating_sub(span).unwrap().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Makes a lock by hand, as a run has left it that was last heard of so long ago. Where that run is, is not told.
fn leave_lock(bench: &Bench, heard: Duration) {
    leave(bench, &json!({ "cutover-heartbeat": ago(heard) }));
}

/// Makes a lock by hand, with more annotations than those that tell whose it is.
fn leave(bench: &Bench, more: &Value) {
    let space = bench.cf.must(["space", "production", "--guid"]);
    let mut annotations = json!({
        "cutover-deployment": "d-old",
        "cutover-by": "jo on build-3",
        "cutover-at": "2026-11-24T10:00:00Z",
        "cutover-step": "shop/start",
        "cutover-verb": "apply",
        "cutover-nonce": "n-old",
    });
    annotations.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let body = json!({
        "name": "cutover-lock-shop",
        "relationships": { "space": { "data": { "guid": space.trim() } } },
        "metadata": { "annotations": annotations },
    });
    bench.cf.must(["curl", "-X", "POST", "/v3/apps", "-d", &body.to_string(), "--fail"]);
}

/// The app that is the lock, by the platform's word.
fn marker(bench: &Bench) -> Option<Value> {
    let found: Value = serde_json::from_str(&bench.cf.must(["curl", "/v3/apps?names=cutover-lock-shop"])).unwrap();
    found["resources"].as_array().unwrap().first().cloned()
}

fn marker_guid(bench: &Bench) -> Option<String> {
    Some(marker(bench)?["guid"].as_str().unwrap().to_owned())
}

/// Deletes the lock without `cutover`, and waits until it is gone.
fn smash(bench: &Bench) {
    bench.cf.must(["delete", "cutover-lock-shop", "-f"]);
}

fn holder(error: LockError) -> Lock {
    match error {
        LockError::Held { lock, .. } => *lock,
        other => panic!("{other}"),
    }
}

/// Has two machines try for the lock at the same moment, again and again; each time one gets it and the other one hears
/// who has.
fn contend(bench: &Bench, rounds: usize, before: impl Fn() + Sync, told: impl Fn(&[String]) + Sync) {
    let start = Barrier::new(2);
    let end = Barrier::new(2);
    let winners = Mutex::new(Vec::new());
    let messages = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in 0..2 {
            let (start, end, winners, messages, before, told) = (&start, &end, &winners, &messages, &before, &told);
            scope.spawn(move || {
                let machine = Machine::new(bench, &format!("machine {number}"));
                for round in 0..rounds {
                    if number == 0 {
                        before();
                    }
                    start.wait();
                    let claim = machine.claim(&format!("{round}-{number}"));
                    let mut hear = |text: &str| messages.lock().unwrap().push(text.to_owned());
                    let taken = machine.manager(AT_ONCE).take(&shop(), &claim, &mut hear);
                    if taken.is_ok() {
                        winners.lock().unwrap().push(number);
                    }
                    end.wait();
                    assert_eq!(winners.lock().unwrap().len(), 1, "in round {round}");
                    match taken {
                        Ok(lock) => {
                            end.wait();
                            machine.give_back(&lock);
                            winners.lock().unwrap().clear();
                            told(&std::mem::take(&mut *messages.lock().unwrap()));
                        }
                        Err(error) => {
                            let lock = holder(error);
                            assert_eq!(lock.by, format!("machine {}", winners.lock().unwrap()[0]));
                            end.wait();
                        }
                    }
                    end.wait();
                }
            });
        }
    });
    assert_eq!(marker(bench), None);
}

/// How often two contend: `CUTOVER_ROUNDS`, else a few times, since each round depends on the machine's mood.
fn rounds() -> usize {
    std::env::var("CUTOVER_ROUNDS").map_or(4, |rounds| rounds.parse().unwrap())
}

// What decides is the call, so rounds of the call are run; two whole deployments are run once, below.
#[test]
fn of_two_at_the_same_moment_one_gets_it() {
    contend(&bench(), rounds(), || (), |told| assert_eq!(told, [""; 0]));
}

#[test]
fn of_two_that_take_over_at_the_same_moment_one_gets_it() {
    let bench = bench();
    let told = |told: &[String]| {
        assert!(
            told.iter().any(|told| told.starts_with("took over the lock on shop from the run of jo on build-3 since")),
            "{told:?}"
        );
    };
    contend(&bench, rounds(), || leave_lock(&bench, 2 * SKEW), told);
}

#[test]
fn of_two_deployments_one_proceeds() {
    let bench = bench();
    // The one that proceeds does not get to its end before the other one has tried, however slow that is.
    let held = bench.foundry.faults().hold(Rule::new("POST", "/v3/packages/*/upload", Fault::Before(Harm::Nothing)));
    let (over, ended) = channel();
    for _ in 0..2 {
        let (mut command, over) = (bench.command(&["apply", "--yes"]), over.clone());
        thread::spawn(move || over.send(Run::of(&command.output().unwrap())).unwrap());
    }
    let first = ended.recv().unwrap();
    assert!(held.wait_until_reached(PATIENCE));
    held.release();
    let mut runs = [first, ended.recv().unwrap()];
    runs.sort_by_key(|run| run.code);
    runs[0].assert_tells(0, &[]);
    let story = ["refused: shop is being deployed by admin on ", "(deployment ", "--lock-wait", "--take-over"];
    runs[1].assert_tells(4, &story);
    assert_eq!(marker(&bench), None);
}

#[test]
fn a_lock_is_taken_over_only_from_a_dead_run() {
    let bench = bench();
    let machine = Machine::new(&bench, "mo on build-4");
    let refused = |state| match machine.take("d-new").unwrap_err() {
        LockError::Held { state: found, .. } => assert_eq!(found, state),
        other => panic!("{other}"),
    };
    leave_lock(&bench, Duration::ZERO);
    refused(LockState::AtWork);
    smash(&bench);
    leave_lock(&bench, SILENCE + Duration::from_secs(1));
    refused(LockState::Silent);
    smash(&bench);
    leave(&bench, &json!({ "cutover-heartbeat": "soon" }));
    refused(LockState::Unreadable);
    smash(&bench);
    // Its own clock is wrong, but its process is at work on this machine; then it is not.
    let own = machine.take("d-1").unwrap();
    let here = own.process.clone().unwrap();
    machine.give_back(&own);
    let alive = |heard| json!({ "cutover-heartbeat": ago(heard), "cutover-process": here.to_string() });
    leave(&bench, &alive(Duration::ZERO));
    refused(LockState::AtWork);
    smash(&bench);
    // A process that hangs may go on: it is never taken for dead at once.
    leave(&bench, &alive(2 * SKEW));
    refused(LockState::Silent);
    smash(&bench);
    let gone = ProcessId { started: here.started + 1, ..here };
    leave(&bench, &json!({ "cutover-heartbeat": ago(Duration::ZERO), "cutover-process": gone.to_string() }));
    let taken = machine.take("d-new").unwrap();
    machine.give_back(&taken);
    leave_lock(&bench, SKEW + Duration::from_secs(1));
    let taken = machine.take("d-new").unwrap();
    machine.give_back(&taken);
    assert_eq!(marker(&bench), None);
}

#[test]
fn silence_and_a_sign_of_life_are_told_apart() {
    let bench = bench();
    let machine = Machine::new(&bench, "mo on build-4");
    // Nothing is heard for as long as it takes.
    leave_lock(&bench, Duration::ZERO);
    let mut told = Vec::new();
    let mut hear = |text: &str| told.push(text.to_owned());
    let locks = machine.manager(FINDS_OUT).acquire([&shop()], &machine.claim("d-1"), &mut hear).unwrap();
    assert!(told.iter().any(|told| told.ends_with("nothing has been heard of it for 30 s")), "{told:?}");
    locks.release(&machine.clock, &mut |told| panic!("{told}"));
    // The same before anything is compiled.
    leave_lock(&bench, Duration::ZERO);
    let mut found = vec![Lock { guid: marker_guid(&bench).unwrap(), ..read(&bench) }];
    let mut manager = machine.manager(FINDS_OUT);
    assert!(manager.refuse_at_work(&found).is_err());
    manager.find_out(&mut found, &mut deaf).unwrap();
    assert!(manager.refuse_at_work(&found).is_ok());
    smash(&bench);
    // One that is heard of is at work, whatever its clock says.
    leave_lock(&bench, 2 * SILENCE);
    let mut found = vec![read(&bench)];
    let path = format!("/v3/apps/{}", found[0].guid);
    let beat = json!({ "metadata": { "annotations": { "cutover-heartbeat": ago(SILENCE + SILENCE / 2) } } });
    bench.cf.must(["curl", "-X", "PATCH", &path, "-d", &beat.to_string(), "--fail"]);
    let mut manager = machine.manager(FINDS_OUT);
    manager.find_out(&mut found, &mut deaf).unwrap();
    assert!(manager.refuse_at_work(&found).is_err());
    // Who gives it back meanwhile is not in the way.
    smash(&bench);
    manager.find_out(&mut found, &mut deaf).unwrap();
    assert_eq!(found, []);
}

/// The lock as it is on the platform now.
fn read(bench: &Bench) -> Lock {
    let app = marker(bench).unwrap();
    let apps = cutover::space::read::apps("/v3/apps", &[app]).unwrap();
    Lock::read("shop", &apps[0].0)
}

#[test]
fn a_lost_answer_is_settled_by_reading() {
    let bench = bench();
    let machine = Machine::new(&bench, "mo on build-4");
    let lose = |fault, count| {
        bench.foundry.faults().clear();
        bench.foundry.faults().add(Rule::new("POST", "/v3/apps", fault).on(Occurrence::First(count)));
    };
    for harm in [Harm::Close, Harm::status(500), Harm::status(502), Harm::status(429)] {
        for fault in [Fault::After(harm), Fault::Before(harm)] {
            lose(fault, 1);
            let lock = machine.take("d-1").unwrap();
            assert_eq!(marker_guid(&bench).as_ref(), Some(&lock.guid), "{fault:?}");
            machine.give_back(&lock);
        }
    }
    // It is the holder's, whoever did not hear the answer.
    leave_lock(&bench, Duration::ZERO);
    lose(Fault::After(Harm::Close), 1);
    assert_eq!(holder(machine.take("d-1").unwrap_err()).by, "jo on build-3");
    smash(&bench);
    // The same deployment, and another try of it.
    let lock = machine.take("d-1").unwrap();
    lose(Fault::After(Harm::Close), 1);
    assert_eq!(holder(machine.take("d-1").unwrap_err()).guid, lock.guid);
    machine.give_back(&lock);
    lose(Fault::Before(Harm::status(503)), u64::MAX);
    let error = machine.take("d-1").unwrap_err();
    assert!(matches!(error, LockError::Unknown { what: "taken", .. }), "{error}");
    assert_eq!(marker(&bench), None);
}

#[test]
fn a_signal_ends_what_is_waited_for_about_a_lock() {
    let bench = bench();
    let machine = Machine::new(&bench, "mo on build-4");
    let lock = machine.take("d-1").unwrap();
    let refuse = |method, path| {
        bench.foundry.faults().clear();
        bench.foundry.faults().add(Rule::new(method, path, Fault::Before(Harm::status(503))));
    };
    // A platform that refuses is not asked again.
    refuse("POST", "/v3/apps");
    let clock = Signalled::default();
    let cart = AppName::parse("cart").unwrap();
    let error = machine.manager(AT_ONCE).by(&clock).take(&cart, &machine.claim("d-1"), &mut deaf).unwrap_err();
    assert!(matches!(error, LockError::Interrupted { .. }), "{error}");
    assert_eq!(clock.0.load(Ordering::SeqCst), 1);
    refuse("DELETE", "/v3/apps/*");
    // Whoever waits is told why, once.
    let mut told = Vec::new();
    let mut hear = |text: &str| told.push(text.to_owned());
    let error = machine.manager(AT_ONCE).break_open(&lock, &mut hear).unwrap_err();
    assert!(matches!(error, LockError::Unknown { what: "removed", .. }), "{error}");
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert!(told.starts_with("the lock on shop could not be removed yet, which is tried for 1m"), "{told}");
    let clock = Signalled::default();
    let error = machine.manager(AT_ONCE).by(&clock).break_open(&lock, &mut deaf).unwrap_err();
    assert!(matches!(error, LockError::Unknown { what: "removed", .. }), "{error}");
    assert_eq!(clock.0.load(Ordering::SeqCst), 1);
    // Once the platform has taken a deletion in, that goes on by itself.
    bench.foundry.faults().clear();
    bench.foundry.set_timing(|timing| timing.job = Duration::from_secs(3600));
    let clock = Signalled::default();
    assert!(machine.manager(AT_ONCE).by(&clock).break_open(&lock, &mut deaf).unwrap());
    assert_eq!(clock.0.load(Ordering::SeqCst), 1);
}

#[test]
fn a_platform_that_does_not_let_it_is_heard() {
    let bench = bench();
    let machine = Machine::new(&bench, "mo on build-4");
    bench.foundry.faults().add(Rule::new("POST", "/v3/apps", Fault::Before(Harm::status(403))));
    let error = machine.take("d-1").unwrap_err();
    assert!(matches!(error, LockError::Refused { .. }), "{error}");
    bench.run(&["apply", "--yes"]).assert_tells(4, &["the lock on shop could not be taken: "]);
    assert!(bench.cf.must(["apps"]).contains("No apps found"));
}

#[test]
fn all_locks_are_had_or_none() {
    let bench = bench();
    let (ours, other) = (Machine::new(&bench, "mo on build-4"), Machine::new(&bench, "flo on build-5"));
    let theirs = other.take("d-2").unwrap();
    let cart = AppName::parse("cart").unwrap();
    let both = || ours.manager(AT_ONCE).acquire([&shop(), &cart], &ours.claim("d-1"), &mut deaf);
    assert_eq!(holder(both().map(drop).unwrap_err()).app, "shop");
    assert!(!bench.cf.must(["apps"]).contains("cutover-lock-cart"));
    other.give_back(&theirs);
    let locks = both().unwrap();
    let apps = bench.cf.must(["apps"]);
    assert!(apps.contains("cutover-lock-cart") && apps.contains("cutover-lock-shop"), "{apps}");
    locks.release(&ours.clock, &mut |told| panic!("{told}"));
    assert!(bench.cf.must(["apps"]).contains("No apps found"));
}

/// A plan whose check goes on until there is a file `go`.
fn waiting_for_go(bench: &Bench) {
    let check = "- command: {run: 'until [ -e go ]; do sleep 0.1; done'}";
    let plan = PLAN.replace("- http: {path: /health, within: 20s, interval: 50ms}", check);
    bench.write("deploy.yaml", &plan.replace("drain: 1s", "drain: 0s"));
}

/// A deployment that checks its new version until it is let go on.
fn checking(bench: &Bench) -> Child {
    waiting_for_go(bench);
    std::fs::write(bench.folder().join("events.jsonl"), "").unwrap();
    let mut command = bench.command(&["apply", "--yes", "--events", "events.jsonl"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let events = bench.folder().join("events.jsonl");
    wait_until("it checks", || std::fs::read_to_string(&events).unwrap().contains("\"step\":\"shop/check\""));
    child
}

#[test]
fn a_run_that_is_at_work_is_left_alone_and_told_of() {
    let bench = Bench::live_undrained();
    let child = checking(&bench);
    let at_check = |text: &str| {
        text.contains("shop is being deployed by admin on ") && text.contains("at step shop/check, begun ")
    };
    wait_until("its lock tells the step", || at_check(&bench.must(&["lock", "status"]).out));
    let status = bench.must(&["status"]).out;
    assert!(at_check(&status) && status.contains("it goes on by itself"), "{status}");
    assert!(!status.contains("did not come to its end"), "{status}");
    for verb in ["resume", "rollback", "apply"] {
        bench.run(&[verb, "--yes"]).assert_tells(4, &["refused: shop is being deployed by admin on ", "--take-over"]);
    }
    // Heartbeats go on while nothing else happens.
    let heard = read(&bench).heartbeat;
    wait_until("a heartbeat", || read(&bench).heartbeat > heard);
    bench.write("go", "");
    Run::of(&child.wait_with_output().unwrap()).assert_tells(0, &["shop_b serves"]);
    assert_eq!(marker(&bench), None);
}

#[test]
fn a_run_that_is_at_work_is_taken_over_from() {
    let bench = Bench::live_undrained();
    let child = checking(&bench);
    let back = bench.run(&["rollback", "--yes", "--take-over"]);
    back.assert_tells(0, &["asked the run of admin on ", "shop_a serves shop.apps.foundry.test"]);
    let ended = Run::of(&child.wait_with_output().unwrap());
    ended.assert_tells(3, &["has asked to take shop over", "shop_a serves", "cutover status"]);
    let (_, last_words) = ended.err.split_once("stopped at step").unwrap();
    assert!(!last_words.contains("cf "), "nothing is told to be done by hand:\n{}", ended.err);
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_a"]);
    assert_eq!(bench.state_of("shop_b"), "stopped");
    assert_eq!(marker(&bench), None);
}

/// Whoever takes over goes on from where the run is, once that has ended.
#[test]
fn a_run_that_is_at_work_is_taken_over_from_and_gone_on_with() {
    let bench = Bench::live_undrained();
    let child = checking(&bench);
    let (mut resume, events) = (bench.command(&["resume", "--yes", "--take-over"]), bench.folder().join("more.jsonl"));
    std::fs::write(&events, "").unwrap();
    let resume = resume.args(["--events", "more.jsonl"]).stderr(Stdio::piped()).spawn().unwrap();
    let ended = Run::of(&child.wait_with_output().unwrap());
    ended.assert_tells(3, &["has asked to take shop over", "shop_a serves", "cutover status"]);
    let (_, last_words) = ended.err.split_once("stopped at step").unwrap();
    assert!(!last_words.contains("cf "), "nothing is told to be done by hand:\n{}", ended.err);
    // It checks for itself.
    wait_until("it checks", || std::fs::read_to_string(&events).unwrap().contains("\"step\":\"shop/check\""));
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_a"]);
    bench.write("go", "");
    let resumed = Run::of(&resume.wait_with_output().unwrap());
    resumed.assert_tells(0, &["asked the run of admin on ", "shop_b serves shop.apps.foundry.test"]);
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_b"]);
    assert_eq!(bench.state_of("shop_a"), "stopped");
    assert_eq!(marker(&bench), None);
}

#[test]
fn heartbeats_go_on_beside_a_call_that_takes_its_time() {
    let bench = Bench::live_undrained();
    let held = bench.foundry.faults().hold(Rule::new("POST", "/v3/packages/*/upload", Fault::Before(Harm::Nothing)));
    let child = bench.command(&["apply", "--yes"]).stderr(Stdio::piped()).spawn().unwrap();
    assert!(held.wait_until_reached(PATIENCE));
    let heard = read(&bench).heartbeat;
    wait_until("a heartbeat", || read(&bench).heartbeat > heard && read(&bench).step == "shop/push");
    held.release();
    Run::of(&child.wait_with_output().unwrap()).assert_tells(0, &["shop_b serves"]);
}

#[test]
fn a_killed_run_keeps_nobody_out() {
    let bench = bench();
    // The upload does not come to its end.
    bench.foundry.faults().add(Rule::new("POST", "/v3/packages/*/upload", Fault::Before(Harm::Hang)));
    let mut child = bench.command(&["apply", "--yes"]).spawn().unwrap();
    wait_until("it holds the lock", || marker(&bench).is_some());
    child.kill().unwrap();
    child.wait().unwrap();
    bench.foundry.faults().clear();
    let status = bench.must(&["status"]).out;
    assert!(
        status.contains("   shop was being deployed by admin on ") && status.contains("at work no more"),
        "{status}"
    );
    let words = ["took over the lock on shop from the run of admin on ", "it is at work no more"];
    bench.run(&["apply", "--yes", "--events", "events.jsonl"]).assert_tells(0, &words);
    assert_eq!(marker(&bench), None);
    let events = std::fs::read_to_string(bench.folder().join("events.jsonl")).unwrap();
    let told = events.lines().find(|line| line.contains(r#""event":"note""#)).unwrap();
    assert!(words.iter().all(|words| told.contains(words)), "a program is told it, too: {events}");
}

/// A deployment that waits for the lock by now; what it prints from here on can be read.
fn waiting(bench: &Bench, wait: &str) -> (Child, BufReader<ChildStderr>) {
    let mut command = bench.command(&["apply", "--yes", "--lock-wait", wait]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut heard = BufReader::new(child.stderr.take().unwrap());
    let mut begins = String::new();
    for _ in 0..2 {
        heard.read_line(&mut begins).unwrap();
    }
    let (_, line) = begins.split_once('\n').unwrap();
    assert!(line.starts_with("waiting: shop is being deployed by mo on build-4"), "{begins}");
    (child, heard)
}

#[test]
fn waiting_ends_when_the_holder_is_done() {
    let bench = bench();
    let machine = Machine::new(&bench, "mo on build-4");
    let lock = machine.take("d-1").unwrap();
    let (mut child, mut heard) = waiting(&bench, "10m");
    // What is deployed is compiled after the wait.
    bench.cf.must(["create-app", "shop_a"]);
    machine.give_back(&lock);
    let mut rest = String::new();
    heard.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{rest}");
    assert!(rest.contains("shop_b serves") && !rest.contains("waiting: "), "{rest}");
}

#[test]
fn what_the_platform_allows_is_asked_anew_once_the_wait_is_over() {
    let bench = bench();
    bench.must(&["apply", "--yes"]);
    bench.cf.must(["create-space-quota", "tight", "-m", "128M", "-r", "10"]);
    bench.cf.must(["set-space-quota", "production", "tight"]);
    let machine = Machine::new(&bench, "mo on build-4");
    let lock = machine.take("d-1").unwrap();
    let (mut child, mut heard) = waiting(&bench, "10m");
    bench.cf.must(["update-space-quota", "tight", "-m", "256M"]);
    machine.give_back(&lock);
    let mut rest = String::new();
    heard.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{rest}");
}

#[test]
fn waiting_ends_in_time_and_on_a_signal() {
    let bench = bench();
    let machine = Machine::new(&bench, "mo on build-4");
    let lock = machine.take("d-1").unwrap();
    let run = bench.run(&["apply", "--yes", "--lock-wait", "2s"]);
    run.assert_tells(4, &["waiting: shop is", "refused: shop is being deployed by mo on build-4"]);
    let (mut child, _heard) = waiting(&bench, "10m");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(marker_guid(&bench).as_ref(), Some(&lock.guid));
    machine.give_back(&lock);
}

/// What was printed, with spans of time made the same.
fn shown(text: &str) -> String {
    Regex::new(r"\d+ [smh]\b").unwrap().replace_all(text, "[SPAN]").into_owned()
}

#[test]
fn the_verbs() {
    let bench = bench();
    let free = bench.must(&["lock", "status"]);
    assert_eq!((free.out.as_str(), free.err.as_str()), ("shop is free\n", ""));
    let none = bench.must(&["lock", "break", "--yes"]);
    assert_eq!((none.out.as_str(), none.err.as_str()), ("", "shop is free: there was no lock to break\n"));

    leave_lock(&bench, Duration::ZERO);
    let held = "shop is being deployed by jo on build-3 since 2026-11-24T10:00:00Z (deployment d-old, at step shop/start when \
                last heard of [SPAN] ago)";
    assert_eq!(shown(&bench.must(&["lock", "status"]).out), format!("{held}\n"));
    let json: Value = serde_json::from_str(&bench.must(&["lock", "status", "--format", "json"]).out).unwrap();
    let lock = &json["locks"][0];
    assert_eq!((&lock["app"], &lock["state"]), (&"shop".into(), &"at-work".into()));
    assert_eq!((&lock["lock"]["by"], &lock["lock"]["verb"]), (&"jo on build-3".into(), &"apply".into()));
    let refused = bench.run(&["apply", "--yes"]);
    let (begins, told) = refused.err.split_once('\n').unwrap();
    assert!(begins.starts_with(concat!("cutover ", env!("CARGO_PKG_VERSION"), ": apply, 20")), "{begins}");
    assert_eq!(
        (refused.code, shown(told)),
        (
            4,
            format!(
                "error: refused: {held}\n\
                 hint: wait for it with --lock-wait 10m, or look:\n        cutover status\n      to end that run and go on or \
                 back yourself:\n        cutover resume --take-over\n        cutover rollback --take-over\n"
            )
        )
    );
    smash(&bench);

    leave_lock(&bench, 2 * SKEW);
    let dead = bench.must(&["lock", "status"]).out;
    assert!(
        shown(&dead).contains(
            "and that run is at work no more (deployment d-old, at step shop/start when last heard of [SPAN] ago)"
        ),
        "{dead}"
    );
    let json: Value = serde_json::from_str(&bench.must(&["lock", "status", "--format", "json"]).out).unwrap();
    assert_eq!(json["locks"][0]["state"], "dead");
    let broken = bench.must(&["lock", "break", "--yes"]);
    let words = "broke the lock on shop, held by jo on build-3 since 2026-11-24T10:00:00Z (deployment d-old)\n";
    assert_eq!((broken.out.as_str(), broken.err.as_str()), ("", words));
    assert_eq!(marker(&bench), None);
}

/// `lock break` is an end to a lock where nobody is at work any more.
#[test]
fn the_lock_of_a_run_that_is_at_work_is_not_broken() {
    let bench = Bench::live_undrained();
    let child = checking(&bench);
    let before = marker_guid(&bench);
    let words = [
        "refused: shop is being deployed by admin on ",
        "nobody is at work any more",
        "cutover lock break --take-over",
        "cutover rollback --take-over",
    ];
    bench.run(&["lock", "break", "--yes"]).assert_tells(4, &words);
    assert_eq!(marker_guid(&bench), before);
    // Asked to stop, that run ends by itself.
    let words = ["asked the run of admin on ", "has ended, and shop is free"];
    bench.run(&["lock", "break", "--yes", "--take-over"]).assert_tells(0, &words);
    let ended = Run::of(&child.wait_with_output().unwrap());
    ended.assert_tells(3, &["(lock break) has asked to take shop over", "shop_a serves"]);
    assert_eq!(marker(&bench), None);
    assert_eq!(bench.state_of("shop_b"), "started", "what it has done is left as it is");
}

#[test]
fn what_only_has_the_name_of_a_lock() {
    let bench = bench();
    bench.cf.must(["create-app", "cutover-lock-shop"]);
    let words = "refused: shop is locked (nothing that can be read tells whether that run is at work)";
    bench.run(&["apply", "--yes"]).assert_tells(4, &[words]);
    bench.must(&["lock", "break", "--yes"]).assert_tells(0, &["broke the lock on shop, held by somebody"]);
    // Somebody's app is not deleted for it.
    bench.write("app/manifest.yml", &MANIFEST.replace("instances: 2", "instances: 1"));
    bench.cf.must(["push", "cutover-lock-shop", "-f", "app/manifest.yml", "-p", "app", "--no-route", "--task"]);
    let words = "refused: shop cannot be locked: an app that runs, or could run, has the name of its lock";
    for args in [["apply", "--yes"].as_slice(), &["lock", "break", "--yes"]] {
        bench.run(args).assert_tells(4, &[words, "cf rename cutover-lock-shop NAME"]);
    }
    assert_eq!(bench.state_of("cutover-lock-shop"), "stopped");
}
