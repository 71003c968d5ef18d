//! What a run of cf is to bring about.

use super::invocation::RouteParts;
use crate::plan::Protocol;

/// What a run was to bring about, and so what its output must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// `push --no-start`: manifest applied, files uploaded, app stopped.
    Pushed {
        /// The name of the app.
        app: String,
    },
    /// `stage-package`: a droplet is staged.
    Staged {
        /// The name of the app.
        app: String,
    },
    /// `curl -X PATCH /v3/apps/GUID/relationships/current_droplet`: the platform answers with the droplet that the app runs from
    /// its next start on.
    DropletSet,
    /// `curl -X POST /v3/droplets?source_guid=GUID`: the platform answers with the new droplet, which is copied or is being copied.
    DropletCopied,
    /// `apply-manifest`: the job of the platform has ended well.
    ManifestApplied {
        /// The name of the app.
        app: String,
    },
    /// `stop`: the app is asked to stop.
    Stopped {
        /// The name of the app.
        app: String,
    },
    /// `map-route`.
    Mapped {
        /// The name of the app.
        app: String,
        /// The route.
        route: RouteParts,
        /// What routers are to talk to it there.
        protocol: Protocol,
    },
    /// `curl -X POST /v3/routes/GUID/destinations`: the platform answers with the destinations of the route, one of which has this
    /// protocol.
    DestinationAdded {
        /// What routers are to talk there.
        protocol: Protocol,
    },
    /// `unmap-route`.
    Unmapped {
        /// The name of the app.
        app: String,
        /// The route.
        route: RouteParts,
    },
    /// `create-route`.
    RouteCreated {
        /// The route.
        route: RouteParts,
    },
    /// `delete`.
    Deleted {
        /// The name of the app.
        app: String,
    },
    /// `bind-service`.
    Bound {
        /// The name of the app.
        app: String,
        /// The name of the service instance.
        service: String,
    },
    /// `curl /v3/apps/GUID/manifest`: a manifest.
    Manifest,
    /// `unbind-service`.
    Unbound {
        /// The name of the app.
        app: String,
        /// The name of the service instance.
        service: String,
    },
    /// `scale -i`.
    Scaled {
        /// The name of the app.
        app: String,
        /// The number of instances asked for.
        instances: u32,
    },
    /// `curl -X POST /v3/apps/GUID/actions/start`: the platform answers with the app, its state STARTED.
    StartRequested {
        /// The name of the app.
        app: String,
    },
    /// `curl -X PATCH /v3/apps/GUID`: the platform answers with the app, which has these annotations now (`None`: has
    /// it no more).
    Annotated {
        /// The name of the app.
        app: String,
        /// The annotations, by name.
        annotations: Vec<(String, Option<String>)>,
    },
    /// `curl -X POST /v3/apps`: the platform answers with the new app, which is stopped and has these annotations.
    Created {
        /// The name of the app.
        app: String,
        /// The annotations, by name.
        annotations: Vec<(String, Option<String>)>,
    },
    /// `curl -X DELETE PATH -i`: the platform has taken the deletion in, as a job that ends later.
    DeletionAccepted,
    /// `run-task`: the platform has taken it in; how it ends is not told.
    TaskSubmitted {
        /// The name of the app.
        app: String,
        /// The name of the task.
        task: String,
    },
    /// `terminate-task`: the platform has been asked to end it.
    TaskTerminated {
        /// The name of the app.
        app: String,
        /// Its number in the app.
        id: u64,
    },
    /// `curl PATH`: a JSON object without `errors`.
    Json,
}
