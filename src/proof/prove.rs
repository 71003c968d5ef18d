//! What is proved: a whole deployment, what a verb does to one app, and one list of steps where nothing goes wrong.

use std::cell::Cell;

use crate::plan;
use crate::space::Space;
use crate::steps::{Deployment, Step, Verb, peak, quota, scope};

use super::alike::Alike;
use super::compile::{Compile, CompileApp};
use super::counterexample::{Counterexample, about};
use super::explore::Explorer;
use super::graph;
use super::proof::Proof;
use super::world::{WalkEnd, World};

/// Checks what is done to all apps of a deployment. They touch nothing of each other, which is checked, too; so each is
/// proved by itself ([`prove_app`]), and only what they share, the quotas, is as the others make it: where they come one after
/// the other, the space is as those before leave it; in lanes, the others take as much as they may take at any time.
pub(crate) fn prove(deployment: &Deployment<'_>, space: &Space, compile: &CompileApp<'_>) -> Proof {
    let mut proof = Proof { cases: 0, holds: true, violations: Vec::new() };
    if let Some(violation) = graph::violation(deployment) {
        proof.add(Proof { cases: 1, holds: false, violations: vec![violation] });
        return proof;
    }
    let at_once = deployment.apps_at_once;
    let others = (at_once > 1).then(|| peak::taken_by_others(space, &deployment.steps_by_app(), at_once));
    let mut alike = Alike::default();
    // As the apps before leave them.
    let mut quotas = space.quotas.clone();
    for (number, part) in deployment.apps.iter().enumerate() {
        let mut scope = scope::of(&part.app, space);
        match &others {
            Some(others) => scope = quota::with_more_used(&scope, others[number]),
            None => scope.quotas = quotas,
        }
        // What is proved is what will run, and not what the same question would be answered now.
        let first = Cell::new(Some(part.steps.clone()));
        let compile = |verb: Verb, space: &Space| match first.take() {
            Some(steps) => Ok(steps),
            None => compile(&part.app, verb, space),
        };
        let prove = || prove_app(&part.app, deployment.verb, &scope, &compile);
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
    Explorer::new(app, verb, space, compile).explore()
}

/// Checks one list of steps on this space where nothing goes wrong with it: what is known to be safe before a way back
/// is begun. `None` where it is.
pub(crate) fn prove_one(app: &plan::App, verb: Verb, space: &Space, steps: &[Step]) -> Option<Counterexample> {
    let mut world = World::observed(app, space);
    let promise = world.promise(app, verb, None);
    match world.walk(app, steps, &promise) {
        WalkEnd::Done => None,
        WalkEnd::Fails(step, seen) | WalkEnd::Breaks(step, seen) => {
            Some(Counterexample { app: app.name.to_string(), story: vec![about(step)], seen })
        }
    }
}
