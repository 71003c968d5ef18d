//! A droplet that an app of the plan is to run, and that another app runs.

use crate::plan::{App as PlanApp, DropletOf};

/// A droplet that an app of the plan is to run.
#[derive(Debug, Clone)]
pub(super) struct WantedSource {
    /// The app of the plan.
    pub(super) plan_app: String,
    /// Whose it is.
    pub(super) of: DropletOf,
    /// The colours of the app, where it is one that cutover deploys.
    pub(super) colours: Vec<String>,
}

impl WantedSource {
    /// What an app of a plan of these apps is to run, where it is a droplet of another one.
    pub(super) fn of(app: &PlanApp, all: &[PlanApp]) -> Option<Self> {
        let of = app.from.clone()?;
        let of_plan = all.iter().find(|one| one.name == of.app).map(|one| one.colours.clone().map(|it| it.to_string()));
        let colours = of_plan.unwrap_or_else(|| [format!("{}_a", of.app), format!("{}_b", of.app)]).to_vec();
        Some(Self { plan_app: app.name.to_string(), of, colours })
    }
}
