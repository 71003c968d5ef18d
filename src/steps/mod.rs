//! Plan × Space → Steps: the compiler.
//!
//! - this file: [`Step`], [`Action`] and what they know of themselves
//! - [`situation`]: which colour is live and which one is next, read off the space
//! - [`forward`] and [`back`]: the two compilers, the guide's way forward (from its beginning or from where a run was
//!   interrupted) and the way back
//! - [`deployed`]: whether what runs is what a plan would deploy
//! - `size`: what is pushed, and how large it will be
//! - [`annotations`]: what is written on the apps, because routes and states cannot tell it
//! - [`upload`]: whether what is uploaded is what was to be uploaded
//! - [`effect`]: what a step does to the model of the space
//! - [`left`]: what is left of a list that did not come to its end
//! - `words`: what a step is for and what confirms it, for people to read
//! - `preflight`: what the platform tells before the first change of what it will refuse
//! - [`refusal`]: why nothing is done, and what the user can do about it
//! - [`quota`]: whether the quotas hold at every point of a list of steps
//!
//! Everything here is pure: the same plan, space and deployment give the same steps, and nothing about a step is
//! decided while it runs.

pub mod annotations;
pub mod back;
pub mod deployed;
pub mod effect;
pub mod forward;
pub mod left;
mod list;
mod preflight;
pub mod quota;
pub mod refusal;
pub mod situation;
mod size;
#[cfg(test)]
mod tests;
mod touch;
pub mod upload;
mod words;

use std::time::Duration;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::{Invocation, Push, Reference, RouteParts};
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Check, Lifecycle, RouteUrl, ServiceName};
use crate::space::condition::Condition;
pub use crate::space::lock::Verb;
use crate::space::{Process, Space};

use annotations::{Annotations, Deployment};
use back::Failed;
use forward::Orders;
use refusal::Refusal;
use situation::UnderWay;

/// Compiles what a verb does to one app. `lock` is the deployment that the app's lock tells of, where a run that was
/// killed has left one. Refuses where the space does not allow it, or does not tell enough.
pub fn compile(
    verb: Verb,
    orders: Orders<'_>,
    lock: Option<&Deployment>,
    failed: Failed,
    space: &Space,
) -> Result<Vec<Step>, Refusal> {
    match verb {
        Verb::Apply => forward::deploy(orders, space),
        Verb::Resume => forward::resume(orders, lock, space),
        Verb::Rollback => match lock {
            // A run was killed before its first change: there is nothing of it to take back, and the fallback after the
            // deployment before it is another matter.
            Some(deployment)
                if UnderWay::of(orders.app, space).is_none() && !forward::has_begun(orders.app, deployment, space) =>
            {
                Err(Refusal::NothingUnderWay { name: orders.app.name.clone() })
            }
            Some(_) | None => back::compile(orders.app, space, failed),
        },
    }
}

/// One thing to do, with all that is needed to do it, to confirm it and to take it back.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The name of the step, unique in its list: `sinatra/map-live-1`.
    pub id: String,
    /// The plan's name of the app that the step is about.
    pub app: AppName,
    /// The part of the guide that the step belongs to.
    pub heading: Heading,
    /// What is done.
    pub action: Action,
    /// What cf is asked to do for it; `None` where the step needs no cf.
    pub invocation: Option<Invocation>,
    /// What takes the step back; `None` where there is nothing to take back, or no way.
    pub undo: Option<Invocation>,
    /// The ids of the steps that must be confirmed before this one starts.
    pub after: Vec<String>,
    /// What must be true of the space right before the step; it is waited for, and where it does not come to hold the
    /// step is not started.
    pub requires: Option<Condition>,
    /// How long one cf may take for it.
    pub attempt: Duration,
    /// How long the step may take, with all repetitions and its confirmation.
    pub within: Duration,
    /// How long is waited in the place of the router's answer, where the router cannot be asked.
    pub settle: Duration,
}

/// The parts of the classic guide, in its order, and what is needed around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Heading {
    /// What an earlier deployment left half done is taken back first.
    Clear,
    /// 1: the app is live as its first colour. There is nothing to do for it.
    Live,
    /// 2: the update is pushed as the second colour, on the staging route only.
    Push,
    /// 3: the new version is checked at the staging route.
    Check,
    /// 4: the live routes are mapped to the new colour.
    Map,
    /// 5: the live routes are unmapped from the old colour.
    UnmapLive,
    /// 6: the staging route is unmapped from the new colour.
    UnmapStaging,
    /// 7: the old colour is stopped.
    Stop,
    /// 8: the fallback, back to the old colour.
    FallBack,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Creates the app without anything, so that it can be written on before it is pushed.
    Create {
        /// The app.
        app: AppName,
        /// What it is created as.
        kind: NewApp,
    },
    /// Applies the manifest and uploads the bits.
    Push {
        /// What is pushed.
        push: Push,
        /// The image that it runs, where nothing is uploaded.
        image: Option<String>,
        /// How many web instances the app is to have, and the memory of each in megabytes.
        size: Size,
        /// The app's other processes, as far as the manifest names them.
        others: Vec<Process>,
        /// The guid of the app's newest package before.
        before: Option<String>,
    },
    /// Writes on the app what routes and states cannot tell.
    Annotate {
        /// The app.
        app: AppName,
        /// What is written.
        annotations: Annotations,
    },
    /// Binds a service instance to the app.
    Bind {
        /// The app.
        app: AppName,
        /// The service instance.
        service: ServiceName,
    },
    /// Maps a route to the app.
    Map {
        /// The app.
        app: AppName,
        /// The route.
        url: RouteUrl,
        /// The route as cf takes it.
        route: RouteParts,
        /// Whether the router is asked if it leads to the app; not where the app is not started yet.
        ask_router: bool,
    },
    /// Unmaps a route from the app.
    Unmap {
        /// The app.
        app: AppName,
        /// The route.
        url: RouteUrl,
        /// The route as cf takes it.
        route: RouteParts,
        /// Whether the router is asked if it has forgotten the app; not where nobody waits for that.
        ask_router: bool,
    },
    /// Stages the newest package.
    Stage {
        /// The app.
        app: AppName,
    },
    /// Makes the newest staged droplet the one that is started.
    SetDroplet {
        /// The app.
        app: AppName,
    },
    /// Sets how many web instances the app has.
    Scale {
        /// The app.
        app: AppName,
        /// How many.
        instances: u32,
    },
    /// Starts the app and waits for all its instances.
    Start {
        /// The app.
        app: AppName,
        /// How many web instances are to run at the least.
        instances: u32,
        /// The route at which the router must reach them, where there is one already.
        reached_at: Option<RouteUrl>,
    },
    /// Checks the new version at the staging route.
    Check {
        /// The app.
        app: AppName,
        /// The staging route.
        url: RouteUrl,
        /// The check.
        check: Check,
        /// How many web instances are to run at the least once it has passed: an app may crash while it is checked.
        instances: u32,
    },
    /// Waits while the app ends the requests that it has begun.
    Drain {
        /// The app.
        app: AppName,
        /// How long.
        time: Duration,
    },
    /// Stops the app.
    Stop {
        /// The app.
        app: AppName,
    },
    /// Deletes the app.
    Delete {
        /// The app.
        app: AppName,
    },
}

/// What an app is created as. CC: it keeps that for good, and a push of another kind is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewApp {
    /// Whatever the platform makes of apps that say nothing: on all known ones, of files and buildpacks.
    Default,
    /// One that runs an image.
    Docker,
    /// One of Cloud Native Buildpacks.
    Cnb {
        /// The guid of the space.
        space: String,
        /// The buildpacks, in order; empty where they are to be detected.
        buildpacks: Vec<String>,
    },
}

impl NewApp {
    /// The lifecycle that it will have.
    pub fn lifecycle(&self) -> Lifecycle {
        match self {
            Self::Default => Lifecycle::Buildpack,
            Self::Docker => Lifecycle::Docker,
            Self::Cnb { .. } => Lifecycle::Cnb,
        }
    }
}

/// How large an app is when it is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Instances of the web process.
    pub instances: u32,
    /// Memory of one of them, in megabytes.
    pub memory_mb: u64,
}

/// What is asked at the router itself after a step, because the platform's OK comes before routers know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouterQuestion<'a> {
    /// Every instance of the app is reached through the route.
    Reached {
        /// The app.
        app: &'a AppName,
        /// The route.
        url: &'a RouteUrl,
    },
    /// No instance of the app is reached through the route any more.
    Gone {
        /// The app.
        app: &'a AppName,
        /// The route.
        url: &'a RouteUrl,
    },
}

impl Action {
    /// Whether something is taken off a route, stopped or deleted by it, or let go for good.
    pub fn takes_away(&self) -> bool {
        match self {
            Self::Unmap { .. } | Self::Drain { .. } | Self::Stop { .. } | Self::Delete { .. } => true,
            Self::Create { .. }
            | Self::Push { .. }
            | Self::Annotate { .. }
            | Self::Bind { .. }
            | Self::Map { .. }
            | Self::Stage { .. }
            | Self::SetDroplet { .. }
            | Self::Scale { .. }
            | Self::Start { .. }
            | Self::Check { .. } => false,
        }
    }

    /// Whether its cf only watches what the platform does by itself once it was asked: then it may be ended at any time,
    /// and what it waited for is seen in the space later (cf 8.17: `stage-package` polls the build, `bind-service
    /// --wait` the job).
    pub fn is_watched_by_cf(&self) -> bool {
        match self {
            Self::Stage { .. } | Self::Bind { .. } => true,
            Self::Create { .. }
            | Self::Push { .. }
            | Self::Annotate { .. }
            | Self::Map { .. }
            | Self::Unmap { .. }
            | Self::SetDroplet { .. }
            | Self::Scale { .. }
            | Self::Start { .. }
            | Self::Check { .. }
            | Self::Drain { .. }
            | Self::Stop { .. }
            | Self::Delete { .. } => false,
        }
    }

    /// The kind of the action, as `plan --format json` tells it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create-app",
            Self::Push { .. } => "push",
            Self::Annotate { .. } => "annotate",
            Self::Bind { .. } => "bind-service",
            Self::Map { .. } => "map-route",
            Self::Unmap { .. } => "unmap-route",
            Self::Stage { .. } => "stage",
            Self::SetDroplet { .. } => "set-droplet",
            Self::Scale { .. } => "scale",
            Self::Start { .. } => "start",
            Self::Check { .. } => "check",
            Self::Drain { .. } => "drain",
            Self::Stop { .. } => "stop",
            Self::Delete { .. } => "delete",
        }
    }

    /// The name of the app that is acted on.
    pub fn app(&self) -> &str {
        match self {
            Self::Push { push, .. } => &push.app,
            Self::Create { app, .. }
            | Self::Annotate { app, .. }
            | Self::Bind { app, .. }
            | Self::Map { app, .. }
            | Self::Unmap { app, .. }
            | Self::Stage { app }
            | Self::SetDroplet { app }
            | Self::Scale { app, .. }
            | Self::Start { app, .. }
            | Self::Check { app, .. }
            | Self::Drain { app, .. }
            | Self::Stop { app }
            | Self::Delete { app } => app.as_str(),
        }
    }

    /// What this cf is asked to do; `None` where the step needs no cf.
    pub fn invocation(&self, cf: &CfVersion) -> Option<Invocation> {
        let app = self.app();
        Some(match self {
            Self::Create { kind: NewApp::Default, .. } => Invocation::create_app(app),
            Self::Create { kind: NewApp::Docker, .. } => Invocation::create_docker_app(app),
            Self::Create { kind: NewApp::Cnb { space, buildpacks }, .. } => {
                Invocation::create_cnb_app(app, space, buildpacks)
            }
            Self::Push { push, .. } => Invocation::push_no_start(push, cf),
            Self::Annotate { annotations, .. } => Invocation::set_annotations(app, annotations.iter()),
            Self::Bind { service, .. } => Invocation::bind_service(app, service.as_str(), cf),
            Self::Map { route, .. } => Invocation::map_route(app, route),
            Self::Unmap { route, .. } => Invocation::unmap_route(app, route),
            Self::Stage { .. } => Invocation::stage_package(app),
            Self::SetDroplet { .. } => Invocation::set_droplet(app, Reference::DropletGuid(app.to_owned())),
            Self::Scale { instances, .. } => Invocation::scale(app, *instances),
            Self::Start { .. } => Invocation::start_now(app),
            Self::Stop { .. } => Invocation::stop(app),
            Self::Delete { .. } => Invocation::delete(app),
            Self::Check { .. } | Self::Drain { .. } => return None,
        })
    }

    /// What cf must print; `None` where the step needs no cf.
    pub fn expectation(&self) -> Option<Expectation> {
        let app = self.app().to_owned();
        Some(match self {
            Self::Create { kind: NewApp::Default | NewApp::Docker, .. } => Expectation::Created { app },
            Self::Create { kind: NewApp::Cnb { .. }, .. } => {
                Expectation::MarkerCreated { app, annotations: Vec::new() }
            }
            Self::Push { .. } => Expectation::Pushed { app },
            Self::Annotate { annotations, .. } => {
                Expectation::Annotated { app, annotations: annotations.to_map().into_iter().collect() }
            }
            Self::Bind { service, .. } => Expectation::Bound { app, service: service.to_string() },
            Self::Map { route, .. } => Expectation::Mapped { app, route: route.clone() },
            Self::Unmap { route, .. } => Expectation::Unmapped { app, route: route.clone() },
            Self::Stage { .. } => Expectation::Staged { app },
            Self::SetDroplet { .. } => Expectation::DropletSet { app },
            Self::Scale { instances, .. } => Expectation::Scaled { app, instances: *instances },
            Self::Start { .. } => Expectation::StartRequested { app },
            Self::Stop { .. } => Expectation::Stopped { app },
            Self::Delete { .. } => Expectation::Deleted { app },
            Self::Check { .. } | Self::Drain { .. } => return None,
        })
    }

    /// What must be true of the space afterwards; `None` where the step changes nothing there.
    pub fn condition(&self) -> Option<Condition> {
        let app = self.app().to_owned();
        Some(match self {
            Self::Create { .. } => Condition::Exists { app },
            Self::Push { before, .. } => Condition::Uploaded { app, before: before.clone() },
            Self::Annotate { annotations, .. } => Condition::Annotated { app, annotations: annotations.to_map() },
            Self::Bind { service, .. } => Condition::Bound { app, service: service.to_string() },
            Self::Map { url, .. } => Condition::Mapped { app, url: url.clone() },
            Self::Unmap { url, .. } => Condition::Unmapped { app, url: url.clone() },
            Self::Stage { .. } => Condition::Staged { app },
            Self::SetDroplet { .. } => Condition::DropletSet { app },
            Self::Scale { instances, .. } => Condition::Scaled { app, instances: *instances },
            Self::Start { instances, .. } => Condition::Running { app, instances: *instances },
            Self::Check { instances, .. } => Condition::Steady { app, instances: *instances },
            Self::Stop { .. } => Condition::Stopped { app },
            Self::Delete { .. } => Condition::Deleted { app },
            Self::Drain { .. } => return None,
        })
    }

    /// What is asked at the router afterwards.
    pub fn router_question(&self) -> Option<RouterQuestion<'_>> {
        match self {
            Self::Map { app, url, ask_router: true, .. } | Self::Start { app, reached_at: Some(url), .. } => {
                Some(RouterQuestion::Reached { app, url })
            }
            Self::Unmap { app, url, ask_router: true, .. } => Some(RouterQuestion::Gone { app, url }),
            Self::Map { ask_router: false, .. }
            | Self::Unmap { ask_router: false, .. }
            | Self::Start { reached_at: None, .. }
            | Self::Create { .. }
            | Self::Push { .. }
            | Self::Annotate { .. }
            | Self::Bind { .. }
            | Self::Stage { .. }
            | Self::SetDroplet { .. }
            | Self::Scale { .. }
            | Self::Check { .. }
            | Self::Drain { .. }
            | Self::Stop { .. }
            | Self::Delete { .. } => None,
        }
    }

    /// What asks this cf to take the step back; `None` where there is nothing to take back, or no way.
    pub fn undo(&self, cf: &CfVersion) -> Option<Invocation> {
        let app = self.app();
        match self {
            Self::Bind { service, .. } => Some(Invocation::unbind_service(app, service.as_str(), cf)),
            Self::Map { route, .. } => Some(Invocation::unmap_route(app, route)),
            Self::Unmap { route, .. } => Some(Invocation::map_route(app, route)),
            Self::Create { .. } => Some(Invocation::delete(app)),
            Self::Start { .. } => Some(Invocation::stop(app)),
            Self::Stop { .. } => Some(Invocation::start_now(app)),
            Self::Push { .. }
            | Self::Annotate { .. }
            | Self::Stage { .. }
            | Self::SetDroplet { .. }
            | Self::Scale { .. }
            | Self::Check { .. }
            | Self::Drain { .. }
            | Self::Delete { .. } => None,
        }
    }
}

impl Heading {
    /// The number of the step in the guide, where it is one of its steps.
    pub fn number(self) -> Option<u8> {
        match self {
            Self::Clear => None,
            Self::Live => Some(1),
            Self::Push => Some(2),
            Self::Check => Some(3),
            Self::Map => Some(4),
            Self::UnmapLive => Some(5),
            Self::UnmapStaging => Some(6),
            Self::Stop => Some(7),
            Self::FallBack => Some(8),
        }
    }
}
