//! A change is agreed to by a person at the terminal, or on the command line; nothing else is taken for a yes.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use testkit::wait::wait_until;

use crate::support::bench::{Bench, PLAN, Run, assert_has};

/// A terminal, and what was written on it.
struct Terminal {
    keys: File,
    screen: Arc<Mutex<String>>,
    other_side: File,
}

impl Terminal {
    fn new() -> Self {
        let ours: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let other_side = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let keys = File::from(ours);
        let screen = Arc::new(Mutex::new(String::new()));
        let (mut reads, written) = (keys.try_clone().unwrap(), Arc::clone(&screen));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reads.read(&mut bytes) {
                written.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Self { keys, screen, other_side }
    }

    /// The side of whoever runs at it.
    fn side(&self) -> File {
        self.other_side.try_clone().unwrap()
    }

    fn shows(&self, words: &str) -> bool {
        self.times(words) > 0
    }

    /// How often it shows something.
    fn times(&self, words: &str) -> usize {
        self.screen.lock().unwrap().matches(words).count()
    }

    fn types(&mut self, words: &str) {
        self.keys.write_all(words.as_bytes()).unwrap();
    }
}

/// The command in a session of its own that has no terminal, or this one; its streams are redirected as a shell does it.
fn in_a_session(bench: &Bench, words: &[&str], terminal: Option<&Terminal>, redirected: &str) -> Command {
    let inner = bench.command(words);
    #[expect(clippy::disallowed_methods, reason = "util-linux makes the session")]
    let mut command = Command::new("setsid");
    command.arg("--wait").args(terminal.map(|_| "--ctty"));
    command.args(["sh", "-c", &format!("exec \"$@\" {redirected}"), "sh"]);
    command.arg(inner.get_program()).args(inner.get_args()).current_dir(bench.folder()).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    match terminal {
        None => command.stdin(Stdio::null()),
        Some(terminal) => command.stdin(terminal.side()).stdout(terminal.side()).stderr(terminal.side()),
    };
    command
}

#[test]
fn where_nobody_can_be_asked_nothing_is_changed() {
    let bench = Bench::live_undrained();
    let before = bench.cf.must(["apps"]);
    for verb in ["apply", "resume", "rollback", "lock break"] {
        let words: Vec<&str> = verb.split(' ').collect();
        let run = Run::of(&in_a_session(&bench, &words, None, "").output().unwrap());
        assert_eq!(run.code, 2, "{verb}\n{}", run.err);
        // All that was typed stands in it.
        let hint = format!("hint: to agree beforehand: cutover {verb}");
        let agrees = |line: &str| line.starts_with(&hint) && line.ends_with(" --yes");
        assert!(run.err.contains("there is no terminal to ask on") && run.err.lines().any(agrees), "{}", run.err);
    }
    assert_eq!(bench.cf.must(["apps"]), before);
}

/// Somebody who runs a verb at a terminal, and what came of it.
struct Asked {
    terminal: Terminal,
    code: Option<i32>,
    /// Where streams were redirected to.
    file: PathBuf,
}

impl Asked {
    /// Runs a verb, redirected, and answers its question.
    fn with(bench: &Bench, verb: &str, redirected: &str, question: &str, answer: &str) -> Self {
        let mut terminal = Terminal::new();
        let file = bench.folder().join("told");
        fs::write(&file, "").unwrap();
        let words: Vec<&str> = verb.split(' ').collect();
        let mut child = in_a_session(bench, &words, Some(&terminal), redirected).spawn().unwrap();
        wait_until("it asks", || terminal.shows(&format!("{question} [y/N] ")));
        terminal.types(answer);
        Self { code: child.wait().unwrap().code(), terminal, file }
    }

    /// What it told, on the terminal or in the file.
    fn told(&self) -> String {
        format!("{}\n{}", self.terminal.screen.lock().unwrap(), fs::read_to_string(&self.file).unwrap())
    }

    fn assert_tells(&self, code: i32, words: &str) {
        assert_eq!(self.code, Some(code), "{}", self.told());
        wait_until(words, || self.told().contains(words));
    }
}

#[test]
fn the_question_goes_to_the_terminal_whatever_is_redirected() {
    let bench = Bench::live_undrained();
    let asked = |redirected: &str, answer: &str| {
        let asked = Asked::with(&bench, "apply", redirected, "Deploy?", answer);
        let shows = |words| asked.terminal.shows(words);
        assert!(shows("cf push shop_b") && shows("proved: "), "what is agreed to is shown:\n{}", asked.told());
        asked
    };
    let before = bench.cf.must(["apps"]);
    let all = ">told 2>&1 </dev/null";
    for (redirected, no) in [(all, "n\n"), (all, "\n"), (">told", "nay\n"), ("2>told", "\u{4}")] {
        asked(redirected, no).assert_tells(4, "the answer is no: nothing is done");
    }
    assert_eq!(bench.cf.must(["apps"]), before);
    asked(all, "y\n").assert_tells(0, "shop_b serves");
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_b"]);
}

/// A bench whose update was not finished and can be.
fn stopped() -> Bench {
    let bench = Bench::live_undrained();
    let check = PLAN.replace("http: {path: /health, within: 20s, interval: 50ms}", "command: {run: '[ -e go ]'}");
    bench.write("deploy.yaml", &check.replace("drain: 1s", "drain: 0s\n    on_failure: stop"));
    assert_eq!(bench.run(&["apply", "--yes"]).code, 3);
    bench.write("go", "");
    bench
}

/// A bench whose app is locked by a run that nothing is known of.
fn locked() -> Bench {
    let bench = Bench::new(Duration::ZERO);
    bench.cf.must(["create-app", "cutover-lock-shop"]);
    bench
}

#[test]
fn every_other_verb_that_changes_something_asks_as_well() {
    for (bench, verb, question, done) in [
        (stopped(), "resume", "Go on?", "shop_b serves"),
        (Bench::updated_undrained(), "rollback", "Fall back?", "shop_a serves"),
        (locked(), "lock break", "Break the lock?", "broke the lock on shop"),
    ] {
        let before = bench.cf.must(["apps"]);
        for redirected in [">told", "2>told"] {
            Asked::with(&bench, verb, redirected, question, "n\n").assert_tells(4, "the answer is no: nothing is done");
            assert_eq!(bench.cf.must(["apps"]), before, "{verb} {redirected}");
        }
        Asked::with(&bench, verb, ">told 2>&1 </dev/null", question, "y\n").assert_tells(0, done);
        assert_ne!(bench.cf.must(["apps"]), before, "{verb}");
    }
}

/// A bench whose plan asks a person before the switch.
fn to_be_approved() -> Bench {
    let bench = Bench::live_undrained();
    let checks = "interval: 50ms}\n      - approval: Does it look right?";
    bench.write("deploy.yaml", &PLAN.replace("interval: 50ms}", checks).replace("drain: 1s", "drain: 0s"));
    bench
}

#[test]
fn where_nobody_can_approve_the_run_waits_for_somebody_who_does() {
    let bench = to_be_approved();
    let run = |words: &[&str]| Run::of(&in_a_session(&bench, words, None, "").output().unwrap());
    let asked = run(&["apply", "--yes", "--events", "events.jsonl"]);
    let words = [
        "shop waits for a person, and there is no terminal to ask on: Does it look right?",
        "shop_a serves shop.apps.foundry.test",
        "the answer yes is: cutover resume --approve --yes",
        "the answer no is: cutover rollback",
    ];
    let assert_waits = |run: &Run| {
        run.assert_tells(5, &words);
        assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_a"]);
        assert_eq!(bench.leads_to("shop-staging.apps.foundry.test"), ["shop_b"]);
        assert!(!bench.has_lock(), "whoever approves finds no lock");
    };
    assert_waits(&asked);
    let events = fs::read_to_string(bench.folder().join("events.jsonl")).unwrap();
    assert!(
        events.contains(
            r#""event":"awaits-approval","app":"shop","step":"shop/approval","question":"Does it look right?""#
        )
    );
    assert!(events.lines().last().unwrap().contains(r#""exit_code":5"#), "{events}");
    let status = bench.must(&["status"]).out;
    assert_has(
        &status,
        &[
            "it asks a person: Does it look right?",
            "the answer yes, where there is no terminal: cutover resume --approve --yes",
        ],
    );
    // To agree to the steps is no approval.
    assert_waits(&run(&["resume", "--yes"]));
    let done = run(&["resume", "--yes", "--approve"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("approved by --approve"), "{}", done.err);
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_b"]);
}

#[test]
fn what_waits_for_an_approval_is_taken_back_by_rollback() {
    let bench = to_be_approved();
    let asked = Run::of(&in_a_session(&bench, &["apply", "--yes"], None, "").output().unwrap());
    assert_eq!(asked.code, 5, "{}", asked.err);
    bench.must(&["rollback", "--yes"]);
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_a"]);
    assert_eq!((bench.state_of("shop_a"), bench.state_of("shop_b")), ("started", "stopped"));
}

#[test]
fn a_person_at_the_terminal_approves_or_does_not() {
    let bench = to_be_approved();
    let asked = |answer| Asked::with(&bench, "apply --yes", ">told 2>&1 </dev/null", "Does it look right?", answer);
    let no = asked("n\n");
    no.assert_tells(1, "the answer is no");
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_a"]);
    assert_eq!((bench.state_of("shop_a"), bench.state_of("shop_b")), ("started", "stopped"));
    asked("y\n").assert_tells(0, "approved at the terminal");
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_b"]);
}

#[test]
fn ctrl_c_at_an_approval_is_an_interrupt() {
    let bench = to_be_approved();
    let interrupted = Asked::with(&bench, "apply --yes", "", "Does it look right?", "\u{3}");
    interrupted.assert_tells(130, "cutover resume");
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_a"]);
}

#[test]
fn ctrl_c_at_a_question_under_the_lock_is_an_interrupt() {
    let bench = Bench::live_undrained();
    let mut terminal = Terminal::new();
    let mut command = in_a_session(&bench, &["apply"], Some(&terminal), "");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("it asks", || terminal.shows("Deploy? [y/N] "));
    // What was agreed to is not what would be done now.
    bench.cf.must(["scale", "shop_a", "-i", "3"]);
    terminal.types("y\n");
    wait_until("it asks again", || terminal.times("Deploy? [y/N] ") == 2);
    terminal.types("\u{3}");
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_eq!(run.code, 130, "{}", run.err);
    assert!(run.err.contains("interrupted before the first change: nothing is done"), "{}", run.err);
    assert_eq!(bench.state_of("shop_b"), "");
}
