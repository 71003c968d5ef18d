//! A deployment: what a verb does to the apps of a plan, as a graph of steps.
//!
//! It is compiled from plan, space and request, and from nothing else. A dry run, the run itself, the proof and the
//! quota check all read the same graph.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::plan::{self, AppName, Plan};
use crate::space::Space;

use super::annotations::Extent;
use super::compile::without_quota;
use super::course::Course;
use super::interrupted::{Interrupted, live_origin, newest_in_force};
use super::refusal::{ColourRefusal, Refusal, UnderWayRefusal};
use super::request::Request;
use super::standing::{Standing, UnderWay};
use super::{Step, Verb, peak, quota, scope, strategy};

/// How many steps of one app may run at the same time where the plan says nothing of it.
const LANES_OF_ONE_APP: usize = 4;

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
            // Of what was killed before its first change, there is nothing to take back of any app.
            let of_another = || match &begun {
                None => of_another_deployment(verb, request, plan, app, space),
                Some(_) => None,
            };
            let compiled = if !is_asked_for {
                Err(Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { name: app.name.clone() }))
            } else if let Some(refusal) = of_another() {
                Err(refusal)
            } else {
                without_quota(verb, &input, &scope::of(app, space))
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
