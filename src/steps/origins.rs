//! Where the apps that belong to an app of the plan come from.

use crate::plan;
use crate::space::Space;

use super::annotations::{Identity, Origin};
use super::strategy;

/// Where the apps that belong to an app of the plan come from, as far as they tell.
pub(crate) fn origins(app: &plan::App, space: &Space) -> Vec<Origin> {
    let apps = strategy::of(app).apps(app);
    apps.iter().filter_map(|name| Origin::of(space.app(name.as_str())?)).collect()
}

/// Whether a deployment has left a word on one of them.
pub(crate) fn has_begun(app: &plan::App, deployment: &Identity, space: &Space) -> bool {
    deployment.is_written_on(strategy::of(app).apps(app), space)
}
