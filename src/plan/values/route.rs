//! Reads the routes of an app.

use std::collections::BTreeMap;

use super::located::Located;
use super::mapping::Mapping;
use super::scalars::any;
use crate::plan::diagnostics::Collector;
use crate::plan::manifest::Manifest;
use crate::plan::name::AppName;
use crate::plan::protocol::Protocol;
use crate::plan::route_options::RouteOptions;
use crate::plan::route_url::RouteUrl;
use crate::plan::schema::{LIVE_ROUTE, ROUTES, STAGING_ROUTE};
use crate::plan::value_error::ValueError;
use crate::plan::yaml::{Node, key_path};

/// A route of an app, and what routers are to talk to the app there, where the plan says so.
pub(super) struct AppRoute {
    /// The route.
    pub(super) url: Located<RouteUrl>,
    /// What routers talk.
    pub(super) protocol: Option<Protocol>,
    /// What else they are told of the route.
    pub(super) options: RouteOptions,
}

/// What stands behind an app's name in the host of a staging route that the plan does not name.
const SUFFIX: &str = "-staging";
/// RFC 1035: the longest label, in characters.
const LONGEST_LABEL: usize = 63;

/// The live routes of an app, then its staging route.
pub(super) fn read_routes(app: &Mapping<'_>) -> (Vec<AppRoute>, Option<AppRoute>) {
    let routes = app.table("routes", &ROUTES);
    let live = routes.tables_or("live", &LIVE_ROUTE, "route");
    let staging = routes.table_or("staging", &STAGING_ROUTE, "route");
    let live = live.iter().filter_map(|route| read_route(route, read_options(route)));
    let live: Vec<AppRoute> = live.collect();
    let staging = match (routes.node("staging"), live.first()) {
        (None, Some(first)) => beside(app, &first.url, routes.path_of("staging")),
        (Some(_), _) | (None, None) => read_route(&staging, RouteOptions::default()),
    };
    (live, staging)
}

/// The staging route of a plan that names none: the app's name, with `-staging` behind it, as a host beside the first live route.
/// `None` where no host can be made of the name.
fn beside(app: &Mapping<'_>, live: &Located<RouteUrl>, path: String) -> Option<AppRoute> {
    let name = app.parse("name", AppName::parse)?.value.to_string().to_ascii_lowercase();
    let host = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let host: String = host.trim_matches('-').chars().take(LONGEST_LABEL - SUFFIX.len()).collect();
    let host = host.trim_end_matches('-');
    let fqdn = live.value.fqdn();
    // What has no more than two labels is a domain without a host.
    let domain = fqdn.split_once('.').map(|(_, domain)| domain).filter(|domain| domain.contains('.')).unwrap_or(fqdn);
    let value = RouteUrl::parse(&format!("{host}{SUFFIX}.{domain}")).ok().filter(|_| !host.is_empty())?;
    let url = Located { value, place: live.place.clone(), path };
    Some(AppRoute { url, protocol: None, options: RouteOptions::default() })
}

fn read_route(route: &Mapping<'_>, options: RouteOptions) -> Option<AppRoute> {
    let url = route.parse("route", RouteUrl::parse)?;
    Some(AppRoute { url, protocol: route.parse("protocol", Protocol::parse).map(|at| at.value), options })
}

fn read_options(route: &Mapping<'_>) -> RouteOptions {
    let entries = route.node("options").map(Node::entries).unwrap_or_default();
    let one = |(name, value): &(Node, Node)| Some((name.text()?.to_owned(), value.text()?.to_owned()));
    RouteOptions::written(entries.iter().filter_map(one))
}

/// Notes that a plan names no staging route where none can be made of the app's name.
pub(super) fn check_staging(app: &Mapping<'_>, staging: Option<&AppRoute>, collector: &mut Collector<'_>) {
    let routes = app.table("routes", &ROUTES);
    let has_live =
        routes.tables_or("live", &LIVE_ROUTE, "route").iter().any(|route| route.parse("route", any).is_some());
    if let (None, None, Some(node)) = (staging, routes.node("staging"), app.node("routes").filter(|_| has_live))
        && app.parse("name", AppName::parse).is_some()
    {
        let hint = "name one: `staging: www-staging.example.com`";
        let error = ValueError::hinted("no host of a staging route can be made of the app's name", hint);
        collector.node(node, &app.path_of("routes"), error);
    }
}

/// Notes options that the platform would not take, by themselves or together (CC: `route_options_message.rb`, `route.rb`).
pub(super) fn check_options(app: &Mapping<'_>, collector: &mut Collector<'_>) {
    for route in app.table("routes", &ROUTES).tables_or("live", &LIVE_ROUTE, "route") {
        let Some(options) = route.node("options") else { continue };
        let way = options.get("loadbalancing").and_then(Node::text);
        for (name, value) in options.entries() {
            let (Some(name), Some(text)) = (name.text(), value.text()) else { continue };
            if let Err(error) = option_fault(name, text, way, options.get("hash_header").is_some()) {
                collector.node(value, &key_path(&route.path_of("options"), name), error);
            }
        }
    }
}

fn option_fault(name: &str, value: &str, way: Option<&str>, has_header: bool) -> Result<(), ValueError> {
    let refuse = |message: String, hint: &str| Err(ValueError::hinted(message, hint));
    let is_factor = || value.parse::<f64>().is_ok_and(|factor| factor == 0.0 || (1.1..=10.0).contains(&factor));
    match name {
        "loadbalancing" if !["round-robin", "least-connection", "hash"].contains(&value) => {
            refuse(format!("`{value}` is no way to deal out requests"), "write round-robin, least-connection or hash")
        }
        "loadbalancing" if value == "hash" && !has_header => {
            refuse("a hash is made of the value of a header".to_owned(), "name it with `hash_header`")
        }
        "hash_header" | "hash_balance" if way.is_none_or(|way| way != "hash") => refuse(
            format!("`{name}` only goes with `loadbalancing: hash`"),
            "take it out, or write `loadbalancing: hash`",
        ),
        "hash_header" if value.chars().count() > 128 => {
            refuse("the name of this header is too long".to_owned(), "the platform takes at most 128 characters")
        }
        "hash_balance" if value.len() > 16 || !is_factor() => refuse(
            format!("`{value}` is no factor that the platform takes"),
            "write '0', or a number from '1.1' to '10'",
        ),
        _ => Ok(()),
    }
}

/// The options of each live route for which some are named: by the plan, or else by the manifest.
pub(super) fn options(live: &[AppRoute], manifest: &Manifest) -> BTreeMap<RouteUrl, RouteOptions> {
    let named = live.iter().map(|route| {
        let url = &route.url.value;
        let of_plan = Some(route.options.clone()).filter(|options| !options.is_empty());
        (url.clone(), of_plan.unwrap_or_else(|| manifest.app.route_options(url)))
    });
    named.filter(|(_, options)| !options.is_empty()).collect()
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
