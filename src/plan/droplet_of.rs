//! The droplet of another app.

use std::fmt;

use serde::Serialize;

use super::name::{AppName, OrgName, SpaceName};

/// Whose current droplet is deployed: that of an app which was tested elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DropletOf {
    /// The app. Where there is none of this name, it is the name of an app that cutover deploys, and its live colour is meant.
    pub app: AppName,
    /// Its space; `None` is a space of the name that the plan's own has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub space: Option<SpaceName>,
    /// Its organization; `None` is the plan's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<OrgName>,
}

impl fmt::Display for DropletOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.org.iter().map(ToString::to_string).chain(self.space.iter().map(ToString::to_string));
        let place = place.collect::<Vec<_>>().join(" / ");
        if place.is_empty() { write!(f, "{}", self.app) } else { write!(f, "{} in {place}", self.app) }
    }
}
