//! The one place that starts cf.
//!
//! What a child gets:
//!
//! - **arguments** as a vector; no shell is between;
//! - **environment**: the user's, less everything that changes where cf works or what it prints (`CF_*`, `LC_*`,
//!   `LANG*`, `FORCE_TTY`), and with the values that [`Cf`] fixes (a `GOGC` or `GOMEMLIMIT` of the user's stays). So proxies, `SSL_CERT_FILE`, `PATH`, `HOME` and
//!   `TMPDIR` pass through, and of the `CF_*` only those of [`PASSED_ON`];
//! - **no input**: where cf would ask something, it reads the end of the file and fails (cf 8.17: `EOF`, `FAILED`);
//! - **a process group of its own**, known to the [guard](guard): an interrupt at the terminal reaches
//!   `cutover`, which decides; ending the group ends whatever a wrapper around cf started; and a `cutover` that is
//!   killed leaves no cf that goes on behind its back;
//! - **files for its output**, read while it runs: a pipe that a grandchild keeps open would block the wait. They have
//!   no name ([`scratch`]).
//!
//! What it prints is handed on without secrets and control characters; [`Output`] alone has the truth, for those who
//! parse it.

mod child;
mod error;
mod find;
mod tail;

use std::ffi::{OsStr, OsString};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};
use std::{env, fmt, io};

use guard::Guard;

use super::config;
use super::dialect::CfVersion;
use super::output::{Exit, Output, Stream};
use super::session::PrivateHome;
use crate::scratch;
use crate::secret::Redactor;
use child::Child;
use find::{check, find};
use tail::Tail;

pub(crate) use error::SpawnError;

/// The variables named `CF_*` that reach cf: none of them changes where cf works or what it prints.
pub(crate) const PASSED_ON: &[&str] =
    &["CF_DIAL_TIMEOUT", "CF_DOCKER_PASSWORD", "CF_CNB_REGISTRY_CREDS", "CF_B3_TRACE_ID"];

/// Those of them that are secrets which only a push reads, so that nothing else gets them.
const OF_A_PUSH: [&str; 2] = ["CF_DOCKER_PASSWORD", "CF_CNB_REGISTRY_CREDS"];

/// How far the heap of cf may grow before it is cleaned up, in per cent of what is in use (Go: 100, and 4 MiB at the least). Most
/// calls end long before they have used that much, and a quarter of a short one was cleaning up.
const GOGC: &str = "400";

/// How long a process has between SIGTERM and SIGKILL. cf 8.17 catches SIGTERM only while it writes its configuration,
/// a matter of milliseconds.
const GRACE: Duration = Duration::from_secs(3);

/// How long `cf version` may take; it makes no call.
const VERSION_DEADLINE: Duration = Duration::from_secs(30);

/// A cf that can be run: the program, its version, and the environment of its children.
///
/// One `Cf` has one `CF_HOME`. cf keeps its tokens there without a lock (cf 8.17: the last writer wins), so runs that
/// may renew the token must not overlap.
#[derive(Clone)]
pub struct Cf {
    program: PathBuf,
    directory: PathBuf,
    version: CfVersion,
    environment: Vec<(OsString, OsString)>,
    redactor: Redactor,
    guard: Arc<Guard>,
    /// Held while a cf works in this home: what it writes into its configuration, the last one to write wins.
    turn: Arc<Mutex<()>>,
    /// Whether another cf that is at work in this home is waited for.
    patient: bool,
    grace: Duration,
}

impl fmt::Debug for Cf {
    /// Leaves the environment out: it may hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cf")
            .field("program", &self.program)
            .field("version", &self.version.to_string())
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

impl Cf {
    /// Finds cf and asks for its version. `asked` is a path, or a name that is looked for on PATH; without one it is
    /// `cf`. `home` becomes `CF_HOME`, and the secrets that it knows are hidden in what is handed on.
    ///
    /// Fails where there is no such program, where it cannot be run, and where its version cannot be used.
    pub fn discover(asked: Option<&Path>, home: &PrivateHome) -> Result<Self, SpawnError> {
        let program = find(asked, env::var_os("PATH").as_deref())?;
        let mut cf = Self {
            program,
            directory: home.path().to_owned(),
            version: CfVersion::pinned(),
            environment: environment(env::vars_os(), home.path()),
            redactor: home.redactor().clone(),
            guard: Arc::clone(home.guard()),
            turn: Arc::default(),
            patient: true,
            grace: GRACE,
        };
        let output = cf.run(&["version".to_owned()], VERSION_DEADLINE, &mut |_, _| {})?;
        if !output.exit.is_success() {
            let text = super::parse::excerpt(&output);
            return Err(SpawnError::VersionFailed { path: cf.program, exit: output.exit, text });
        }
        match CfVersion::parse(&output.stdout) {
            Ok(version) => cf.version = version,
            Err(source) => return Err(SpawnError::Unsupported { path: cf.program, source }),
        }
        Ok(cf)
    }

    /// What ends it should its owner be killed.
    pub(crate) fn guard(&self) -> &Arc<Guard> {
        &self.guard
    }

    /// The version.
    pub fn version(&self) -> &CfVersion {
        &self.version
    }

    /// What hides the secrets of the session.
    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Whether a variable reaches cf, and is not empty.
    pub(crate) fn has_env(&self, name: &str) -> bool {
        self.environment.iter().any(|(key, value)| key == name && !value.is_empty())
    }

    /// Sets a variable of all further runs to a secret (`CF_PASSWORD` for `cf auth USER`), which no argument, no debug
    /// output and nothing that is told of a run shows.
    #[cfg(any(test, feature = "rehearse"))]
    #[must_use]
    pub(crate) fn with_secret(mut self, name: &str, secret: &crate::secret::Sensitive) -> Self {
        self.redactor.learn(secret);
        set(&mut self.environment, name.into(), secret.expose().into());
        self
    }

    /// The same cf, which does not wait for another one that is at work in its home: its runs then fail with
    /// [`SpawnError::Busy`].
    #[must_use]
    pub(crate) fn impatient(&self) -> Self {
        Self { patient: false, ..self.clone() }
    }

    /// Does something with the configuration of its home while no cf works there. `None` where one does that is not waited
    /// for.
    pub(crate) fn in_turn<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        let _turn = self.turn().ok()?;
        Some(work())
    }

    fn turn(&self) -> Result<MutexGuard<'_, ()>, SpawnError> {
        match self.turn.try_lock() {
            Ok(turn) => Ok(turn),
            Err(TryLockError::WouldBlock) if !self.patient => Err(SpawnError::Busy),
            Err(_) => Ok(self.turn.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// The same cf in another home, where it works beside this one.
    #[must_use]
    pub(crate) fn at(&self, home: &PrivateHome) -> Self {
        let mut cf = Self { directory: home.path().to_owned(), turn: Arc::default(), ..self.clone() };
        for name in ["CF_HOME", "CF_PLUGIN_HOME"] {
            set(&mut cf.environment, name.into(), home.path().into());
        }
        cf
    }

    /// Runs cf with these arguments to its end, and hands each line to `on_line` as soon as it is there (within some 40
    /// ms): without colour codes and other control characters, without secrets, and what a carriage return ends is a
    /// line too.
    ///
    /// At the deadline the process group gets SIGTERM, and SIGKILL 3 s later; the platform may go on with what it was
    /// asked. Fails only where the process could not be started or its output not be kept: how it ended is part of the
    /// [`Output`].
    pub fn run(
        &self,
        argv: &[String],
        deadline: Duration,
        on_line: &mut dyn FnMut(Stream, &str),
    ) -> Result<Output, SpawnError> {
        self.run_while(&|| true, argv, deadline, on_line)
    }

    /// As [`Self::run`], and ends cf as at its deadline as soon as it is not to go on; that is reported as
    /// [`Exit::Interrupted`].
    pub fn run_while(
        &self,
        goes_on: &dyn Fn() -> bool,
        argv: &[String],
        deadline: Duration,
        on_line: &mut dyn FnMut(Stream, &str),
    ) -> Result<Output, SpawnError> {
        let _turn = self.turn()?;
        let capture = |source| SpawnError::Capture { source };
        let tail = |stream| Ok(Tail::new(stream, scratch::file()?, self.redactor.clone()));
        let mut out = tail(Stream::Out).map_err(capture)?;
        let mut err = tail(Stream::Err).map_err(capture)?;

        let environment = self.environment_of(argv, deadline);
        let started = Instant::now();
        let child = self.start(argv, environment, &out, &err).map_err(|source| self.not_started(source))?;
        let ended_by_us = child
            .watch(self.grace, |over| {
                out.read(on_line)?;
                err.read(on_line)?;
                Ok(if over {
                    None
                } else if !goes_on() {
                    Some(Exit::Interrupted)
                } else {
                    (started.elapsed() >= deadline).then_some(Exit::TimedOut)
                })
            })
            .map_err(capture)?;
        let status = child.collect().map_err(|source| self.not_started(source))?;
        if matches!(status.code(), Some(126 | 127)) {
            // What a shell says of a program that has gone since it was found.
            check(&self.program)?;
        }
        let exit = match (ended_by_us, status.code(), status.signal()) {
            (Some(exit), _, _) => exit,
            (None, Some(code), _) => Exit::Code(code),
            (None, None, signal) => Exit::Signal(signal.unwrap_or_default()),
        };
        // Tokens that the platform has given meanwhile.
        self.redactor.learn_all(&config::tokens(&self.directory));
        Ok(Output {
            argv: argv.to_vec(),
            exit,
            stdout: out.finish(on_line).map_err(capture)?,
            stderr: err.finish(on_line).map_err(capture)?,
            redactor: self.redactor.clone(),
        })
    }

    /// The environment of one run. cf waits as long as it may take here, and not as long as it does by itself.
    fn environment_of(&self, argv: &[String], deadline: Duration) -> Vec<(OsString, OsString)> {
        let mut environment = self.environment.clone();
        if argv.first().is_none_or(|verb| verb != "push") {
            environment.retain(|(name, _)| OF_A_PUSH.iter().all(|secret| name != secret));
        }
        // cf 8.17: minutes, decimals allowed.
        let minutes = format!("{:.2}", deadline.as_secs_f64() / 60.0);
        for name in ["CF_STAGING_TIMEOUT", "CF_STARTUP_TIMEOUT"] {
            set(&mut environment, name.into(), minutes.clone().into());
        }
        environment
    }

    /// Starts cf behind the guard's gate.
    #[expect(clippy::disallowed_methods, reason = "the one place that starts cf")]
    fn start(
        &self,
        argv: &[String],
        environment: Vec<(OsString, OsString)>,
        out: &Tail,
        err: &Tail,
    ) -> io::Result<Child> {
        let gate = self.guard.gate()?;
        let words: Vec<&OsStr> =
            std::iter::once(self.program.as_os_str()).chain(argv.iter().map(AsRef::as_ref)).collect();
        let handle = duct::cmd("/bin/sh", gate.arguments(&words))
            .full_env(environment)
            .stdin_file(gate.stdin()?)
            .stdout_file(out.writer()?)
            .stderr_file(err.writer()?)
            .before_spawn(|command| {
                command.process_group(0);
                Ok(())
            })
            .unchecked()
            .start()?;
        match gate.open(handle.pids().first().copied().unwrap_or_default()) {
            Ok(group) => Ok(Child::new(handle, group)),
            Err(error) => {
                handle.kill()?;
                Err(error)
            }
        }
    }

    fn not_started(&self, source: io::Error) -> SpawnError {
        SpawnError::NotStarted { path: self.program.clone(), source }
    }
}

/// The environment of every child, from the user's.
fn environment(user: impl Iterator<Item = (OsString, OsString)>, directory: &Path) -> Vec<(OsString, OsString)> {
    let disturbs = |name: &OsStr| {
        let name = name.to_string_lossy();
        let ours = name.starts_with("CF_") && !PASSED_ON.contains(&&*name);
        ours || name.starts_with("LC_") || name == "LANG" || name == "LANGUAGE" || name == "FORCE_TTY"
    };
    let mut environment: Vec<_> = user.filter(|(name, _)| !disturbs(name)).collect();
    for (name, value) in [
        ("CF_COLOR", "false"),
        // Also overrides `cf config --trace true`: a trace goes to standard output, in the midst of the answer (cf
        // 8.17).
        ("CF_TRACE", "false"),
        ("LC_ALL", "C"),
    ] {
        set(&mut environment, name.into(), value.into());
    }
    // Whoever bounds the memory of programs of Go has a reason.
    if !environment.iter().any(|(name, _)| name == "GOGC" || name == "GOMEMLIMIT") {
        set(&mut environment, "GOGC".into(), GOGC.into());
    }
    set(&mut environment, "CF_HOME".into(), directory.into());
    // An own, empty one: a plugin of the user's could shadow a command.
    set(&mut environment, "CF_PLUGIN_HOME".into(), directory.into());
    environment
}

fn set(environment: &mut Vec<(OsString, OsString)>, name: OsString, value: OsString) {
    environment.retain(|(other, _)| *other != name);
    environment.push((name, value));
}

#[cfg(test)]
mod tests;
