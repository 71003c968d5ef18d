//! What differs between two looks at a space, as far as a deployment hangs on it.
//!
//! Only what is desired counts: instances come and go by themselves, and a scale, a stop or a mapping does not.

use std::collections::BTreeMap;
use std::fmt;

use crate::plan::{AppName, RouteUrl};

use super::app::AppState;
use super::model::Space;
use super::route::Destination;
use super::section::Section;

/// One thing that a deployment hangs on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facet {
    /// Whether the app is there, and that it is still the same one.
    App(String),
    /// Whether the app is to run.
    State(String),
    /// How many instances of a process are wanted.
    Instances {
        /// The app.
        app: String,
        /// The type of the process.
        process: String,
        /// Its guid: two of one type are there while the platform's own deployment is under way.
        guid: String,
    },
    /// What the app runs.
    Droplet(String),
    /// An annotation of cutover's on the app.
    Annotation {
        /// The app.
        app: String,
        /// The key.
        key: String,
    },
    /// That a route leads to an app.
    Leads {
        /// The route.
        url: String,
        /// The app, by its name if that is known, else by its guid.
        app: String,
    },
}

impl Facet {
    /// The part of the space that it is read from.
    pub(crate) fn section(&self) -> Section {
        match self {
            Self::App(_) | Self::State(_) | Self::Droplet(_) | Self::Annotation { .. } => Section::Apps,
            Self::Instances { .. } => Section::Processes,
            Self::Leads { .. } => Section::Routes,
        }
    }

    /// The app that it is about.
    pub(crate) fn app(&self) -> &str {
        match self {
            Self::App(app)
            | Self::State(app)
            | Self::Instances { app, .. }
            | Self::Droplet(app)
            | Self::Annotation { app, .. }
            | Self::Leads { app, .. } => app,
        }
    }

    /// Whether it is that this route leads to the app.
    pub(crate) fn is_of_route(&self, route: &RouteUrl) -> bool {
        match self {
            Self::Leads { url, .. } => url.eq_ignore_ascii_case(&route.to_string()),
            Self::App(_) | Self::State(_) | Self::Instances { .. } | Self::Droplet(_) | Self::Annotation { .. } => {
                false
            }
        }
    }

    /// Whether it comes with a droplet, which may bring processes of its own.
    pub(crate) fn is_of_droplet(&self) -> bool {
        match self {
            Self::Droplet(_) | Self::Instances { .. } => true,
            Self::App(_) | Self::State(_) | Self::Annotation { .. } | Self::Leads { .. } => false,
        }
    }
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Of what.
    pub facet: Facet,
    /// What it was before; `None` where there was nothing.
    pub before: Option<String>,
    /// What it is now; `None` where there is nothing any more.
    pub now: Option<String>,
}

/// What differs between two looks at these apps and routes, in a fixed order.
pub(crate) fn differences(before: &Space, now: &Space, apps: &[AppName], routes: &[RouteUrl]) -> Vec<Difference> {
    let (was, is) = (facets(before, apps, routes), facets(now, apps, routes));
    let mut keys: Vec<&Facet> = was.keys().chain(is.keys()).collect();
    keys.sort();
    keys.dedup();
    // Of an app that is gone all is gone: that it is tells enough.
    let is_gone = |app: &str| {
        let there = Facet::App(app.to_owned());
        was.contains_key(&there) && !is.contains_key(&there)
    };
    let changed = keys
        .into_iter()
        .filter(|facet| was.get(facet) != is.get(facet) && (matches!(facet, Facet::App(_)) || !is_gone(facet.app())));
    changed
        .map(|facet| Difference { facet: facet.clone(), before: was.get(facet).cloned(), now: is.get(facet).cloned() })
        .collect()
}

fn facets(space: &Space, apps: &[AppName], routes: &[RouteUrl]) -> BTreeMap<Facet, String> {
    let mut facets = BTreeMap::new();
    for app in apps.iter().filter_map(|name| space.app(name.as_str())) {
        let name = || app.name.clone();
        facets.insert(Facet::App(name()), app.guid.clone());
        let state = match app.state {
            AppState::Started => "started",
            AppState::Stopped => "stopped",
        };
        facets.insert(Facet::State(name()), state.to_owned());
        for process in &app.processes {
            let facet = Facet::Instances { app: name(), process: process.kind.clone(), guid: process.guid.clone() };
            facets.insert(facet, process.instances.to_string());
        }
        if let Some(droplet) = &app.droplet {
            facets.insert(Facet::Droplet(name()), droplet.clone());
        }
        for (key, value) in app.annotations.iter().filter(|(key, _)| key.starts_with("cutover-")) {
            facets.insert(Facet::Annotation { app: name(), key: key.clone() }, value.clone());
        }
    }
    for url in routes {
        for app in space.holders(url) {
            let guid = space.app(app).map_or(app, |app| app.guid.as_str());
            let how = space.route(url).map(|route| route.of_app(guid).map(Destination::told).collect::<Vec<_>>());
            let facet = Facet::Leads { url: url.to_string(), app: app.to_owned() };
            facets.insert(facet, how.unwrap_or_default().join(" and "));
        }
    }
    facets
}

impl fmt::Display for Difference {
    /// The difference as a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, now) = (self.before.as_deref(), self.now.as_deref());
        let or_nothing = |value: Option<&str>| value.unwrap_or("nothing").to_owned();
        match (&self.facet, before, now) {
            (Facet::App(app), None, _) => write!(f, "app {app} has appeared"),
            (Facet::App(app), Some(_), None) => write!(f, "app {app} was deleted, or has another name now"),
            (Facet::App(app), Some(_), Some(_)) => {
                write!(f, "app {app} was deleted, and there is another one of its name")
            }
            (Facet::State(app), _, Some(now)) => write!(f, "app {app} was {now}"),
            (Facet::State(app), _, None) => write!(f, "app {app} has no state any more"),
            (Facet::Instances { app, process, .. }, Some(before), Some(now)) => {
                write!(f, "process {process} of app {app} was scaled from {before} to {now} instances")
            }
            (Facet::Instances { app, process, .. }, None, _) => {
                write!(f, "app {app} has another process {process}, of {} instances", or_nothing(now))
            }
            (Facet::Instances { app, process, .. }, Some(before), None) => {
                write!(f, "a process {process} of app {app}, of {before} instances, was removed")
            }
            (Facet::Droplet(app), _, _) => {
                write!(f, "app {app} has droplet {} in the place of {}", or_nothing(now), or_nothing(before))
            }
            (Facet::Annotation { app, key }, _, _) => {
                write!(f, "annotation {key} of app {app} is {} and was {}", or_nothing(now), or_nothing(before))
            }
            (Facet::Leads { url, app }, None, _) => write!(f, "{url} was mapped to {app}"),
            (Facet::Leads { url, app }, Some(_), None) => write!(f, "{url} was unmapped from {app}"),
            (Facet::Leads { url, app }, Some(before), Some(now)) => {
                write!(f, "{url} leads to {now} of {app} and led to {before}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::plan::Protocol;

    /// What has become of the space meanwhile.
    type Change = fn(&mut Space);

    #[test]
    fn what_somebody_else_changes_is_told_and_nothing_else() {
        let before = || example::space(vec![example::app("shop", true, 2, None)], [("www.example.com", "shop")]);
        let cases: [(Change, &[&str]); 14] = [
            (|_| {}, &[]),
            // Neither what comes and goes by itself, nor what is nobody's business here.
            (|space| space.apps[0].processes[0].states.clear(), &[]),
            (|space| space.apps.push(example::app("other", true, 1, None)), &[]),
            (|space| space.routes.push(example::route("other.example.com", "shop")), &[]),
            (|space| drop(space.apps[0].annotations.insert("note".to_owned(), "hello".to_owned())), &[]),
            (|space| space.apps[0].state = AppState::Stopped, &["app shop was stopped"]),
            (
                |space| space.apps[0].droplet = Some("d".to_owned()),
                &["app shop has droplet d in the place of droplet-shop"],
            ),
            (
                |space| space.apps[0].processes[0].instances = 5,
                &["process web of app shop was scaled from 2 to 5 instances"],
            ),
            (
                |space| drop(space.apps[0].annotations.insert("cutover-role".to_owned(), "next".to_owned())),
                &["annotation cutover-role of app shop is next and was nothing"],
            ),
            (|space| space.routes.clear(), &["www.example.com was unmapped from shop"]),
            (
                |space| {
                    space.apps.clear();
                    space.routes.clear();
                },
                &["app shop was deleted, or has another name now"],
            ),
            (
                |space| {
                    space.apps.push(example::app("other", true, 1, None));
                    space.routes[0].destinations.extend(example::route("www.example.com", "other").destinations);
                },
                &["www.example.com was mapped to other"],
            ),
            (
                |space| space.routes[0].destinations[0].protocol = Protocol::Http2,
                &["www.example.com leads to process web (http2) of shop and led to process web (http1)"],
            ),
            (
                |space| {
                    space.apps[0].guid = "another".to_owned();
                    space.routes[0].destinations[0].app = "another".to_owned();
                },
                &["app shop was deleted, and there is another one of its name"],
            ),
        ];
        let (apps, routes) = ([AppName::parse("shop").unwrap()], [RouteUrl::parse("www.example.com").unwrap()]);
        for (change, expected) in cases {
            let mut now = before();
            change(&mut now);
            let found = differences(&before(), &now, &apps, &routes);
            assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
        }
    }
}
