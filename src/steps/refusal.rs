//! Why nothing is done, and what the user can do about it. The space is as it was.

use std::fmt;

use thiserror::Error;

use crate::cf::invocation::Invocation;
use crate::plan::{AppName, RouteUrl};
use crate::space::QuotaScope;

use super::upload::Difference;

/// Why nothing is done.
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
    /// Both colours are there, none holds a live route, and no annotation tells which one is to be kept.
    #[error("both {} and {} are there, neither holds a live route of {name}, and nothing tells which of them to keep", colours[0], colours[1])]
    NoneLive {
        /// The plan's name of the app.
        name: AppName,
        /// Its colours.
        colours: [AppName; 2],
        /// A live route.
        url: RouteUrl,
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
    /// The next colour holds more routes that the plan does not name than an annotation can remember.
    #[error("app {app} holds more routes that the plan does not name than can be remembered while it is pushed")]
    TooManyRoutes {
        /// The app.
        app: AppName,
    },
    /// The files to upload are not here.
    #[error("the files to upload for {name} are not here, and its upload has not come to its end")]
    NoUpload {
        /// The plan's name of the app.
        name: AppName,
    },
    /// The files to upload are not those that the interrupted deployment began to upload.
    #[error(
        "the files to upload for {name} are not those that the interrupted deployment began to upload: {difference}"
    )]
    OtherUpload {
        /// The plan's name of the app.
        name: AppName,
        /// What differs.
        difference: Difference,
    },
    /// There is nothing to resume.
    #[error("no deployment of {name} is under way")]
    NothingUnderWay {
        /// The plan's name of the app.
        name: AppName,
    },
    /// Nothing is under way, and what runs is not what the plan and its files would deploy.
    #[error(
        "nothing is under way that could be resumed, and what runs is not what this plan deploys:{}",
        apps.iter().map(|(name, why)| format!("\n  {name}: {why}")).collect::<Vec<_>>().concat()
    )]
    NotDeployed {
        /// The plan's names of the apps, and what each of them lacks.
        apps: Vec<(AppName, String)>,
    },
    /// What is under way comes from another plan.
    #[error("the deployment of {app} that is under way comes from another plan than this one")]
    OtherPlan {
        /// The plan's name of the app.
        name: AppName,
        /// The colour that is being deployed.
        app: AppName,
    },
    /// A colour that is to serve has no instances, and nothing tells how many it should have.
    #[error("app {app} has 0 web instances, so it could not serve {name}")]
    NoInstances {
        /// The plan's name of the app.
        name: AppName,
        /// The colour.
        app: AppName,
    },
    /// There is no colour that could serve in the place of the one that does.
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
            Self::NoneLive { colours, url, .. } => format!(
                "look at both (cf app {}; cf app {}), then map {url} to the one that is to be kept (cf map-route), or \
                 delete the one that is not needed (cf delete)",
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
            Self::TooManyRoutes { app } => {
                format!("take routes off {app} with cf unmap-route, or choose other colours in the plan")
            }
            Self::NoUpload { name } => {
                format!("build them and run cutover resume again, or take it back: cutover rollback --app {name}")
            }
            Self::OtherUpload { name, .. } => format!(
                "start anew with these files: cutover apply --app {name}; or take it back: cutover rollback --app {name}"
            ),
            Self::NothingUnderWay { name } => format!("see cutover status --app {name}"),
            Self::NotDeployed { apps } => {
                let names = apps.iter().map(|(name, _)| format!("--app {name}")).collect::<Vec<_>>().join(" ");
                format!("deploy it: cutover apply {names}; what is there is told by cutover status")
            }
            Self::OtherPlan { name, app } => format!(
                "run cutover resume where the plan is the one that {app} was deployed by (cutover status --app {name} \
                 tells who, when and where); or take it back: cutover rollback --app {name}; or start anew: cutover \
                 apply --app {name}"
            ),
            Self::NoInstances { app, .. } => format!(
                "a new version takes them from the manifest (instances:), else give it as many as it needs, such as {}; \
                 then run cutover again",
                Invocation::scale(app.as_str(), 1).shell()
            ),
            Self::NoFallback { name, .. } => {
                format!("deploy the version that is wanted instead: cutover apply --app {name}; see cutover status")
            }
        }
    }
}
