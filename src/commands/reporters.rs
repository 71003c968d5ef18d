//! Those who report a run, as the command line asks for them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::cli::{CliError, Common, ExitStatus};
use crate::event::{AppEnd, Event, Happening};
use crate::own_commands::OwnCommands;
use crate::own_output::log_begins;
use crate::plan::Plan;
use crate::report::console::{Console, Verbosity};
use crate::report::json_lines::JsonLines;
use crate::report::last_words::LastWords;
use crate::report::reporter::Reporter;
use crate::run::upload::OwnFiles;
use crate::run::waiting::interrupt::Urgency;
use crate::run::waiting::signal::Signal;
use crate::secret::Redactor;
use crate::space::Space;
use crate::steps::Verb;
use crate::steps::standing::Standing;
use crate::text::harmless;

use super::strays::own_files;
use super::terminal::tell;

/// What answers the first signal.
const STOPPING: &str =
    "stopping: a call of cf in flight is finished first, then nothing more is started; once more ends it at once";

/// Those who report a run. What is told by several threads is told in one order.
#[derive(Debug)]
pub(crate) struct Reporters {
    console: Mutex<Console>,
    lines: Option<Arc<Mutex<JsonLines<File>>>>,
    last: Arc<Mutex<LastWords>>,
    redactor: Mutex<Redactor>,
    own_files: OwnFiles,
    /// What people are told to type. `None` where there is nothing that could be gone on with.
    own: Option<OwnCommands>,
    /// Where the apps of the plan stand, as they were seen first and last.
    apps: Arc<Mutex<Vec<AppEnd>>>,
}

impl Reporters {
    /// The reporters that the command line asks for. Fails where the events' file cannot be written.
    pub(crate) fn new(common: &Common) -> Result<Self, CliError> {
        let verbosity = match (common.quiet, common.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, false) => Verbosity::Normal,
            (false, true) => Verbosity::Verbose,
        };
        let lines = match &common.events {
            None => None,
            Some(path) => {
                let file = open(path).map_err(|error| CliError::File { path: path.clone(), why: error.to_string() })?;
                Some(Arc::new(Mutex::new(JsonLines::new(file))))
            }
        };
        Ok(Self {
            console: Mutex::new(Console::new(verbosity)),
            lines,
            last: Arc::default(),
            redactor: Mutex::new(common.secrets.clone()),
            own_files: own_files(common),
            own: Some(common.own_commands()),
            apps: Arc::default(),
        })
    }

    /// The same for a rehearsal, after which there is nothing to go on with: what is typed would be about the real space.
    #[cfg(feature = "rehearse")]
    pub(crate) fn of_rehearsal(common: &Common) -> Result<Self, CliError> {
        Ok(Self { own: None, ..Self::new(common)? })
    }

    /// Tells, in a log, what runs and since when.
    pub(crate) fn begin_log(&self, verb: Verb) {
        locked(&self.console).begin_log(&log_begins(verb, Timestamp::now()));
    }

    /// The files that are written while it is reported.
    pub(crate) fn own_files(&self) -> OwnFiles {
        self.own_files.clone()
    }

    /// What people are told to type, where there is something to go on with.
    pub(crate) fn own(&self) -> Option<OwnCommands> {
        self.own.clone()
    }

    /// Hides what this one knows in all that is reported from now on.
    pub(crate) fn hide(&self, redactor: &Redactor) {
        *locked(&self.redactor) = redactor.clone();
    }

    /// Notes which version of each app is live, for the last event.
    pub(crate) fn note_live(&self, plan: &Plan, space: &Space) {
        let mut apps = locked(&self.apps);
        for app in &plan.apps {
            let live = Standing::of(app, space).ok().and_then(|standing| standing.live().map(ToString::to_string));
            match apps.iter_mut().find(|end| end.name == app.name.as_str()) {
                Some(end) => end.live = live,
                None => apps.push(AppEnd { name: app.name.to_string(), live: live.clone(), was: live }),
            }
        }
    }

    /// Tells all of them what happens.
    pub(crate) fn report(&self, what: Happening) {
        let redactor = locked(&self.redactor).clone();
        let what = what.shown(&|text| redactor.shown(&harmless(text)).into_owned());
        let event = Event { time: Timestamp::now(), what };
        let mut last = locked(&self.last);
        let mut console = locked(&self.console);
        let mut lines = self.lines.as_deref().map(locked);
        let lines = lines.as_deref_mut().map(|lines| lines as &mut dyn Reporter);
        let all: [Option<&mut dyn Reporter>; 3] = [Some(&mut *last), Some(&mut *console), lines];
        let mut failures = Vec::new();
        for reporter in all.into_iter().flatten() {
            failures.extend(reporter.event(&event).err());
        }
        for error in failures {
            console.note(&format!("note: events are lost ({error}); the run goes on"));
        }
    }

    /// Tells all of them something that a person should know.
    pub(crate) fn note(&self, text: &str) {
        self.report(Happening::Note { text: text.to_owned() });
    }

    /// Asks a person something on the terminal: nothing moves there meanwhile.
    pub(crate) fn while_asking<T>(&self, ask: impl FnOnce() -> T) -> T {
        locked(&self.console).asks(true);
        let answer = ask();
        locked(&self.console).asks(false);
        answer
    }

    /// Tells how the command ends: the last event, behind the reason where it is refused.
    pub(crate) fn end(&self, ended: &Result<ExitStatus, CliError>) {
        if let Err(error) = ended {
            let hint = self.own.as_ref().and_then(|own| error.hint(own));
            self.report(Happening::Refused { why: error.to_string(), hint });
        }
        let status = ended.as_ref().map_or_else(CliError::exit_status, |status| *status);
        let apps = std::mem::take(&mut *locked(&self.apps));
        self.report(Happening::Ended { exit_code: status.code(), apps });
    }

    /// What answers a person who wants the run to end: a call in flight may take minutes.
    pub(crate) fn teller(&self) -> impl Fn(Signal, Urgency) + Send + Sync + 'static {
        let bar = locked(&self.console).bar().clone();
        let last = Arc::clone(&self.last);
        let own = self.own.clone();
        let (lines, apps) = (self.lines.clone(), Arc::clone(&self.apps));
        move |signal, urgency| {
            let text = match urgency {
                Urgency::First => STOPPING.to_owned(),
                Urgency::AtOnce => locked(&last).told(own.as_ref()),
            };
            let mut all = vec![Happening::Note { text: text.clone() }];
            if urgency == Urgency::AtOnce {
                all.push(Happening::Ended { exit_code: signal.exit_code(), apps: locked(&apps).clone() });
            }
            // Nobody waits for a file that cannot be written now: what is lost there is lost.
            if let Some(mut lines) = lines.as_ref().and_then(|lines| lines.try_lock().ok()) {
                for what in all {
                    let _lost = lines.event(&Event { time: Timestamp::now(), what });
                }
            }
            match urgency {
                Urgency::First => bar.suspend(|| tell(&text)),
                Urgency::AtOnce => {
                    // Nothing is to stand below the last words.
                    bar.disable_steady_tick();
                    bar.finish_and_clear();
                    tell(&text);
                }
            }
        }
    }
}

/// Locks what is shared with those who answer a signal; a panic elsewhere does not spoil it.
fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens the file for the events, behind those of earlier runs: whoever goes on with a deployment keeps what was told of
/// it. A new one is the user's alone. Fails where the file holds something else than events.
fn open(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).or_else(|_| {
        // A pipe or a device may be open for writing only.
        OpenOptions::new().append(true).open(path)
    })?;
    if !file.metadata()?.is_file() {
        return Ok(file);
    }
    let mut first = [0];
    if file.read(&mut first)? == 1 {
        if first != *b"{" && first != *b"\n" {
            return Err(io::Error::other("it holds something else than events, and is left as it is"));
        }
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        // A run that was killed may have left a line in part.
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}
