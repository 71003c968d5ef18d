//! The one database: plain data, cloneable, without anything that runs.
//!
//! Each noun has a file. A resource lives in the [`IndexMap`] of its kind under its guid, in the order of its making;
//! it points at others by guid. What runs (staging, instances, the routing table) stands outside and follows it.

pub(crate) mod app;
pub(crate) mod audit;
pub(crate) mod deployment;
pub(crate) mod domain;
pub(crate) mod environment;
pub(crate) mod job;
pub(crate) mod network;
pub(crate) mod org;
pub(crate) mod package;
pub(crate) mod process;
pub(crate) mod quota;
pub(crate) mod revision;
pub(crate) mod route;
pub(crate) mod router_group;
pub(crate) mod seed;
pub(crate) mod service;
pub(crate) mod sidecar;
pub(crate) mod space;
pub(crate) mod stack;
pub(crate) mod task;
pub(crate) mod user;

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use app::{App, DesiredState, Features, Lifecycle, LifecycleKind};
pub(crate) use audit::{AuditEvent, Party};
pub(crate) use deployment::{Deployment, DeploymentSizes, DeploymentState, Strategy};
pub(crate) use domain::Domain;
pub(crate) use environment::EnvironmentGroup;
pub(crate) use job::{Job, JobState};
pub(crate) use network::NetworkPolicy;
pub(crate) use org::Org;
pub(crate) use package::{Build, BuildState, DockerImage, Droplet, DropletState, Package, PackageState, UsedBuildpack};
pub(crate) use process::{HealthCheck, HealthCheckKind, Process, WEB};
pub(crate) use quota::{OrgQuota, SpaceQuota};
pub(crate) use revision::Revision;
pub(crate) use route::{Destination, Protocol, Route};
pub use router_group::ReservablePorts;
pub(crate) use router_group::RouterGroup;
pub(crate) use seed::BUILDPACKS;
pub(crate) use service::{
    Operation, RouteBinding, ServiceBinding, ServiceBroker, ServiceInstance, ServiceInstanceKind, ServiceOffering,
    ServicePlan,
};
pub(crate) use sidecar::Sidecar;
pub(crate) use space::Space;
pub(crate) use stack::{Buildpack, Stack, StackState};
pub(crate) use task::{Task, TaskState};
pub(crate) use user::{Role, RoleKind, User};

/// The identity of a resource. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Guid(Arc<str>);

impl Guid {
    /// Makes a new one.
    pub(crate) fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string().into())
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
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
pub(crate) struct Metadata {
    /// Labels: short, and what `label_selector` sees.
    pub labels: IndexMap<String, String>,
    /// Annotations: up to 5000 characters each.
    pub annotations: IndexMap<String, String>,
}

/// What all resources have.
pub(crate) trait Resource {
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
pub(crate) fn timestamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
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
