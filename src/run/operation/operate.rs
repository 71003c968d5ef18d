//! An apply, a resume or a rollback of a plan as a whole: its steps are run, and where it does not come to its end, what
//! was begun is recovered and all is told that a person has to know.

use crate::event::{Happening, Report};
use crate::plan;
use crate::run::executor::ended::{Unfinished, Why};
use crate::run::executor::endings::Endings;
use crate::space::Space;
use crate::steps::annotations::Origin;
use crate::steps::interrupted::{Interrupted, live_origin};
use crate::steps::put_back::PutBack;
use crate::steps::standing::serving;
use crate::steps::{AppDeployment, Verb};

use super::operation::{Operation, stands};
use super::outcome::Outcome;
use super::recovery::Recovery;

impl Operation<'_> {
    /// Runs it to its end. `space` is what was read last, and is kept up to date. What a failed deployment had done is taken
    /// back where that is safe, app by app in reverse; apps that were not begun are not.
    pub(crate) fn run(&self, space: &mut Space, report: &mut Report<'_>) -> Outcome {
        for (app, why) in &self.deployment.left_alone {
            report(Happening::LeftAlone { app: app.to_string(), why: why.clone() });
        }
        let verb = self.deployment.verb;
        let what = |app: &plan::App| format!("{verb} {}", app.name);
        let Endings { apps, not_begun } = self.runner.run(&what, self.deployment, space, report);
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for (part, ended) in apps {
            match ended {
                Ok(()) => done.push(part),
                Err(unfinished) => failed.push((part, unfinished)),
            }
        }
        let outcomes: Vec<Outcome> =
            failed.iter().rev().map(|(part, unfinished)| self.ended(part, unfinished, space, report)).collect();
        let Some(outcome) = outcomes.iter().copied().max_by_key(|outcome| outcome.weight()) else {
            if not_begun.is_empty() {
                return self.served(&done, space, report);
            }
            // Their steps wait for something that never comes.
            tell_others(&[], &not_begun, space, report);
            return Outcome::Stuck;
        };
        if failed.iter().any(|(_, unfinished)| matches!(unfinished.why, Why::Interrupted(_))) {
            self.hint_ways(verb, report);
        } else if let (Outcome::Unanswered, Some(own)) = (outcome, self.own) {
            report(Happening::Hint { text: format!("the answer yes is: {}", own.verb("resume --approve --yes")) });
            report(Happening::Hint { text: format!("the answer no is: {}", own.verb(Verb::Rollback)) });
        }
        tell_others(&done, &not_begun, space, report);
        // Not every live route is served as before where another app of this deployment is new.
        let failed: Vec<&AppDeployment<'_>> = failed.into_iter().map(|(part, _)| part).collect();
        if outcome == Outcome::AsBefore && (!done.is_empty() || self.has_new_ones(&failed, space)) {
            self.hint_either_way(&done, space, report);
            return Outcome::Stuck;
        }
        outcome
    }

    /// Deals with an app that has not come to its end.
    fn ended(
        &self,
        part: &AppDeployment<'_>,
        unfinished: &Unfinished,
        space: &mut Space,
        report: &mut Report<'_>,
    ) -> Outcome {
        let recovery = Recovery { operation: self, part };
        match &unfinished.why {
            Why::Unanswered(_) => {
                stands(&part.app, space, report);
                Outcome::Unanswered
            }
            Why::Failed(_) => recovery.after(&unfinished.step, space, report),
            Why::Stopped(why) => {
                recovery.stopped(self.deployment.verb, why, space, report);
                Outcome::Stuck
            }
            Why::Interrupted(signal) => {
                stands(&part.app, space, report);
                Outcome::Interrupted(*signal)
            }
        }
    }

    /// How a deployment ends whose steps are all done. A rollback leads back to where nobody was served, too, where somebody has
    /// stopped what was live: that is for a person to mend.
    fn served(&self, done: &[&AppDeployment<'_>], space: &Space, report: &mut Report<'_>) -> Outcome {
        let put_back = |part: &&AppDeployment<'_>| PutBack::of(&part.app, space).filter(|it| it.is_mapped);
        let unserved: Vec<PutBack> = match self.deployment.verb {
            Verb::Rollback => done.iter().filter_map(put_back).collect(),
            Verb::Apply | Verb::Resume => Vec::new(),
        };
        for put_back in &unserved {
            report(Happening::Hint { text: put_back.told() });
        }
        if unserved.is_empty() { Outcome::Done } else { Outcome::Stuck }
    }

    /// Whether an earlier run has made another app new by the deployment that has failed at these.
    fn has_new_ones(&self, failed: &[&AppDeployment<'_>], space: &Space) -> bool {
        let of_next = |part: &&AppDeployment<'_>| space.app(part.standing.next().as_str()).and_then(Origin::of);
        let unfinished = || Interrupted::of(self.plan, space).map(|interrupted| interrupted.identity.id);
        let id = failed.iter().find_map(of_next).map(|origin| origin.deployment.id).or_else(unfinished);
        let Some(id) = id.filter(|_| self.request.verb == Verb::Resume) else { return false };
        let has_failed = |app: &plan::App| failed.iter().any(|part| part.app.name == app.name);
        let others = self.plan.apps.iter().filter(|app| !has_failed(app));
        others.filter_map(|app| live_origin(app, space)).any(|own| own.deployment.id == id)
    }

    /// How it goes on or back where some apps are new, and those that have failed are as before.
    fn hint_either_way(&self, done: &[&AppDeployment<'_>], space: &Space, report: &mut Report<'_>) {
        let Some(own) = self.own else { return };
        let is_done = |part: &&AppDeployment<'_>| done.iter().any(|done| done.app.name == part.app.name);
        let on = match self.deployment.verb {
            Verb::Rollback => own.verb(Verb::Rollback),
            // A deployment that was taken back in part is not resumed: what is to be deployed is a new one.
            Verb::Apply | Verb::Resume => match Interrupted::of(self.plan, space) {
                Some(_) => own.verb(Verb::Resume),
                None => own.about(Verb::Apply, self.deployment.apps.iter().filter(|part| !is_done(part)).map(name)),
            },
        };
        report(Happening::Hint { text: format!("to go on: {on}") });
        let had_one = |part: &&&AppDeployment<'_>| part.standing.live().is_some();
        let back: Vec<String> = done.iter().rev().filter(had_one).map(|part| name(part)).collect();
        if self.deployment.verb != Verb::Rollback && !back.is_empty() {
            report(Happening::Hint { text: format!("to go back: {}", own.about(Verb::Rollback, back)) });
        }
    }
}

/// Where the other apps stand when some of them did not come to their end: which ones are done, and which were not begun.
fn tell_others(done: &[&AppDeployment<'_>], not_begun: &[&AppDeployment<'_>], space: &Space, report: &mut Report<'_>) {
    for part in done {
        let told = format!("{} is done: {}", part.app.name, serving(&part.app, space));
        report(Happening::Stands { app: part.app.name.to_string(), told });
    }
    if !not_begun.is_empty() {
        report(Happening::NotBegun { apps: not_begun.iter().map(|part| name(part)).collect() });
    }
}

fn name(part: &AppDeployment<'_>) -> String {
    part.app.name.to_string()
}
