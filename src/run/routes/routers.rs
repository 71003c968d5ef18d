//! Whether the routers can be asked at all, found out before the first change.
//!
//! A route change is confirmed by asking who answers on the route (see [`probe`](super::probe)). Where that is not
//! possible (the route leads nowhere from here, a load balancer strips the header, the route is internal) a settling
//! time stands in. That is known before anything is changed: a route that does not exist yet is asked like any other,
//! since gorouter answers the question for an unknown host in the same way.

use std::time::Duration;

use crate::plan::{LocalCheck, RouteUrl};
use crate::run::side_by_side::side_by_side;
use crate::run::waiting::interrupt::Interrupt;
use crate::space::Space;
use crate::steps::Step;
use crate::steps::action::question::RouterQuestion;
use crate::steps::action::work::Work;
use crate::steps::instance_header::InstanceHeader;
use crate::steps::routers::{RouteProbe, Routers};

use super::deaf::{Persistence, deaf};
use super::http::Client;

/// How many routes are asked at the same time.
const AT_ONCE: usize = 32;

/// Asks about every route that the steps will ask about, side by side and for a few seconds at the most.
pub(crate) fn ask<'s>(client: &Client, space: &Space, steps: impl IntoIterator<Item = &'s Step>) -> Routers {
    let mut routes: Vec<(RouteUrl, Duration)> = Vec::new();
    let mut checked: Vec<RouteUrl> = Vec::new();
    for step in steps {
        match step.facts().work() {
            Work::Check { check: LocalCheck::Http(_), url } => checked.extend(url.cloned()),
            Work::Watch { urls, .. } => checked.extend(urls.iter().cloned()),
            Work::Check { check: LocalCheck::Command(_) | LocalCheck::Approval(_), .. } | Work::Cf | Work::Wait(_) => {}
        }
        if let Some(RouterQuestion::Reached { url, .. } | RouterQuestion::Gone { url, .. }) =
            step.facts().router_question()
            && routes.iter().all(|(known, _)| known != url)
        {
            routes.push((url.clone(), step.settle));
        }
    }
    // Nothing is begun yet: a signal ends the process.
    let unhurried = Interrupt::none();
    let found = side_by_side(AT_ONCE, routes.iter(), |(url, _)| {
        deaf(client, space, url, InstanceHeader::App, Persistence::Twice, &unhurried).unwrap_or_default()
    });
    let asked = |((url, settle), deaf)| {
        let service = space.route_service(&url).map(ToOwned::to_owned);
        RouteProbe { checked: checked.contains(&url), url, settle, deaf, service }
    };
    routes.into_iter().zip(found).map(asked).collect()
}
