//! Services: brokers, offerings, plans, instances, bindings.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::state::{Guid, Metadata, resource};

/// A service broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceBroker {
    /// Its guid.
    pub guid: Guid,
    /// Unique.
    pub name: String,
    /// Where it is; the built-in one is nowhere.
    pub url: String,
    /// How one logs in to it; `None` for the built-in one.
    pub login: Option<Login>,
    /// Whether its catalog is being read.
    pub synchronizing: bool,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(ServiceBroker, labelled, named);

/// How one logs in to a broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are what they are called")]
pub struct Login {
    pub username: String,
    pub password: String,
}

/// A service offering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceOffering {
    /// Its guid.
    pub guid: Guid,
    /// Its name in the marketplace.
    pub name: String,
    /// For a person.
    pub description: String,
    /// For apps that look for a kind of service.
    pub tags: Vec<String>,
    /// Whose it is.
    pub broker: Guid,
    /// Whether it is in the broker's catalog.
    pub available: bool,
    /// Its id in the broker's catalog.
    pub catalog_id: String,
    /// What it must be allowed, such as `syslog_drain`.
    pub requires: Vec<String>,
    /// What can be done with it.
    pub features: ServiceFeatures,
    /// What the broker says besides.
    pub catalog_metadata: Map<String, Value>,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(ServiceOffering, labelled, named);

/// What can be done with a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the Open Service Broker API's own names")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct ServiceFeatures {
    pub plan_updateable: bool,
    pub bindable: bool,
    pub instances_retrievable: bool,
    pub bindings_retrievable: bool,
    pub allow_context_updates: bool,
}

/// Who may have instances of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Visibility {
    /// Everyone.
    Public,
    /// Administrators.
    Admin,
    /// These organizations; at least one.
    Organizations(Vec<Guid>),
}

/// A plan of an offering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePlan {
    /// Its guid.
    pub guid: Guid,
    /// Unique in its offering.
    pub name: String,
    /// For a person.
    pub description: String,
    /// Whether it costs nothing.
    pub free: bool,
    /// Whose it is.
    pub offering: Guid,
    /// Who may have instances of it.
    pub visibility: Visibility,
    /// Whether it is in the broker's catalog.
    pub available: bool,
    /// Its id in the broker's catalog.
    pub catalog_id: String,
    /// Whether instances of it can be bound, where it says so itself.
    pub bindable: Option<bool>,
    /// Whether instances can change to another plan, where it says so itself.
    pub plan_updateable: Option<bool>,
    /// The version of what runs, and what is new in it.
    pub maintenance_info: Map<String, Value>,
    /// How long the broker may work, in seconds.
    pub maximum_polling_duration: Option<u64>,
    /// What parameters may be.
    pub schemas: Value,
    /// What the broker says besides.
    pub catalog_metadata: Map<String, Value>,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(ServicePlan, labelled, named);

/// The last operation on an instance or a binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// `create`, `update` or `delete`.
    pub kind: String,
    /// `initial`, `in progress`, `succeeded` or `failed`.
    pub state: String,
    /// What the broker said.
    pub description: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was looked at last.
    pub updated_at: Timestamp,
}

impl Operation {
    /// An operation that begins now, in this state.
    pub fn now(kind: &str, state: &str, description: &str) -> Self {
        let now = Timestamp::now();
        Self {
            kind: kind.to_owned(),
            state: state.to_owned(),
            description: description.to_owned(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether it is this kind of operation, and has failed.
    pub fn failed_to(&self, kind: &str) -> bool {
        self.kind == kind && self.state == "failed"
    }

    /// Whether it goes on.
    pub fn in_progress(&self) -> bool {
        matches!(self.state.as_str(), "initial" | "in progress")
    }
}

/// Where an instance comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServiceInstanceKind {
    /// A broker made it.
    Managed {
        /// Its plan.
        plan: Guid,
        /// What the user gave to the broker.
        parameters: Map<String, Value>,
        /// The version of the plan that it was made with.
        maintenance_info: Map<String, Value>,
        /// Where the broker shows it.
        dashboard_url: Option<String>,
    },
    /// The user brought the credentials.
    UserProvided {
        /// What bound apps see.
        credentials: Map<String, Value>,
        /// Where logs go.
        syslog_drain_url: Option<String>,
        /// Where requests of bound routes go.
        route_service_url: Option<String>,
    },
}

/// A service instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceInstance {
    /// Its guid.
    pub guid: Guid,
    /// Unique in its space.
    pub name: String,
    /// Where it lives.
    pub space: Guid,
    /// Where it can be bound besides.
    pub shared_with: Vec<Guid>,
    /// For apps that look for a kind of service.
    pub tags: Vec<String>,
    /// Where it comes from.
    pub kind: ServiceInstanceKind,
    /// What was done to it last.
    pub last_operation: Option<Operation>,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(ServiceInstance, labelled, named);

impl ServiceInstance {
    /// The spaces where it can be bound: its own first.
    pub fn spaces(&self) -> impl Iterator<Item = &Guid> {
        std::iter::once(&self.space).chain(&self.shared_with)
    }

    /// The plan of a managed instance.
    pub fn plan(&self) -> Option<&Guid> {
        match &self.kind {
            ServiceInstanceKind::Managed { plan, .. } => Some(plan),
            ServiceInstanceKind::UserProvided { .. } => None,
        }
    }
}

/// A binding of an instance: to an app, or a service key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceBinding {
    /// Its guid.
    pub guid: Guid,
    /// Its name; a key always has one.
    pub name: Option<String>,
    /// What is bound.
    pub instance: Guid,
    /// The app; `None` for a key.
    pub app: Option<Guid>,
    /// What the app sees.
    pub credentials: Map<String, Value>,
    /// Where the broker wants the app's logs.
    pub syslog_drain_url: Option<String>,
    /// What was done to it last.
    pub last_operation: Operation,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(ServiceBinding, labelled);

/// A binding of a route to an instance that is a route service. A route has one at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteBinding {
    /// Its guid.
    pub guid: Guid,
    /// The route service.
    pub instance: Guid,
    /// The route whose requests go to it.
    pub route: Guid,
    /// Where it is.
    pub route_service_url: String,
    /// What was done to it last.
    pub last_operation: Operation,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(RouteBinding, labelled);
