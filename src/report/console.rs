//! Events as a person follows them: on a terminal with a moving line for the step in flight, elsewhere line by line.

use std::io::{self, Write};
use std::time::Duration;

use console::{Term, style, truncate_str};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cf::invocation::Invocation;
use crate::cf::spawn::Stream;
use crate::run::event::Event;
use crate::steps::{Heading, Step};
use crate::text::for_terminal;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Only failures.
    Quiet,
    /// Steps.
    Normal,
    /// Steps, and every line that cf prints.
    Verbose,
}

/// Tells events to a person, on standard error: standard output is for what was asked for.
#[derive(Debug)]
pub struct Console {
    verbosity: Verbosity,
    bar: ProgressBar,
    heading: Option<Heading>,
    /// The last lines of cf, shown where the step fails.
    tail: Vec<String>,
}

/// What stands in the moving line beside the message, in columns: the spinner, the time, and room for what is typed.
const BESIDE: usize = 20;
/// How many of cf's lines are shown where a step fails.
const TAIL: usize = 12;

impl Console {
    /// A console with a moving line where standard error is a terminal.
    pub fn new(verbosity: Verbosity) -> Self {
        let moving = verbosity > Verbosity::Quiet && Term::stderr().is_term();
        let target = if moving { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        // A template that does not parse would leave the default one: ugly, never wrong.
        if let Ok(moving_line) = ProgressStyle::with_template("   {spinner:.cyan} {msg} {elapsed:.dim}") {
            bar.set_style(moving_line.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
        }
        Self { verbosity, bar, heading: None, tail: Vec::new() }
    }

    /// The moving line, for others that print while it moves.
    pub fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// Tells something that is no event.
    pub fn note(&self, text: &str) {
        self.line(text);
    }

    /// Takes the moving line away, until the next list begins.
    pub fn clear(&self) {
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
    }

    /// Tells one event.
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Started { .. } => {
                self.heading = None;
                // A bar that was finished by an earlier list would not be drawn again.
                self.bar.reset();
            }
            Event::Serves { .. } => {}
            Event::StepStarted { step, .. } => self.step_started(step),
            Event::Line { step, stream, text } => {
                if !is_for_programs(step, *stream, text) {
                    if self.tail.len() == TAIL {
                        self.tail.remove(0);
                    }
                    self.tail.push((*text).to_owned());
                }
                if self.verbosity == Verbosity::Verbose {
                    self.line(&format!("       {}", style(text).dim()));
                }
            }
            Event::Waiting { step, what } => self.in_flight(&format!("{}: {what}", step.facts().purpose())),
            Event::Repeating { step, why } => {
                // What the next call prints is what tells how it failed.
                self.tail.clear();
                let first = why.lines().next().unwrap_or_default();
                self.line(&format!("   {} {}: {first}; again", style("↻").yellow(), step.facts().purpose()));
            }
            Event::StepConfirmed { step, seconds, notes, .. } => {
                self.bar.disable_steady_tick();
                self.bar.set_message("");
                self.line(&format!(
                    "   {} {} {}",
                    style("✓").green(),
                    step.facts().purpose(),
                    style(format!("{seconds:.1} s")).dim()
                ));
                if let Some(command) = command(step) {
                    self.line(&command);
                }
                for note in *notes {
                    self.line(&format!("     {}", style(note).dim()));
                }
            }
            Event::StepFailed { step, seconds, why, .. } => {
                self.clear();
                let line = format!(
                    "   {} {} {}",
                    style("✗").red().bold(),
                    step.facts().purpose(),
                    style(format!("{seconds:.1} s")).dim()
                );
                self.always(&line);
                if let Some(command) = command(step) {
                    self.always(&command);
                }
                for line in why.lines() {
                    self.always(&format!("     {}", style(line).red()));
                }
                if self.verbosity < Verbosity::Verbose && !self.tail.is_empty() {
                    self.always(&format!("     {}", style("the last that cf printed:").dim()));
                    for line in std::mem::take(&mut self.tail) {
                        self.always(&format!("       {}", style(line).dim()));
                    }
                }
            }
            Event::Stopped { .. } | Event::Interrupted { .. } | Event::RolledBack { .. } | Event::Done { .. } => {
                self.clear();
            }
        }
    }

    fn step_started(&mut self, step: &Step) {
        self.tail.clear();
        if self.heading != Some(step.heading) {
            self.heading = Some(step.heading);
            let number = step.heading.number().map_or_else(|| " ".to_owned(), |number| number.to_string());
            self.line(&style(format!("{number}  {}: {}", step.app, step.heading)).bold().to_string());
        }
        self.bar.reset_elapsed();
        self.in_flight(&step.facts().purpose());
        self.bar.enable_steady_tick(Duration::from_millis(100));
    }

    /// Shows what is in flight, in a line that leaves room for the `^C` that a terminal prints: one that is full would
    /// be wrapped by it, and could not be taken away.
    fn in_flight(&self, text: &str) {
        let width = usize::from(Term::stderr().size().1).saturating_sub(BESIDE);
        self.bar.set_message(truncate_str(text, width, "…").into_owned());
    }

    fn line(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.always(text);
        }
    }

    fn always(&self, text: &str) {
        // A terminal that is gone never breaks a deployment.
        self.bar.suspend(|| {
            let _ = writeln!(io::stderr(), "{}", for_terminal(text));
        });
    }
}

/// Whether a line is the platform's JSON: what a failure says in it is told in words.
fn is_for_programs(step: &Step, stream: Stream, text: &str) -> bool {
    let argv = step.invocation().as_ref().map(Invocation::argv).unwrap_or_default();
    let answer = stream == Stream::Out && argv.get(1).is_some_and(|verb| verb == "curl");
    // cf 8.17: `Code: 0, Title: , Detail: {"errors":[…]}`.
    answer || text.contains("Detail: {")
}

/// The invocation, as the preview shows it: so it can be run again by hand.
fn command(step: &Step) -> Option<String> {
    step.invocation().map(|invocation| format!("     {}", style(invocation.shell()).cyan()))
}

impl Drop for Console {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
