//! The model check of compiled steps: before anything runs, every list of steps is walked on the model of the user's
//! real space, with everything that can go wrong at each step, and from whatever that leaves behind to the end.
//!
//! - this file: what is shown, and to whom
//! - [`world`]: the space, and what routers may know of it; what a request on a live route would meet
//! - [`fault`]: what goes wrong with a step
//! - `explore`: the walk over all of it; `alike`: apps that differ in nothing but names are walked once
//! - [`offer`]: whether a verb can be offered
//! - `orders`: the orders in which steps may come
//! - `order`: whether the graph of all apps holds together
//!
//! The model of the routers is pessimistic: a change of a route is known to all of them only once they were asked.
//! Until then a request may meet the state before it or the state after it, and both must be good.
//!
//! A state that is left behind (the tool was killed, gave up, lost the platform) is taken as any other machine would
//! find it: it is compiled again for `resume`, for `rollback` and for a new `apply`, and each of these walked to its
//! end, with everything that can go wrong with them in turn. States that were visited are not visited again.

mod alike;
mod explore;
pub mod fault;
pub mod offer;
mod order;
mod orders;
#[cfg(test)]
mod tests;
pub mod world;

use std::cell::Cell;
use std::fmt;

use serde::Serialize;

use crate::plan;
use crate::space::Space;
use crate::steps::refusal::Refusal;
use crate::steps::{Deployment, Step, Verb, quota, scope};

use alike::Alike;
use world::WalkEnd;

/// What the walk has shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Proof {
    /// How many walks were made: a step and what goes wrong with it, or what is done with what that has left.
    pub(crate) cases: usize,
    /// Whether every invariant held in all of them.
    pub(crate) holds: bool,
    /// The shortest walk on which one did not hold; at most one for each app.
    pub(crate) violations: Vec<Counterexample>,
}

/// A walk on which an invariant does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counterexample {
    /// The plan's name of the app.
    pub(crate) app: String,
    /// What happens, in order.
    pub(crate) story: Vec<String>,
    /// What the users of the app would see, or what would be wrong.
    pub(crate) seen: String,
}

/// Compiles what a verb does from a space: the compilers of [`steps`](crate::steps), or, in tests, wrong ones.
pub(crate) type Compile<'a> = dyn Fn(Verb, &Space) -> Result<Vec<Step>, Refusal> + 'a;

/// Compiles what a verb does to one of several apps.
pub(crate) type CompileApp<'a> = dyn Fn(&plan::App, Verb, &Space) -> Result<Vec<Step>, Refusal> + 'a;

/// Checks what is done to all apps of a deployment. They touch nothing of each other, which is checked, too; so each is
/// proved by itself ([`prove_app`]), and only what they share, the quotas, is as the others make it: where they come one after
/// the other, the space is as those before leave it; in lanes, the others take as much as they may take at any time.
pub(crate) fn prove(deployment: &Deployment<'_>, space: &Space, compile: &CompileApp<'_>) -> Proof {
    let mut proof = Proof { cases: 0, holds: true, violations: Vec::new() };
    if let Some(violation) = order::violation(deployment) {
        proof.add(Proof { cases: 1, holds: false, violations: vec![violation] });
        return proof;
    }
    let at_once = deployment.apps_at_once;
    let others = (at_once > 1).then(|| quota::taken_by_others(space, &deployment.steps_by_app(), at_once));
    let mut alike = Alike::default();
    // As the apps before leave them.
    let mut quotas = space.quotas.clone();
    for (number, part) in deployment.apps.iter().enumerate() {
        let mut scope = scope::of(part.app, space);
        match &others {
            Some(others) => scope = quota::with_more_used(&scope, others[number]),
            None => scope.quotas = quotas,
        }
        // What is proved is what will run, and not what the same question would be answered now.
        let first = Cell::new(Some(part.steps.clone()));
        let compile = |verb: Verb, space: &Space| match first.take() {
            Some(steps) => Ok(steps),
            None => compile(part.app, verb, space),
        };
        let prove = || prove_app(part.app, deployment.verb, &scope, &compile);
        proof.add(alike.proof(part, deployment.verb, &scope, prove));
        let mut after = scope.clone();
        part.steps.iter().for_each(|step| step.facts().effect(&mut after));
        quota::follow(&scope, &mut after);
        quotas = after.quotas;
    }
    proof
}

/// Checks what `verb` does to one app from this space:
///
/// - a live route that is served at the beginning is served at every point, by started and checked instances that every
///   router knows, as many as before or as the plan declares; and no router may still lead to one that does not run;
/// - an app that was on a live route is stopped only after its routers have let go of it and it has drained;
/// - no app and no route is touched that the plan does not name;
/// - all of this in whatever order steps come that do not wait for each other;
/// - from wherever a walk is left, `resume` leads to the goal and `rollback` to where the deployment began, and neither is
///   refused by what the walk itself has left, a quota included; a new `apply` leads to its goal, unless the platform has
///   no room for it.
pub(crate) fn prove_app(app: &plan::App, verb: Verb, space: &Space, compile: &Compile<'_>) -> Proof {
    explore::Explorer::new(app, verb, space, compile).explore()
}

/// Checks one list of steps on this space where nothing goes wrong with it: what is known to be safe before a way back
/// is begun. `None` where it is.
pub(crate) fn prove_one(app: &plan::App, verb: Verb, space: &Space, steps: &[Step]) -> Option<Counterexample> {
    let mut world = world::World::observed(app, space);
    let promise = world.promise(app, verb, None);
    match world.walk(app, steps, &promise) {
        WalkEnd::Done => None,
        WalkEnd::Fails(step, seen) | WalkEnd::Breaks(step, seen) => {
            Some(Counterexample { app: app.name.to_string(), story: vec![about(step)], seen })
        }
    }
}

impl Proof {
    /// Takes another proof in.
    fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.holds &= other.holds;
        self.violations.extend(other.violations);
    }
}

impl fmt::Display for Counterexample {
    /// The story, a line for each thing that happens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.app)?;
        for (number, line) in self.story.iter().enumerate() {
            write!(f, "\n  {}. {line}", number + 1)?;
        }
        write!(f, "\n  then: {}", self.seen)
    }
}

fn about(step: &Step) -> String {
    format!("step {} ({})", step.id, step.facts().purpose())
}
