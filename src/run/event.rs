//! What a run tells those who report it. Reporters consume events and nothing else.

use crate::cf::spawn::Stream;
use crate::steps::Step;

use super::interrupt::Signal;

/// Something that happened in a run.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A list of steps begins.
    Started {
        /// What the list is for: `deploy`, `rollback`, …
        what: &'a str,
        /// The steps.
        steps: &'a [Step],
    },
    /// A step begins.
    StepStarted {
        /// The step.
        step: &'a Step,
        /// The arguments that cf is given, references filled in; empty where the step needs no cf.
        argv: &'a [String],
    },
    /// cf printed a line.
    Line {
        /// The step.
        step: &'a Step,
        /// Where it was printed.
        stream: Stream,
        /// The line, without control characters.
        text: &'a str,
    },
    /// A step waits for something.
    Waiting {
        /// The step.
        step: &'a Step,
        /// For what.
        what: &'a str,
    },
    /// A call was not confirmed and has not done what it was to do; it is repeated.
    Repeating {
        /// The step.
        step: &'a Step,
        /// What was said.
        why: &'a str,
    },
    /// A step is confirmed.
    StepConfirmed {
        /// The step.
        step: &'a Step,
        /// cf's exit code, where the step needed a cf.
        exit_code: Option<i32>,
        /// How long the step took, its confirmation included, in seconds.
        seconds: f64,
        /// What a reader should know of the confirmation.
        notes: &'a [String],
    },
    /// A step is not confirmed; nothing after it is started.
    StepFailed {
        /// The step.
        step: &'a Step,
        /// cf's exit code, where the step needed a cf and it ended.
        exit_code: Option<i32>,
        /// How long it took, in seconds.
        seconds: f64,
        /// What happened.
        why: &'a str,
    },
    /// Somebody else is at work: nothing more is started, and nothing is taken back.
    Stopped {
        /// The id of the step that was not started, or not finished.
        step: &'a str,
        /// What they did.
        why: &'a str,
    },
    /// Who serves, by what was last read.
    Serves {
        /// In words: `shop_a serves shop.example.com`.
        told: &'a str,
    },
    /// A signal came in: nothing more is started.
    Interrupted {
        /// The id of the step that was not finished.
        step: &'a str,
        /// The signal.
        signal: Signal,
    },
    /// What the failed deployment had done was taken back.
    RolledBack {
        /// Whether all of it was.
        complete: bool,
    },
    /// All steps are confirmed.
    Done {
        /// What the list was for.
        what: &'a str,
        /// How long it took, in seconds.
        seconds: f64,
    },
}
