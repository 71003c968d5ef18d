//! Services: the broker, offerings, plans, instances, bindings.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::state::{Guid, Metadata, resource};

/// The service broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceBroker {
    /// Its guid.
    pub guid: Guid,
    /// Unique.
    pub name: String,
    /// Where it says it is; nobody is there.
    pub url: String,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(ServiceBroker, labelled, named);

/// A service offering. Its instances can be bound; nothing else can be done with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceOffering {
    /// Its guid, and its id in the broker's catalog.
    pub guid: Guid,
    /// Its name in the marketplace.
    pub name: String,
    /// For a person.
    pub description: String,
    /// For apps that look for a kind of service.
    pub tags: Vec<String>,
    /// Whose it is.
    pub broker: Guid,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(ServiceOffering, labelled, named);

/// A plan of an offering, for everyone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServicePlan {
    /// Its guid, and its id in the broker's catalog.
    pub guid: Guid,
    /// Unique in its offering.
    pub name: String,
    /// For a person.
    pub description: String,
    /// Whether it costs nothing.
    pub free: bool,
    /// Whose it is.
    pub offering: Guid,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(ServicePlan, labelled, named);

/// The last operation on an instance or a binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    /// `create`, `update` or `delete`.
    pub kind: String,
    /// `in progress` or `succeeded`.
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
    pub(crate) fn now(kind: &str, state: &str, description: &str) -> Self {
        let now = Timestamp::now();
        Self {
            kind: kind.to_owned(),
            state: state.to_owned(),
            description: description.to_owned(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether it goes on.
    pub(crate) fn in_progress(&self) -> bool {
        self.state == "in progress"
    }
}

/// Where an instance comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServiceInstanceKind {
    /// The broker made it.
    Managed {
        /// Its plan.
        plan: Guid,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceInstance {
    /// Its guid.
    pub guid: Guid,
    /// Unique in its space.
    pub name: String,
    /// Where it lives.
    pub space: Guid,
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
    /// The plan of a managed instance.
    pub(crate) fn plan(&self) -> Option<&Guid> {
        match &self.kind {
            ServiceInstanceKind::Managed { plan } => Some(plan),
            ServiceInstanceKind::UserProvided { .. } => None,
        }
    }
}

/// A binding of an instance: to an app, or a service key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceBinding {
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RouteBinding {
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
