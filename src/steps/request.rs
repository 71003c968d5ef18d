//! What is asked for, and what is to be done for it by what was found in the space.

use std::collections::BTreeMap;

use crate::plan::{self, AppName, Plan};
use crate::space::Space;
use crate::space::lock::Lock;

use super::annotations::{Extent, Identity};
use super::compile::{compile, without_quota};
use super::input::{Begun, CompileInput, Failed};
use super::interrupted::{Interrupted, live_origin, newest_in_force, to_take_back, was_taken_back};
use super::refusal::{ColourRefusal, Refusal, UnderWayRefusal};
use super::standing::UnderWay;
use super::upload::Upload;
use super::{Step, Verb, scope};

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

/// What is to be done for a request, by what was found in the space.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Intent {
    /// The verb: a `resume` goes back where a rollback was interrupted.
    pub(super) verb: Verb,
    /// The apps that a rollback which was killed or interrupted is to take back. `None` where nothing tells of one.
    pub(super) only_back: Option<Vec<AppName>>,
    /// The apps that what is done is of.
    extent: Extent,
    /// What was to follow.
    pub(super) interrupted: Option<Interrupted>,
}

impl Intent {
    fn forward(request: &Request, interrupted: Option<Interrupted>) -> Self {
        Self { verb: request.verb, only_back: None, extent: request.extent.clone(), interrupted }
    }

    fn back(apps: Vec<AppName>) -> Self {
        let extent = Extent::Apps(apps.iter().map(ToString::to_string).collect());
        Self { verb: Verb::Rollback, only_back: Some(apps), extent, interrupted: None }
    }

    /// What an app is compiled from.
    pub(super) fn input<'a>(
        &'a self,
        request: &'a Request,
        plan: &'a Plan,
        app: &'a plan::App,
        begun: Option<&'a Begun>,
    ) -> CompileInput<'a> {
        CompileInput { extent: &self.extent, ..request.input(plan, app, begun) }
    }
}

impl Request {
    /// The deployment that is worked on: the one that is under way or is taken back, or that a killed run was about to
    /// begin; else this one.
    pub(crate) fn claimed(&self, plan: &Plan, space: &Space) -> Identity {
        let under_way = || plan.apps.iter().find_map(|app| Some(UnderWay::of(app, space)?.origin?.deployment.id));
        let locked = || plan.apps.iter().find_map(|app| self.lock(app).map(|lock| lock.deployment.clone()));
        let unfinished = || Interrupted::of(plan, space).map(|interrupted| interrupted.identity.id);
        let in_force = || newest_in_force(plan, space).map(|origin| origin.deployment.id);
        let found = match self.acts_as(plan, space) {
            Verb::Apply => None,
            Verb::Resume => locked().or_else(under_way).or_else(unfinished),
            Verb::Rollback => under_way().or_else(in_force).or_else(locked),
        };
        Identity { id: found.unwrap_or_else(|| self.identity.id.clone()), ..self.identity.clone() }
    }

    /// What is done for the verb: a `resume` goes back where a rollback was interrupted.
    pub(crate) fn acts_as(&self, plan: &Plan, space: &Space) -> Verb {
        self.intent(plan, space).verb
    }

    pub(super) fn intent(&self, plan: &Plan, space: &Space) -> Intent {
        if self.verb == Verb::Apply {
            return Intent::forward(self, None);
        }
        // A rollback that has left locks comes first, since it was the last that was asked for.
        let locked = self.locked_for_rollback(plan, space);
        match (self.verb, locked) {
            (Verb::Rollback, None) => Intent::forward(self, None),
            // What it was to take back may be done: then there is nothing left to do, and not one deployment more.
            (Verb::Rollback, Some(apps)) => Intent::back(apps),
            (Verb::Resume | Verb::Apply, Some(apps)) if !apps.is_empty() => Intent::back(apps),
            (Verb::Resume | Verb::Apply, _) => {
                let interrupted = Interrupted::of(plan, space);
                let is_forward = |app: &plan::App| UnderWay::of(app, space).is_some_and(|under_way| !under_way.back);
                if interrupted.is_some() || plan.apps.iter().any(is_forward) {
                    return Intent::forward(self, interrupted);
                }
                let has_way = |app: &&plan::App| {
                    let compiled = without_quota(Verb::Rollback, &self.input(plan, app, None), space);
                    !matches!(compiled, Err(Refusal::Colours(ColourRefusal::NoFallback { .. })))
                };
                let apps: Vec<AppName> =
                    to_take_back(plan, space).into_iter().filter(has_way).map(|app| app.name.clone()).collect();
                if apps.is_empty() { Intent::forward(self, None) } else { Intent::back(apps) }
            }
        }
    }

    /// The apps that a killed rollback was still to take back, by the locks that it left; `None` where it left none.
    fn locked_for_rollback(&self, plan: &Plan, space: &Space) -> Option<Vec<AppName>> {
        let locks = plan.apps.iter().filter_map(|app| Some((app, self.lock(app)?)));
        let locked: Vec<(&plan::App, &Lock)> = locks.filter(|(_, lock)| lock.verb == Some(Verb::Rollback)).collect();
        let is_left = |app: &plan::App, lock: &Lock| {
            UnderWay::of(app, space).is_some()
                || live_origin(app, space).is_some_and(|own| own.deployment.id == lock.deployment)
        };
        let left = || locked.iter().filter(|(app, lock)| is_left(app, lock)).map(|(app, _)| app.name.clone()).collect();
        (!locked.is_empty()).then(left)
    }

    /// The lock that a killed run left on an app.
    fn lock(&self, app: &plan::App) -> Option<&Lock> {
        self.locks.iter().find(|lock| lock.app == app.name.as_str() && !lock.is_an_app)
    }

    /// The deployment that is known to have been begun on an app.
    pub(super) fn begun(
        &self,
        plan: &Plan,
        app: &plan::App,
        space: &Space,
        interrupted: Option<&Interrupted>,
    ) -> Option<Begun> {
        let follows = || {
            let interrupted = interrupted.filter(|interrupted| interrupted.to_follow.contains(&app.name))?;
            let Interrupted { identity, plan, extent, .. } = interrupted.clone();
            Some(Begun { identity, plan, extent })
        };
        self.begun_by_lock(plan, app, space).or_else(follows)
    }

    /// The deployment that a killed run was about to begin on an app. (A resume tells of what others have begun; what was taken
    /// back in part is not gone on with.)
    fn begun_by_lock(&self, plan: &Plan, app: &plan::App, space: &Space) -> Option<Begun> {
        let lock = self.lock(app).filter(|lock| matches!(lock.verb, Some(Verb::Apply) | None))?;
        if plan.apps.iter().any(|app| was_taken_back(app, &lock.deployment, space)) {
            return None;
        }
        let of_it = |other: &&plan::App| self.lock(other).is_some_and(|other| other.deployment == lock.deployment);
        let apps: Vec<&plan::App> = plan.apps.iter().filter(of_it).collect();
        let is_whole = self.extent == Extent::Whole && apps.len() == plan.apps.len();
        let names = || Extent::Apps(apps.iter().map(|app| app.name.to_string()).collect());
        Some(Begun {
            identity: Identity { id: lock.deployment.clone(), by: lock.by.clone(), at: lock.at.clone() },
            plan: lock.plan.clone(),
            extent: if is_whole { Extent::Whole } else { names() },
        })
    }

    fn input<'a>(&'a self, plan: &'a Plan, app: &'a plan::App, begun: Option<&'a Begun>) -> CompileInput<'a> {
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
        let intent = self.intent(plan, space);
        let needs = |app: &&plan::App| {
            let begun = self.begun(plan, app, space, intent.interrupted.as_ref());
            let input = intent.input(self, plan, app, begun.as_ref());
            let compiled = without_quota(intent.verb, &input, &scope::of(app, space));
            matches!(compiled, Err(Refusal::UnderWay(UnderWayRefusal::NoUpload { .. })))
        };
        plan.apps.iter().filter(needs).collect()
    }

    /// The deployments that are known to have been begun on the apps of the plan and were not, as far as this is to go on with
    /// them.
    pub(crate) fn begun_before(&self, plan: &Plan, space: &Space) -> BTreeMap<AppName, Begun> {
        if self.verb != Verb::Resume {
            return BTreeMap::new();
        }
        let interrupted = Interrupted::of(plan, space);
        let begun = |app: &plan::App| Some((app.name.clone(), self.begun(plan, app, space, interrupted.as_ref())?));
        plan.apps.iter().filter_map(begun).collect()
    }

    /// What a verb would do to one app from a state that this request, or what is done after it, has left: `begun` is what was
    /// known to have been begun on it before. Whether the files are here is no question of the space: a new deployment brings
    /// its own.
    pub(crate) fn compile_again(
        &self,
        plan: &Plan,
        app: &plan::App,
        begun: Option<&Begun>,
        next: Verb,
        space: &Space,
    ) -> Result<Vec<Step>, Refusal> {
        // What was found for what came before is found again, or is not.
        let app = plan.apps.iter().find(|one| one.name == app.name).unwrap_or(app);
        let nothing = Upload::nothing();
        // What was begun says what is resumed as long as no app tells of it.
        let untold = self.verb == Verb::Resume && next == Verb::Resume && UnderWay::of(app, space).is_none();
        let input = self.input(plan, app, begun.filter(|_| untold));
        let upload = Some(input.upload.unwrap_or(&nothing));
        compile(next, &CompileInput { upload, failed: Failed::Stop, ..input }, space)
    }
}
