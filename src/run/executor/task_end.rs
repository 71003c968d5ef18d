//! The end of a task that takes longer than it may.

use std::time::Duration;

use crate::cf::invocation::Invocation;
use crate::cf::outcome::{self, Expectation, confirm};
use crate::event::Report;
use crate::run::reading::parts::Parts;
use crate::run::reading::view::View;
use crate::space::section::Section;
use crate::steps::Step;
use crate::steps::action::facts::OneTask;

use super::call::output;
use super::runner::{PAUSE, Runner};

/// How long a task may take to end that is terminated: Diego gives it 10 s between SIGTERM and SIGKILL.
const TERMINATION: Duration = Duration::from_secs(20);

impl Runner<'_> {
    /// Terminates the task of a step whose time is over, where it has not ended, and waits until it has. Says what has become of
    /// it.
    pub(super) fn end_task(&self, step: &Step, view: &mut View<'_, '_>, report: &mut Report<'_>) -> Option<String> {
        let (app, OneTask { name, .. }) = (step.facts().app(), step.facts().task()?);
        let id = |view: &View<'_, '_>| {
            let task = view.space().app(app).and_then(|app| app.task(name));
            task.filter(|task| !task.state.is_over()).map(|task| task.id)
        };
        let running = id(view)?;
        let (call, expected) = (
            Invocation::terminate_task(app, running),
            Expectation::TaskTerminated { app: app.to_owned(), id: running },
        );
        let by_hand = format!("end it with {}", call.shell());
        let Ok(argv) = call.resolve(&|_| None) else { return Some(by_hand) };
        let mut heard = |stream, text: &str| report(output(step, &argv, stream, text));
        let ended = self.cf.run(&argv, step.limits.attempt, &mut heard);
        let verdict = ended.map(|output| confirm(&expected, self.cf.version().dialect(), &output));
        let until = self.clock.now() + TERMINATION;
        let parts = Parts::new(&[Section::Tasks], Some(app));
        loop {
            let looked = view.look(&parts, self.clock.now());
            if looked.is_ok() && id(view).is_none() {
                return Some("it was terminated, since its time is over".to_owned());
            }
            if looked.is_err() || self.clock.now() >= until || self.clock.pause(PAUSE).is_err() {
                break;
            }
        }
        Some(match verdict {
            Ok(outcome::Verdict::Done | outcome::Verdict::AlreadyDone) => {
                "it was told to end, since its time is over, and has not ended yet".to_owned()
            }
            Ok(outcome::Verdict::Refused(refusal)) => {
                format!("it could not be terminated: {}; {by_hand}", refusal.words)
            }
            Ok(outcome::Verdict::Unknown { why }) => format!("it could not be terminated: {why}; {by_hand}"),
            Err(error) => format!("it could not be terminated: {error}; {by_hand}"),
        })
    }
}
