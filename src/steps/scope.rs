//! The space as far as some of it is concerned: what is done to one app of a plan does not grow with the others.

use std::collections::BTreeSet;

use crate::plan::{self, RouteUrl};
use crate::space::rules::{ForeignRoute, Rules};
use crate::space::{App, Route, Space};

use super::annotations::Origin;
use super::{Step, strategy};

/// The space as far as an app of the plan is concerned with it. What is compiled for the app, and what may go wrong with that, is
/// the same there.
pub(crate) fn of(app: &plan::App, space: &Space) -> Space {
    let strategy = strategy::of(app);
    let names: BTreeSet<&str> = strategy.apps(app).iter().map(AsRef::<str>::as_ref).collect();
    let urls = strategy.routes(app);
    let locks = space.locks.iter().filter(|lock| lock.app == app.name.as_str()).cloned().collect();
    let is_told = |route: &ForeignRoute| RouteUrl::parse(&route.wanted).is_ok_and(|url| urls.contains(&&url));
    let routes = space.rules.routes.iter().filter(|route| is_told(route)).cloned().collect();
    // A push takes off what the app then is to have back.
    let origins = names.iter().filter_map(|name| space.app(name)).filter_map(Origin::of);
    let to_come_back: Vec<String> = origins.flat_map(|origin| origin.kept_routes).collect();
    let sources = space.sources.iter().filter(|source| source.plan_app == app.name.as_str()).cloned().collect();
    Space {
        sources,
        ..narrowed(
            space,
            &names,
            &|route| urls.iter().any(|url| route.is(url)) || to_come_back.contains(&route.url),
            locks,
            routes,
        )
    }
}

/// The space as far as these steps change it.
pub(super) fn of_steps(space: &Space, steps: &[&Step]) -> Space {
    let names: BTreeSet<&str> = steps.iter().map(|step| step.facts().app()).collect();
    let changes = |route: &Route| steps.iter().any(|step| step.facts().route().is_some_and(|url| route.is(url)));
    narrowed(space, &names, &changes, Vec::new(), Vec::new())
}

/// The apps of these names, the routes that are wanted or lead to them, and whoever else holds one of those.
fn narrowed(
    space: &Space,
    names: &BTreeSet<&str>,
    is_wanted: &dyn Fn(&Route) -> bool,
    locks: Vec<crate::space::lock::Lock>,
    foreign: Vec<ForeignRoute>,
) -> Space {
    let is_own = |app: &App| names.contains(app.name.as_str());
    let own: BTreeSet<&str> = space.apps.iter().filter(|app| is_own(app)).map(|app| app.guid.as_str()).collect();
    let leads_there = |route: &Route| route.destinations.iter().any(|to| own.contains(to.app.as_str()));
    let routes: Vec<Route> =
        space.routes.iter().filter(|route| leads_there(route) || is_wanted(route)).cloned().collect();
    let holds = |app: &App| routes.iter().any(|route| route.leads_to(&app.guid));
    let apps: Vec<App> = space.apps.iter().filter(|app| is_own(app) || holds(app)).cloned().collect();
    let is_there = |guid: &str| apps.iter().any(|app| app.guid == guid);
    let deployments = space.deployments.iter().filter(|one| is_there(&one.app)).cloned().collect();
    let Rules { admin, roles, suspended, flags_off, stacks, buildpacks, routes: _, route_services, no_docker_password } =
        &space.rules;
    Space {
        format: space.format,
        cf: space.cf.clone(),
        api: space.api.clone(),
        org: space.org.clone(),
        space: space.space.clone(),
        domains: space.domains.clone(),
        services: space.services.clone(),
        quotas: space.quotas.clone(),
        // Nothing depends on it.
        memory_in_use: Vec::new(),
        rules: Rules {
            admin: *admin,
            roles: roles.clone(),
            suspended: *suspended,
            flags_off: flags_off.clone(),
            stacks: stacks.clone(),
            buildpacks: buildpacks.clone(),
            routes: foreign,
            route_services: route_services.clone(),
            no_docker_password: *no_docker_password,
        },
        locks,
        apps,
        routes,
        deployments,
        sources: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::steps::annotations::{DEPLOYMENT, KEPT_ROUTES, Role};

    const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com]}
";

    #[test]
    fn a_route_that_an_app_is_to_have_back_concerns_it_whoever_it_leads_to_meanwhile() {
        let plan = example::plan(PLAN);
        let mut next = example::app("shop_b", false, 1, Some(Role::Next));
        for (key, value) in [(DEPLOYMENT, "d-1"), (KEPT_ROUTES, "kept.example.com")] {
            next.annotations.insert(key.to_owned(), value.to_owned());
        }
        let apps = vec![example::app("shop_a", true, 1, Some(Role::Live)), next, example::app("other", true, 1, None)];
        let routes = [("shop.example.com", "shop_a"), ("kept.example.com", "other"), ("strange.example.com", "other")];
        let scope = of(&plan.apps[0], &example::space(apps, routes));
        let urls: Vec<&str> = scope.routes.iter().map(|route| route.url.as_str()).collect();
        assert_eq!(urls, ["kept.example.com", "shop.example.com"]);
        assert!(scope.app("other").is_some(), "whoever serves it is known");
    }
}
