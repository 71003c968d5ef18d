//! What only shows when several values of a plan are seen together.

use std::collections::HashMap;

use super::diagnostics::Collector;
use super::droplet_of::DropletOf;
use super::value_error::ValueError;
use super::values::{Located, PartialApp};

/// Checks the apps of a plan against each other and each within itself; `target` are the organization and the space.
pub(super) fn check(apps: &[PartialApp], target: &(Option<String>, Option<String>), collector: &mut Collector<'_>) {
    let mut names = Seen::default();
    let mut colours = Seen::default();
    let mut routes = Seen::default();
    for app in apps {
        if let Some(name) = &app.name {
            names.note(name, collector, "two apps have the name", "give each app a name of its own");
        }
        for colour in &app.colours {
            // CC compares names without regard to case on some databases.
            colours.note(
                colour,
                collector,
                "two colours have the name",
                "each colour is an app of its own on Cloud Foundry",
            );
        }
        if let Some(from) = app.from.as_ref().filter(|from| is_itself(app, &from.value, target)) {
            let hint = "name the space that it was tested in: `space: NAME`";
            let error = ValueError::hinted("this is the app itself: it runs that droplet already", hint);
            collector.at(from.place.clone(), &from.path, error);
        }
        let mut live = Seen::default();
        for route in app.live() {
            let again = live.note(route, collector, "the route is given twice:", "keep one of them");
            if !again {
                routes.note(
                    route,
                    collector,
                    "the route is given in two places:",
                    "a route leads to one app of the plan",
                );
            }
        }
        if let Some(staging) = app.staging() {
            if app.live().any(|live| live.value == staging.value) {
                let message = format!("the staging route `{}` is a live route as well", staging.value);
                let hint = "the new version is checked at the staging route before any user reaches it; give it a route of its own";
                collector.at(staging.place.clone(), &staging.path, ValueError::hinted(message, hint));
            } else {
                routes.note(
                    staging,
                    collector,
                    "the route is given in two places:",
                    "a route leads to one app of the plan",
                );
            }
        }
        let mut services = Seen::default();
        for service in &app.services {
            services.note(service, collector, "the service is given twice:", "keep one of them");
        }
    }
}

/// Whether the droplet is one of the app's own.
fn is_itself(app: &PartialApp, from: &DropletOf, (org, space): &(Option<String>, Option<String>)) -> bool {
    let is_same = |named: Option<&str>, own: &Option<String>| named.is_none() || named == own.as_deref();
    let mut own = app.name.iter().chain(&app.colours);
    is_same(from.org.as_ref().map(AsRef::as_ref), org)
        && is_same(from.space.as_ref().map(AsRef::as_ref), space)
        && own.any(|own| own.value == from.app)
}

/// The values met so far.
#[derive(Default)]
struct Seen(HashMap<String, String>);

impl Seen {
    /// Notes a value, and a problem if it was met before. Says whether it was.
    fn note<T: ToString>(&mut self, at: &Located<T>, collector: &mut Collector<'_>, message: &str, hint: &str) -> bool {
        let text = at.value.to_string();
        match self.0.insert(text.to_lowercase(), at.path.clone()) {
            None => false,
            Some(first) => {
                let first = if first == at.path { String::new() } else { format!(" (first in {first})") };
                collector.at(
                    at.place.clone(),
                    &at.path,
                    ValueError::hinted(format!("{message} `{text}`{first}"), hint),
                );
                true
            }
        }
    }
}
