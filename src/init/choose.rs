//! Which apps of a space a plan is written for, and where they are reached.

use std::collections::{BTreeMap, BTreeSet};

use super::colours::partner;
use crate::plan::RouteUrl;
use crate::space::lock::Lock;
use crate::space::{App, AppState, Domain, Route};

/// An app that a plan is written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen<'a> {
    /// The name that people use for it.
    pub(crate) name: String,
    /// The app that is live.
    pub(crate) app: &'a App,
    /// The name of the one that takes turns with it.
    pub(crate) other: String,
    /// Where it is reached.
    pub(crate) reached: Reached,
    /// The routes that its users know.
    pub(crate) live: Vec<String>,
    /// A route that is free for the check of a new version.
    pub(crate) staging: Option<String>,
    /// What of its routes a plan cannot say.
    pub(crate) notes: Vec<String>,
}

/// Where an app is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// At routes that routers serve.
    ByRouters,
    /// At internal routes alone.
    Internally,
    /// Nowhere: no route leads to it.
    Nowhere,
    /// At routes that no plan can say.
    Otherwise,
}

impl Chosen<'_> {
    /// Why it cannot be deployed by a plan; `None` where it can.
    pub(crate) fn left_out(&self) -> Option<&'static str> {
        match (self.reached, &self.staging) {
            (Reached::Otherwise, _) => Some("no route that a plan can name leads to it, and other ones do"),
            (Reached::Nowhere, _) if self.app.state == AppState::Stopped => {
                Some("no route leads to it, and it is stopped: nothing of it is live")
            }
            (Reached::Nowhere, _) | (Reached::ByRouters | Reached::Internally, Some(_)) => None,
            (Reached::ByRouters | Reached::Internally, None) => {
                Some("no free route was found for the check of a new version")
            }
        }
    }
}

/// The apps of a space, or those of them that are asked for, each with its routes. Of two that take turns it is the one that is on
/// live routes, or that runs where none is.
pub(crate) fn choose<'a>(apps: &'a [App], space: &SpaceRoutes<'_>, asked_for: &[String]) -> Vec<Chosen<'a>> {
    let apps: Vec<&App> = apps.iter().filter(|app| !Lock::is_name(&app.name)).collect();
    let names: Vec<&str> = apps.iter().map(|app| app.name.as_str()).collect();
    let mut chosen: BTreeMap<String, Chosen<'a>> = BTreeMap::new();
    for app in apps {
        let is_asked_for = asked_for.is_empty() || asked_for.contains(&app.name);
        let (name, other) = partner(&app.name, &names);
        let (reached, live, notes) = space.of(app);
        let runs = |app: &App| app.state == AppState::Started;
        let is_better = chosen
            .get(&name)
            .is_none_or(|known| known.live.is_empty() && (!live.is_empty() || (runs(app) && !runs(known.app))));
        if is_asked_for && is_better {
            let staging = live.first().and_then(|url| space.staging(url));
            chosen.insert(name.clone(), Chosen { name, app, other, reached, live, staging, notes });
        }
    }
    chosen.into_values().collect()
}

/// The routes of a space and what they are made of.
pub(crate) struct SpaceRoutes<'a> {
    /// The routes.
    pub(crate) routes: &'a [Route],
    /// The domains of the organization.
    pub(crate) domains: &'a [Domain],
}

impl SpaceRoutes<'_> {
    /// Where an app is reached, its routes that a plan can name, and what there is to say of the others.
    fn of(&self, app: &App) -> (Reached, Vec<String>, Vec<String>) {
        let (mut live, mut internal, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        for route in self.routes.iter().filter(|route| route.destinations.iter().any(|to| to.app == app.guid)) {
            let domain = self.domain(&route.url);
            let why = if !route.leads_to(&app.guid) {
                Some("it leads to another process than web")
            } else if RouteUrl::parse(&route.url).is_err() {
                Some("a plan has routes of HTTP only")
            } else if domain.is_some_and(|domain| domain.internal) {
                internal.push(route.url.clone());
                continue;
            } else if domain.is_some_and(|domain| domain.tcp) {
                Some("it is a TCP route")
            } else {
                None
            };
            match why {
                None => live.push(route.url.clone()),
                Some(why) => {
                    notes.push(format!("{} leads to {}, too, and stays where it is: {why}.", route.url, app.name));
                }
            }
        }
        live.sort();
        internal.sort();
        if live.is_empty() && notes.is_empty() && !internal.is_empty() {
            return (Reached::Internally, internal, notes);
        }
        let why = "it is internal, and no router can be asked about it";
        let told = |url| format!("{url} leads to {}, too, and stays where it is: {why}.", app.name);
        notes.extend(internal.into_iter().map(told));
        let reached = match (live.is_empty(), notes.is_empty()) {
            (false, _) => Reached::ByRouters,
            (true, true) => Reached::Nowhere,
            (true, false) => Reached::Otherwise,
        };
        (reached, live, notes)
    }

    /// The longest domain that fits.
    fn domain(&self, url: &str) -> Option<&Domain> {
        let host = url.split(['/', ':']).next().unwrap_or(url);
        let fits = |domain: &&Domain| host == domain.name || host.ends_with(&format!(".{}", domain.name));
        self.domains.iter().filter(fits).max_by_key(|domain| domain.name.len())
    }

    /// A route beside a live one that no route of the space has taken.
    fn staging(&self, live: &str) -> Option<String> {
        let domain = self.domain(live)?;
        let fqdn = live.split('/').next().unwrap_or(live);
        let host = fqdn.strip_suffix(&format!(".{}", domain.name)).unwrap_or_default();
        let host = host.trim_start_matches("*.").trim_start_matches('*');
        let base = if host.is_empty() || host.contains('.') { "staging".to_owned() } else { format!("{host}-staging") };
        let taken: BTreeSet<&str> = self.routes.iter().map(|route| route.url.as_str()).collect();
        let names = std::iter::once(base.clone()).chain((2..10).map(|number| format!("{base}-{number}")));
        names.map(|name| format!("{name}.{}", domain.name)).find(|url| !taken.contains(url.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    fn domain(name: &str, internal: bool) -> Domain {
        Domain {
            guid: name.to_owned(),
            name: name.to_owned(),
            internal,
            private: false,
            tcp: false,
            for_apps_only: false,
        }
    }

    #[test]
    fn an_app_is_chosen_with_its_routes_and_a_free_one() {
        let mut apps: Vec<App> =
            ["shop_a", "shop_b", "api", "worker", "clock_a", "clock_b", "old", "mesh", "cutover-lock-shop"]
                .map(|name| example::app(name, !["clock_a", "old"].contains(&name), 1, None))
                .into();
        apps.push(example::app("tcp", true, 1, None));
        let routes = [
            example::route("shop.example.com", "shop_b"),
            example::route("www.example.com/shop", "shop_b"),
            example::route("shop.apps.internal", "shop_b"),
            example::route("shop-staging.example.com", "api"),
            example::route("example.com", "api"),
            example::route("mesh.apps.internal", "mesh"),
            example::route("tcp.example.org:1024", "tcp"),
        ];
        let domains = [domain("example.com", false), domain("apps.internal", true)];
        let space = SpaceRoutes { routes: &routes, domains: &domains };
        let told = |asked_for: &[&str]| {
            let asked_for: Vec<String> = asked_for.iter().map(ToString::to_string).collect();
            let one = |app: Chosen<'_>| {
                let (out, staging) = (app.left_out().map_or("", |_| " left out"), app.staging.unwrap_or_default());
                let live = app.live.join(" ");
                format!("{} {} {} [{live}] {staging} {}{out}", app.name, app.app.name, app.other, app.notes.len())
            };
            choose(&apps, &space, asked_for.as_slice()).into_iter().map(one).collect::<Vec<_>>()
        };
        assert_eq!(
            told(&[]),
            [
                "api api api_b [example.com shop-staging.example.com] staging.example.com 0",
                "clock clock_b clock_a []  0",
                "mesh mesh mesh_b [mesh.apps.internal] mesh-staging.apps.internal 0",
                "old old old_b []  0 left out",
                "shop shop_b shop_a [shop.example.com www.example.com/shop] shop-staging-2.example.com 1",
                "tcp tcp tcp_b []  1 left out",
                "worker worker worker_b []  0",
            ]
        );
        assert_eq!(told(&["worker"]), ["worker worker worker_b []  0"]);
    }
}
