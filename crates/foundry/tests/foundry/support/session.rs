//! Sessions: a text of commands with what the real cf printed.
//!
//! ```text
//! # A comment.
//! % total_routes 1
//! $ cf create-route apps.foundry.test --hostname a
//! Creating route …
//! 2> what it wrote to standard error
//! ? 1
//! ```
//!
//! A line with `$` is run, words split as by a shell; `[GUID-N]` stands for the guid that was printed as such before.
//! What follows is standard output, then standard error after `2>`, then the exit code where it is not 0.
//! A line with `%` before the first command sets how the foundry starts, or `login none|api|auth`, or `app FOLDER`,
//! where the example app is put; later it turns a switch of the running one. The table is [`Session::turn`].

use std::fmt::Write as _;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use foundry::Foundry;
use foundry::faults::{Fault, Harm, Occurrence, Rule, StagingFailure};
use foundry::router::Propagation;
use foundry::settings::Settings;
use testkit::cf::Cf;
use testkit::wait::wait_for;

use super::normal::Normal;

/// Runs a session on a fresh foundry and returns its text as it should be.
pub(crate) fn replay(script: &str, files: &Path) -> String {
    let mut settings = Settings::default();
    settings.timing.service_operation = Duration::ZERO;
    settings.timing.staging_is_read = Duration::from_secs(5);
    settings.router.propagation = Propagation::NONE;
    let mut login = "target";
    let mut app = None;
    let mut lines = script.lines().peekable();
    let mut text = String::new();
    while let Some(line) = lines.next_if(|line| !line.starts_with('$')) {
        if let Some(setting) = line.strip_prefix("% ") {
            match setting.split_once(' ') {
                Some(("login", how)) => login = how,
                Some(("app", folder)) => app = Some(folder.to_owned()),
                Some((key, value)) => start_with(&mut settings, key, value),
                None => panic!("{line}: before the first command only settings, which have a value"),
            }
        }
        if !line.is_empty() {
            writeln!(text, "{line}").unwrap();
        }
    }
    let foundry = Foundry::start(settings).unwrap();
    let cf = logged_in(&foundry, login);
    copy(files, cf.work_dir());
    if let Some(folder) = app {
        let folder = cf.work_dir().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(testkit::sinatra(), folder.join("sinatra")).unwrap();
    }
    let normal = Normal::new(&foundry, cf.work_dir());
    let mut session = Session { normal, awaited: None, foundry: &foundry, cf: &cf };
    for line in lines {
        if let Some(command) = line.strip_prefix("$ ") {
            if !text.is_empty() {
                text.push('\n');
            }
            writeln!(text, "{line}").unwrap();
            text.push_str(&session.run(command));
        } else if let Some(switch) = line.strip_prefix("% ") {
            writeln!(text, "\n{line}").unwrap();
            session.turn(switch);
        } else if line.starts_with("# ") {
            writeln!(text, "\n{line}").unwrap();
        }
    }
    foundry.shutdown();
    text
}

fn logged_in(foundry: &Foundry, how: &str) -> Cf {
    let cf = match how {
        "none" | "api" | "auth" => Cf::logged_out(),
        "target" => Cf::targeted(foundry),
        other => panic!("login {other}: none, api, auth or target"),
    };
    if matches!(how, "api" | "auth") {
        cf.must(["api", &foundry.api_url()]);
    }
    if how == "auth" {
        cf.must(["auth", &foundry.settings().user, &foundry.settings().password]);
    }
    cf
}

fn start_with(settings: &mut Settings, key: &str, value: &str) {
    let number = || value.parse::<u64>().unwrap();
    let millis = || Duration::from_millis(number());
    match key {
        "total_memory_in_mb" => settings.quota.total_memory_in_mb = Some(number()),
        "per_process_memory_in_mb" => settings.quota.per_process_memory_in_mb = Some(number()),
        "total_instances" => settings.quota.total_instances = Some(number()),
        "total_routes" => settings.quota.total_routes = Some(number()),
        "total_reserved_ports" => settings.quota.total_reserved_ports = Some(number()),
        "total_service_instances" => settings.quota.total_service_instances = Some(number()),
        "token_seconds" => settings.tokens.access = Duration::from_secs(number()),
        "rotate_refresh_tokens" => settings.tokens.rotate = value == "yes",
        "staging_ms" => settings.timing.staging = millis(),
        "cell_memory_in_mb" => settings.cell_memory_in_mb = Some(number()),
        "start_ms" => settings.timing.start = millis(),
        "job_ms" => settings.timing.job = millis(),
        "service_operation_ms" => settings.timing.service_operation = millis(),
        other => panic!("{other} is no setting"),
    }
}

/// Copies a directory of files that a session needs, where there is one.
fn copy(from: &Path, to: &Path) {
    let Ok(entries) = std::fs::read_dir(from) else { return };
    for entry in entries {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

struct Session<'a> {
    foundry: &'a Foundry,
    cf: &'a Cf,
    normal: Normal,
    /// What the next command is to print in the end.
    awaited: Option<String>,
}

impl Session<'_> {
    fn run(&mut self, command: &str) -> String {
        let words = shlex::split(&self.normal.undo(command)).unwrap_or_else(|| panic!("{command}: a quote is open"));
        let (cf, args) = words.split_first().unwrap();
        assert_eq!(cf, "cf", "{command}: only cf can be run");
        let Some(awaited) = self.awaited.take() else { return self.told(&self.cf.run(args)) };
        wait_for(&awaited, || {
            let before = self.normal.clone();
            let text = self.told(&self.cf.run(args));
            if text.contains(&awaited) {
                return Some(text);
            }
            self.normal = before;
            None
        })
    }

    /// What a transcript says of a run of cf.
    fn told(&mut self, output: &Output) -> String {
        let mut text = String::new();
        let stdout = self.normal.apply(&String::from_utf8_lossy(&output.stdout));
        let stdout = stdout.trim_end_matches('\n');
        if !stdout.is_empty() {
            writeln!(text, "{stdout}").unwrap();
        }
        for line in self.normal.apply(&String::from_utf8_lossy(&output.stderr)).trim_end_matches('\n').lines() {
            writeln!(text, "{}", format!("2> {line}").trim_end()).unwrap();
        }
        match output.status.code() {
            Some(0) => {}
            Some(code) => writeln!(text, "? {code}").unwrap(),
            None => writeln!(text, "? killed").unwrap(),
        }
        text
    }

    /// | line | what it turns |
    /// |---|---|
    /// | `expire-tokens` | all access tokens so far |
    /// | `revoke-tokens` | all tokens so far, refresh tokens too |
    /// | `fail-staging` | the next and all later ones |
    /// | `crash MS` | every instance, so long after its start |
    /// | `fault METHOD PATH before\|after STATUS\|close` | the next such call |
    /// | `clear` | everything back |
    /// | `start_ms MS` | what instances take from now on until they are checked |
    /// | `forget-logs` | all lines so far: cf's tail of a staging begins a second before the last line that is there |
    /// | `until TEXT` | the next command is run again until it prints that |
    fn turn(&mut self, switch: &str) {
        let faults = self.foundry.faults();
        let words: Vec<&str> = switch.split(' ').collect();
        match words.as_slice() {
            ["expire-tokens"] => faults.expire_tokens(),
            ["revoke-tokens"] => self.foundry.revoke_tokens(),
            ["fail-staging"] => faults.fail_staging(None, StagingFailure::compile()),
            ["crash", after] => faults.crash(None, Duration::from_millis(after.parse().unwrap())),
            ["fault", method, path, when, harm] => {
                let harm = match *harm {
                    "close" => Harm::Close,
                    status => Harm::status(status.parse().unwrap()),
                };
                let fault = match *when {
                    "before" => Fault::Before(harm),
                    "after" => Fault::After(harm),
                    other => panic!("{other}: before or after"),
                };
                faults.add(Rule::new(method, path, fault).on(Occurrence::First(1)));
            }
            ["clear"] => faults.clear(),
            ["forget-logs"] => self.foundry.forget_logs(),
            ["start_ms", millis] => {
                let start = Duration::from_millis(millis.parse().unwrap());
                self.foundry.set_timing(|timing| timing.start = start);
            }
            ["until", ..] => self.awaited = switch.strip_prefix("until ").map(str::to_owned),
            _ => panic!("{switch} is no switch"),
        }
    }
}
