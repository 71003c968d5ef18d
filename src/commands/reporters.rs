//! Those who report a run, as the command line asks for them.

use std::fs::File;

use jiff::Timestamp;

use crate::cli::Common;
use crate::report::console::{Console, Verbosity};
use crate::report::json_lines::JsonLines;
use crate::run::event::Event;
use crate::run::interrupt::Signal;

use super::{Trouble, tell};

/// Those who report a run.
#[derive(Debug)]
pub struct Reporters {
    console: Console,
    quiet: bool,
    lines: Option<JsonLines<File>>,
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
                let file =
                    File::create(path).map_err(|error| Trouble::File { path: path.clone(), why: error.to_string() })?;
                Some(JsonLines::new(file, || Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()))
            }
        };
        Ok(Self { console: Console::new(verbosity), quiet: common.quiet, lines })
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

    /// Takes the moving line off the terminal, for what is told after a run.
    pub fn clear(&self) {
        self.console.clear();
    }

    /// What answers a person who wants the run to end: the step in flight may take minutes.
    pub fn teller(&self) -> impl Fn(Signal) + Send + 'static {
        let bar = self.console.bar().clone();
        move |_| {
            bar.suspend(|| {
                tell("the step in flight is finished first, then nothing more is started; once more ends it at once");
            });
        }
    }

    /// Passes an event on to all of them.
    pub fn event(&mut self, event: &Event<'_>) {
        self.console.event(event);
        if let Some(lines) = &mut self.lines {
            lines.event(event);
        }
    }
}
