//! What the space and the routers are to show before a step is confirmed, waited for.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::event::{Happening, Report};
use crate::plan;
use crate::run::reading::parts::Parts;
use crate::run::reading::view::{Unseen, View};
use crate::run::routes::probe::Unconfirmed;
use crate::run::waiting::pauses::Pauses;
use crate::space::Space;
use crate::space::condition::{Condition, Judgement};
use crate::steps::Step;
use crate::steps::action::facts::Proviso;

use super::freshness::RECENT;
use super::lookout::Lookout;
use super::runner::Runner;
use super::step_outcome::{Confirmed, StepError};

/// The shortest pause between two looks at the space that wait for what the platform does.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between two looks at the space.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How old what changes by no waiting may become while something else is waited for: somebody may have changed it.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// What the space is to show before a step is confirmed.
pub(super) struct Awaited<'s> {
    pub(super) condition: &'s Condition,
    /// The space before the step.
    pub(super) before: &'s Space,
    /// What is known since then counts.
    pub(super) since: Instant,
    /// What the next step will look at.
    pub(super) soon: &'s Parts,
    /// How long it is waited for; where it is not, one look tells.
    pub(super) until: Option<Instant>,
}

impl Runner<'_> {
    /// Waits for what a step is done on condition of. Where that does not come to be so, the step is left out, and that is told.
    pub(super) fn left_out(
        &self,
        app: &plan::App,
        step: &Step,
        proviso: &Proviso,
        view: &mut View<'_, '_>,
        report: &mut Report<'_>,
    ) -> Result<Option<Confirmed>, StepError> {
        let Proviso { condition, within, instead } = proviso;
        let (since, before) = (self.clock.now(), Arc::clone(view.space()));
        let mut is_begun = false;
        let mut waits = |what: Happening| {
            // A step that waits has begun, also where no cf is run for it.
            if !std::mem::replace(&mut is_begun, true) {
                report(Happening::step_waits(app, step));
            }
            report(what);
        };
        let awaited =
            Awaited { condition, before: &before, since, soon: &Parts::default(), until: Some(since + *within) };
        match self.wait_for(step, &awaited, view, &mut waits) {
            Ok(()) => Ok(None),
            Err(StepError::Failed(why)) => {
                waits(Happening::Note { text: format!("{why}: {instead}") });
                let notes = vec!["left out, since its time is over".to_owned()];
                Ok(Some(Confirmed { notes, done: self.clock.now(), is_told: false }))
            }
            Err(other) => Err(other),
        }
    }

    /// Looks at the space until the condition holds, and in the same breath at what the next step will look at. What cf was asked
    /// for is under way, and goes on by itself where the run is to stop.
    pub(super) fn wait_for(
        &self,
        step: &Step,
        awaited: &Awaited<'_>,
        view: &mut View<'_, '_>,
        report: &mut Report<'_>,
    ) -> Result<(), StepError> {
        let Awaited { condition, before, since, soon, until } = *awaited;
        let mut pauses = Pauses::between(SHORTEST_PAUSE, LONGEST_PAUSE);
        let mut told = String::new();
        let all = Parts::of(condition);
        let waited_for = Parts::new(condition.waited_for(), Some(&condition.app));
        let mut first = all.clone();
        first.add(soon.clone());
        view.look(&first, since)?;
        let mut looked = self.clock.now();
        loop {
            let missing = match condition.judge(view.space(), before) {
                // What changes by no waiting is as old as the first look.
                Judgement::Holds if looked < self.recently() && waited_for != all => {
                    looked = self.clock.now();
                    view.look(&all, looked)?;
                    match condition.judge(view.space(), before) {
                        Judgement::Holds => return Ok(()),
                        Judgement::Never(why) => return Err(StepError::Failed(why)),
                        Judgement::NotYet(why) => why,
                    }
                }
                Judgement::Holds => return Ok(()),
                Judgement::Never(why) => return Err(StepError::Failed(why)),
                Judgement::NotYet(why) => why,
            };
            if let Some(why) = step.gives_up(view.space()) {
                return Err(StepError::Failed(why));
            }
            if until.is_none_or(|until| self.clock.now() >= until) {
                let ended = self.end_task(step, view, report);
                return Err(StepError::Failed(
                    ended.map_or_else(|| missing.clone(), |ended| format!("{missing}; {ended}")),
                ));
            }
            if missing != told {
                report(Happening::waiting(step, &missing));
                told = missing;
            }
            self.clock.pause(pauses.next())?;
            let now = self.clock.now();
            // What changes by no waiting somebody may have changed, or taken away.
            let is_old = now.duration_since(looked) >= LOOK_AGAIN;
            if is_old {
                looked = now;
            }
            view.look(if is_old { &all } else { &waited_for }, now)?;
        }
    }

    pub(super) fn ask_router(
        &self,
        step: &Step,
        space: &Space,
        deadline: Instant,
        report: &mut Report<'_>,
    ) -> Result<Option<String>, StepError> {
        let Some(question) = step.facts().router_question() else { return Ok(None) };
        report(Happening::waiting(step, "the router"));
        let mut lookout = Lookout::new(self, step, &question, space);
        match self.router.ask(&question, space, step.settle, deadline, self.clock, &mut || lookout.look()) {
            Ok(evidence) => Ok(Some(evidence.note())),
            Err(Unconfirmed::Heard(why)) => Err(StepError::Failed(format!("the router does not confirm it: {why}"))),
            Err(Unconfirmed::Never(why)) => {
                Err(StepError::Failed(format!("the router is not waited for any longer: {why}")))
            }
            Err(Unconfirmed::Interrupted(why)) => Err(why.into()),
        }
    }

    /// Since when what is known is not too old for most purposes.
    fn recently(&self) -> Instant {
        let now = self.clock.now();
        now.checked_sub(RECENT).unwrap_or(now)
    }
}

/// Looks at parts that were not seen since then, while something else is waited for.
pub(super) fn beside<R>(
    view: &mut View<'_, '_>,
    parts: &Parts,
    since: Instant,
    work: impl FnOnce() -> R,
) -> (R, Result<(), Unseen>) {
    thread::scope(|scope| {
        let looking = scope.spawn(|| view.look(parts, since));
        let done = work();
        (done, looking.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}
