//! Nothing that a rehearsal starts outlives it, however it ends: no app, no cf, no guard, no directory.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use testkit::wait::{PATIENCE, comes_true};
use testkit::{cf, sinatra};

use crate::support::bench::{MANIFEST, PLAN};

/// What is said when the foundry is up and the plan is done.
const STAYS_UP: &str = "The embedded Cloud Foundry stays up.";

/// What is said when the update begins: one colour runs, the other comes.
const MID_RUN: &str = "It is deployed again as an update";

/// A rehearsal that is a process of its own, with a directory of its own for temporary files.
struct Rehearsal {
    child: Child,
    folder: TempDir,
    lines: Receiver<String>,
    seen: HashSet<u32>,
}

impl Rehearsal {
    fn start(more: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let team = folder.path().join("team");
        fs::create_dir_all(team.join("app")).unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        fs::copy(sinatra(), team.join("app/sinatra")).unwrap();
        fs::write(team.join("app/manifest.yml"), MANIFEST).unwrap();
        fs::write(team.join("deploy.yaml"), PLAN.replace("api: API", "api: https://api.example.com")).unwrap();
        #[expect(clippy::disallowed_methods, reason = "tests start the tool from outside")]
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_cutover"))
            .arg("rehearse")
            .args(more)
            .current_dir(&team)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TMPDIR", folder.path().join("tmp"))
            .env("CUTOVER_CF", cf::binary())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        let outputs: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let send = send.clone();
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // Nobody listens any more once the test has seen what it waited for.
                    let _unheard = send.send(line);
                }
            });
        }
        Self { child, folder, lines, seen: HashSet::new() }
    }

    fn wait_for(&self, words: &str) {
        let until = Instant::now() + PATIENCE;
        let mut heard = String::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else { panic!("'{words}' is not in:\n{heard}") };
            if line.contains(words) {
                return;
            }
            heard.push_str(&line);
            heard.push('\n');
        }
    }

    fn temporary(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// Remembers all that descends from it now.
    fn look(&mut self) {
        let mut found = vec![self.child.id()];
        let mut next = 0;
        while let Some(parent) = found.get(next).copied() {
            found.extend(processes().into_iter().filter(|process| process.parent == parent).map(|process| process.pid));
            next += 1;
        }
        self.seen.extend(found);
    }

    /// What is left of it: processes that descended from it, and files.
    fn left(&self) -> Vec<String> {
        let alive = processes().into_iter().filter(|process| {
            self.seen.contains(&process.pid) || process.uses(self.folder.path()) || process.parent == self.child.id()
        });
        let files = fs::read_dir(self.temporary()).unwrap().map(|entry| entry.unwrap().path().display().to_string());
        alive.map(|process| format!("{} {}", process.pid, process.command)).chain(files).collect()
    }

    /// What it has told since it was last waited for, up to its end.
    fn rest(&self) -> String {
        self.lines.iter().collect::<Vec<_>>().join("\n")
    }

    fn end_by(&mut self, signal: Signal) -> ExitStatus {
        self.look();
        let apps = |left: &[String]| left.iter().filter(|line| line.contains("sinatra")).count();
        assert!(apps(&self.left()) > 0, "no app runs: {:#?}", self.left());
        assert!(fs::read_dir(self.temporary()).unwrap().count() > 0, "no directory is in use");
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let status = self.child.wait().unwrap();
        assert!(comes_true(|| self.left().is_empty()), "{signal:?} leaves {:#?}", self.left());
        status
    }
}

impl Drop for Rehearsal {
    /// A test that fails leaves no rehearsal that stays up.
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _collected = self.child.wait();
    }
}

/// A process of this machine that is no zombie.
struct Process {
    pid: u32,
    parent: u32,
    command: String,
}

impl Process {
    /// Whether it works in this directory or was started with a path in it.
    fn uses(&self, directory: &Path) -> bool {
        let own =
            |name| fs::read_link(format!("/proc/{}/{name}", self.pid)).is_ok_and(|path| path.starts_with(directory));
        own("cwd") || own("exe") || self.command.contains(&*directory.to_string_lossy())
    }
}

fn processes() -> Vec<Process> {
    let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter_map(process).collect()
}

/// One that has just ended is none.
fn process(pid: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let command = String::from_utf8_lossy(&command).replace('\0', " ");
    (!matches!(state, "Z" | "X")).then_some(Process { pid, parent, command })
}

#[test]
#[ignore = "`make verify` runs it: another of its kind is tried each time"]
fn a_rehearsal_that_is_kept_leaves_nothing_when_it_is_killed() {
    let mut rehearsal = Rehearsal::start(&["--keep"]);
    rehearsal.wait_for(STAYS_UP);
    assert_eq!(rehearsal.end_by(Signal::KILL).code(), None);
}

#[test]
fn a_rehearsal_that_is_kept_leaves_nothing_when_it_is_asked_to_end() {
    let mut rehearsal = Rehearsal::start(&["--keep"]);
    rehearsal.wait_for(STAYS_UP);
    assert_eq!(rehearsal.end_by(Signal::INT).code(), Some(0));
    let rest = rehearsal.rest();
    assert!(rest.contains("the embedded Cloud Foundry ends") && !rest.contains("in flight"), "{rest}");
}

#[test]
fn a_rehearsal_leaves_nothing_when_it_is_killed_in_its_midst() {
    let mut rehearsal = Rehearsal::start(&[]);
    rehearsal.wait_for(MID_RUN);
    assert_eq!(rehearsal.end_by(Signal::KILL).code(), None);
}

#[test]
#[ignore = "`make verify` runs it: another of its kind is tried each time"]
fn a_rehearsal_leaves_nothing_when_it_is_interrupted_in_its_midst() {
    let mut rehearsal = Rehearsal::start(&[]);
    rehearsal.wait_for(MID_RUN);
    assert_eq!(rehearsal.end_by(Signal::TERM).code(), Some(143));
}
