//! Routes of the live colour that the plan does not name: they are moved with those that it names, since nothing may go dark.

use std::borrow::Cow;

use crate::cf::invocation::Invocation;
use crate::plan::{self, AppName, ExtraRoutes, Plan, RouteUrl};
use crate::space::{App, AppState, Route, Space};
use crate::steps::Verb;
use crate::steps::annotations::Origin;
use crate::steps::input::Begun;
use crate::steps::refusal::{Refusal, RouteRefusal};
use crate::steps::standing::is_on_live;

use super::standing::{is_of_plan, other, under_way};

/// The app with the routes that move with its live ones. What is under way has written down which they are.
pub(super) fn with_extra_routes<'p>(plan: &Plan, app: &'p plan::App, verb: Verb, space: &Space) -> Cow<'p, plan::App> {
    let found = match app.extra_routes {
        ExtraRoutes::Move => movable(plan, app, verb, space),
        ExtraRoutes::Keep | ExtraRoutes::Refuse => Vec::new(),
    };
    if found.is_empty() {
        return Cow::Borrowed(app);
    }
    let mut app = app.clone();
    app.live.extend(found.iter().cloned());
    app.extra.extend(found);
    Cow::Owned(app)
}

/// Refuses routes that the plan does not name, where it says so; and to begin where one would lead to nobody.
pub(super) fn may_have_extra(
    plan: &Plan,
    app: &plan::App,
    begun: Option<&Begun>,
    space: &Space,
) -> Result<(), Refusal> {
    match app.extra_routes {
        ExtraRoutes::Move if begun.is_none() => goes_dark(plan, app, space).map_or(Ok(()), Err),
        ExtraRoutes::Move | ExtraRoutes::Keep => Ok(()),
        ExtraRoutes::Refuse => match movable(plan, app, Verb::Apply, space) {
            routes if routes.is_empty() => Ok(()),
            routes => Err(Refusal::Routes(RouteRefusal::ExtraRoutes { name: app.name.clone(), routes })),
        },
    }
}

/// Refuses to leave a route where it is that leads to the live colour, and else to none but apps that are stopped: once the live
/// colour is stopped, it would lead to nobody.
fn goes_dark(plan: &Plan, app: &plan::App, space: &Space) -> Option<Refusal> {
    let live = app.colours.iter().filter_map(|colour| Some((colour, space.app(colour.as_str())?)));
    let (colour, there) = live.into_iter().find(|(colour, _)| is_on_live(app, colour, space))?;
    let is_own = |guid: &str| app.colours.iter().any(|own| space.app(own.as_str()).is_some_and(|app| app.guid == guid));
    let stopped = |route: &Route| -> Option<Vec<String>> {
        let others = route.destinations.iter().filter(|to| to.app != there.guid);
        let of = |guid: &str| {
            let other = space.apps.iter().find(|app| app.guid == guid && app.state == AppState::Stopped)?;
            (!is_own(guid)).then(|| other.name.clone())
        };
        others.map(|to| of(&to.app)).collect::<Option<Vec<_>>>().filter(|names| !names.is_empty())
    };
    let led = space.routes.iter().filter(|route| route.leads_to(&there.guid) && route.shared_by.is_none());
    let left = led.filter_map(|route| Some((RouteUrl::parse(&route.url).ok()?, stopped(route)?)));
    let (url, others) = left.into_iter().find(|(url, _)| is_new(plan, app, url))?;
    let parts = space.address(&url)?;
    let commands = others.iter().map(|other| Invocation::unmap_route(other, &parts).shell()).collect();
    let (name, app) = (app.name.clone(), colour.clone());
    Some(Refusal::Routes(RouteRefusal::GoesDark { name, app, url, others, commands }))
}

/// Whether no app of the plan names a route.
fn is_new(plan: &Plan, app: &plan::App, url: &RouteUrl) -> bool {
    plan.apps.iter().all(|one| one.routes().all(|known| known != url)) && !is_of_plan(app, &url.to_string())
}

fn movable(plan: &Plan, app: &plan::App, verb: Verb, space: &Space) -> Vec<RouteUrl> {
    let found = match under_way(app, space) {
        Some(under_way) => {
            let written = under_way.origin.map(|origin| origin.old_routes).unwrap_or_default();
            let is_there = |url: &RouteUrl| space.route(url).is_some();
            written.iter().filter_map(|url| RouteUrl::parse(url).ok()).filter(is_there).collect()
        }
        None => held(app, verb, space),
    };
    found.into_iter().filter(|url| is_new(plan, app, url) && space.address(url).is_some()).collect()
}

/// The routes that lead to the live colour and to nobody else, where one is live.
fn held(app: &plan::App, verb: Verb, space: &Space) -> Vec<RouteUrl> {
    let live: Vec<&AppName> = app.colours.iter().filter(|colour| is_on_live(app, colour, space)).collect();
    let [live] = live.as_slice() else { return Vec::new() };
    let Some(there) = space.app(live.as_str()) else { return Vec::new() };
    // What it held while it was not live stays with it when it is not live any more.
    let own = Origin::of(there).filter(|_| verb == Verb::Rollback).map(|origin| origin.kept_routes).unwrap_or_default();
    let to =
        |app: &App, route: &Route| route.destinations.iter().all(|to| to.app == app.guid) && route.leads_to(&app.guid);
    // Nowhere to go.
    if verb == Verb::Rollback && space.app(other(app, live).as_str()).is_none() {
        return Vec::new();
    }
    let led =
        space.routes.iter().filter(|route| to(there, route) && route.shared_by.is_none() && !own.contains(&route.url));
    led.filter_map(|route| RouteUrl::parse(&route.url).ok()).collect()
}

#[cfg(test)]
mod tests;
