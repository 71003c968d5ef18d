//! A change is agreed to by a person at the terminal, or on the command line; nothing else is taken for a yes.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use testkit::wait::wait_until;

use crate::support::bench::{Bench, Run};

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

/// The command in a session of its own, which has no terminal, or the one that is its standard input.
fn in_a_session(bench: &Bench, words: &[&str], has_terminal: bool) -> Command {
    let inner = bench.command(words);
    #[expect(clippy::disallowed_methods, reason = "util-linux makes the session")]
    let mut command = Command::new("setsid");
    command.arg("--wait");
    if has_terminal {
        command.arg("--ctty");
    }
    command.arg(inner.get_program()).args(inner.get_args()).current_dir(bench.folder()).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null());
    command
}

#[test]
fn where_nobody_can_be_asked_nothing_is_changed() {
    let bench = Bench::live_undrained();
    let before = bench.cf.must(["apps"]);
    for verb in ["apply", "resume", "rollback", "lock break"] {
        let words: Vec<&str> = verb.split(' ').collect();
        let run = Run::of(&in_a_session(&bench, &words, false).output().unwrap());
        assert_eq!(run.code, 2, "{verb}\n{}", run.err);
        let hint = format!("hint: to agree beforehand: cutover {verb} --yes");
        assert!(run.err.contains("there is no terminal to ask on") && run.err.contains(&hint), "{}", run.err);
    }
    assert_eq!(bench.cf.must(["apps"]), before);
}

#[test]
fn the_question_goes_to_the_terminal_whatever_is_redirected() {
    let bench = Bench::live_undrained();
    let asked = |answer: &str| {
        let mut terminal = Terminal::new();
        let mut command = in_a_session(&bench, &["apply"], true);
        command.stdin(terminal.other_side.try_clone().unwrap());
        // As with `2>&1 | tee log`.
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_until("it asks", || terminal.shows("Deploy? [y/N] "));
        assert!(terminal.shows("cf push shop_b") && terminal.shows("proved: "), "what is agreed to is shown");
        terminal.types(answer);
        Run::of(&child.wait_with_output().unwrap())
    };
    let before = bench.cf.must(["apps"]);
    for no in ["n\n", "\n", "nay\n", "\u{4}"] {
        let run = asked(no);
        assert_eq!(run.code, 4, "{no:?}\n{}", run.err);
        assert!(run.err.contains("the answer is no: nothing is done"), "{}", run.err);
    }
    assert_eq!(bench.cf.must(["apps"]), before);
    let run = asked("y\n");
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_b"]);
}

#[test]
fn ctrl_c_at_a_question_under_the_lock_is_an_interrupt() {
    let bench = Bench::live_undrained();
    let mut terminal = Terminal::new();
    let mut command = in_a_session(&bench, &["apply"], true);
    command.stdin(terminal.other_side.try_clone().unwrap());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("it asks", || terminal.shows("Deploy? [y/N] "));
    // What was agreed to is not what would be done now.
    bench.cf.must(["scale", "shop_a", "-i", "3"]);
    terminal.types("y\n");
    wait_until("it asks again", || terminal.times("Deploy? [y/N] ") == 2);
    terminal.types("\u{3}");
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_eq!(run.code, 130, "{}", run.err);
    assert!(run.err.contains("interrupted before the answer: nothing is done"), "{}", run.err);
    assert_eq!(bench.state_of("shop_b"), "");
}
