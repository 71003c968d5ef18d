//! One step: done, and confirmed.
//!
//! A step is confirmed three times over: by what cf printed, (where it changed what a route leads to, or started what is reached through one) by the routers, and by the space.
//! cf's word alone is never enough: an OK comes before the effect, and a failure may come after it. Where cf prints the
//! platform's own answer to a change of an app, that is the space: there is nothing newer to be read.

use std::sync::Arc;
use std::time::Instant;

use crate::event::{Happening, Report};
use crate::plan;
use crate::run::reading::parts::Parts;
use crate::run::reading::view::View;
use crate::run::routes::outcome::Outcome;
use crate::space::Space;
use crate::space::condition::{Condition, Judgement};
use crate::steps::Step;
use crate::steps::action::facts::Answered;
use crate::steps::action::work::Work;

use super::awaited::{Awaited, beside};
use super::call::Called;
use super::freshness::{lacking_after, lacking_soon};
use super::runner::Runner;
use super::step_outcome::{Confirmed, StepError, StepOutcome};

impl Runner<'_> {
    /// Does a step and confirms it. What those that are `next` will look at at once is looked at
    /// together with what confirms it.
    pub(super) fn step(
        &self,
        app: &plan::App,
        step: &Step,
        next: &[&Step],
        view: &mut View<'_, '_>,
        report: &mut Report<'_>,
    ) -> StepOutcome {
        let mut exit_code = None;
        match self.confirmed(app, step, next, view, &mut exit_code, report) {
            Ok(confirmed) => StepOutcome::Confirmed { confirmed, exit_code },
            Err(StepError::Failed(why)) => StepOutcome::Failed { why, exit_code },
            Err(StepError::Unanswered(question)) => StepOutcome::Unanswered(question),
            Err(StepError::Interrupted(why)) => StepOutcome::Interrupted(why),
        }
    }

    fn confirmed(
        &self,
        app: &plan::App,
        step: &Step,
        next: &[&Step],
        view: &mut View<'_, '_>,
        exit_code: &mut Option<i32>,
        report: &mut Report<'_>,
    ) -> Result<Confirmed, StepError> {
        if let Some(proviso) = step.facts().proviso()
            && let Some(left_out) = self.left_out(app, step, &proviso, view, report)?
        {
            return Ok(left_out);
        }
        let deadline = self.clock.now() + step.limits.within;
        let before = Arc::clone(view.space());
        let Called { mut notes, since, told, own_package } = if let Some(invocation) = step.invocation() {
            self.call(app, step, &invocation, view, exit_code, report)?
        } else {
            report(Happening::step_started(app, step, &[]));
            let notes = self.without_cf(step, view.space())?;
            Called { notes, since: self.clock.now(), told: Answered::Nothing, own_package: None }
        };
        let done = self.clock.now();
        // To ask for a task is none of its time.
        let deadline = step.facts().task().map_or(deadline, |task| deadline.min(done + task.within));
        // While the routers are asked, people have their time, too: what is seen until then is not enough to take something away.
        let asks_routers = step.facts().router_question().is_some();
        let counts_for_nothing = asks_routers && next.iter().any(|next| next.facts().takes_away());
        let by_routers = if step.facts().route().is_some() && asks_routers {
            let asking = RoutersFirst { step, next, before: &before, since, done, deadline, counts_for_nothing };
            Some(self.ask_routers_first(&asking, view, report)?)
        } else {
            None
        };
        let is_shown = |condition: &Condition| {
            told == Answered::CurrentDroplet && condition.judge(view.space(), &before) == Judgement::Holds
        };
        if let Some(condition) = step.facts().condition().filter(|condition| !is_shown(condition)) {
            let until = (!matches!(by_routers, Some(Err(_)))).then_some(deadline);
            let next = if counts_for_nothing && by_routers.is_none() { &[] } else { next };
            let soon = lacking_soon(next, view, self.clock.now());
            let awaited = Awaited { condition: &condition, before: &before, since, soon: &soon, until };
            self.wait_for(step, &awaited, view, report)?;
        }
        is_own(own_package.as_deref(), step, view.space())?;
        // An app is asked for once it runs.
        let by_routers = by_routers.unwrap_or_else(|| {
            let asked = self.ask_router(step, view.space(), deadline, report);
            if counts_for_nothing {
                view.forget();
            }
            asked
        });
        notes.extend(by_routers?);
        Ok(Confirmed { notes, done, is_told: told == Answered::App })
    }

    /// What the routers say of a step that changes a route, and beside it a look at the space. Fails where it is interrupted, and
    /// where that look fails; that the routers do not confirm the step is told once it is known what the space shows.
    fn ask_routers_first(
        &self,
        asking: &RoutersFirst<'_>,
        view: &mut View<'_, '_>,
        report: &mut Report<'_>,
    ) -> Result<Result<Option<String>, StepError>, StepError> {
        let RoutersFirst { step, next, before, since, done, deadline, counts_for_nothing } = *asking;
        let (asked, looked) = if counts_for_nothing {
            // One look after it shows both what confirms the step and what the next one must be sure of.
            let asked = self.ask_router(step, before, deadline, report);
            view.forget();
            (asked, Ok(()))
        } else {
            // What has become too old for the next step until the routers have answered is looked at again.
            let mut parts = lacking_after(next, view, done);
            parts.add(step.facts().condition().as_ref().map(Parts::of).unwrap_or_default());
            beside(view, &parts, since, || self.ask_router(step, before, deadline, report))
        };
        // Where things stand is told by what was done.
        if let Err(StepError::Interrupted(why)) = asked {
            return Err(why.into());
        }
        looked?;
        Ok(asked)
    }

    fn without_cf(&self, step: &Step, space: &Space) -> Result<Vec<String>, StepError> {
        let app = step.facts().app();
        match step.facts().work() {
            Work::Check { check, url } => noted(self.checks.run(check, app, url, space, self.clock)),
            Work::Watch { watch, checks, urls } => {
                noted(self.checks.watch(watch, checks, app, urls, space, self.clock))
            }
            Work::Wait(time) => {
                self.clock.pause(time)?;
                Ok(Vec::new())
            }
            Work::Cf => Err(StepError::Failed("there is no cf invocation for it".to_owned())),
        }
    }
}

/// A step that changes a route, whose routers are asked before the space is looked at.
struct RoutersFirst<'a> {
    step: &'a Step,
    /// Those that look at the space at once after it.
    next: &'a [&'a Step],
    /// The space before the step.
    before: &'a Space,
    /// Since when what is known of the space shows what must be true after it.
    since: Instant,
    /// When it was done.
    done: Instant,
    deadline: Instant,
    /// Whether what is seen of the space meanwhile is not enough for those that are next.
    counts_for_nothing: bool,
}

/// What a check has told.
fn noted(outcome: Outcome) -> Result<Vec<String>, StepError> {
    match outcome {
        Outcome::Passed(note) => Ok(vec![note]),
        Outcome::Failed(why) => Err(StepError::Failed(why)),
        Outcome::Unanswered(question) => Err(StepError::Unanswered(question)),
        Outcome::Interrupted(why) => Err(why.into()),
    }
}

/// Fails where the newest package of the app is another one than that which was made for the step, where that was seen.
fn is_own(package: Option<&str>, step: &Step, space: &Space) -> Result<(), StepError> {
    let app = step.facts().app();
    let newest = space.app(app).and_then(|app| app.package.as_ref());
    match (package, newest) {
        (Some(own), Some(newest)) if own != newest.guid => Err(StepError::Failed(format!(
            "somebody else has uploaded something to app {app} at the same time: package {} is newer than {own}",
            newest.guid
        ))),
        _ => Ok(()),
    }
}
