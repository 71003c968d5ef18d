//! What the platform tells before the first change of what it will refuse: whoever asks first does not fail in the
//! middle.
//!
//! What nobody tells is not refused here: the Cloud Controller decides then.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::plan::{self, AppName, Lifecycle, RouteUrl};
use crate::settings::Setting;
use crate::space::rules::{Buildpack, ForeignRoute, Stack, StackState, Suspended};
use crate::space::{ServiceInstance, Space};

use super::refusal::{PlatformRefusal, Refusal, RouteRefusal};
use super::{Action, Step, source};

/// The role that may change everything in a space. CC: `ROLES_FOR_SPACE_WRITING`; cutover writes annotations, which is a
/// change of the app, so that `space_supporter` does not do.
const DEVELOPER: &str = "space_developer";
/// The roles that may map a route in the space that owns it (CC: `ROLES_FOR_APP_MANAGING`).
const ROUTE_ROLES: [&str; 2] = [DEVELOPER, "space_supporter"];

/// What keeps the user from changing anything of an app, whatever the verb.
pub(super) fn of_space(app: &plan::App, space: &Space) -> Vec<Refusal> {
    let rules = &space.rules;
    let mut found: Vec<Refusal> = native_deployments(app, space).collect();
    if let Some(what) = rules.suspended {
        let name = match what {
            Suspended::Organization => &space.org.name,
            Suspended::Space => &space.space.name,
        };
        found.push(Refusal::Platform(PlatformRefusal::Suspended { what, name: name.clone() }));
    }
    if let Some(roles) = rules.roles.as_ref().filter(|roles| !roles.iter().any(|role| role == DEVELOPER)) {
        found.push(Refusal::Platform(PlatformRefusal::MissingRole {
            space: space.space.name.clone(),
            roles: roles.clone(),
        }));
    }
    found
}

/// The platform's own deployments of versions of an app that are under way.
pub(crate) fn native_deployments(app: &plan::App, space: &Space) -> impl Iterator<Item = Refusal> {
    app.colours.iter().flat_map(|colour| {
        let there = space.app(colour.as_str()).map(|there| there.guid.as_str());
        let own = space.deployments.iter().filter(move |deployment| Some(deployment.app.as_str()) == there);
        own.map(|deployment| {
            Refusal::Platform(PlatformRefusal::NativeDeployment { app: colour.clone(), deployment: deployment.clone() })
        })
    })
}

/// What keeps a new version from being deployed: routes that cannot be had, service instances that cannot be bound.
pub(super) fn of_plan(app: &plan::App, space: &Space) -> Vec<Refusal> {
    let mut found = Vec::new();
    for url in app.routes() {
        let told = space.rules.routes.iter().find(|route| RouteUrl::parse(&route.wanted).is_ok_and(|own| own == *url));
        let foreign = told.filter(|route| !route.shared || !usable(route, url, space));
        found.extend(
            foreign.map(|route| Refusal::Routes(RouteRefusal::ForeignRoute { route: Box::new(route.clone()) })),
        );
        if let Some(why) = cannot_be(url, space) {
            found.push(Refusal::Routes(RouteRefusal::RouteCannotBe { url: url.clone(), why }));
        }
    }
    let asked = app.http_checks().any(|http| http.at.staging);
    if let Some((staging, why)) =
        app.staging.as_ref().filter(|_| asked).and_then(|url| Some((url, closed(url, space)?)))
    {
        let why = format!("{why}, and the checks could not ask there");
        found.push(Refusal::Routes(RouteRefusal::RouteCannotBe { url: staging.clone(), why }));
    }
    if app.asks_live_routes()
        && app.live.iter().all(|url| closed(url, space).is_some())
        && let Some((url, why)) = app.live.first().and_then(|url| Some((url, closed(url, space)?)))
    {
        let why = format!("{why}; so it is with all live routes, and nothing can be asked there");
        found.push(Refusal::Routes(RouteRefusal::RouteCannotBe { url: url.clone(), why }));
    }
    for service in app.all_services() {
        match space.services.iter().find(|there| there.name == service) {
            None => {
                found.push(Refusal::Platform(PlatformRefusal::NoService {
                    service: service.to_owned(),
                    space: space.space.name.clone(),
                }));
            }
            Some(there) if !there.ready => found.push(not_ready(there)),
            Some(_) => {}
        }
    }
    found
}

fn not_ready(service: &ServiceInstance) -> Refusal {
    Refusal::Platform(PlatformRefusal::ServiceNotReady {
        service: service.name.clone(),
        operation: service.operation.clone(),
    })
}

/// The service instances that a step binds, as far as they are not bound before.
fn bound_by<'s>(step: &'s Step, space: &Space) -> Vec<&'s str> {
    let is_bound = |app: &str, service: &str| space.app(app).is_some_and(|app| app.is_bound(service));
    if let Action::BindService(bind) = &step.action {
        return vec![bind.service.as_str()];
    }
    let declared = step.facts().declared().into_iter().flat_map(|declared| declared.settings.iter());
    let named = declared.filter_map(|(setting, _)| match setting {
        Setting::Binding(service) => Some(service.as_str()),
        _ => None,
    });
    named.filter(|service| !is_bound(step.facts().app(), service)).collect()
}

/// Whether a route that another space shares can be mapped, and leads to nobody but apps of this space.
fn usable(route: &ForeignRoute, url: &RouteUrl, space: &Space) -> bool {
    let may = route.roles.as_ref().is_none_or(|roles| roles.iter().any(|role| ROUTE_ROLES.contains(&role.as_str())));
    let known = |guid: &str| space.apps.iter().any(|app| app.guid == guid);
    may && space.route(url).is_none_or(|there| there.destinations.iter().all(|to| known(&to.app)))
}

/// Why nothing can be asked at a route from outside; `None` where something can.
pub(super) fn closed(url: &RouteUrl, space: &Space) -> Option<&'static str> {
    space.domain_of(url)?.is_closed()
}

/// Why a route that is not there cannot be made (CC: `route.rb`, `routes_controller.rb`, `route_create.rb`).
fn cannot_be(url: &RouteUrl, space: &Space) -> Option<String> {
    let domain = space.domain_of(url)?;
    let name = &domain.name;
    if domain.tcp {
        return Some(format!("domain {name} is for TCP: its routes have a port, and neither host nor path"));
    }
    if space.route(url).is_some() {
        return None;
    }
    let bare = url.fqdn().eq_ignore_ascii_case(name);
    let wildcard = url.is_wildcard();
    if domain.internal && wildcard {
        Some(format!("domain {name} is internal, and its routes have no wildcard"))
    } else if domain.internal && !url.path().is_empty() {
        Some(format!("domain {name} is internal, and its routes have no path"))
    } else if !domain.private && bare {
        Some(format!("domain {name} is shared by all organizations, and its routes must have a host"))
    } else if !domain.private && wildcard && !space.rules.admin {
        Some(format!(
            "domain {name} is shared by all organizations, and only an administrator may have a wildcard there"
        ))
    } else {
        None
    }
}

/// The stack that the next colour will be staged on, and why it is that one; `None` where nobody tells, or there is none. CC: an
/// app that is there keeps the one that it was created with or was given since, unless the manifest names another.
pub(super) fn stack_of(app: &plan::App, space: &Space, next: &AppName) -> Option<(String, WhyStack)> {
    if app.manifest.app.docker.is_some() {
        return None;
    }
    let by_manifest = || Some((app.manifest.app.stack.clone()?, WhyStack::Manifest));
    // What is copied runs on what it was staged on (see `source::manifest`).
    let by_droplet = || Some((source::of(app, space).ok()??.droplet.stack.clone()?, WhyStack::Droplet));
    let as_it_is = || Some((space.app(next.as_str())?.stack.clone()?, WhyStack::Kept));
    let by_default = || {
        let default = space.rules.stacks.as_ref()?.iter().find(|stack| stack.default)?;
        Some((default.name.clone(), WhyStack::Default))
    };
    by_manifest().or_else(by_droplet).or_else(as_it_is).or_else(by_default)
}

/// Why an app is staged on a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhyStack {
    /// The manifest names it.
    Manifest,
    /// The droplet that is copied was staged on it.
    Droplet,
    /// The app has it, and the manifest names none.
    Kept,
    /// It is the platform's default, and the manifest names none.
    Default,
}

/// The stack of the next colour, where the platform takes the app and warns that it will not always (CC:
/// `stack_state_validator.rb`).
pub(super) fn stack_that_goes(app: &plan::App, space: &Space, next: &AppName) -> Option<Stack> {
    let (name, _) = stack_of(app, space, next)?;
    let stack = space.rules.stacks.as_ref()?.iter().find(|stack| stack.name == name)?;
    match stack.state {
        StackState::Active => None,
        StackState::Deprecated | StackState::Restricted | StackState::Disabled => Some(stack.clone()),
    }
}

/// Why the next colour cannot be staged on its stack (CC: `stack_state_validator.rb`: a stack that is `RESTRICTED` takes
/// no app that was never staged, one that is `DISABLED` takes none).
pub(super) fn of_stack(app: &plan::App, space: &Space, next: &AppName) -> Option<Refusal> {
    let stacks = space.rules.stacks.as_ref().filter(|_| app.manifest.app.docker.is_none())?;
    let there = space.app(next.as_str());
    // What was uploaded may have been staged in vain, which counts.
    let is_new = there.is_none_or(|app| app.package.is_none());
    let wanted = match stack_of(app, space, next) {
        Some((name, _)) => match stacks.iter().find(|stack| stack.name == name) {
            None => {
                let known = stacks.iter().map(|stack| stack.name.clone()).collect();
                return Some(Refusal::Platform(PlatformRefusal::NoStack { stack: name, known }));
            }
            found => found,
        },
        None => None,
    };
    // A new app is created on the default stack before the manifest gives it another one.
    let created_on = stacks.iter().find(|stack| stack.default).filter(|_| there.is_none());
    let refuses = |stack: &&Stack| match stack.state {
        StackState::Active | StackState::Deprecated => false,
        StackState::Restricted => is_new,
        StackState::Disabled => true,
    };
    let stack = created_on.into_iter().chain(wanted).find(refuses)?;
    Some(Refusal::Platform(PlatformRefusal::StackRefuses { app: next.clone(), stack: stack.clone() }))
}

/// Buildpacks that the manifest names and that the platform does not bring for the stack of the next colour (CC:
/// `buildpack_lifecycle_data_validator.rb`).
pub(super) fn of_buildpacks(app: &plan::App, space: &Space, next: &AppName) -> Vec<Refusal> {
    let Some(known) = &space.rules.buildpacks else { return Vec::new() };
    let manifest = &app.manifest.app;
    let lifecycle = manifest.lifecycle.unwrap_or(Lifecycle::Buildpack);
    let stack = stack_of(app, space, next).map(|(name, _)| name);
    let fits = |buildpack: &&Buildpack| {
        buildpack.lifecycle.is_none_or(|own| own == lifecycle)
            && buildpack.stack.as_deref().is_none_or(|own| stack.as_ref().is_none_or(|stack| stack == own))
    };
    let fitting: BTreeSet<&str> = known.iter().filter(fits).map(|buildpack| buildpack.name.as_str()).collect();
    let missing = manifest.system_buildpacks().filter(|name| !fitting.contains(name));
    let refusal = |name: &str| {
        Refusal::Platform(PlatformRefusal::NoBuildpack {
            name: app.name.clone(),
            buildpack: name.to_owned(),
            stack: stack.clone(),
            known: fitting.iter().map(|name| (*name).to_owned()).collect(),
        })
    };
    missing.map(refusal).collect()
}

/// What a step needs and the platform lacks: a password, a service instance that can be bound now, or a feature flag that is on
/// (CC: `feature_flag.rb`, and where each is enforced).
pub(super) fn of_steps(app: &plan::App, space: &Space, steps: &[Step]) -> Vec<Refusal> {
    let mut found: Vec<Refusal> = Vec::new();
    let lifecycle = app.manifest.app.lifecycle;
    // cf 8.17 asks a person for it, and there is none at its side.
    let user = app.manifest.app.docker.as_ref().and_then(|docker| docker.username.as_ref());
    let pushes = steps.iter().any(|step| matches!(step.action, Action::Push(_)));
    if let Some(user) = user.filter(|_| pushes && space.rules.no_docker_password) {
        found.push(Refusal::Platform(PlatformRefusal::NoDockerPassword { name: app.name.clone(), user: user.clone() }));
    }
    // Whoever changes a service instance keeps it from being bound until that is done, and from nothing else.
    let busy =
        |name: &str| space.services.iter().find(|there| there.name == name && there.ready && there.operation.is_some());
    for there in steps.iter().flat_map(|step| bound_by(step, space)).filter_map(busy) {
        let refusal = not_ready(there);
        if !found.contains(&refusal) {
            found.push(refusal);
        }
    }
    for step in steps {
        for flag in step.facts().needed_flags(lifecycle, space) {
            let told =
                found.iter().any(|other| matches!(other, Refusal::Platform(PlatformRefusal::FlagOff { flag: known, .. }) if known == flag.name));
            if space.rules.forbids(flag.name, flag.binds_admins) && !told {
                found.push(Refusal::Platform(PlatformRefusal::FlagOff {
                    flag: flag.name.to_owned(),
                    step: step.id.clone(),
                }));
            }
        }
    }
    found
}
