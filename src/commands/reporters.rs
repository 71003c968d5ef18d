//! Those who report a run, as the command line asks for them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::cli::Common;
use crate::report::console::{Console, Verbosity};
use crate::report::json_lines::JsonLines;
use crate::report::shown;
use crate::run::event::Event;
use crate::run::interrupt::{Signal, Urgency};
use crate::run::upload::OwnFiles;
use crate::secret::Redactor;
use crate::shell::OwnCommands;
use crate::steps::Verb;

use super::strays::own_files;
use super::{Trouble, tell};

/// Those who report a run.
#[derive(Debug)]
pub struct Reporters {
    console: Console,
    quiet: bool,
    lines: Option<JsonLines<File>>,
    redactor: Redactor,
    last: Arc<Mutex<LastWords>>,
    own_files: OwnFiles,
    /// What people are told to type. `None` where there is nothing that could be gone on with.
    own: Option<OwnCommands>,
}

/// What is told where the process ends at once: where things stand, as far as is known.
#[derive(Debug, Default)]
struct LastWords {
    /// The step in flight, in words. `None` where none is.
    step: Option<String>,
    /// Who serves.
    serving: String,
}

impl LastWords {
    /// Takes an event in.
    fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::StepStarted { step, .. } => {
                self.step = Some(format!("step {} ({})", step.id, step.facts().purpose()));
            }
            Event::Serves { told } => (*told).clone_into(&mut self.serving),
            Event::StepConfirmed { .. } | Event::StepFailed { .. } => self.step = None,
            Event::Started { .. }
            | Event::Line { .. }
            | Event::Waiting { .. }
            | Event::Repeating { .. }
            | Event::Stopped { .. }
            | Event::Interrupted { .. }
            | Event::RolledBack { .. }
            | Event::Done { .. } => {}
        }
    }

    /// In words, for the last moment.
    fn told(&self, own: Option<&OwnCommands>) -> String {
        if self.serving.is_empty() {
            return "ended at once; no step was begun".to_owned();
        }
        let step = match &self.step {
            Some(step) => format!("ended at once, in the midst of {step}: the platform may still do what it was asked"),
            None => "ended at once, between two steps".to_owned(),
        };
        let ways = own.map(|own| format!("\n{}", ways(Verb::Apply, own))).unwrap_or_default();
        format!("{step}\n{}, as far as was last seen{ways}", self.serving)
    }
}

impl Reporters {
    /// The reporters that the command line asks for. Fails where the events' file cannot be written.
    pub fn new(common: &Common) -> Result<Self, Trouble> {
        let verbosity = match (common.quiet, common.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, false) => Verbosity::Normal,
            (false, true) => Verbosity::Verbose,
        };
        let lines = match &common.events {
            None => None,
            Some(path) => {
                let file = open(path).map_err(|error| Trouble::File { path: path.clone(), why: error.to_string() })?;
                Some(JsonLines::new(file, || Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()))
            }
        };
        Ok(Self {
            console: Console::new(verbosity),
            quiet: common.quiet,
            lines,
            redactor: Redactor::default(),
            last: Arc::default(),
            own_files: own_files(common),
            own: Some(common.own_commands()),
        })
    }

    /// The files that are written while it is reported.
    pub fn own_files(&self) -> OwnFiles {
        self.own_files.clone()
    }

    /// The same for a rehearsal, after which there is nothing to go on with: what is typed would be about the real space.
    #[cfg(feature = "rehearse")]
    pub fn of_rehearsal(common: &Common) -> Result<Self, Trouble> {
        Ok(Self { own: None, ..Self::new(common)? })
    }

    /// Tells how it goes on or back from here, after what `verb` had in flight.
    pub fn tell_ways(&self, verb: Verb) {
        if let Some(own) = &self.own {
            tell(&ways(verb, own));
        }
    }

    /// What people are told to type, where there is something to go on with.
    pub fn own(&self) -> Option<&OwnCommands> {
        self.own.as_ref()
    }

    /// Hides what this one knows in all that is reported from now on.
    pub fn hide(&mut self, redactor: &Redactor) {
        self.redactor = redactor.clone();
    }

    /// Tells a person how it ended well, where that is asked for.
    pub fn success(&self, text: &str) {
        if !self.quiet {
            tell(text);
        }
    }

    /// Tells a person something that is no event.
    pub fn note(&self, text: &str) {
        self.console.note(text);
    }

    /// Tells a person what came from elsewhere, without what must not be seen.
    pub fn quote(&self, text: &str) {
        tell(&self.redactor.shown(text));
    }

    /// Takes the moving line off the terminal, for what is told after a run.
    pub fn clear(&self) {
        self.console.clear();
    }

    /// What answers a person who wants the run to end: a call in flight may take minutes.
    pub fn teller(&self) -> impl Fn(Signal, Urgency) + Send + 'static {
        let bar = self.console.bar().clone();
        let last = Arc::clone(&self.last);
        let own = self.own.clone();
        move |_, urgency| {
            bar.suspend(|| match urgency {
                Urgency::First => tell(
                    "stopping: a call of cf in flight is finished first, then nothing more is started; once more ends it \
                     at once",
                ),
                Urgency::AtOnce => tell(&last.lock().unwrap_or_else(PoisonError::into_inner).told(own.as_ref())),
            });
        }
    }

    /// Passes an event on to all of them.
    pub fn event(&mut self, event: &Event<'_>) {
        let Self { console, lines, redactor, last, .. } = self;
        shown::pass_on(event, redactor, &mut |event| {
            last.lock().unwrap_or_else(PoisonError::into_inner).hear(event);
            console.event(event);
            if let Some(Err(error)) = lines.as_mut().map(|lines| lines.event(event)) {
                console.note(&format!("note: events are lost ({error}); the run goes on"));
            }
        });
    }
}

/// How it goes on or back from here, after what `verb` had in flight: in one line where that is short.
fn ways(verb: Verb, own: &OwnCommands) -> String {
    let [resume, rollback, status] = ["resume", "rollback", "status"].map(|verb| own.verb(verb));
    let in_short = status == OwnCommands::default().verb("status");
    match (verb, in_short) {
        (Verb::Apply | Verb::Resume, true) => format!("go on with {resume}, or go back with {rollback}; see {status}"),
        (Verb::Apply | Verb::Resume, false) => {
            format!("go on with\n  {resume}\nor go back with\n  {rollback}\nsee\n  {status}")
        }
        (Verb::Rollback, true) => format!("go on with {rollback}; see {status}"),
        (Verb::Rollback, false) => format!("go on with\n  {rollback}\nsee\n  {status}"),
    }
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
