//! Which colour is live and which one is next, read off the space.
//!
//! The colour that holds the live routes is live: never the one with the right name, or the one that was pushed last.
//! Other tools have taken production down by picking the serving colour as the one to redeploy after a half-failed run.
//! Annotations decide only where routes cannot; where neither tells, the answer is a [`Refusal`], never a guess.

use std::fmt;

use thiserror::Error;

use crate::plan::{self, AppName, RouteUrl};
use crate::space::{App, AppState, QuotaScope, Space};

use super::annotations::{self, Role};

/// Where the colours of one app stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Situation {
    /// No app holds a live route: there is nothing that could be taken down.
    First {
        /// The colour to deploy.
        next: AppName,
    },
    /// One colour holds the live routes.
    Settled {
        /// The colour that holds them.
        live: AppName,
        /// The other one.
        next: AppName,
    },
    /// Both colours hold live routes, and the annotations tell which one was being deployed.
    Half {
        /// The colour that was live before.
        live: AppName,
        /// The colour that was being deployed.
        next: AppName,
    },
}

/// Why nothing is done. The space is as it was.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A live route leads to an app that is none of the colours.
    #[error("live route {url} leads to app {app}, which is none of the colours of {name} ({}, {})", colours[0], colours[1])]
    ForeignHolder {
        /// The plan's name of the app.
        name: AppName,
        /// Its colours.
        colours: [AppName; 2],
        /// The route.
        url: RouteUrl,
        /// The app it leads to.
        app: String,
    },
    /// The staging route leads to an app that is none of the colours.
    #[error(
        "staging route {url} leads to app {app}, which is none of the colours of {name}: a check would reach it, too"
    )]
    StagingTaken {
        /// The plan's name of the app.
        name: AppName,
        /// The route.
        url: RouteUrl,
        /// The app it leads to.
        app: String,
    },
    /// Both colours hold live routes, and no annotation tells which one is new.
    #[error("both {} and {} hold live routes of {name}, and nothing tells which of them is the new one", colours[0], colours[1])]
    BothLive {
        /// The plan's name of the app.
        name: AppName,
        /// Its colours.
        colours: [AppName; 2],
    },
    /// The colour that would be deployed is in use for something else.
    #[error("app {app} is started and serves {}, but it was never deployed by cutover and holds no live route of {name}", routes.join(", "))]
    InUse {
        /// The plan's name of the app.
        name: AppName,
        /// The app.
        app: AppName,
        /// The routes that it holds and the plan does not name.
        routes: Vec<String>,
    },
    /// The colour that would be deployed holds a route that a push takes off and that cannot be mapped again.
    #[error("app {app} holds the route {url}, which a push would take off it and cutover cannot map again: {why}")]
    CannotKeep {
        /// The app.
        app: AppName,
        /// The route, as the platform tells it.
        url: String,
        /// Why not.
        why: String,
    },
    /// No domain of the organization fits a route.
    #[error("no domain of organization {org} fits the route {url}")]
    NoDomain {
        /// The organization.
        org: String,
        /// The route.
        url: RouteUrl,
        /// The domains that there are.
        domains: Vec<String>,
    },
    /// A service instance is not there.
    #[error("there is no service instance {service} in space {space}")]
    NoService {
        /// The service instance.
        service: String,
        /// The space.
        space: String,
    },
    /// A service instance cannot be bound yet, or never.
    #[error("service instance {service} is not ready to be bound: its creation has not succeeded")]
    ServiceNotReady {
        /// The service instance.
        service: String,
    },
    /// A quota would be exceeded on the way.
    #[error(
        "the {scope} quota {quota} does not allow it: at step {step} {needed} {what} would be in use, and {limit} are allowed"
    )]
    Quota {
        /// The name of the quota.
        quota: String,
        /// Whose quota it is.
        scope: QuotaScope,
        /// The id of the first step at which it would be exceeded.
        step: String,
        /// What would be in use.
        needed: u64,
        /// What is allowed.
        limit: u64,
        /// Of what.
        what: QuotaKind,
    },
    /// The live colour does not run, so nothing could be cut over from it without saying so.
    #[error("there is nothing to fall back to: {why}")]
    NoFallback {
        /// The plan's name of the app.
        name: AppName,
        /// Why not.
        why: String,
    },
}

/// What a quota limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaKind {
    /// Memory of all started instances, in megabytes.
    Memory,
    /// Memory of one instance, in megabytes.
    InstanceMemory,
    /// Started instances.
    Instances,
    /// Routes.
    Routes,
}

impl fmt::Display for QuotaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "MB of memory",
            Self::InstanceMemory => "MB of memory for one instance",
            Self::Instances => "app instances",
            Self::Routes => "routes",
        })
    }
}

impl fmt::Display for QuotaScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Organization => "organization's",
            Self::Space => "space's",
        })
    }
}

impl Refusal {
    /// What the user can do about it, with the commands.
    pub fn hint(&self) -> String {
        match self {
            Self::ForeignHolder { name, colours, app, url } => format!(
                "if {app} is {name} as it runs today, give it the name of a colour: cf rename {app} {}\n\
                 or name it in the plan: colours: [{app}, {}]\n\
                 if it has no business on {url}, unmap it with cf unmap-route",
                colours[0], colours[1]
            ),
            Self::StagingTaken { app, .. } => format!(
                "give the plan a staging route of its own (routes: staging:), or take this one off {app} with cf unmap-route"
            ),
            Self::BothLive { colours, .. } => format!(
                "look at both (cf app {}; cf app {}) and unmap the live routes from the one that is not to serve \
                 (cf unmap-route), then run cutover again",
                colours[0], colours[1]
            ),
            Self::InUse { app, .. } => format!(
                "a deployment would stop {app} and take its routes off; choose other colours in the plan, or stop it \
                 first if it is not needed: cf stop {app}"
            ),
            Self::CannotKeep { app, .. } => format!(
                "if {app} is not to serve it any more, take it off with cf unmap-route; else choose other colours in \
                 the plan"
            ),
            Self::NoDomain { domains, .. } => {
                format!("the organization has these domains: {}; see cf domains", domains.join(", "))
            }
            Self::NoService { service, .. } => {
                format!("see cf services; create it first, for instance with cf create-service … {service}")
            }
            Self::ServiceNotReady { service } => {
                format!("see cf service {service}, and wait until its creation succeeds")
            }
            Self::Quota { what, .. } => match what {
                QuotaKind::Memory | QuotaKind::Instances => {
                    "both colours run at once during a deployment: stop what is \
                    not needed (cf apps), deploy with fewer instances or less memory, or have the quota raised"
                        .to_owned()
                }
                QuotaKind::InstanceMemory => {
                    "lower the memory in the manifest, or have the quota's instance memory raised".to_owned()
                }
                QuotaKind::Routes => {
                    "delete routes that are not needed (cf routes, cf delete-route), or have the quota raised"
                        .to_owned()
                }
            },
            Self::NoFallback { name, .. } => {
                format!("deploy the version that is wanted instead: cutover apply --app {name}; see cutover status")
            }
        }
    }
}

impl Situation {
    /// Reads off the space where the colours of an app stand.
    pub fn of(app: &plan::App, space: &Space) -> Result<Self, Refusal> {
        for url in &app.live {
            if let Some(stranger) = space.holders(url).iter().find(|holder| !is_colour(app, holder)) {
                return Err(Refusal::ForeignHolder {
                    name: app.name.clone(),
                    colours: app.colours.clone(),
                    url: url.clone(),
                    app: (*stranger).to_owned(),
                });
            }
        }
        let [first, second] = &app.colours;
        let holds = |colour: &AppName| app.live.iter().any(|url| space.is_mapped(colour.as_str(), url));
        match (holds(first), holds(second)) {
            (true, false) => Ok(Self::Settled { live: first.clone(), next: second.clone() }),
            (false, true) => Ok(Self::Settled { live: second.clone(), next: first.clone() }),
            (false, false) => Ok(Self::First { next: first_colour(app, space).clone() }),
            (true, true) => {
                let next = |colour: &AppName| space.app(colour.as_str()).and_then(Role::of) == Some(Role::Next);
                match (next(first), next(second)) {
                    (false, true) => Ok(Self::Half { live: first.clone(), next: second.clone() }),
                    (true, false) => Ok(Self::Half { live: second.clone(), next: first.clone() }),
                    (true, true) | (false, false) => {
                        Err(Refusal::BothLive { name: app.name.clone(), colours: app.colours.clone() })
                    }
                }
            }
        }
    }

    /// The colour that serves, if one does.
    pub fn live(&self) -> Option<&AppName> {
        match self {
            Self::First { .. } => None,
            Self::Settled { live, .. } | Self::Half { live, .. } => Some(live),
        }
    }

    /// The colour that a deployment would deploy.
    pub fn next(&self) -> &AppName {
        match self {
            Self::First { next } | Self::Settled { next, .. } | Self::Half { next, .. } => next,
        }
    }
}

fn is_colour(app: &plan::App, name: &str) -> bool {
    app.colours.iter().any(|colour| colour.as_str() == name)
}

/// No live route leads anywhere: a colour that does not exist yet is preferred, so that nothing that runs is touched.
fn first_colour<'a>(app: &'a plan::App, space: &Space) -> &'a AppName {
    let role = |colour: &AppName| space.app(colour.as_str()).and_then(Role::of);
    let half_done = app.colours.iter().find(|colour| role(colour) == Some(Role::Next));
    let absent = app.colours.iter().find(|colour| space.app(colour.as_str()).is_none());
    let not_live = app.colours.iter().find(|colour| role(colour) != Some(Role::Live));
    half_done.or(absent).or(not_live).unwrap_or(&app.colours[0])
}

/// Refuses a colour that runs and serves something else, and that cutover has never written on.
pub(super) fn not_in_use(plan: &plan::App, space: &Space, colour: &AppName) -> Result<(), Refusal> {
    let Some(app) = space.app(colour.as_str()) else { return Ok(()) };
    let ours = app.annotations.contains_key(annotations::ROLE);
    let routes = other_routes(plan, space, app);
    if ours || routes.is_empty() || app.state == AppState::Stopped {
        return Ok(());
    }
    Err(Refusal::InUse { name: plan.name.clone(), app: colour.clone(), routes })
}

/// Refuses a staging route that a stranger holds.
pub(super) fn staging_is_free(plan: &plan::App, space: &Space) -> Result<(), Refusal> {
    match space.holders(&plan.staging).into_iter().find(|holder| !is_colour(plan, holder)) {
        None => Ok(()),
        Some(stranger) => {
            Err(Refusal::StagingTaken { name: plan.name.clone(), url: plan.staging.clone(), app: stranger.to_owned() })
        }
    }
}

/// The routes of an app that the plan does not name.
pub fn other_routes(plan: &plan::App, space: &Space, app: &App) -> Vec<String> {
    let named = |url: &str| {
        RouteUrl::parse(url).is_ok_and(|url| plan.live.iter().chain([&plan.staging]).any(|known| *known == url))
    };
    space.routes_of(&app.name).into_iter().filter(|url| !named(url)).map(ToOwned::to_owned).collect()
}
