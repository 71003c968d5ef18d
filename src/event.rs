//! What happens in a run: all that people and machines are told of it, in values that outlive the run.
//!
//! Whoever runs says what happens; whoever reports is told of nothing else. Serialized, an event is one object of the
//! contract of the command line: `{"time", "event", …}`. The names of events and of their keys only grow.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::cf::output::Stream;
use crate::plan;
use crate::shell;
use crate::steps::phase::Phase;
use crate::steps::strategy::{self, Title};
use crate::steps::{Step, Verb};

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Event {
    /// When (RFC 3339, UTC, milliseconds).
    #[serde(serialize_with = "milliseconds")]
    pub(crate) time: Timestamp,
    /// What.
    #[serde(flatten)]
    pub(crate) what: Happening,
}

/// Something that happened in a run. Each is about one app of the plan, by the plan's name of it, but for the last ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Happening {
    /// The steps of an app begin.
    Started {
        /// The app.
        app: String,
        /// What they are for: `apply shop`, `take shop_b back`.
        what: String,
        /// How many they are.
        steps: usize,
        /// Where a new deployment begins.
        #[serde(skip_serializing_if = "Option::is_none")]
        opening: Option<Opening>,
    },
    /// Who serves the live routes of the app, by what was last read; told where it has changed.
    Serves {
        /// The app.
        app: String,
        /// In words: `shop_a serves shop.example.com`.
        told: String,
    },
    /// A step begins.
    StepStarted {
        /// The app.
        app: String,
        /// The id of the step.
        step: String,
        /// The phase that it belongs to.
        phase: Phase,
        /// What its strategy calls that phase.
        #[serde(skip)]
        title: Title,
        /// The kind of its action.
        action: &'static str,
        /// What it is for, as a phrase.
        purpose: String,
        /// The command, references filled in; empty where the step needs no cf.
        argv: Vec<String>,
        /// The command as the preview shows it, so that it can be run again by hand.
        #[serde(skip_serializing_if = "Option::is_none")]
        command: Option<String>,
    },
    /// cf printed a line.
    Output {
        /// The app.
        app: String,
        /// The id of the step.
        step: String,
        /// Where it was printed.
        stream: Stream,
        /// The line, without control characters.
        text: String,
        /// Whether it is meant for programs: what a failure says in it is told in words.
        for_programs: bool,
    },
    /// A step waits for something.
    Waiting {
        /// The app.
        app: String,
        /// The id of the step.
        step: String,
        /// For what.
        what: String,
    },
    /// A call was not confirmed and has not done what it was to do; it is repeated.
    StepRepeated {
        /// The app.
        app: String,
        /// The id of the step.
        step: String,
        /// What was said.
        why: String,
    },
    /// A step is confirmed.
    StepConfirmed {
        /// The app.
        app: String,
        /// The id of the step.
        step: String,
        /// cf's exit code, where the step needed a cf.
        exit_code: Option<i32>,
        /// How long the step took, its confirmation included, in seconds.
        #[serde(serialize_with = "rounded")]
        seconds: f64,
        /// What a reader should know of the confirmation.
        notes: Vec<String>,
    },
    /// A step is not confirmed; nothing that waits for it is started.
    StepFailed {
        /// The app.
        app: String,
        /// The id of the step.
        step: String,
        /// cf's exit code, where the step needed a cf and it ended.
        exit_code: Option<i32>,
        /// How long it took, in seconds.
        #[serde(serialize_with = "rounded")]
        seconds: f64,
        /// What happened.
        why: String,
    },
    /// Somebody else is at work: nothing more is started for the app, and nothing is taken back.
    Stopped {
        /// The app.
        app: String,
        /// The id of the step that was not started, or not finished.
        step: String,
        /// What they did.
        why: String,
    },
    /// A person is to answer, and there is nobody to ask: nothing more is started for the app, and nothing is taken back.
    AwaitsApproval {
        /// The app.
        app: String,
        /// The id of the step that asks.
        step: String,
        /// What is asked.
        question: String,
    },
    /// A signal came in: nothing more is started.
    Interrupted {
        /// The app.
        app: String,
        /// The id of the step that was not finished.
        step: String,
        /// The exit code that the signal leads to.
        exit_code: u8,
    },
    /// The last lines that a version has logged which failed.
    Logs {
        /// The app.
        app: String,
        /// The version, by its name in the space.
        version: String,
        /// The command that shows them again.
        command: String,
        /// The lines.
        lines: Vec<String>,
    },
    /// What a failed deployment had done was taken back.
    RolledBack {
        /// The app.
        app: String,
        /// Whether all of it was.
        complete: bool,
    },
    /// All steps of the app are confirmed.
    Done {
        /// The app.
        app: String,
        /// What they were for.
        what: String,
        /// How long they took, in seconds.
        #[serde(serialize_with = "rounded")]
        seconds: f64,
        /// Who serves now, in words.
        told: String,
    },
    /// Where an app stands that did not come to its end, or beside one that did not.
    Stands {
        /// The app.
        app: String,
        /// In words.
        told: String,
    },
    /// What is left of what was in flight, by the space as it is now.
    Left {
        /// The app.
        app: String,
        /// What was in flight.
        verb: Verb,
        /// The commands that a person may run by hand, in this order.
        commands: Vec<String>,
        /// How many steps follow that only cutover makes sure of.
        more: usize,
    },
    /// Apps of the plan that were to follow and were not begun.
    NotBegun {
        /// The apps.
        apps: Vec<String>,
    },
    /// An app of the plan that the verb leaves as it is.
    LeftAlone {
        /// The app.
        app: String,
        /// Why.
        why: String,
    },
    /// What hardly is meant so in the plan; the run goes on all the same.
    Warning {
        /// In words.
        text: String,
    },
    /// Something that a person should know.
    Note {
        /// In words.
        text: String,
    },
    /// What can be done next.
    Hint {
        /// In words, with the commands.
        text: String,
    },
    /// The command is refused, or cannot begin: the space is as it was. A person is shown it by the command line itself.
    Refused {
        /// Why.
        why: String,
        /// What to do about it, where that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// The command is at its end; nothing follows.
    Ended {
        /// Its exit code.
        exit_code: u8,
        /// Where the apps of the plan stand, as far as they were looked at.
        apps: Vec<AppEnd>,
    },
}

/// Where a new deployment of an app begins.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Opening {
    /// What the strategy calls it.
    #[serde(skip)]
    pub(crate) title: Title,
    /// In words.
    pub(crate) told: String,
}

/// Which version of an app is live at the end of a command, and which one was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppEnd {
    /// The plan's name of the app.
    pub(crate) name: String,
    /// The app of the space that is live now; `None` where none is, or where that cannot be told.
    pub(crate) live: Option<String>,
    /// The one that was live when the command began.
    pub(crate) was: Option<String>,
}

/// Whoever is told what happens.
pub(crate) type Report<'a> = dyn FnMut(Happening) + 'a;

impl Happening {
    /// A step of an app begins, with these arguments for cf.
    pub(crate) fn step_started(app: &plan::App, step: &Step, argv: &[String]) -> Self {
        let facts = step.facts();
        let argv = if argv.is_empty() { Vec::new() } else { [&["cf".to_owned()], argv].concat() };
        Self::StepStarted {
            app: app.name.to_string(),
            step: step.id.clone(),
            phase: step.phase,
            title: strategy::of(app).title(step.phase),
            action: facts.kind(),
            purpose: facts.purpose(),
            argv,
            command: step.invocation().map(|invocation| invocation.shell()),
        }
    }

    /// A step of an app begins by waiting; whether cf is run for it is not known yet.
    pub(crate) fn step_waits(app: &plan::App, step: &Step) -> Self {
        let mut started = Self::step_started(app, step, &[]);
        if let Self::StepStarted { command, .. } = &mut started {
            *command = None;
        }
        started
    }

    /// A step waits for something.
    pub(crate) fn waiting(step: &Step, what: &str) -> Self {
        Self::Waiting { app: step.app.to_string(), step: step.id.clone(), what: what.to_owned() }
    }

    /// The last lines that a version of an app has logged.
    pub(crate) fn logs(app: &plan::App, version: &str, lines: Vec<String>) -> Self {
        let command = shell::command(["cf", "logs", version, "--recent"]);
        Self::Logs { app: app.name.to_string(), version: version.to_owned(), command, lines }
    }

    /// The same with the texts that came from outside as they may be shown.
    #[must_use]
    pub(crate) fn shown(mut self, show: &dyn Fn(&str) -> String) -> Self {
        let each = |texts: &mut Vec<String>| texts.iter_mut().for_each(|text| *text = show(text));
        match &mut self {
            Self::Output { text, .. } | Self::Warning { text } | Self::Note { text } | Self::Hint { text } => {
                *text = show(text);
            }
            Self::Waiting { what, .. } => *what = show(what),
            Self::StepRepeated { why, .. }
            | Self::StepFailed { why, .. }
            | Self::Stopped { why, .. }
            | Self::LeftAlone { why, .. } => *why = show(why),
            Self::StepStarted { argv, purpose, command, .. } => {
                each(argv);
                *purpose = show(purpose);
                *command = command.take().map(|command| show(&command));
            }
            Self::StepConfirmed { notes: texts, .. }
            | Self::Logs { lines: texts, .. }
            | Self::Left { commands: texts, .. } => each(texts),
            Self::Refused { why, hint } => {
                *why = show(why);
                *hint = hint.take().map(|hint| show(&hint));
            }
            Self::Started { .. }
            | Self::Serves { .. }
            | Self::AwaitsApproval { .. }
            | Self::Interrupted { .. }
            | Self::RolledBack { .. }
            | Self::Done { .. }
            | Self::Stands { .. }
            | Self::NotBegun { .. }
            | Self::Ended { .. } => {}
        }
        self
    }
}

fn milliseconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"))
}

/// Milliseconds are enough.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields by reference")]
fn rounded<S: Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((seconds * 1000.0).round() / 1000.0)
}
