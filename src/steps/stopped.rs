//! What could serve an app and is stopped.

use std::collections::BTreeSet;

use crate::plan;
use crate::space::{AppState, Space};

use super::strategy;

/// The apps on the live routes where none of an app's versions is started. Empty where one is started, and where none is on
/// the live routes.
pub(crate) fn stopped_on_live(app: &plan::App, space: &Space) -> Vec<String> {
    let is_started = |name: &str| space.app(name).is_some_and(|app| app.state == AppState::Started);
    if strategy::of(app).apps(app).iter().any(|name| is_started(name.as_str())) {
        return Vec::new();
    }
    let holders: BTreeSet<&str> = app.live.iter().flat_map(|url| space.holders(url)).collect();
    holders.into_iter().filter(|name| !is_started(name)).map(ToOwned::to_owned).collect()
}
