//! A deployment: what a verb does to the apps of a plan, as a graph of steps.
//!
//! It is compiled from plan, space and request, and from nothing else. A dry run, the run itself, the proof and the
//! quota check all read the same graph.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::plan::{self, AppName, Plan};
use crate::space::Space;
use crate::space::lock::Lock;

use super::annotations::{Extent, Identity};
use super::compile::{compile, without_quota};
use super::input::{CompileInput, Failed};
use super::interrupted::{Interrupted, newest_in_force, serving};
use super::refusal::Refusal;
use super::standing::{Standing, UnderWay};
use super::upload::Upload;
use super::{Step, Verb, quota};

/// What is asked for, beside plan and space.
#[derive(Debug, Clone)]
pub struct Request {
    /// The verb.
    pub verb: Verb,
    /// Which deployment it is, if it is a new one.
    pub identity: Identity,
    /// The apps of the plan that it is about: all of them, or those that were named by hand.
    pub extent: Extent,
    /// What becomes of a version that is taken back.
    pub failed: Failed,
    /// The locks that there were before this run took them: a run that was killed has left them.
    pub locks: Vec<Lock>,
    /// The files to upload, by the plan's names of the apps, as far as they are here and needed.
    pub uploads: BTreeMap<AppName, Upload>,
}

/// What a verb does to the apps of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment<'p> {
    /// The verb.
    pub(crate) verb: Verb,
    /// What is done to which app, in an order in which it may be done.
    pub apps: Vec<AppDeployment<'p>>,
    /// The apps that the verb was asked for and that are left as they are, each with the reason.
    pub(crate) left_alone: Vec<(AppName, String)>,
}

/// What is done to one app.
#[derive(Debug, Clone, PartialEq)]
pub struct AppDeployment<'p> {
    /// The app, as the plan has it.
    pub(crate) app: &'p plan::App,
    /// Where its versions stand before.
    pub(crate) standing: Standing,
    /// The steps, in an order in which they may run.
    pub steps: Vec<Step>,
}

impl Request {
    /// The deployment that is worked on: the one that is under way, or that a killed run was about to begin; else this one.
    pub(crate) fn claimed(&self, plan: &Plan, space: &Space) -> Identity {
        let under_way = |app: &plan::App| Some(UnderWay::of(app, space)?.origin?.deployment);
        let unfinished = Interrupted::of(plan, space).map(|interrupted| interrupted.identity);
        let found = match self.verb {
            Verb::Apply => None,
            Verb::Resume | Verb::Rollback => {
                plan.apps.iter().find_map(|app| self.locked(app).or_else(|| under_way(app))).or(unfinished)
            }
        };
        Identity { id: found.map_or_else(|| self.identity.id.clone(), |found| found.id), ..self.identity.clone() }
    }

    /// The deployment that the lock on an app tells of.
    fn locked(&self, app: &plan::App) -> Option<Identity> {
        self.locks.iter().find(|lock| lock.app == app.name.as_str() && !lock.is_an_app).map(|lock| Identity {
            id: lock.deployment.clone(),
            by: lock.by.clone(),
            at: lock.at.clone(),
        })
    }

    /// The deployment that is known to have been begun on an app.
    fn begun(&self, app: &plan::App, interrupted: Option<&Interrupted>) -> Option<Identity> {
        // What was to follow is none of what is taken back: an app that was not begun is as it was before.
        let interrupted = interrupted.filter(|_| self.verb != Verb::Rollback);
        let follows = interrupted.filter(|interrupted| interrupted.to_follow.contains(&app.name));
        self.locked(app).or_else(|| follows.map(|interrupted| interrupted.identity.clone()))
    }

    fn input<'a>(&'a self, plan: &'a Plan, app: &'a plan::App, begun: Option<&'a Identity>) -> CompileInput<'a> {
        CompileInput {
            plan,
            app,
            identity: &self.identity,
            extent: &self.extent,
            upload: self.uploads.get(&app.name),
            begun,
            failed: self.failed,
        }
    }

    /// The apps of the plan whose files have to be here before this can be compiled, and are not among its uploads.
    pub(crate) fn missing_uploads<'p>(&self, plan: &'p Plan, space: &Space) -> Vec<&'p plan::App> {
        let interrupted = Interrupted::of(plan, space);
        let needs = |app: &&plan::App| {
            let begun = self.begun(app, interrupted.as_ref());
            let compiled = without_quota(self.verb, &self.input(plan, app, begun.as_ref()), space);
            matches!(compiled, Err(Refusal::NoUpload { .. }))
        };
        plan.apps.iter().filter(needs).collect()
    }

    /// What a verb would do to one app from a state that this request, or what is done after it, has left. Whether the
    /// files are here is no question of the space: a new deployment brings its own.
    pub(crate) fn compile_again(
        &self,
        plan: &Plan,
        app: &plan::App,
        next: Verb,
        space: &Space,
    ) -> Result<Vec<Step>, Refusal> {
        let nothing = Upload::nothing();
        // What was begun says what is resumed as long as no app tells of it.
        let untold = self.verb == Verb::Resume && next == Verb::Resume && UnderWay::of(app, space).is_none();
        let begun = self.begun(app, Interrupted::of(plan, space).as_ref()).filter(|_| untold);
        let input = self.input(plan, app, begun.as_ref());
        let upload = Some(input.upload.unwrap_or(&nothing));
        compile(next, &CompileInput { upload, failed: Failed::Stop, ..input }, space)
    }
}

impl<'p> Deployment<'p> {
    /// Compiles what is asked for, for all apps of the plan. Refuses where the space does not allow it for one of them, or
    /// where there is nothing to do.
    ///
    /// A rollback of several apps takes them in the reverse order, and takes back what it can: those apps whose live
    /// version comes from the newest deployment of the plan. An app that was named by hand is taken back whatever
    /// deployment its version comes from.
    pub fn compile(plan: &'p Plan, space: &Space, request: &Request) -> Result<Self, Refusal> {
        let interrupted = Interrupted::of(plan, space);
        let mut all = Self { verb: request.verb, apps: Vec::new(), left_alone: Vec::new() };
        let mut refused = None;
        for app in in_order(plan, request.verb) {
            let begun = request.begun(app, interrupted.as_ref());
            let input = request.input(plan, app, begun.as_ref());
            let compiled = match request.of_another_deployment(plan, app, space) {
                Some(refusal) => Err(refusal),
                None => without_quota(request.verb, &input, space),
            };
            match compiled {
                Ok(steps) => all.apps.push(AppDeployment { app, standing: Standing::of(app, space)?, steps }),
                Err(refusal) if refusal.leaves_others_be(request.verb, plan.apps.len()) => {
                    all.left_alone.push((app.name.clone(), refusal.to_string()));
                    refused.get_or_insert(refusal);
                }
                Err(refusal) => return Err(refusal),
            }
        }
        if let (true, Some(refusal)) = (all.apps.is_empty(), refused) {
            return Err(refusal);
        }
        all.link();
        quota::check(space, all.steps())?;
        Ok(all)
    }

    /// All steps, in an order in which they may run.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.apps.iter().flat_map(|app| &app.steps)
    }

    /// One app after the other: the first step of each waits for the last one of the app before it.
    fn link(&mut self) {
        let mut last: Option<String> = None;
        for app in &mut self.apps {
            if let (Some(first), Some(last)) = (app.steps.first_mut(), &last) {
                first.after.push(last.clone());
            }
            last = app.steps.last().map(|step| step.id.clone()).or(last);
        }
    }
}

impl Request {
    /// Why a rollback of the whole plan leaves an app as it is: the version that is live does not come from the deployment
    /// that is taken back.
    fn of_another_deployment(&self, plan: &Plan, app: &plan::App, space: &Space) -> Option<Refusal> {
        let whole = self.verb == Verb::Rollback && self.extent == Extent::Whole && plan.apps.len() > 1;
        if !whole || UnderWay::of(app, space).is_some() {
            return None;
        }
        let newest = newest_in_force(plan, space)?;
        let own = serving(app, space);
        let same = own.as_ref().is_some_and(|own| own.deployment.id == newest.deployment.id);
        (!same).then(|| Refusal::OfAnotherDeployment {
            name: app.name.clone(),
            newest: newest.deployment.id.clone(),
            own: own.map(|own| own.deployment.id),
        })
    }
}

/// The apps of the plan in the order in which the verb takes them.
fn in_order(plan: &Plan, verb: Verb) -> Vec<&plan::App> {
    match verb {
        Verb::Apply | Verb::Resume => plan.apps.iter().collect(),
        Verb::Rollback => plan.apps.iter().rev().collect(),
    }
}
