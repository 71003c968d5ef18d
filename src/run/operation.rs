//! An apply, a resume or a rollback of a plan as a whole: its steps are run, and where it does not come to its end, what
//! was begun is recovered and all is told that a person has to know.

use crate::event::{Happening, Report};
use crate::plan::{self, Plan};
use crate::shell::OwnCommands;
use crate::space::Space;
use crate::steps::annotations::Origin;
use crate::steps::interrupted::{Interrupted, live_origin};
use crate::steps::standing::serving;
use crate::steps::{AppDeployment, Deployment, Request, Verb};

use super::execute::{Ended, Failure, Intrusion, Runner};
use super::interrupt::Signal;
use super::recovery::Recovery;

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it is done.
    Done,
    /// It failed, and every live route is served as before.
    AsBefore,
    /// A person must look.
    Stuck,
    /// A signal ended it; the live routes are served.
    Interrupted(Signal),
}

/// An operation that is ready to run.
#[derive(Clone, Copy)]
pub(crate) struct Operation<'a> {
    /// What runs steps.
    pub(crate) runner: Runner<'a>,
    /// The plan.
    pub(crate) plan: &'a Plan,
    /// What is asked for.
    pub(crate) request: &'a Request,
    /// What is done for it.
    pub(crate) deployment: &'a Deployment<'a>,
    /// What people are told to type. `None` where there is nothing that could be gone on with.
    pub(crate) own: Option<&'a OwnCommands>,
}

impl<'a> Operation<'a> {
    /// Runs it to its end. `space` is what was read last, and is kept up to date. What a failed deployment had done is taken
    /// back where that is safe; the apps after it are not begun.
    pub(crate) fn run(&self, space: &mut Space, report: &mut Report<'_>) -> Outcome {
        for (app, why) in &self.deployment.left_alone {
            report(Happening::LeftAlone { app: app.to_string(), why: why.clone() });
        }
        let verb = self.deployment.verb;
        let what = |app: &plan::App| format!("{verb} {}", app.name);
        let (outcome, at) = match self.runner.run(&what, self.deployment, space, report) {
            Ended::Done => return Outcome::Done,
            Ended::Failed(failure) => (self.after(&failure, space, report), failure.step.app.clone()),
            Ended::Stopped { app, why, .. } => (self.stopped(self.part(app.as_str()), &why, space, report), app),
            Ended::Interrupted { signal, app, .. } => {
                self.part(app.as_str()).into_iter().for_each(|part| stands(part.app, space, report));
                self.hint_ways(verb, report);
                (Outcome::Interrupted(signal), app)
            }
        };
        let place = self.deployment.apps.iter().position(|part| part.app.name == at).unwrap_or_default();
        self.tell_others(place, space, report);
        // Not every live route is served as before where another app of this deployment is new.
        if outcome == Outcome::AsBefore && (place > 0 || self.has_new_ones(at.as_str(), space)) {
            self.hint_either_way(place, space, report);
            return Outcome::Stuck;
        }
        outcome
    }

    /// Whether an earlier run has made another app new by the deployment that has failed at this one.
    fn has_new_ones(&self, failed: &str, space: &Space) -> bool {
        let next = self.part(failed).and_then(|part| space.app(part.standing.next().as_str()));
        let of_next = next.and_then(Origin::of).map(|origin| origin.deployment.id);
        let unfinished = || Interrupted::of(self.plan, space).map(|interrupted| interrupted.identity.id);
        let Some(id) = of_next.or_else(unfinished).filter(|_| self.request.verb == Verb::Resume) else { return false };
        let others = self.plan.apps.iter().filter(|app| app.name.as_str() != failed);
        others.filter_map(|app| live_origin(app, space)).any(|own| own.deployment.id == id)
    }

    /// What is done with one of the apps.
    fn part(&self, app: &str) -> Option<&'a AppDeployment<'a>> {
        self.deployment.apps.iter().find(|part| part.app.name.as_str() == app)
    }

    fn after(&self, failure: &Failure, space: &mut Space, report: &mut Report<'_>) -> Outcome {
        match self.part(failure.step.app.as_str()) {
            Some(part) => Recovery { operation: self, part }.after(failure, space, report),
            None => Outcome::Stuck,
        }
    }

    fn stopped(
        &self,
        part: Option<&'a AppDeployment<'a>>,
        why: &Intrusion,
        space: &mut Space,
        report: &mut Report<'_>,
    ) -> Outcome {
        if let Some(part) = part {
            Recovery { operation: self, part }.stopped(self.deployment.verb, why, space, report);
        }
        Outcome::Stuck
    }

    /// Tells how it goes on or back from here, after what `verb` had in flight.
    pub(super) fn hint_ways(&self, verb: Verb, report: &mut Report<'_>) {
        if let Some(own) = self.own {
            report(Happening::Hint { text: own.ways(verb) });
        }
    }

    /// Where the other apps stand when one of them did not come to its end: which ones are done, and which were not begun.
    fn tell_others(&self, place: usize, space: &Space, report: &mut Report<'_>) {
        let (before, from) = self.deployment.apps.split_at(place);
        for part in before {
            let told = format!("{} is done: {}", part.app.name, serving(part.app, space));
            report(Happening::Stands { app: part.app.name.to_string(), told });
        }
        let apps: Vec<String> = from.iter().skip(1).map(name).collect();
        if !apps.is_empty() {
            report(Happening::NotBegun { apps });
        }
    }

    /// How it goes on or back where some apps are new, and one that failed is as before.
    fn hint_either_way(&self, place: usize, space: &Space, report: &mut Report<'_>) {
        let Some(own) = self.own else { return };
        let (before, from) = self.deployment.apps.split_at(place);
        let on = match self.deployment.verb {
            Verb::Rollback => own.verb(Verb::Rollback),
            // A deployment that was taken back in part is not resumed: what is to be deployed is a new one.
            Verb::Apply | Verb::Resume => match Interrupted::of(self.plan, space) {
                Some(_) => own.verb(Verb::Resume),
                None => own.about(Verb::Apply, from.iter().map(name)),
            },
        };
        report(Happening::Hint { text: format!("to go on: {on}") });
        let back: Vec<String> = before.iter().rev().filter(|part| part.standing.live().is_some()).map(name).collect();
        if self.deployment.verb != Verb::Rollback && !back.is_empty() {
            report(Happening::Hint { text: format!("to go back: {}", own.about(Verb::Rollback, back)) });
        }
    }
}

fn name(part: &AppDeployment<'_>) -> String {
    part.app.name.to_string()
}

/// Tells where an app stands.
pub(super) fn stands(app: &plan::App, space: &Space, report: &mut Report<'_>) {
    report(Happening::Stands { app: app.name.to_string(), told: serving(app, space) });
}
