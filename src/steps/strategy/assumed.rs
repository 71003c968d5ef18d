//! What a space does not tell, and is taken for so where a walk begins.

use std::collections::{BTreeMap, BTreeSet};

use super::known::Known;

/// What a space does not tell, and is taken for so where a walk begins. What nobody has confirmed is unsure.
#[derive(Debug, Default)]
pub(crate) struct Assumed {
    /// The apps that have passed the plan's checks.
    pub(crate) checked: BTreeSet<String>,
    /// What routers know of an app, by number of the live route and name of the app; to others they do not lead.
    pub(crate) routers: BTreeMap<(usize, String), Known>,
}
