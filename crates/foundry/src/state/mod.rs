//! The one database: plain data, cloneable, without anything that runs.
//!
//! Each noun has a file. A resource lives in the [`IndexMap`] of its kind under its guid, in the order of its making;
//! it points at others by guid. What runs (staging, instances, the routing table) stands outside and follows it.

pub mod app;
pub mod audit;
pub mod deployment;
pub mod domain;
pub mod environment;
pub mod job;
pub mod network;
pub mod org;
pub mod package;
pub mod process;
pub mod quota;
pub mod revision;
pub mod route;
pub mod router_group;
pub mod seed;
pub mod service;
pub mod sidecar;
pub mod space;
pub mod stack;
pub mod task;
pub mod user;

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use app::{App, DesiredState, Features, Lifecycle, LifecycleKind};
pub use audit::{AuditEvent, Party};
pub use deployment::{Deployment, DeploymentSizes, DeploymentState, Strategy};
pub use domain::Domain;
pub use environment::EnvironmentGroup;
pub use job::{Job, JobState};
pub use network::NetworkPolicy;
pub use org::Org;
pub use package::{Build, BuildState, DockerImage, Droplet, DropletState, Package, PackageState, UsedBuildpack};
pub use process::{HealthCheck, HealthCheckKind, Process, WEB};
pub use quota::{OrgQuota, SpaceQuota};
pub use revision::Revision;
pub use route::{Destination, Protocol, Route};
pub use router_group::{ReservablePorts, RouterGroup};
pub(crate) use seed::BUILDPACKS;
pub use service::{
    Operation, RouteBinding, ServiceBinding, ServiceBroker, ServiceInstance, ServiceInstanceKind, ServiceOffering,
    ServicePlan,
};
pub use sidecar::Sidecar;
pub use space::Space;
pub use stack::{Buildpack, Stack, StackState};
pub use task::{Task, TaskState};
pub use user::{Account, Role, RoleKind, User};

/// The identity of a resource. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Guid(Arc<str>);

impl Guid {
    /// Makes a new one.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Guid {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl Borrow<str> for Guid {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Labels and annotations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Labels: short, and what `label_selector` sees.
    pub labels: IndexMap<String, String>,
    /// Annotations: up to 5000 characters each.
    pub annotations: IndexMap<String, String>,
}

/// What all resources have.
pub trait Resource {
    /// Its guid.
    fn guid(&self) -> &str;
    /// When it was made.
    fn created_at(&self) -> Timestamp;
    /// When it was changed last.
    fn updated_at(&self) -> Timestamp;
    /// Its labels and annotations, where it has them.
    fn metadata(&self) -> Option<&Metadata> {
        None
    }
    /// What it is ordered by under a key such as `name`. Names are ordered without regard to capitals, as by the Cloud
    /// Controller's database. (`db/migrations`: `case_insensitive: true`.)
    fn sort_key(&self, key: &str) -> Option<String> {
        let _ = key;
        None
    }
}

/// Implements [`Resource`] for a struct with the fields `guid`, `created_at` and `updated_at`; the words `labelled` and
/// `named` add the fields `metadata` and `name`.
macro_rules! resource {
    ($kind:ty $(, $word:ident)*) => {
        impl $crate::state::Resource for $kind {
            fn guid(&self) -> &str {
                self.guid.as_str()
            }
            fn created_at(&self) -> jiff::Timestamp {
                self.created_at
            }
            fn updated_at(&self) -> jiff::Timestamp {
                self.updated_at
            }
            $($crate::state::resource!(@$word);)*
        }
    };
    (@labelled) => {
        fn metadata(&self) -> Option<&$crate::state::Metadata> {
            Some(&self.metadata)
        }
    };
    (@named) => {
        fn sort_key(&self, key: &str) -> Option<String> {
            (key == "name").then(|| self.name.to_lowercase())
        }
    };
}
pub(crate) use resource;

/// The form in which the API shows times. (CC API 3.195: RFC 3339 in UTC, whole seconds.)
pub fn timestamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the map of the resource it is named after")]
pub struct State {
    pub orgs: IndexMap<Guid, Org>,
    pub spaces: IndexMap<Guid, Space>,
    pub org_quotas: IndexMap<Guid, OrgQuota>,
    pub space_quotas: IndexMap<Guid, SpaceQuota>,
    pub router_groups: IndexMap<Guid, RouterGroup>,
    pub domains: IndexMap<Guid, Domain>,
    pub routes: IndexMap<Guid, Route>,
    pub users: IndexMap<Guid, User>,
    pub roles: IndexMap<Guid, Role>,
    pub stacks: IndexMap<Guid, Stack>,
    /// In the order of detection.
    pub buildpacks: IndexMap<Guid, Buildpack>,
    /// By name: what an administrator has set; others have their default.
    pub feature_flags: IndexMap<String, bool>,
    pub running_environment: EnvironmentGroup,
    pub staging_environment: EnvironmentGroup,
    pub service_brokers: IndexMap<Guid, ServiceBroker>,
    pub service_offerings: IndexMap<Guid, ServiceOffering>,
    pub service_plans: IndexMap<Guid, ServicePlan>,
    pub service_instances: IndexMap<Guid, ServiceInstance>,
    pub service_bindings: IndexMap<Guid, ServiceBinding>,
    pub route_bindings: IndexMap<Guid, RouteBinding>,
    pub network_policies: Vec<NetworkPolicy>,
    /// Oldest first.
    pub audit_events: IndexMap<Guid, AuditEvent>,
    pub jobs: IndexMap<Guid, Job>,
    pub apps: IndexMap<Guid, App>,
    pub processes: IndexMap<Guid, Process>,
    pub sidecars: IndexMap<Guid, Sidecar>,
    pub packages: IndexMap<Guid, Package>,
    pub builds: IndexMap<Guid, Build>,
    pub droplets: IndexMap<Guid, Droplet>,
    pub deployments: IndexMap<Guid, Deployment>,
    pub revisions: IndexMap<Guid, Revision>,
    pub tasks: IndexMap<Guid, Task>,
    /// The memory of an app that asks for none, in MB.
    pub default_app_memory_in_mb: u64,
}
