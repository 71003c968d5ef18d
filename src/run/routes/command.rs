//! A check by a program of the team's own.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::Arc;
use std::time::Duration;

use guard::Guard;
use rustix::process::Signal;

use crate::plan::{CommandCheck, CommandLine, format_duration};
use crate::run::waiting::clock::Clock;
use crate::scratch;

use super::outcome::Outcome;

/// How often a command that runs is looked at.
const TICK: Duration = Duration::from_millis(50);
/// How much of a failed command's output is told, in bytes.
const TOLD: u64 = 4000;

/// Runs the command, which finds the URL of the route in its environment (an empty one of an app without routes), with its output
/// in a file: a pipe that a grandchild keeps open would block the wait. What it leaves behind in its process group ends with it.
pub(super) fn execute(
    check: &CommandCheck,
    app: &str,
    url: &str,
    clock: &dyn Clock,
    guard: &Arc<Guard>,
) -> io::Result<Outcome> {
    let argv = match &check.run {
        CommandLine::Shell(line) => vec!["/bin/sh".to_owned(), "-c".to_owned(), line.clone()],
        CommandLine::Argv(argv) => argv.clone(),
    };
    let output = scratch::file()?;
    let (stdout, stderr) = (output.try_clone()?, output.try_clone()?);
    let folder = if check.folder.as_os_str().is_empty() { ".".as_ref() } else { check.folder.as_path() };
    let group = guard.spawn(&argv, |command| {
        command.current_dir(folder);
        command.envs([
            ("CUTOVER_URL", url),
            ("CUTOVER_STAGING_URL", url),
            ("CUTOVER_APP", app),
            ("CUTOVER_COLOUR", app),
        ]);
        command.stdout(stdout).stderr(stderr);
    })?;
    let until = clock.now() + check.within;
    let mut in_time = true;
    while in_time && !group.has_ended() {
        in_time = clock.now() < until && clock.pause(TICK).is_ok();
    }
    if !in_time {
        group.signal(Signal::KILL);
        group.wait()?;
        if let Some(stop) = clock.stop() {
            return Ok(Outcome::Interrupted(stop));
        }
        let within = format_duration(check.within);
        return Ok(Outcome::Failed(format!("the command did not end within {within}{}", last_words(output)?)));
    }
    let status = group.wait()?;
    if status.success() {
        return Ok(Outcome::Passed(format!("the command ended with {status}")));
    }
    Ok(Outcome::Failed(format!("the command ended with {status}{}", last_words(output)?)))
}

/// The last that a command has printed, on lines of its own.
fn last_words(mut output: File) -> io::Result<String> {
    let length = output.metadata()?.len();
    output.seek(SeekFrom::Start(length.saturating_sub(TOLD)))?;
    let mut last = Vec::new();
    output.take(TOLD).read_to_end(&mut last)?;
    Ok(format!("\n{}", String::from_utf8_lossy(&last).trim_end()).trim_end().to_owned())
}
