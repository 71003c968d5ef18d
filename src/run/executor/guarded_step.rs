//! One step of an app, and what makes sure, before and after it, that nobody else is at work.
//!
//! Before a step, three things are made sure of: the lock is still held, nobody else has changed
//! anything that the deployment hangs on, and what the step relies on is so.
//!
//! The look after a step is the look before the next one. After a step, what confirms it is read, and what the next one must be
//! sure of; whatever else it may have changed is told from what somebody else changes once it is read, which is every few
//! seconds. Just before anything is taken off a route, stopped or deleted, all of it is read.

use std::time::Duration;

use crate::event::{Happening, Report};
use crate::run::reading::parts::Parts;
use crate::run::reading::view::{SharedView, Unseen, View};
use crate::run::waiting::clock::Stop;
use crate::space::condition::Judgement;
use crate::space::section::Section;
use crate::steps::Step;

use super::ended::{Ended, Unfinished, Why};
use super::freshness::lacking_before;
use super::intrusion::Intrusion;
use super::runner::{PAUSE, Runner};
use super::step_outcome::{Confirmed, StepOutcome};
use super::track::Track;

/// How long what a step relies on is waited for: an instance that crashed is started again within seconds.
const RELIED_ON: Duration = Duration::from_secs(30);

/// Why a step was not started.
enum NotStarted {
    Failed(String),
    Stopped(Intrusion),
    Interrupted(Stop),
}

impl From<Unseen> for NotStarted {
    fn from(unseen: Unseen) -> Self {
        match unseen {
            Unseen::Stopped(stop) => Self::Interrupted(stop),
            Unseen::Unreadable(error) => Self::Failed(format!("the space could not be read: {error}")),
        }
    }
}

impl Runner<'_> {
    /// Runs the step of that number of an app, and makes sure that nobody else is at work.
    pub(super) fn run_step(
        &self,
        track: &Track<'_>,
        number: usize,
        view: &SharedView<'_>,
        tell: &mut Report<'_>,
    ) -> Ended {
        let (step, app) = (&track.part.steps[number], track.part.app.as_ref());
        if let Some(why) = self.clock.stop() {
            return Err(Unfinished::stop(step, why));
        }
        let started = self.clock.now();
        let mut view = View::new(view, track.open_since());
        let end = match self.before(step, track, &mut view) {
            Ok(()) => {
                track.tell_who_serves(tell);
                track.begins_step(step);
                self.step(app, step, &track.next_after(number), &mut view, tell)
            }
            Err(NotStarted::Failed(why)) => {
                tell(Happening::step_started(app, step, &[]));
                StepOutcome::Failed { why: format!("it was not started: {why}"), exit_code: None }
            }
            Err(NotStarted::Stopped(why)) => return Err(Unfinished::at(step, Why::Stopped(why))),
            Err(NotStarted::Interrupted(why)) => StepOutcome::Interrupted(why),
        };
        let seconds = self.clock.now().duration_since(started).as_secs_f64();
        let (name, id) = (app.name.to_string(), step.id.clone());
        match end {
            StepOutcome::Confirmed { confirmed: Confirmed { mut notes, done, is_told }, exit_code } => {
                notes.extend(track.has_handed_over(step, started, self.clock.now()));
                let is_last = track.has_done(step, done, is_told);
                let meddling = if is_last { track.last_look(self.clock.now(), &mut view) } else { None };
                let meddling = meddling.or_else(|| track.compare(&view));
                tell(Happening::StepConfirmed { app: name, step: id, exit_code, seconds, notes });
                if let Some(why) = meddling {
                    return Err(Unfinished::at(step, Why::Stopped(why)));
                }
                track.has_confirmed(&view);
                Ok(())
            }
            StepOutcome::Failed { why, exit_code } => {
                tell(Happening::StepFailed { app: name, step: id, exit_code, seconds, why: why.clone() });
                let looked = view.look(&Parts::new(&Section::DESIRED, None), self.clock.now());
                let meddling = looked.ok().and_then(|()| track.compare(&view));
                Err(Unfinished::at(step, meddling.map_or(Why::Failed(why), Why::Stopped)))
            }
            StepOutcome::Unanswered(question) => Err(Unfinished::at(step, Why::Unanswered(question))),
            StepOutcome::Interrupted(why) => Err(Unfinished::stop(step, why)),
        }
    }

    /// Makes sure of all that must be so before a step. Whoever takes back what an earlier step was confirmed with is
    /// somebody else.
    fn before(&self, step: &Step, track: &Track<'_>, view: &mut View<'_, '_>) -> Result<(), NotStarted> {
        let now = self.clock.now();
        view.look(&lacking_before(step, view, now), now)?;
        (self.hold)(step, view.space()).map_err(|lost| NotStarted::Stopped(Intrusion::LockLost(lost)))?;
        if let Some(why) = track.compare(view) {
            return Err(NotStarted::Stopped(why));
        }
        self.rely(step, view)
    }

    /// Waits until what the step relies on is so, by what was just looked at.
    fn rely(&self, step: &Step, view: &mut View<'_, '_>) -> Result<(), NotStarted> {
        let Some(condition) = &step.requires else { return Ok(()) };
        let until = self.clock.now() + RELIED_ON;
        let parts = Parts::of(condition);
        loop {
            match condition.judge(view.space(), view.space()) {
                Judgement::Holds => return Ok(()),
                Judgement::NotYet(why) if self.clock.now() >= until => return Err(NotStarted::Failed(why)),
                Judgement::Never(why) => return Err(NotStarted::Failed(why)),
                Judgement::NotYet(_) => self.clock.pause(PAUSE).map_err(NotStarted::Interrupted)?,
            }
            view.look(&parts, self.clock.now())?;
        }
    }
}
