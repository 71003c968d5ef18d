//! What the platform tells beforehand of what it will refuse.
//!
//! It is read once, before the first change. What nobody tells (an older API, a user who may not see it) is no reason to
//! refuse anything: the Cloud Controller enforces it anyway.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::Lifecycle;

/// What the platform tells beforehand of what it will refuse.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Whether the user may change everything (CC: scope `cloud_controller.admin`).
    pub admin: bool,
    /// The user's roles in the space, such as `space_developer`; `None` where nobody tells them.
    pub roles: Option<Vec<String>>,
    /// What is suspended, so that the user may change nothing in it.
    pub suspended: Option<Suspended>,
    /// The feature flags that are off.
    pub flags_off: Vec<String>,
    /// The stacks; `None` where nobody tells them.
    pub stacks: Option<Vec<Stack>>,
    /// The buildpacks that the platform brings; `None` where nobody tells them, or the plan names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buildpacks: Option<Vec<Buildpack>>,
    /// The routes of the plan that belong to another space, or would stand beside one that does.
    pub routes: Vec<ForeignRoute>,
    /// The routes that the plan's apps are on and before which a route service stands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub route_services: Vec<RouteService>,
    /// Whether cf finds no password for a registry of images (`CF_DOCKER_PASSWORD`). Of the machine that reads the space,
    /// and in no snapshot.
    #[serde(skip)]
    pub no_docker_password: bool,
}

/// A service that routers send the requests of a route through, before they reach an app.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RouteService {
    /// The URL of the route, as the platform tells it.
    pub url: String,
    /// The name of the service instance.
    pub service: String,
}

/// What is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Suspended {
    /// The organization with all its spaces. CC: only an administrator may change anything.
    Organization,
    /// The space alone. CC 3.228: an administrator and a manager of the organization may change things.
    Space,
}

/// A stack: the file system that apps are staged for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stack {
    /// The name, such as `cflinuxfs4`.
    pub name: String,
    /// Whether it takes apps.
    pub state: StackState,
    /// Why it does not, as whoever runs the platform has put it.
    pub reason: Option<String>,
    /// Whether apps get it that name none.
    pub default: bool,
}

/// Whether a stack takes apps (CC: `stack_state_validator.rb`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StackState {
    /// It takes all.
    Active,
    /// It takes all, and warns that it will be removed.
    Deprecated,
    /// It takes no app that was never staged.
    Restricted,
    /// It takes none.
    Disabled,
}

/// A buildpack that the platform brings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Buildpack {
    /// The name, such as `ruby_buildpack`. Several may have it, each for another stack.
    pub name: String,
    /// The stack that it is for; `None` where it is for any.
    pub stack: Option<String>,
    /// The lifecycle of the apps that it is for; `None` where nobody tells it.
    pub lifecycle: Option<Lifecycle>,
}

/// A route that another space has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ForeignRoute {
    /// The route of the plan, as the plan has it.
    pub wanted: String,
    /// What there is: the route itself, or one of the same host with another path.
    pub url: String,
    /// Whose it is; `None` where the user may not see it.
    pub owner: Option<Owner>,
    /// The names of the apps that it leads to, as far as the user may see them.
    pub apps: Vec<String>,
    /// Whether the space may use it, too.
    pub shared: bool,
    /// The user's roles in the space that owns it; `None` where nobody tells them.
    pub roles: Option<Vec<String>>,
}

/// A space and its organization.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// The name of the organization; `None` where the user may not see it.
    pub org: Option<String>,
    /// The name of the space.
    pub space: String,
}

impl Rules {
    /// Whether a feature flag keeps the user from something. CC: some bind administrators, too.
    pub(crate) fn forbids(&self, flag: &str, binds_admins: bool) -> bool {
        (binds_admins || !self.admin) && self.flags_off.iter().any(|off| off == flag)
    }
}

impl fmt::Display for Suspended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Organization => "organization",
            Self::Space => "space",
        })
    }
}

impl fmt::Display for StackState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "ACTIVE",
            Self::Deprecated => "DEPRECATED",
            Self::Restricted => "RESTRICTED",
            Self::Disabled => "DISABLED",
        })
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.org {
            Some(org) => write!(f, "space {} of organization {org}", self.space),
            None => write!(f, "space {}", self.space),
        }
    }
}
