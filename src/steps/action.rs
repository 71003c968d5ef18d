//! What a step does: one file an action, with everything about it.
//!
//! - [`facts`]: what is known of an action before it runs; each file answers that for its own
//! - `annotate`, `apply_manifest`, `await_end`, `bind_service`, `check`, `copy_droplet`, `create_app`, `create_route`, `delete`,
//!   `drain`, `health`, `map_route`, `push`, `run_task`, `scale`, `scale_process`, `set`, `set_droplet`, `set_route_options`,
//!   `stage`, `start`, `stop`, `unbind_service`, `unmap_route`, `upload_droplet`, `watch`: the actions; `http_words`: what checks
//!   by HTTP are told by
//! - [`limits`], [`partial`], [`question`], [`traffic`], [`work`]: what their answers are made of
//! - `model`: apps in the model of a space, as actions change them

mod annotate;
mod apply_manifest;
mod await_end;
mod bind_service;
mod check;
mod copy_droplet;
mod create_app;
mod create_route;
mod delete;
mod drain;
pub mod facts;
mod health;
mod http_words;
pub mod limits;
mod map_route;
mod model;
pub mod partial;
mod push;
pub mod question;
mod run_task;
mod scale;
mod scale_process;
mod set;
mod set_droplet;
mod set_route_options;
mod stage;
mod start;
mod stop;
pub mod traffic;
mod unbind_service;
mod unmap_route;
mod upload_droplet;
mod watch;
pub mod work;

pub(crate) use annotate::Annotate;
pub(crate) use apply_manifest::ApplyManifest;
pub(crate) use await_end::AwaitEnd;
pub(crate) use bind_service::BindService;
pub(crate) use check::Check;
pub(crate) use copy_droplet::CopyDroplet;
pub(crate) use create_app::{CreateApp, NewApp};
pub(crate) use create_route::CreateRoute;
pub(crate) use delete::Delete;
pub(crate) use drain::Drain;
use facts::Facts;
pub(crate) use health::Health;
pub(crate) use map_route::MapRoute;
pub(crate) use push::Push;
pub(crate) use run_task::{RunTask, TaskSize};
pub(crate) use scale::Scale;
pub(crate) use scale_process::{Aim, ScaleProcess};
pub(crate) use set::Set;
pub(crate) use set_droplet::SetDroplet;
pub(crate) use set_route_options::SetRouteOptions;
pub(crate) use stage::Stage;
pub(crate) use start::Start;
pub(crate) use stop::Stop;
pub(crate) use unbind_service::UnbindService;
pub(crate) use unmap_route::UnmapRoute;
pub(crate) use upload_droplet::UploadDroplet;
pub(crate) use watch::Watch;

/// Makes the enum of all actions, and what leads from it to the facts of each.
macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// What a step does.
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) enum Action {
            $($(#[$doc])* $name($name),)+
        }

        impl Action {
            /// All that is known of it before it runs.
            pub(crate) fn facts(&self) -> &dyn Facts {
                match self {
                    $(Self::$name(action) => action,)+
                }
            }
        }

        $(impl From<$name> for Action {
            fn from(action: $name) -> Self {
                Self::$name(action)
            }
        })+
    };
}

actions! {
    /// Creates the app without anything.
    CreateApp,
    /// Applies the manifest and uploads the files.
    Push,
    /// Applies the manifest, where nothing is uploaded.
    ApplyManifest,
    /// Copies the droplet of another app.
    CopyDroplet,
    /// Uploads a droplet.
    UploadDroplet,
    /// Writes on the app what routes and states cannot tell.
    Annotate,
    /// Binds a service instance to the app.
    BindService,
    /// Creates a route that leads nowhere yet.
    CreateRoute,
    /// Maps a route to the app.
    MapRoute,
    /// Unmaps a route from the app.
    UnmapRoute,
    /// Sets options of a route.
    SetRouteOptions,
    /// Stages the newest package.
    Stage,
    /// Makes the newest staged droplet the one that is started.
    SetDroplet,
    /// Sets something of the app by one request.
    Set,
    /// Unbinds a service instance from the app.
    UnbindService,
    /// Sets how many web instances the app has.
    Scale,
    /// Sets how many instances a process has that is handed over.
    ScaleProcess,
    /// Waits while the instances of a process end.
    AwaitEnd,
    /// Starts the app and waits for all its instances.
    Start,
    /// Checks the new version at a route.
    Check,
    /// Runs a task on the app.
    RunTask,
    /// Watches the new version at the live routes.
    Watch,
    /// Watches whether the new version goes on running.
    Health,
    /// Waits while the app ends the requests that it has begun.
    Drain,
    /// Stops the app.
    Stop,
    /// Deletes the app.
    Delete,
}
