//! Reads the routes of an app.

use std::collections::BTreeMap;

use super::located::Located;
use super::mapping::Mapping;
use crate::plan::manifest::Manifest;
use crate::plan::protocol::Protocol;
use crate::plan::route_url::RouteUrl;
use crate::plan::schema::{LIVE_ROUTE, ROUTES, STAGING_ROUTE};

/// A route of an app, and what routers are to talk to the app there, where the plan says so.
pub(super) struct AppRoute {
    /// The route.
    pub(super) url: Located<RouteUrl>,
    /// What routers talk.
    pub(super) protocol: Option<Protocol>,
}

/// The live routes of an app, then its staging route.
pub(super) fn read_routes(app: &Mapping<'_>) -> (Vec<AppRoute>, Option<AppRoute>) {
    let routes = app.table("routes", &ROUTES);
    let live = routes.tables_or("live", &LIVE_ROUTE, "route");
    let staging = routes.table_or("staging", &STAGING_ROUTE, "route");
    (live.iter().filter_map(read_route).collect(), read_route(&staging))
}

fn read_route(route: &Mapping<'_>) -> Option<AppRoute> {
    let url = route.parse("route", RouteUrl::parse)?;
    Some(AppRoute { url, protocol: route.parse("protocol", Protocol::parse).map(|at| at.value) })
}

/// What routers are to talk on each route for which it is said: by the plan, or else by the manifest.
pub(super) fn protocols<'r>(
    routes: impl Iterator<Item = &'r AppRoute>,
    manifest: &Manifest,
) -> BTreeMap<RouteUrl, Protocol> {
    let said = routes.filter_map(|route| {
        let url = &route.url.value;
        Some((url.clone(), route.protocol.or_else(|| manifest.app.protocol(url))?))
    });
    said.collect()
}
