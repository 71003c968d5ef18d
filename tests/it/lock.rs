//! One deployment of an app at a time: who gets the lock, how it is kept and lost, and what people are told.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Stdio};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use cutover::cf::session::{PrivateHome, Session};
use cutover::cf::spawn::Cf;
use cutover::plan::AppName;
use cutover::run::interrupt::Interrupt;
use cutover::run::lock::held::{Held, Lost, Renewal};
use cutover::run::lock::{Claim, LockError, Locksmith, Terms};
use cutover::space::lock::{Lock, SLACK, Verb};
use cutover::steps::annotations::Deployment;
use foundry::faults::{Fault, Harm, Occurrence, Rule};
use foundry::settings::Settings;
use guard::Guard;
use jiff::Timestamp;
use regex::Regex;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::bench::{Bench, MANIFEST, PLAN, Run};
use crate::support::cf::binary;
use crate::support::wait::wait_until;

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

/// A machine from which somebody deploys: a cf of its own with a session of its own.
struct Machine {
    cf: Cf,
    session: Session,
    interrupt: Interrupt,
    by: String,
}

impl Machine {
    fn new(bench: &Bench, by: &str) -> Self {
        let home = PrivateHome::create(&Guard::start().unwrap()).unwrap();
        let cf = Cf::discover(Some(&binary()), &home).unwrap();
        let session = Session::open(&bench.cf.home().join(".cf/config.json"), home).unwrap();
        Self { cf, session, interrupt: Interrupt::none(), by: by.to_owned() }
    }

    fn smith(&self, wait: Duration) -> Locksmith<'_> {
        Locksmith::new(&self.cf, &self.session, &self.interrupt, wait)
    }

    fn claim(&self, deployment: &str) -> Claim {
        let (id, by) = (deployment.to_owned(), self.by.clone());
        let deployment = Deployment { id, by, at: "2026-11-24T10:00:00Z".to_owned() };
        Claim { deployment, plan: "digest".to_owned(), verb: Verb::Apply }
    }

    fn take(&self, deployment: &str) -> Result<Held<'_>, LockError> {
        self.smith(Duration::ZERO).take(&shop(), &self.claim(deployment), &mut deaf)
    }
}

fn from_now(seconds: i64) -> String {
    let time = Timestamp::from_second(Timestamp::now().as_second() + seconds).unwrap();
    time.to_string()
}

/// Makes a lock by hand, as one was left that expires so many seconds from now.
fn leave_lock(bench: &Bench, expires: i64) {
    let space = bench.cf.must(["space", "production", "--guid"]);
    let body = json!({
        "name": "cutover-lock-shop",
        "relationships": { "space": { "data": { "guid": space.trim() } } },
        "metadata": { "annotations": {
            "cutover-deployment": "d-old",
            "cutover-by": "jo on build-3",
            "cutover-at": "2026-11-24T10:00:00Z",
            "cutover-heartbeat": from_now(expires - 700),
            "cutover-expires": from_now(expires),
            "cutover-step": "shop/start",
            "cutover-verb": "apply",
            "cutover-nonce": "n-old",
        } },
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

fn assert_tells(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, code, "{}\n{}", run.out, run.err);
    for words in words {
        assert!(run.err.contains(words), "'{words}' is not in:\n{}", run.err);
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
                    let taken = machine.smith(Duration::ZERO).take(&shop(), &claim, &mut hear);
                    if taken.is_ok() {
                        winners.lock().unwrap().push(number);
                    }
                    end.wait();
                    assert_eq!(winners.lock().unwrap().len(), 1, "in round {round}");
                    match taken {
                        Ok(mut held) => {
                            assert_eq!(held.renew("shop/push", Duration::from_secs(60)), Ok(Renewal::Written));
                            end.wait();
                            assert_eq!(held.release(), None);
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

// What decides is the call, so fifty rounds of the call are run; two whole deployments are run a few times, below.
#[test]
fn of_two_at_the_same_moment_one_gets_it() {
    contend(&bench(), 50, || (), |told| assert_eq!(told, [""; 0]));
}

#[test]
fn of_two_that_take_over_at_the_same_moment_one_gets_it() {
    let bench = bench();
    let told = |told: &[String]| {
        let [told] = told else { panic!("{told:?}") };
        assert!(
            told.starts_with("took over the lock of deployment d-old on shop, held by jo on build-3 since"),
            "{told}"
        );
    };
    contend(&bench, 20, || leave_lock(&bench, -600), told);
}

#[test]
fn of_two_deployments_one_proceeds() {
    let bench = bench();
    for _ in 0..3 {
        let children = [(); 2].map(|()| {
            let mut command = bench.command(&["apply", "--yes"]);
            thread::spawn(move || Run::of(&command.output().unwrap()))
        });
        let mut runs = children.map(|child| child.join().unwrap());
        runs.sort_by_key(|run| run.code);
        assert_tells(&runs[0], 0, &[]);
        let story =
            ["refused: shop is being deployed by admin on ", "(deployment ", "--lock-wait", "cutover lock break"];
        assert_tells(&runs[1], 4, &story);
        assert_eq!(marker(&bench), None);
    }
}

#[test]
fn a_lock_is_taken_over_only_when_it_has_expired_for_long() {
    let bench = bench();
    let machine = Machine::new(&bench, "mo on build-4");
    let slack = i64::try_from(SLACK.as_secs()).unwrap();
    leave_lock(&bench, 30 - slack);
    assert_eq!(holder(machine.take("d-new").unwrap_err()).by, "jo on build-3");
    smash(&bench);
    leave_lock(&bench, -slack - 5);
    assert_eq!(machine.take("d-new").unwrap().release(), None);
    assert_eq!(marker(&bench), None);
}

#[test]
fn a_killed_deployment_keeps_others_out_until_its_lock_expires() {
    let bench = bench();
    // The upload does not come to its end.
    bench.foundry.faults().add(Rule::new("POST", "/v3/packages/*/upload", Fault::Before(Harm::Hang)));
    let mut child = bench.command(&["apply", "--yes"]).spawn().unwrap();
    wait_until("it holds the lock", || marker(&bench).is_some());
    child.kill().unwrap();
    child.wait().unwrap();
    bench.foundry.faults().clear();
    assert_tells(&bench.run(&["apply", "--yes"]), 4, &["refused: shop is being deployed by admin on "]);
    let status = bench.must(&["status"]).out;
    assert!(status.contains("   shop is being deployed by admin on "), "{status}");
    let path = format!("/v3/apps/{}", marker_guid(&bench).unwrap());
    let expired = r#"{"metadata":{"annotations":{"cutover-expires":"2026-01-01T00:00:00Z"}}}"#;
    bench.cf.must(["curl", "-X", "PATCH", &path, "-d", expired, "--fail"]);
    let words = ["took over the lock of deployment ", "held by admin on ", "expired 2026-01-01T00:00:00Z"];
    assert_tells(&bench.run(&["apply", "--yes"]), 0, &words);
    assert_eq!(marker(&bench), None);
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
            let held = machine.take("d-1").unwrap();
            assert_eq!(marker_guid(&bench).as_ref(), Some(&held.lock().guid), "{fault:?}");
            assert_eq!(held.release(), None);
        }
    }
    // It is the holder's, whoever did not hear the answer.
    leave_lock(&bench, 600);
    lose(Fault::After(Harm::Close), 1);
    assert_eq!(holder(machine.take("d-1").unwrap_err()).by, "jo on build-3");
    smash(&bench);
    // The same deployment, and another try of it.
    let held = machine.take("d-1").unwrap();
    lose(Fault::After(Harm::Close), 1);
    assert_eq!(holder(machine.take("d-1").unwrap_err()).guid, held.lock().guid);
    assert_eq!(held.release(), None);
    lose(Fault::Before(Harm::status(503)), u64::MAX);
    let error = machine.take("d-1").unwrap_err();
    assert!(matches!(error, LockError::Unknown { what: "taken", .. }), "{error}");
    assert_eq!(marker(&bench), None);
}

#[test]
fn a_platform_that_does_not_let_it_is_heard() {
    let bench = bench();
    let machine = Machine::new(&bench, "mo on build-4");
    bench.foundry.faults().add(Rule::new("POST", "/v3/apps", Fault::Before(Harm::status(403))));
    let error = machine.take("d-1").unwrap_err();
    assert!(matches!(error, LockError::Refused { .. }), "{error}");
    assert_tells(&bench.run(&["apply", "--yes"]), 4, &["the lock on shop could not be taken: "]);
    assert!(bench.cf.must(["apps"]).contains("No apps found"));
}

#[test]
fn a_renewal_says_where_it_is() {
    let bench = bench();
    let machine = Machine::new(&bench, "mo on build-4");
    let mut held = machine.take("d-1").unwrap();
    assert_eq!(held.renew("shop/upload", Duration::from_secs(600)), Ok(Renewal::Written));
    let annotations = marker(&bench).unwrap()["metadata"]["annotations"].clone();
    assert_eq!(
        (&annotations["cutover-step"], &annotations["cutover-by"], &annotations["cutover-plan"]),
        (&"shop/upload".into(), &"mo on build-4".into(), &"digest".into())
    );
    let status = bench.must(&["lock", "status"]).out;
    for words in ["(deployment d-1, at step shop/upload, last heard of ", "expires in 11 m)"] {
        assert!(status.contains(words), "'{words}' is not in: {status}");
    }
    assert_eq!(held.release(), None);
}

#[test]
fn a_renewal_whose_answer_fails() {
    let bench = bench();
    let machine = Machine::new(&bench, "mo on build-4");
    let mut held = machine.take("d-1").unwrap();
    let minute = Duration::from_secs(60);
    let fail = |fault, occurrence| {
        bench.foundry.faults().clear();
        bench.foundry.faults().add(Rule::new("PATCH", "/v3/apps/*", fault).on(occurrence));
    };
    // cf 8.17 itself tries three times where it may.
    for fault in [Fault::After(Harm::Close), Fault::After(Harm::status(502)), Fault::Before(Harm::status(500))] {
        fail(fault, Occurrence::First(4));
        assert_eq!(held.renew("shop/map", minute), Ok(Renewal::Written), "{fault:?}");
    }
    fail(Fault::Before(Harm::status(503)), Occurrence::Every);
    let covers = held.renew("shop/unmap", minute);
    assert!(matches!(covers, Ok(Renewal::StillCovers { .. })), "{covers:?}");
    let unsure = held.renew("shop/unmap", 30 * minute);
    assert!(matches!(unsure, Err(Lost::Unsure { .. })), "{unsure:?}");
    bench.foundry.faults().clear();
    assert_eq!(held.renew("shop/unmap", 30 * minute), Ok(Renewal::Written));
    assert_eq!(held.release(), None);
}

#[test]
fn a_broken_lock_is_lost() {
    let bench = bench();
    let machine = Machine::new(&bench, "mo on build-4");
    let mut held = machine.take("d-1").unwrap();
    assert_tells(&bench.must(&["lock", "break", "--yes"]), 0, &["broke the lock on shop, held by mo on build-4"]);
    assert_eq!(held.renew("shop/map", Duration::ZERO), Err(Lost::Broken { app: "shop".to_owned() }));
    assert_eq!(held.release(), None);
}

#[test]
fn whoever_has_lost_it_does_not_touch_the_one_that_took_its_place() {
    let bench = bench();
    let (old, new) = (Machine::new(&bench, "mo on build-4"), Machine::new(&bench, "flo on build-5"));
    let mut lost = old.take("d-1").unwrap();
    smash(&bench);
    let mut held = new.take("d-2").unwrap();
    let error = lost.renew("shop/map", Duration::ZERO).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the lock on shop was broken or taken over; flo on build-5 since 2026-11-24T10:00:00Z (deployment d-2) has it now"
    );
    assert_eq!(lost.release(), None);
    assert_eq!(marker_guid(&bench).as_ref(), Some(&held.lock().guid));
    assert_eq!(held.renew("shop/map", Duration::ZERO), Ok(Renewal::Written));
    assert_eq!(held.release(), None);
}

#[test]
fn a_lock_of_ours_that_has_expired_is_taken_anew() {
    let bench = bench();
    let (ours, other) = (Machine::new(&bench, "mo on build-4"), Machine::new(&bench, "flo on build-5"));
    let short = Terms { at_first: Duration::from_secs(1), margin: Duration::ZERO };
    let smith = ours.smith(Duration::ZERO).on(short);
    let mut held = smith.take(&shop(), &ours.claim("d-1"), &mut deaf).unwrap();
    let before = held.lock().guid.clone();
    thread::sleep(Duration::from_millis(2100));
    assert_eq!(held.renew("shop/map", Duration::from_secs(1)), Ok(Renewal::Written));
    assert_ne!(held.lock().guid, before, "whoever is about to delete the old one must not meet the new one");
    assert_eq!(marker_guid(&bench).as_ref(), Some(&held.lock().guid));
    // The other one was quicker.
    thread::sleep(Duration::from_millis(2100));
    smash(&bench);
    let theirs = other.take("d-2").unwrap();
    let lost = held.renew("shop/unmap", Duration::from_secs(1));
    assert_eq!(lost, Err(Lost::TakenOver { by: Box::new(theirs.lock().clone()) }));
    assert_eq!(marker_guid(&bench).as_ref(), Some(&theirs.lock().guid));
    assert_eq!(theirs.release(), None);
}

#[test]
fn the_same_deployment_takes_its_lock_back() {
    let bench = bench();
    let (old, new) = (Machine::new(&bench, "mo on build-4"), Machine::new(&bench, "flo on build-5"));
    let mut before = old.take("d-1").unwrap();
    let observed = [before.lock().clone()];
    // Another deployment does not.
    let other = new.smith(Duration::ZERO).acquire([&shop()], &new.claim("d-2"), &observed, &mut deaf);
    assert_eq!(holder(other.unwrap_err()).by, "mo on build-4");
    let claim = Claim { verb: Verb::Resume, ..new.claim("d-1") };
    let mut locks = new.smith(Duration::ZERO).acquire([&shop()], &claim, &observed, &mut deaf).unwrap();
    let lost = before.renew("shop/map", Duration::ZERO).unwrap_err();
    assert!(lost.to_string().contains("flo on build-5"), "{lost}");
    assert_eq!(before.release(), None);
    assert_eq!(locks.renew("shop", "shop/map", Duration::ZERO), Ok(Renewal::Written));
    assert_eq!(locks.renew("cart", "cart/map", Duration::ZERO), Err(Lost::NotHeld { app: "cart".to_owned() }));
    // What was observed is not there any more, and nobody has taken its place; then somebody has.
    assert_eq!(locks.release(), [""; 0]);
    let again = new.smith(Duration::ZERO).retake(&shop(), &observed[0], &claim, &mut deaf).unwrap();
    let late = old.smith(Duration::ZERO).retake(&shop(), &observed[0], &old.claim("d-1"), &mut deaf);
    assert_eq!(holder(late.unwrap_err()).guid, again.lock().guid);
    assert_eq!(again.release(), None);
}

#[test]
fn all_locks_are_had_or_none() {
    let bench = bench();
    let (ours, other) = (Machine::new(&bench, "mo on build-4"), Machine::new(&bench, "flo on build-5"));
    let held = other.take("d-2").unwrap();
    let cart = AppName::parse("cart").unwrap();
    let both = || ours.smith(Duration::ZERO).acquire([&shop(), &cart], &ours.claim("d-1"), &[], &mut deaf);
    assert_eq!(holder(both().unwrap_err()).app, "shop");
    assert!(!bench.cf.must(["apps"]).contains("cutover-lock-cart"));
    assert_eq!(held.release(), None);
    let locks = both().unwrap();
    let apps = bench.cf.must(["apps"]);
    assert!(apps.contains("cutover-lock-cart") && apps.contains("cutover-lock-shop"), "{apps}");
    assert_eq!(locks.release(), [""; 0]);
    assert!(bench.cf.must(["apps"]).contains("No apps found"));
}

/// A deployment that waits for the lock by now; what it prints from here on can be read.
fn waiting(bench: &Bench, wait: &str) -> (Child, BufReader<ChildStderr>) {
    let mut command = bench.command(&["apply", "--yes", "--lock-wait", wait]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut heard = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    heard.read_line(&mut line).unwrap();
    assert!(line.starts_with("waiting: shop is being deployed by mo on build-4"), "{line}");
    (child, heard)
}

#[test]
fn waiting_ends_when_the_holder_is_done() {
    let bench = bench();
    let machine = Machine::new(&bench, "mo on build-4");
    let held = machine.take("d-1").unwrap();
    let (mut child, mut heard) = waiting(&bench, "10m");
    // What was compiled before the wait does not fit any more.
    bench.cf.must(["create-app", "shop_a"]);
    assert_eq!(held.release(), None);
    let mut rest = String::new();
    heard.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{rest}");
    assert!(rest.contains("the space has changed meanwhile"), "{rest}");
    assert!(rest.contains("shop_b serves") && !rest.contains("waiting: "), "{rest}");
}

#[test]
fn waiting_ends_in_time_and_on_a_signal() {
    let bench = bench();
    let machine = Machine::new(&bench, "mo on build-4");
    let held = machine.take("d-1").unwrap();
    let began = Instant::now();
    let run = bench.run(&["apply", "--yes", "--lock-wait", "2s"]);
    assert_tells(&run, 4, &["waiting: shop is", "refused: shop is being deployed by mo on build-4"]);
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    let (mut child, _heard) = waiting(&bench, "10m");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(marker_guid(&bench).as_ref(), Some(&held.lock().guid));
    assert_eq!(held.release(), None);
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
    let none = bench.must(&["lock", "break"]);
    assert_eq!((none.out.as_str(), none.err.as_str()), ("", "shop is free: there was no lock to break\n"));

    leave_lock(&bench, 600);
    let held = "shop is being deployed by jo on build-3 since 2026-11-24T10:00:00Z (deployment d-old, at step shop/start, \
                last heard of [SPAN] ago, expires in [SPAN])";
    assert_eq!(shown(&bench.must(&["lock", "status"]).out), format!("{held}\n"));
    let json: Value = serde_json::from_str(&bench.must(&["lock", "status", "--format", "json"]).out).unwrap();
    let lock = &json["locks"][0];
    assert_eq!((&lock["app"], &lock["state"]), (&"shop".into(), &"held".into()));
    assert_eq!((&lock["lock"]["by"], &lock["lock"]["verb"]), (&"jo on build-3".into(), &"apply".into()));
    let refused = bench.run(&["apply", "--yes"]);
    assert_eq!(
        (refused.code, shown(&refused.err)),
        (
            4,
            format!(
                "error: refused: {held}\n\
                 hint: wait for it with --lock-wait 10m, look with cutover lock status; where nobody is at work any more, \
                 end it with\n      cutover lock break\n"
            )
        )
    );
    let broken = bench.must(&["lock", "break"]);
    let words = "broke the lock on shop, held by jo on build-3 since 2026-11-24T10:00:00Z (deployment d-old)\n";
    assert_eq!((broken.out.as_str(), broken.err.as_str()), ("", words));

    leave_lock(&bench, -600);
    let expired = bench.must(&["lock", "status"]).out;
    assert!(shown(&expired).contains("last heard of [SPAN] ago, expired [SPAN] ago)"), "{expired}");
    let json: Value = serde_json::from_str(&bench.must(&["lock", "status", "--format", "json"]).out).unwrap();
    assert_eq!(json["locks"][0]["state"], "expired");
}

#[test]
fn what_only_has_the_name_of_a_lock() {
    let bench = bench();
    bench.cf.must(["create-app", "cutover-lock-shop"]);
    let words = "refused: shop is locked (nothing that can be read tells when it expires)";
    assert_tells(&bench.run(&["apply", "--yes"]), 4, &[words]);
    assert_tells(&bench.must(&["lock", "break", "--yes"]), 0, &["broke the lock on shop, held by somebody"]);
    // Somebody's app is not deleted for it.
    bench.write("app/manifest.yml", &MANIFEST.replace("instances: 2", "instances: 1"));
    bench.cf.must(["push", "cutover-lock-shop", "-f", "app/manifest.yml", "-p", "app", "--no-route", "--task"]);
    let words = "refused: shop cannot be locked: an app that runs, or could run, has the name of its lock";
    for args in [["apply", "--yes"].as_slice(), &["lock", "break", "--yes"]] {
        assert_tells(&bench.run(args), 4, &[words, "cf rename cutover-lock-shop NAME"]);
    }
    assert_eq!(bench.state_of("cutover-lock-shop"), "stopped");
}
