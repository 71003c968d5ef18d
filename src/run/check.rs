//! The plan's checks of the new version at the staging route.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::Arc;
use std::time::{Duration, Instant};

use guard::Guard;
use rustix::process::Signal;

use crate::plan::{Check, CommandCheck, CommandLine, HttpCheck, RouteUrl, format_duration};
use crate::scratch;

use super::clock::{Clock, Stop};
use super::http::{Answer, Client};

/// How often a command that runs is looked at.
const TICK: Duration = Duration::from_millis(50);
/// How much of a failed command's output is told, in bytes.
const TOLD: u64 = 4000;

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has passed; with a note for the reader.
    Passed(String),
    /// It has not: why.
    Failed(String),
    /// The run is to stop, and did before it was known.
    Interrupted(Stop),
}

/// What runs checks.
pub trait Checks {
    /// Runs one check of the app at its staging route.
    fn run(&self, check: &Check, app: &str, staging: &RouteUrl, clock: &dyn Clock) -> Outcome;
}

/// Runs checks as they are meant.
#[derive(Debug)]
pub struct Checker<'a> {
    /// The client for routes.
    pub client: &'a Client,
    /// What knows of a command as long as it runs.
    pub guard: &'a Arc<Guard>,
}

impl Checks for Checker<'_> {
    fn run(&self, check: &Check, app: &str, staging: &RouteUrl, clock: &dyn Clock) -> Outcome {
        match check {
            Check::Http(http) => ask(http, staging, self.client, clock),
            Check::Command(command) => execute(command, app, &self.client.url(staging, ""), clock, self.guard)
                .unwrap_or_else(|error| Outcome::Failed(format!("the command could not be run: {error}"))),
        }
    }
}

fn ask(check: &HttpCheck, staging: &RouteUrl, client: &Client, clock: &dyn Clock) -> Outcome {
    let until = Instant::now() + check.within;
    let url = client.url(staging, &check.path);
    let mut in_a_row = 0;
    loop {
        let answer = client.get(staging, &check.path);
        let fault = match &answer {
            Ok(answer) => fault(check, answer),
            Err(error) => Some(error.clone()),
        };
        in_a_row = if fault.is_none() { in_a_row + 1 } else { 0 };
        if in_a_row >= check.successes {
            return Outcome::Passed(match answer {
                Ok(answer) => format!("{url}: HTTP {}, {in_a_row} in a row", answer.status),
                Err(_) => url,
            });
        }
        if Instant::now() >= until {
            let why = fault.unwrap_or_else(|| format!("only {in_a_row} of {} answers in a row", check.successes));
            return Outcome::Failed(format!("{url}: {why}, after {}", format_duration(check.within)));
        }
        if let Err(stop) = clock.pause(check.interval) {
            return Outcome::Interrupted(stop);
        }
    }
}

/// What is wrong with an answer.
fn fault(check: &HttpCheck, answer: &Answer) -> Option<String> {
    if !check.status.contains(&answer.status) {
        let of_router =
            answer.router_error.as_ref().map(|error| format!(" from the router ({error})")).unwrap_or_default();
        return Some(format!("HTTP {}{of_router}", answer.status));
    }
    let pattern = check.body.as_ref().filter(|pattern| !pattern.is_match(&answer.body))?;
    Some(format!("HTTP {}, but the body does not match /{}/", answer.status, pattern.as_str()))
}

/// Runs the command with its output in a file: a pipe that a grandchild keeps open would block the wait. What it leaves
/// behind in its process group ends with it.
fn execute(check: &CommandCheck, app: &str, url: &str, clock: &dyn Clock, guard: &Arc<Guard>) -> io::Result<Outcome> {
    let argv = match &check.run {
        CommandLine::Shell(line) => vec!["/bin/sh".to_owned(), "-c".to_owned(), line.clone()],
        CommandLine::Argv(argv) => argv.clone(),
    };
    let mut output = scratch::file()?;
    let (stdout, stderr) = (output.try_clone()?, output.try_clone()?);
    let folder = if check.folder.as_os_str().is_empty() { ".".as_ref() } else { check.folder.as_path() };
    let group = guard.spawn(&argv, |command| {
        command.current_dir(folder).env("CUTOVER_STAGING_URL", url).env("CUTOVER_APP", app);
        command.stdout(stdout).stderr(stderr);
    })?;
    let until = Instant::now() + check.within;
    let mut in_time = true;
    while in_time && !group.has_ended() {
        in_time = Instant::now() < until && clock.pause(TICK).is_ok();
    }
    if !in_time {
        group.signal(Signal::KILL);
        group.wait()?;
        return Ok(match clock.stop() {
            Some(stop) => Outcome::Interrupted(stop),
            None => Outcome::Failed(format!("the command did not end within {}", format_duration(check.within))),
        });
    }
    let status = group.wait()?;
    if status.success() {
        return Ok(Outcome::Passed(format!("the command ended with {status}")));
    }
    let mut last = Vec::new();
    let length = output.metadata()?.len();
    output.seek(SeekFrom::Start(length.saturating_sub(TOLD)))?;
    output.take(TOLD).read_to_end(&mut last)?;
    Ok(Outcome::Failed(format!("the command ended with {status}\n{}", String::from_utf8_lossy(&last).trim_end())))
}
