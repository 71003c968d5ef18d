//! A deployment: what a verb does to the apps of a plan, as a graph of steps.
//!
//! It is compiled from plan, space and request, and from nothing else. A dry run, the run itself, the proof and the
//! quota check all read the same graph.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::plan::{self, AppName, Plan};
use crate::space::Space;
use crate::space::lock::Lock;

use super::annotations::{Extent, Identity};
use super::compile::{compile, without_quota};
use super::course::Course;
use super::input::{Begun, CompileInput, Failed};
use super::interrupted::{Interrupted, live_origin, newest_in_force, to_take_back, was_taken_back};
use super::refusal::{ColourRefusal, Refusal, UnderWayRefusal};
use super::standing::{Standing, UnderWay};
use super::upload::Upload;
use super::{Step, Verb, peak, quota, scope, strategy};

/// How many steps of one app may run at the same time where the plan says nothing of it.
const LANES_OF_ONE_APP: usize = 4;

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
    /// How many steps may run at the same time.
    pub(crate) lanes: usize,
    /// How many apps may be on their way at the same time. With one, each app waits for the one before it.
    pub(crate) apps_at_once: usize,
    /// What is done to which app, in an order in which it may be done.
    pub apps: Vec<AppDeployment<'p>>,
    /// The apps that the verb was asked for and that are left as they are, each with the reason.
    pub(crate) left_alone: Vec<(AppName, String)>,
}

/// What is done to one app.
#[derive(Debug, Clone, PartialEq)]
pub struct AppDeployment<'p> {
    /// The app, as the plan has it, with what was found of it.
    pub(crate) app: Cow<'p, plan::App>,
    /// Where its versions stand before.
    pub(crate) standing: Standing,
    /// The steps, in an order in which they may run.
    pub steps: Vec<Step>,
}

/// What is to be done for a request, by what was found in the space.
#[derive(Debug, Clone, PartialEq)]
struct Intent {
    /// The verb: a `resume` goes back where a rollback was interrupted.
    verb: Verb,
    /// The apps that a rollback which was killed or interrupted is to take back. `None` where nothing tells of one.
    only_back: Option<Vec<AppName>>,
    /// The apps that what is done is of.
    extent: Extent,
    /// What was to follow.
    interrupted: Option<Interrupted>,
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
    fn input<'a>(
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

    fn intent(&self, plan: &Plan, space: &Space) -> Intent {
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
    fn begun(&self, plan: &Plan, app: &plan::App, space: &Space, interrupted: Option<&Interrupted>) -> Option<Begun> {
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

impl<'p> Deployment<'p> {
    /// Compiles what is asked for, for all apps of the plan. Refuses where the space does not allow it for one of them, or
    /// where there is nothing to do.
    ///
    /// A rollback of several apps takes them in the reverse order, and takes back what it can: those apps whose live
    /// version comes from the newest deployment of the plan. An app that was named by hand is taken back whatever
    /// deployment its version comes from.
    pub fn compile(plan: &'p Plan, space: &Space, request: &Request) -> Result<Self, Refusal> {
        let intent = request.intent(plan, space);
        let verb = intent.verb;
        let lanes = plan.parallel.unwrap_or(LANES_OF_ONE_APP);
        let mut all = Self { verb, lanes, apps_at_once: 1, apps: Vec::new(), left_alone: Vec::new() };
        let mut refused = Vec::new();
        for app in in_order(plan, verb) {
            let begun = request.begun(plan, app, space, intent.interrupted.as_ref());
            let input = intent.input(request, plan, app, begun.as_ref());
            let is_asked_for = intent.only_back.as_ref().is_none_or(|only| only.contains(&app.name));
            let compiled = match of_another_deployment(verb, request, plan, app, space) {
                _ if !is_asked_for => {
                    Err(Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { name: app.name.clone() }))
                }
                Some(refusal) => Err(refusal),
                None => without_quota(verb, &input, &scope::of(app, space)),
            };
            match compiled {
                Ok(steps) => {
                    let app = strategy::of(app).found(plan, app, verb, space);
                    let standing = Standing::of(&app, space)?;
                    all.apps.push(AppDeployment { app, standing, steps });
                }
                // It was taken back before that rollback came to its end.
                Err(Refusal::Colours(ColourRefusal::NoFallback { name, .. })) if intent.only_back.is_some() => {
                    refused.push(Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { name }));
                }
                Err(refusal) if refusal.leaves_others_be(verb, plan.apps.len()) => {
                    all.left_alone.push((app.name.clone(), refusal.to_string()));
                    refused.push(refusal);
                }
                Err(refusal) => return Err(refusal),
            }
        }
        if all.apps.is_empty() {
            return Err(nothing_to_do(refused, request.verb, plan, space));
        }
        let may_be_many = plan.parallel.is_some() && lanes > 1 && all.apps.len() > 1;
        if may_be_many && peak::fit_together(space, &all.steps_by_app(), lanes) {
            all.apps_at_once = lanes;
            all.apps.iter().try_for_each(|part| quota::check(space, &part.steps))?;
        } else {
            all.link();
            quota::check(space, all.steps())?;
        }
        Ok(all)
    }

    /// The steps of each app.
    pub(crate) fn steps_by_app(&self) -> Vec<&[Step]> {
        self.apps.iter().map(|part| part.steps.as_slice()).collect()
    }

    /// What is used of each quota on the way.
    pub(crate) fn courses<'s>(&self, space: &'s Space) -> Vec<Course<'s>> {
        peak::courses(space, &self.steps_by_app(), self.apps_at_once)
    }

    /// All steps, in an order in which they may run.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.apps.iter().flat_map(|app| &app.steps)
    }

    /// One app after the other: what waits for nothing in each waits for all that nothing waits for in the app before it.
    fn link(&mut self) {
        let mut before: Vec<String> = Vec::new();
        for app in &mut self.apps {
            let ends = ends(&app.steps);
            for step in app.steps.iter_mut().filter(|step| step.after.is_empty()) {
                step.after.clone_from(&before);
            }
            if !ends.is_empty() {
                before = ends;
            }
        }
    }
}

/// The ids of the steps of an app that none of its others waits for.
pub(crate) fn ends(steps: &[Step]) -> Vec<String> {
    let is_waited_for = |id: &String| steps.iter().any(|step| step.after.contains(id));
    steps.iter().map(|step| step.id.clone()).filter(|id| !is_waited_for(id)).collect()
}

/// Why a rollback of the whole plan leaves an app as it is: the version that is live does not come from the deployment
/// that is taken back.
fn of_another_deployment(
    verb: Verb,
    request: &Request,
    plan: &Plan,
    app: &plan::App,
    space: &Space,
) -> Option<Refusal> {
    let whole = request.extent == Extent::Whole && plan.apps.len() > 1;
    // Where the space does not tell how the app stands, that is why it is refused.
    let stands = Standing::of(app, space).is_ok();
    if verb != Verb::Rollback || !whole || !stands || UnderWay::of(app, space).is_some() {
        return None;
    }
    let newest = newest_in_force(plan, space)?;
    let own = live_origin(app, space);
    let same = own.as_ref().is_some_and(|own| own.deployment.id == newest.deployment.id);
    (!same).then(|| {
        Refusal::UnderWay(UnderWayRefusal::OfAnotherDeployment {
            name: app.name.clone(),
            newest: newest.deployment.id.clone(),
            own: own.map(|own| own.deployment.id),
        })
    })
}

/// Why there is nothing to do for any app: what is told of one that could have been worked on comes first, then what was
/// interrupted and comes from another plan.
fn nothing_to_do(mut refused: Vec<Refusal>, verb: Verb, plan: &Plan, space: &Space) -> Refusal {
    refused.retain(|refusal| !matches!(refusal, Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { .. })));
    let of_other_plan = || {
        let interrupted = Interrupted::of_any_plan(plan, space).filter(|found| found.plan != plan.digest)?;
        let (id, apps) = (interrupted.identity.id, interrupted.to_follow);
        Some(Refusal::UnderWay(UnderWayRefusal::InterruptedOtherPlan { id, apps })).filter(|_| verb == Verb::Resume)
    };
    let idle = || Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { name: plan.apps[0].name.clone() });
    Refusal::any(refused).err().or_else(of_other_plan).unwrap_or_else(idle)
}

/// The apps of the plan in the order in which the verb takes them.
fn in_order(plan: &Plan, verb: Verb) -> Vec<&plan::App> {
    match verb {
        Verb::Apply | Verb::Resume => plan.apps.iter().collect(),
        Verb::Rollback => plan.apps.iter().rev().collect(),
    }
}
