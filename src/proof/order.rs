//! Whether the graph of all apps holds together: what waits for what, and that no app's steps touch another app.

use std::collections::BTreeSet;

use crate::plan;
use crate::steps::{Deployment, Step, strategy};

use super::{Counterexample, about};

/// What is wrong with the graph; `None` where nothing is.
pub(super) fn violation(deployment: &Deployment<'_>) -> Option<Counterexample> {
    deployment.apps.iter().find_map(|part| of_another_app(deployment, part.app, &part.steps)).or_else(|| {
        let mut before: BTreeSet<&str> = BTreeSet::new();
        // In lanes the apps do not wait for each other.
        let is_in_order =
            |step: &Step, last: &Step| deployment.lanes > 1 && step.app != last.app || step.after.contains(&last.id);
        let mut last: Option<&Step> = None;
        for step in deployment.steps() {
            let found = |seen: String| Some(told(step, step.app.as_str(), seen));
            if before.contains(step.id.as_str()) {
                return found("there are two steps of this name".to_owned());
            }
            if let Some(unknown) = step.after.iter().find(|id| !before.contains(id.as_str())) {
                return found(format!("it waits for {unknown}, which does not come before it"));
            }
            if let Some(last) = last.filter(|last| !is_in_order(step, last)) {
                return found(format!("it does not wait for step {}, which comes right before it", last.id));
            }
            before.insert(&step.id);
            last = Some(step);
        }
        None
    })
}

/// A step that touches what belongs to another app of the plan.
fn of_another_app(deployment: &Deployment<'_>, app: &plan::App, steps: &[Step]) -> Option<Counterexample> {
    let others = || deployment.apps.iter().map(|part| part.app).filter(|other| other.name != app.name);
    steps.iter().find_map(|step| {
        let facts = step.facts();
        let owner = others().find(|other| {
            let is_its_app = strategy::of(other).apps(other).iter().any(|name| name.as_str() == facts.app());
            let is_its_route =
                facts.route().is_some_and(|url| other.live.iter().chain([&other.staging]).any(|known| known == url));
            is_its_app || is_its_route
        })?;
        Some(told(step, app.name.as_str(), format!("it touches what belongs to app {} of the plan", owner.name)))
    })
}

fn told(step: &Step, app: &str, seen: String) -> Counterexample {
    Counterexample { app: app.to_owned(), story: vec![about(step)], seen }
}
