//! The reads that tell beforehand what the platform will refuse. Each is made only where the plan needs its answer.

use std::collections::BTreeSet;

use super::Observer;
use super::paths::PAGE;
use crate::cf::invocation::query;
use crate::plan::RouteUrl;
use crate::run::api::answers::Get as _;
use crate::run::api::observe_error::ObserveError;
use crate::space::read::rules::{self as read, AnyRoute};
use crate::space::rules::{ForeignRoute, RouteService, Rules, Suspended};
use crate::space::{Domain, Route, Space};

/// A route of the plan that the space does not have, or does not have alone.
struct Wanted<'s> {
    url: &'s RouteUrl,
    domain: &'s Domain,
    host: String,
    shared_by: Option<&'s str>,
}

fn flags_path() -> String {
    query("/v3/feature_flags", &[("per_page", PAGE)])
}

fn stacks_path() -> String {
    query("/v3/stacks", &[("per_page", PAGE)])
}

fn buildpacks_path() -> String {
    query("/v3/buildpacks", &[("per_page", PAGE)])
}

impl Observer<'_> {
    /// What [`Self::rules`] will ask for, as far as it is known before anything is.
    pub(super) fn rules_likely(&self) -> Vec<String> {
        let asked = [self.stages.then(stacks_path), self.names_buildpacks.then(buildpacks_path)];
        std::iter::once(flags_path()).chain(asked.into_iter().flatten()).collect()
    }

    /// Asks what the platform will refuse. `suspended` is what of organization and space is suspended.
    pub(super) fn rules(&self, space: &Space, suspended: Option<Suspended>) -> Result<Rules, ObserveError> {
        let target = self.answers.target();
        let admin = target.admin;
        let asked = flags_path();
        let flags_off = match self.answers.list_or_absent(&asked)? {
            Some(flags) => read::flags_off(&asked, &flags)?,
            None => Vec::new(),
        };
        let stacks = if self.stages {
            let asked = stacks_path();
            self.answers.list_or_absent(&asked)?.map(|stacks| read::stacks(&asked, &stacks)).transpose()?
        } else {
            None
        };
        let buildpacks = if self.names_buildpacks {
            let asked = buildpacks_path();
            self.answers.list_or_absent(&asked)?.map(|found| read::buildpacks(&asked, &found)).transpose()?
        } else {
            None
        };
        let found = self.foreign_routes(space)?;
        let owners = found.iter().map(|(owner, _)| owner.clone());
        let roles = self.roles(owners)?;
        let in_space = |guid: &str| {
            let roles = roles.as_ref()?.iter().filter(|(space, _)| space == guid);
            Some(roles.map(|(_, role)| role.clone()).collect::<Vec<_>>())
        };
        let suspended = match suspended {
            Some(Suspended::Space) if self.manages_organization()? => None,
            other => other.filter(|_| !admin),
        };
        let roles = if admin { None } else { in_space(&target.space_guid) };
        let routes =
            found.into_iter().map(|(owner, route)| ForeignRoute { roles: in_space(&owner), ..route }).collect();
        let no_docker_password = !self.answers.api().cf.has_env("CF_DOCKER_PASSWORD");
        let route_services = self.route_services(space)?;
        Ok(Rules { admin, roles, suspended, flags_off, stacks, buildpacks, routes, route_services, no_docker_password })
    }

    /// The service instances before the routes of the plan, and before those that lead to its apps. An older API does not tell
    /// them.
    fn route_services(&self, space: &Space) -> Result<Vec<RouteService>, ObserveError> {
        let routes = self.own_routes(space);
        let Some(asked) = route_bindings_path(&routes) else { return Ok(Vec::new()) };
        let pages = match self.answers.pages(&asked) {
            Err(error) if error.is_absent() => Vec::new(),
            other => other?,
        };
        let mut found = Vec::new();
        for page in pages {
            for (route, service) in read::route_services(&asked, &page)? {
                let url = routes.iter().find(|known| known.guid == route).map(|known| known.url.clone());
                found.extend(url.map(|url| RouteService { url, service }));
            }
        }
        Ok(found)
    }

    /// What [`Self::route_services`] will ask for.
    pub(super) fn route_services_likely(&self, space: &Space) -> Option<String> {
        route_bindings_path(&self.own_routes(space))
    }

    /// The routes of the plan, and those that lead to its apps.
    fn own_routes<'s>(&self, space: &'s Space) -> Vec<&'s Route> {
        let of_apps: BTreeSet<&str> =
            space.apps.iter().filter(|app| self.apps.contains(&app.name)).map(|app| app.guid.as_str()).collect();
        let is_ours = |route: &&Route| {
            self.routes.iter().any(|url| route.is(url))
                || route.destinations.iter().any(|to| of_apps.contains(to.app.as_str()))
        };
        space.routes.iter().filter(is_ours).collect()
    }

    /// The user's roles in the space and in these, each with the guid of its space. `None` where nobody tells them, and
    /// for an administrator, who needs none.
    fn roles(&self, owners: impl Iterator<Item = String>) -> Result<Option<Vec<(String, String)>>, ObserveError> {
        let target = self.answers.target();
        if target.admin || target.user_guid.is_empty() {
            return Ok(None);
        }
        let spaces: BTreeSet<String> =
            owners.chain([target.space_guid.clone()]).filter(|guid| !guid.is_empty()).collect();
        let spaces = spaces.into_iter().collect::<Vec<_>>().join(",");
        let asked =
            query("/v3/roles", &[("user_guids", &target.user_guid), ("space_guids", &spaces), ("per_page", PAGE)]);
        let found = self.answers.list_or_absent(&asked)?;
        Ok(found.map(|roles| read::space_roles(&asked, &roles)).transpose()?)
    }

    /// Whether the user is a manager of the organization. CC 3.228: a suspended space does not bind them.
    fn manages_organization(&self) -> Result<bool, ObserveError> {
        let target = self.answers.target();
        let pairs = [
            ("user_guids", target.user_guid.as_str()),
            ("organization_guids", target.org_guid.as_str()),
            ("types", "organization_manager"),
        ];
        let found = self.answers.list_or_absent(&query("/v3/roles", &pairs))?;
        Ok(found.is_none_or(|roles| !roles.is_empty()))
    }

    /// The plan's routes that are another space's, each with the guid of that space where it is told.
    fn foreign_routes(&self, space: &Space) -> Result<Vec<(String, ForeignRoute)>, ObserveError> {
        let wanted: Vec<Wanted<'_>> = self.routes.iter().filter_map(|url| wanted(space, url)).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let visible = self.visible_routes(&wanted)?;
        let mut found = Vec::new();
        for wanted in wanted {
            let there = visible.iter().filter(|route| route.space != space.space.guid && wanted.meets(route));
            // The route itself says more than one beside it.
            match there.min_by_key(|route| !is(route, wanted.url)) {
                Some(route) => found.push((route.space.clone(), self.foreign(&wanted, route)?)),
                None if self.is_reserved(space, &wanted)? => found.push((String::new(), wanted.hidden())),
                None => {}
            }
        }
        Ok(found)
    }

    /// What [`Self::foreign_routes`] will ask for first.
    pub(super) fn foreign_likely(&self, space: &Space) -> Option<String> {
        let wanted: Vec<Wanted<'_>> = self.routes.iter().filter_map(|url| wanted(space, url)).collect();
        (!wanted.is_empty()).then(|| visible_path(&wanted))
    }

    /// The routes of the same hosts and domains that the user may see.
    fn visible_routes(&self, wanted: &[Wanted<'_>]) -> Result<Vec<AnyRoute>, ObserveError> {
        let asked = visible_path(wanted);
        let mut visible = Vec::new();
        for page in self.answers.pages(&asked)? {
            visible.extend(read::any_routes(&asked, &page)?);
        }
        Ok(visible)
    }

    fn foreign(&self, wanted: &Wanted<'_>, route: &AnyRoute) -> Result<ForeignRoute, ObserveError> {
        let mut apps = Vec::new();
        if !route.apps.is_empty() {
            let asked = query("/v3/apps", &[("guids", &route.apps.join(",")), ("per_page", PAGE)]);
            let names = read::app_names(&asked, &self.answers.list(&asked)?)?;
            apps = names.into_iter().map(|(_, name)| name).collect();
        }
        Ok(ForeignRoute {
            wanted: wanted.url.to_string(),
            url: route.url.clone(),
            owner: route.owner.clone(),
            apps,
            shared: wanted.shared_by.is_some(),
            roles: None,
        })
    }

    /// Whether a route that the user does not see is there all the same. An administrator sees all.
    fn is_reserved(&self, space: &Space, wanted: &Wanted<'_>) -> Result<bool, ObserveError> {
        if self.answers.target().admin || wanted.shared_by.is_some() || wanted.domain.tcp {
            return Ok(false);
        }
        let path = wanted.url.path();
        let mut paths = vec![path];
        // On a shared domain a host belongs to one space, whatever the path.
        if !path.is_empty() && !wanted.domain.private && !has_host(space, wanted.url) {
            paths.push("");
        }
        for path in paths {
            let reservations = format!("/v3/domains/{}/route_reservations", wanted.domain.guid);
            let mut pairs = vec![("host", wanted.host.as_str())];
            if !path.is_empty() {
                pairs.push(("path", path));
            }
            let asked = query(&reservations, &pairs);
            let answer = self.answers.get_or_absent(&asked)?;
            if !answer.is_null() && read::matching_route(&asked, &answer)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Wanted<'_> {
    /// Whether a route of another space is this one, or keeps it from being made. CC: on a domain that all organizations
    /// share, all routes of a host belong to one space (`host_and_domain_taken_different_space`); on a private one the
    /// operator decides, and by default they need not.
    fn meets(&self, route: &AnyRoute) -> bool {
        let same_host = route.domain == self.domain.guid && route.host.eq_ignore_ascii_case(&self.host);
        same_host && (is(route, self.url) || (!self.domain.private && self.shared_by.is_none()))
    }

    fn hidden(&self) -> ForeignRoute {
        let url = self.url.to_string();
        ForeignRoute { wanted: url.clone(), url, owner: None, apps: Vec::new(), shared: false, roles: None }
    }
}

/// What tells the service instances before these routes; `None` where there is no route.
fn route_bindings_path(routes: &[&Route]) -> Option<String> {
    let guids = routes.iter().map(|route| route.guid.as_str()).collect::<Vec<_>>().join(",");
    let pairs = [("route_guids", guids.as_str()), ("include", "service_instance"), ("per_page", PAGE)];
    (!routes.is_empty()).then(|| query("/v3/service_route_bindings", &pairs))
}

/// What tells the routes of the same hosts and domains.
fn visible_path(wanted: &[Wanted<'_>]) -> String {
    let unique = |values: BTreeSet<&str>| values.into_iter().collect::<Vec<_>>().join(",");
    let hosts: BTreeSet<&str> = wanted.iter().map(|wanted| wanted.host.as_str()).collect();
    let domains = unique(wanted.iter().map(|wanted| wanted.domain.guid.as_str()).collect());
    let mut pairs = vec![("domain_guids", domains.as_str()), ("include", "space,space.organization")];
    // An empty host cannot stand in a list with others.
    let hosts = if hosts.contains("") { String::new() } else { unique(hosts) };
    if !hosts.is_empty() {
        pairs.push(("hosts", &hosts));
    }
    pairs.push(("per_page", PAGE));
    query("/v3/routes", &pairs)
}

fn wanted<'s>(space: &'s Space, url: &'s RouteUrl) -> Option<Wanted<'s>> {
    let shared_by = match space.route(url) {
        Some(route) => Some(route.shared_by.as_deref()?),
        None => None,
    };
    let parts = space.address(url)?;
    let domain = space.domain_of(url)?;
    Some(Wanted { url, domain, host: parts.host.unwrap_or_default(), shared_by })
}

fn is(route: &AnyRoute, url: &RouteUrl) -> bool {
    url.is_written(&route.url)
}

/// Whether the space has a route of that host already.
fn has_host(space: &Space, url: &RouteUrl) -> bool {
    space.routes.iter().any(|route| RouteUrl::parse(&route.url).is_ok_and(|own| own.fqdn() == url.fqdn()))
}
