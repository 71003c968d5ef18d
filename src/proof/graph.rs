//! Whether the graph of all apps holds together: what waits for what, and that no app's steps touch another app.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan;
use crate::steps::deployment::ends;
use crate::steps::{Deployment, Step, strategy};

use super::counterexample::{Counterexample, about};

/// What is wrong with the graph; `None` where nothing is.
pub(super) fn violation(deployment: &Deployment<'_>) -> Option<Counterexample> {
    let owners = Owners::of(deployment);
    deployment.apps.iter().find_map(|part| owners.of_another_app(&part.app, &part.steps)).or_else(|| {
        let mut before: BTreeSet<&str> = BTreeSet::new();
        // What must be done before an app begins, where one follows the other.
        let mut app_before: Vec<String> = Vec::new();
        for part in &deployment.apps {
            let own: BTreeSet<&str> = part.steps.iter().map(|step| step.id.as_str()).collect();
            for step in &part.steps {
                let found = |seen: String| Some(told(step, step.app.as_str(), seen));
                if before.contains(step.id.as_str()) {
                    return found("there are two steps of this name".to_owned());
                }
                if let Some(unknown) = step.after.iter().find(|id| !before.contains(id.as_str())) {
                    return found(format!("it waits for {unknown}, which does not come before it"));
                }
                let is_first = !step.after.iter().any(|id| own.contains(id.as_str()));
                if let Some(missing) = app_before.iter().find(|id| is_first && !step.after.contains(id)) {
                    return found(format!("it does not wait for step {missing} of the app before it"));
                }
                before.insert(&step.id);
            }
            if deployment.apps_at_once == 1 && !part.steps.is_empty() {
                app_before = ends(&part.steps);
            }
        }
        None
    })
}

/// Whose the apps and the routes of a plan are.
struct Owners<'d> {
    apps: BTreeMap<&'d str, Vec<&'d plan::App>>,
    routes: BTreeMap<String, Vec<&'d plan::App>>,
}

impl<'d> Owners<'d> {
    fn of(deployment: &'d Deployment<'d>) -> Self {
        let mut owners = Self { apps: BTreeMap::new(), routes: BTreeMap::new() };
        for app in deployment.apps.iter().map(|part| part.app.as_ref()) {
            for name in strategy::of(app).apps(app) {
                owners.apps.entry(name.as_str()).or_default().push(app);
            }
            for url in strategy::of(app).routes(app) {
                owners.routes.entry(url.to_string()).or_default().push(app);
            }
        }
        owners
    }

    /// A step that touches what belongs to another app of the plan.
    fn of_another_app(&self, app: &plan::App, steps: &[Step]) -> Option<Counterexample> {
        steps.iter().find_map(|step| {
            let facts = step.facts();
            let of_app = self.apps.get(facts.app()).into_iter().flatten();
            let of_route = facts.route().and_then(|url| self.routes.get(&url.to_string())).into_iter().flatten();
            let owner = of_app.chain(of_route).find(|other| other.name != app.name)?;
            Some(told(step, app.name.as_str(), format!("it touches what belongs to app {} of the plan", owner.name)))
        })
    }
}

fn told(step: &Step, app: &str, seen: String) -> Counterexample {
    Counterexample { app: app.to_owned(), story: vec![about(step)], seen }
}
