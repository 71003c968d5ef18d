//! What is there when a foundry starts.

use jiff::Timestamp;

use crate::settings::{Limits, Settings};
use crate::state::quota::QuotaLimits;
use crate::state::{
    Buildpack, Domain, Guid, Metadata, Org, OrgQuota, RouterGroup, ServiceBroker, ServiceOffering, ServicePlan, Space,
    Stack, StackState, State, User, router_group,
};
use crate::uaa::admin_guid;

/// The buildpacks of a fresh foundation, in the order of detection.
pub(crate) const BUILDPACKS: [&str; 12] = [
    "staticfile_buildpack",
    "java_buildpack",
    "ruby_buildpack",
    "dotnet_core_buildpack",
    "nodejs_buildpack",
    "go_buildpack",
    "python_buildpack",
    "php_buildpack",
    "r_buildpack",
    "nginx_buildpack",
    "web_config_transform_buildpack",
    "binary_buildpack",
];

/// The router group of a fresh foundation. (`cf-deployment`: `routing_api.router_groups`.)
const ROUTER_GROUP: &str = "default-tcp";

/// The stack of a fresh foundation.
const STACK: &str = "cflinuxfs4";

impl From<Limits> for QuotaLimits {
    fn from(limits: Limits) -> Self {
        Self {
            total_memory_in_mb: limits.total_memory_in_mb,
            per_process_memory_in_mb: limits.per_process_memory_in_mb,
            total_instances: limits.total_instances,
            total_routes: limits.total_routes,
            total_service_instances: limits.total_service_instances,
            paid_services_allowed: true,
            total_reserved_ports: limits.total_reserved_ports,
            ..Self::default()
        }
    }
}

impl State {
    /// What is there when a foundry starts: the default quota, one organization with one space, the router group for
    /// TCP, the shared domains, a stack, the buildpacks' names, the administrator, and a broker with one managed
    /// service.
    pub(crate) fn initial(settings: &Settings) -> Self {
        let mut state = Self { default_app_memory_in_mb: settings.default_app_memory_in_mb, ..Self::default() };
        let now = Timestamp::now();
        let quota = OrgQuota {
            guid: Guid::random(),
            name: "default".to_owned(),
            limits: settings.quota.into(),
            created_at: now,
            updated_at: now,
        };
        let org = Org {
            guid: Guid::random(),
            name: settings.org.clone(),
            suspended: false,
            quota: quota.guid.clone(),
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        };
        let space = Space::new(&settings.space, &org.guid);
        state.org_quotas.insert(quota.guid.clone(), quota);
        state.orgs.insert(org.guid.clone(), org);
        state.spaces.insert(space.guid.clone(), space);
        let group = RouterGroup {
            guid: Guid::random(),
            name: ROUTER_GROUP.to_owned(),
            kind: router_group::TCP.to_owned(),
            ports: Some(settings.tcp_ports.clone()),
            created_at: now,
        };
        state.router_groups.insert(group.guid.clone(), group);
        let external = settings.domains.iter().map(|name| (name, false));
        for (name, internal) in external.chain(settings.internal_domain.iter().map(|name| (name, true))) {
            let domain = Domain {
                guid: Guid::random(),
                name: name.clone(),
                internal,
                route_policies: None,
                router_group: None,
                org: None,
                shared_with: Vec::new(),
                metadata: Metadata::default(),
                created_at: now,
                updated_at: now,
            };
            state.domains.insert(domain.guid.clone(), domain);
        }
        let user = User::new(admin_guid(), Some(settings.user.clone()));
        state.users.insert(user.guid.clone(), user);
        state.install_stack(now);
        state.install_broker(now);
        state
    }

    fn install_stack(&mut self, now: Timestamp) {
        let stack = Stack {
            guid: Guid::random(),
            name: STACK.to_owned(),
            description: Some("Cloud Foundry Linux-based filesystem (Ubuntu 22.04)".to_owned()),
            default: true,
            state: StackState::Active,
            state_reason: None,
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        };
        self.stacks.insert(stack.guid.clone(), stack);
        for (name, position) in BUILDPACKS.into_iter().zip(1..) {
            let buildpack = Buildpack {
                guid: Guid::random(),
                name: name.to_owned(),
                stack: STACK.to_owned(),
                position,
                metadata: Metadata::default(),
                created_at: now,
                updated_at: now,
            };
            self.buildpacks.insert(buildpack.guid.clone(), buildpack);
        }
    }

    fn install_broker(&mut self, now: Timestamp) {
        let broker = ServiceBroker {
            guid: Guid::random(),
            name: "foundry-broker".to_owned(),
            url: "http://broker.foundry.test".to_owned(),
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        };
        let offering = ServiceOffering {
            guid: Guid::random(),
            name: "database".to_owned(),
            description: "A database that is made asynchronously".to_owned(),
            tags: vec!["database".to_owned()],
            broker: broker.guid.clone(),
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        };
        for (name, description, free) in [("small", "A small one", true), ("large", "A large one", false)] {
            let plan = ServicePlan {
                guid: Guid::random(),
                name: name.to_owned(),
                description: description.to_owned(),
                free,
                offering: offering.guid.clone(),
                metadata: Metadata::default(),
                created_at: now,
                updated_at: now,
            };
            self.service_plans.insert(plan.guid.clone(), plan);
        }
        self.service_brokers.insert(broker.guid.clone(), broker);
        self.service_offerings.insert(offering.guid.clone(), offering);
    }
}
