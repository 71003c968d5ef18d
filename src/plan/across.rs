//! What only shows when several values of a plan are seen together.

use std::collections::HashMap;

use super::draft::At;
use super::fault::Fault;
use super::load::Draft;
use super::report::Report;

/// Checks the apps of a plan against each other and each within itself.
pub(super) fn check(apps: &[Draft], report: &mut Report<'_>) {
    let mut names = Seen::default();
    let mut colours = Seen::default();
    let mut routes = Seen::default();
    for app in apps {
        if let Some(name) = &app.name {
            names.note(name, report, "two apps have the name", "give each app a name of its own");
        }
        for colour in &app.colours {
            // CC compares names without regard to case on some databases.
            colours.note(
                colour,
                report,
                "two colours have the name",
                "each colour is an app of its own on Cloud Foundry",
            );
        }
        let mut live = Seen::default();
        for route in &app.live {
            let again = live.note(route, report, "the route is given twice:", "keep one of them");
            if !again {
                routes.note(route, report, "the route is given in two places:", "a route leads to one app of the plan");
            }
        }
        if let Some(staging) = &app.staging {
            if app.live.iter().any(|live| live.value == staging.value) {
                let message = format!("the staging route `{}` is a live route as well", staging.value);
                let hint = "the new version is checked at the staging route before any user reaches it; give it a route of its own";
                report.at(staging.place.clone(), &staging.path, Fault::hinted(message, hint));
            } else {
                routes.note(
                    staging,
                    report,
                    "the route is given in two places:",
                    "a route leads to one app of the plan",
                );
            }
        }
        let mut services = Seen::default();
        for service in &app.services {
            services.note(service, report, "the service is given twice:", "keep one of them");
        }
    }
}

/// The values met so far.
#[derive(Default)]
struct Seen(HashMap<String, String>);

impl Seen {
    /// Notes a value, and a problem if it was met before. Says whether it was.
    fn note<T: ToString>(&mut self, at: &At<T>, report: &mut Report<'_>, message: &str, hint: &str) -> bool {
        let text = at.value.to_string();
        match self.0.insert(text.to_lowercase(), at.path.clone()) {
            None => false,
            Some(first) => {
                let first = if first == at.path { String::new() } else { format!(" (first in {first})") };
                report.at(at.place.clone(), &at.path, Fault::hinted(format!("{message} `{text}`{first}"), hint));
                true
            }
        }
    }
}
