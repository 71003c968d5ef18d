//! Stacks and buildpacks.

use jiff::Timestamp;
use serde::Serialize;

use crate::state::{Guid, Lifecycle, LifecycleKind, Metadata, Resource, State, resource};

/// Whether a stack takes apps. (`cloud_controller_ng`: `stack_states.rb`.)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum StackState {
    /// It takes all.
    #[default]
    Active,
    /// It takes those that were staged before.
    Restricted,
    /// It takes all, with a warning, which is not given here.
    Deprecated,
    /// It takes none.
    Disabled,
}

impl StackState {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Active, Self::Restricted, Self::Deprecated, Self::Disabled];

    /// The API's word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Restricted => "RESTRICTED",
            Self::Deprecated => "DEPRECATED",
            Self::Disabled => "DISABLED",
        }
    }
}

/// A stack: the file system that apps run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stack {
    /// Its guid.
    pub guid: Guid,
    /// Unique.
    pub name: String,
    /// For a person.
    pub description: Option<String>,
    /// Whether apps that name none get it.
    pub default: bool,
    /// Whether it takes apps.
    pub state: StackState,
    /// Why it does not, for a person.
    pub state_reason: Option<String>,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Stack, labelled, named);

/// An installed buildpack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Buildpack {
    /// Its guid.
    pub guid: Guid,
    /// Unique.
    pub name: String,
    /// Its stack.
    pub stack: String,
    /// Where it stands in the order of detection, from 1.
    pub position: usize,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Buildpack {
    /// Whether it goes with a stack; one that is not named is any.
    pub(crate) fn is_for(&self, stack: Option<&str>) -> bool {
        stack.is_none_or(|stack| stack == self.stack)
    }
}

impl Resource for Buildpack {
    fn guid(&self) -> &str {
        self.guid.as_str()
    }
    fn created_at(&self) -> Timestamp {
        self.created_at
    }
    fn updated_at(&self) -> Timestamp {
        self.updated_at
    }
    fn metadata(&self) -> Option<&Metadata> {
        Some(&self.metadata)
    }
    fn sort_key(&self, key: &str) -> Option<String> {
        (key == "position").then(|| format!("{:010}", self.position))
    }
}

impl State {
    /// Why a stack does not take an app; one that was never staged is new. (`cloud_controller_ng`:
    /// `stack_state_validator.rb`: an API newer than this one otherwise is.)
    pub(crate) fn stack_refuses(&self, lifecycle: &Lifecycle, new: bool) -> Option<String> {
        let name = lifecycle.stack.as_ref().filter(|_| lifecycle.kind != LifecycleKind::Docker)?;
        let stack = self.stacks.values().find(|stack| stack.name == *name)?;
        match stack.state {
            StackState::Active | StackState::Deprecated => return None,
            StackState::Restricted if !new => return None,
            StackState::Restricted | StackState::Disabled => {}
        }
        let reason = stack.state_reason.as_ref().map(|reason| format!(" {reason}")).unwrap_or_default();
        Some(format!(
            "ERROR: Staging failed. The stack '{name}' is '{}' and cannot be used for staging.{reason}",
            stack.state.as_str()
        ))
    }

    /// Whether there is a stack with this name.
    pub(crate) fn has_stack(&self, name: &str) -> bool {
        self.stacks.values().any(|stack| stack.name == name)
    }
}
