//! Events as a person follows them: on a terminal with a moving line for the step in flight, elsewhere line by line.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use console::{Term, style, truncate_str};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::event::{Event, Happening, Opening};
use crate::steps::strategy::Title;
use crate::text::for_terminal;

use super::preview::numbered;
use super::reporter::Reporter;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Only failures.
    Quiet,
    /// Steps.
    Normal,
    /// Steps, and every line that cf prints.
    Verbose,
}

/// Tells events to a person, on standard error: standard output is for what was asked for.
#[derive(Debug)]
pub(crate) struct Console {
    verbosity: Verbosity,
    bar: ProgressBar,
    /// The app and the title that the last step stands under.
    under: Option<(String, Title)>,
    /// The steps in flight, by their ids.
    in_flight: BTreeMap<String, InFlight>,
    /// Whether a person is asked just now: nothing is to move beside the answer.
    is_asking: bool,
}

/// What is told of a step when it ends.
#[derive(Debug)]
struct InFlight {
    app: String,
    title: Title,
    purpose: String,
    command: Option<String>,
    /// What it waits for.
    waits: String,
    /// The last lines of cf, shown where it fails.
    tail: Vec<String>,
}

/// What stands in the moving line beside the message, in columns: the spinner, the time, and room for what is typed.
const BESIDE: usize = 20;
/// How many of cf's lines are shown where a step fails.
const TAIL: usize = 12;

impl Console {
    /// A console with a moving line where standard error is a terminal.
    pub(crate) fn new(verbosity: Verbosity) -> Self {
        let moving = verbosity > Verbosity::Quiet && Term::stderr().is_term();
        let target = if moving { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        // A template that does not parse would leave the default one: ugly, never wrong.
        if let Ok(moving_line) = ProgressStyle::with_template("   {spinner:.cyan} {msg} {elapsed:.dim}") {
            bar.set_style(moving_line.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
        }
        Self { verbosity, bar, under: None, in_flight: BTreeMap::new(), is_asking: false }
    }

    /// The moving line, for others that print while it moves.
    pub(crate) fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// The first line of a log; a terminal needs none.
    pub(crate) fn begin_log(&self, line: &str) {
        if !Term::stderr().is_term() {
            self.line(line);
        }
    }

    /// Tells something that is no event.
    pub(crate) fn note(&self, text: &str) {
        self.line(text);
    }

    /// Takes the moving line away, until the next list begins.
    pub(crate) fn clear(&self) {
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
    }

    /// A step is not in flight any more, and is not confirmed.
    fn is_over(&mut self, step: &str) {
        self.in_flight.remove(step);
        if self.in_flight.is_empty() {
            self.clear();
        }
    }

    /// A person is asked something on the terminal from now on, or has answered.
    pub(crate) fn asks(&mut self, is_asking: bool) {
        self.is_asking = is_asking;
        if is_asking {
            self.clear();
        } else {
            self.moving();
        }
    }

    /// A step begins. Its title stands above it where it is another one than that of the step before; beside steps of other
    /// apps, only once there is something to tell of it.
    fn step_started(&mut self, step: &str, in_flight: InFlight) {
        if self.in_flight.is_empty() {
            self.stands_under(&in_flight.app, in_flight.title);
        }
        self.bar.reset_elapsed();
        self.in_flight.insert(step.to_owned(), in_flight);
        self.moving();
    }

    /// Tells the app and the title that what follows stands under.
    fn stands_under(&mut self, app: &str, title: Title) {
        if self.under.as_ref().is_none_or(|(of, under)| of != app || *under != title) {
            self.under = Some((app.to_owned(), title));
            self.line(&numbered(title, &format!("{app}: ")));
        }
    }

    /// A step that is in flight no more.
    fn landed(&mut self, step: &str) -> Option<InFlight> {
        let landed = self.in_flight.remove(step)?;
        self.stands_under(&landed.app, landed.title);
        Some(landed)
    }

    fn step_confirmed(&mut self, step: &str, seconds: f64, notes: &[String]) {
        let Some(InFlight { purpose, command, .. }) = self.landed(step) else { return };
        self.line(&format!("   {} {purpose} {}", style("✓").green(), style(format!("{seconds:.1} s")).dim()));
        if let Some(command) = command {
            self.line(&format!("     {}", style(command).cyan()));
        }
        for note in notes {
            self.line(&format!("     {}", style(note).dim()));
        }
        self.moving();
    }

    fn step_failed(&mut self, step: &str, seconds: f64, why: &str) {
        let Some(InFlight { purpose, command, tail, .. }) = self.landed(step) else { return };
        self.moving();
        self.always(&format!("   {} {purpose} {}", style("✗").red().bold(), style(format!("{seconds:.1} s")).dim()));
        if let Some(command) = command {
            self.always(&format!("     {}", style(command).cyan()));
        }
        for line in why.lines() {
            self.always(&format!("     {}", style(line).red()));
        }
        if self.verbosity < Verbosity::Verbose && !tail.is_empty() {
            self.always(&format!("     {}", style("the last that cf printed:").dim()));
            for line in tail {
                self.always(&format!("       {}", style(line).dim()));
            }
        }
    }

    fn printed(&mut self, step: &str, text: &str, for_programs: bool) {
        let Some(in_flight) = self.in_flight.get_mut(step) else { return };
        if !for_programs {
            if in_flight.tail.len() == TAIL {
                in_flight.tail.remove(0);
            }
            in_flight.tail.push(text.to_owned());
        }
        if self.verbosity == Verbosity::Verbose {
            let of = if self.in_flight.len() > 1 { format!("{step}: ") } else { String::new() };
            self.line(&format!("       {}", style(format!("{of}{text}")).dim()));
        }
    }

    fn waits(&mut self, step: &str, what: &str) {
        if let Some(in_flight) = self.in_flight.get_mut(step) {
            in_flight.waits = format!(": {what}");
        }
        self.moving();
    }

    fn repeated(&mut self, step: &str, why: &str) {
        let Some(in_flight) = self.in_flight.get_mut(step) else { return };
        // What the next call prints is what tells how it failed.
        in_flight.tail.clear();
        let (app, title, purpose) = (in_flight.app.clone(), in_flight.title, in_flight.purpose.clone());
        let first = why.lines().next().unwrap_or_default();
        self.stands_under(&app, title);
        self.line(&format!("   {} {purpose}: {first}; again", style("↻").yellow()));
    }

    fn left(&self, commands: &[String], more: usize) {
        if commands.is_empty() {
            return;
        }
        self.always("what is left begins with:");
        for command in commands {
            self.always(&format!("  {command}"));
        }
        if more > 0 {
            let follow = if more == 1 { "step follows" } else { "steps follow" };
            self.always(&format!("{more} more {follow}, which only cutover makes sure of"));
        }
    }

    /// Shows what is in flight, in a line that leaves room for the `^C` that a terminal prints: one that is full would
    /// be wrapped by it, and could not be taken away.
    fn moving(&self) {
        if self.is_asking {
            return;
        }
        let each = |step: &InFlight| format!("{}{}", step.purpose, step.waits);
        let text = match self.in_flight.len() {
            0 => {
                self.bar.disable_steady_tick();
                String::new()
            }
            1 => self.in_flight.values().map(each).collect(),
            several => {
                let all: Vec<String> = self.in_flight.values().map(each).collect();
                format!("{several} steps: {}", all.join(" · "))
            }
        };
        let width = usize::from(Term::stderr().size().1).saturating_sub(BESIDE);
        self.bar.set_message(truncate_str(&text, width, "…").into_owned());
        if !self.in_flight.is_empty() {
            if self.bar.is_finished() {
                // A bar that was taken away would not be drawn again.
                self.bar.reset();
            }
            self.bar.enable_steady_tick(Duration::from_millis(100));
        }
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

impl Reporter for Console {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match &event.what {
            Happening::Started { opening, .. } => {
                self.under = None;
                if let Some(Opening { title, told }) = opening {
                    self.line(&format!("{}\n   {told}", numbered(*title, "")));
                }
            }
            Happening::StepStarted { app, step, title, purpose, command, .. } => {
                let (app, title, purpose, command) = (app.clone(), *title, purpose.clone(), command.clone());
                let in_flight = InFlight { app, title, purpose, command, waits: String::new(), tail: Vec::new() };
                self.step_started(step, in_flight);
            }
            Happening::Output { step, text, for_programs, .. } => self.printed(step, text, *for_programs),
            Happening::Waiting { step, what, .. } => self.waits(step, what),
            Happening::StepRepeated { step, why, .. } => self.repeated(step, why),
            Happening::StepConfirmed { step, seconds, notes, .. } => self.step_confirmed(step, *seconds, notes),
            Happening::StepFailed { step, seconds, why, .. } => self.step_failed(step, *seconds, why),
            Happening::Stopped { step, why, .. } => {
                self.is_over(step);
                self.always(&format!("stopped at step {step}: {why}"));
            }
            Happening::AwaitsApproval { app, step, question } => {
                self.is_over(step);
                self.always(&format!("{app} waits for a person, and there is no terminal to ask on: {question}"));
            }
            Happening::Interrupted { step, .. } => {
                self.is_over(step);
                self.always(&format!("interrupted before step {step} was finished; nothing after it was started"));
            }
            Happening::Logs { version, command, lines, .. } => {
                self.always(&format!(
                    "the last that {version} has logged, less what the checks asked for ({command}):"
                ));
                for line in lines {
                    self.always(&format!("  {line}"));
                }
            }
            Happening::Done { told, .. } => {
                if self.in_flight.is_empty() {
                    self.clear();
                }
                self.line(told);
            }
            Happening::Left { commands, more, .. } => self.left(commands, *more),
            Happening::NotBegun { apps } => self.always(&format!("not begun: {}", apps.join(", "))),
            Happening::LeftAlone { app, why } => self.always(&format!("{app} is left as it is: {why}")),
            Happening::Stands { told, .. } => self.always(told),
            Happening::Warning { text } => self.line(text),
            Happening::Note { text } | Happening::Hint { text } => self.always(text),
            Happening::RolledBack { .. } | Happening::Ended { .. } => self.clear(),
            Happening::Serves { .. } | Happening::Refused { .. } => {}
        }
        Ok(())
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
