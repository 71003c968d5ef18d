//! Everything at one place.

use indexmap::IndexMap;

use crate::state::{
    App, AuditEvent, Build, Buildpack, Deployment, Domain, Droplet, EnvironmentGroup, Guid, Job, NetworkPolicy, Org,
    OrgQuota, Package, Process, Revision, Role, Route, RouteBinding, RouterGroup, ServiceBinding, ServiceBroker,
    ServiceInstance, ServiceOffering, ServicePlan, Sidecar, Space, SpaceQuota, Stack, Task, User,
};

/// Everything that the platform keeps.
#[derive(Debug, Clone, Default, PartialEq)]
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
