//! Sets options of a route.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::{Invocation, RouteParts};
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Lifecycle, OptionChanges, RouteUrl};
use crate::space::Space;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;

use super::facts::{Facts, NeededFlag};

/// Sets options of a route that leads to the app alone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SetRouteOptions {
    /// The app.
    pub(crate) app: AppName,
    /// The route.
    pub(crate) url: RouteUrl,
    /// The route as cf takes it.
    pub(crate) route: RouteParts,
    /// What is set, and what is taken away.
    pub(crate) changes: OptionChanges,
    /// What that takes the place of.
    pub(crate) before: OptionChanges,
}

impl Facts for SetRouteOptions {
    fn kind(&self) -> &'static str {
        "set-route-options"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let one = |(name, value): (&String, &Option<String>)| match value {
            Some(value) => format!("{name} is {value}"),
            None => format!("no {name}"),
        };
        format!("set options of {}: {}", self.url, self.changes.iter().map(one).collect::<Vec<_>>().join(", "))
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::set_route_options(&self.route, &self.changes))
    }

    fn undo(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::set_route_options(&self.route, &self.before))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::Json)
    }

    fn must(&self) -> Option<Must> {
        Some(Must::RouteOptions { url: self.url.clone(), options: self.changes.clone() })
    }

    fn effect(&self, space: &mut Space) {
        for route in space.routes.iter_mut().filter(|route| route.is(&self.url)) {
            route.options.get_or_insert_default().change(&self.changes);
        }
    }

    fn changes(&self) -> &'static [Section] {
        &[]
    }

    fn may_change(&self, _facet: &Facet) -> bool {
        false
    }

    fn needed_flags(&self, _lifecycle: Option<Lifecycle>, _space: &Space) -> &'static [NeededFlag] {
        const HASHES: &[NeededFlag] = &[NeededFlag::of_all("hash_based_routing")];
        let hashes = |(name, value): (&String, &Option<String>)| {
            value.as_ref().is_some_and(|value| name.starts_with("hash_") || value == "hash")
        };
        if self.changes.iter().any(hashes) { HASHES } else { &[] }
    }
}
