//! What is known of the routers before a run: about which routes they can be asked.

use std::time::Duration;

use crate::plan::RouteUrl;

use super::deaf::Deaf;

/// A route, and whether the router can be asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RouteProbe {
    /// The route.
    pub(crate) url: RouteUrl,
    /// How long is waited after a change of it where the router cannot be asked.
    pub(crate) settle: Duration,
    /// Whether a check of the plan asks it, too.
    pub(crate) checked: bool,
    /// Why the router cannot be asked; `None` where it can.
    pub(crate) deaf: Option<Deaf>,
    /// The service instance that its requests go through.
    pub(crate) service: Option<String>,
}

/// What is known of the routers before a run; nothing where they were not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routers(Vec<RouteProbe>);

impl Routers {
    /// Each route.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &RouteProbe> {
        self.0.iter()
    }

    /// Whether it was found that the router cannot be asked about a route.
    pub(crate) fn is_deaf(&self, url: &RouteUrl) -> bool {
        self.0.iter().any(|asked| asked.url == *url && asked.deaf.is_some())
    }
}

impl FromIterator<RouteProbe> for Routers {
    fn from_iter<T: IntoIterator<Item = RouteProbe>>(all: T) -> Self {
        Self(all.into_iter().collect())
    }
}
