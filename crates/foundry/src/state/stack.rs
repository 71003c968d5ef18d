//! Stacks and buildpacks.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::state::{Guid, Lifecycle, LifecycleKind, Metadata, Resource, State, resource};

/// Whether a stack takes apps. (`cloud_controller_ng`: `stack_states.rb`.)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StackState {
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
    pub const ALL: [Self; 4] = [Self::Active, Self::Restricted, Self::Deprecated, Self::Disabled];

    /// The API's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Restricted => "RESTRICTED",
            Self::Deprecated => "DEPRECATED",
            Self::Disabled => "DISABLED",
        }
    }
}

/// A stack: the file system that apps run on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buildpack {
    /// Its guid.
    pub guid: Guid,
    /// Unique for a stack, and among those without one.
    pub name: String,
    /// Its stack; `None` goes with every stack.
    pub stack: Option<String>,
    /// Where it stands in the order of detection, from 1.
    pub position: usize,
    /// The name of the file that it was uploaded from; `None` before that.
    pub filename: Option<String>,
    /// Whether a user uploaded it.
    pub uploaded: bool,
    /// Whether it is used.
    pub enabled: bool,
    /// Whether it cannot be replaced.
    pub locked: bool,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Buildpack {
    /// A buildpack for every stack that comes first and awaits its file.
    pub fn new(name: &str) -> Self {
        let now = Timestamp::now();
        Self {
            guid: Guid::random(),
            name: name.to_owned(),
            stack: None,
            position: 1,
            filename: None,
            uploaded: false,
            enabled: true,
            locked: false,
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        }
    }

    fn is_for(&self, stack: Option<&str>) -> bool {
        self.stack.is_none() || stack.is_none() || self.stack.as_deref() == stack
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

/// Buildpacks in the order of their positions, which leave no gap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Buildpacks(IndexMap<Guid, Buildpack>);

impl Buildpacks {
    /// All of them, in order.
    pub fn values(&self) -> impl Iterator<Item = &Buildpack> {
        self.0.values()
    }

    /// The one with this guid.
    pub fn get(&self, guid: &str) -> Option<&Buildpack> {
        self.0.get(guid)
    }

    /// Those that look at an app on this stack that names none, in order.
    /// (`cloud_controller_ng`: `Buildpack.list_admin_buildpacks`; those without a file are left out.)
    pub fn detecting<'a>(&'a self, stack: Option<&'a str>) -> impl Iterator<Item = &'a Buildpack> {
        self.values().filter(move |one| one.enabled && one.filename.is_some() && one.is_for(stack))
    }

    /// What an app on this stack means by a name.
    pub fn named(&self, name: &str, stack: Option<&str>) -> Option<&Buildpack> {
        self.values().find(|one| one.name == name && one.is_for(stack))
    }

    /// Puts a buildpack where its position says, or last where that is too far; those after it make room. It may be
    /// there already.
    pub fn put(&mut self, buildpack: Buildpack) {
        let (guid, position) = (buildpack.guid.clone(), buildpack.position);
        self.0.insert(guid.clone(), buildpack);
        if let Some(index) = self.0.get_index_of(&guid) {
            self.0.move_index(index, (position.max(1) - 1).min(self.0.len() - 1));
        }
        self.number();
    }

    /// Takes a buildpack out; those after it close up.
    pub fn remove(&mut self, guid: &str) {
        self.0.shift_remove(guid);
        self.number();
    }

    fn number(&mut self) {
        for (buildpack, position) in self.0.values_mut().zip(1..) {
            buildpack.position = position;
        }
    }
}

impl State {
    /// Why a stack does not take an app; one that was never staged is new. (`cloud_controller_ng`:
    /// `stack_state_validator.rb`: an API newer than this one otherwise is.)
    pub fn stack_refuses(&self, lifecycle: &Lifecycle, new: bool) -> Option<String> {
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
    pub fn has_stack(&self, name: &str) -> bool {
        self.stacks.values().any(|stack| stack.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, position: usize) -> Buildpack {
        Buildpack { guid: Guid::from(name), position, ..Buildpack::new(name) }
    }

    #[test]
    fn positions_leave_no_gap() {
        let mut buildpacks = Buildpacks::default();
        let mut steps = Vec::new();
        for (name, position) in [("a", 1), ("b", 99), ("c", 1), ("d", 2), ("c", 3), ("a", 4), ("b", 1)] {
            buildpacks.put(named(name, position));
            steps.push(
                buildpacks.values().map(|one| format!("{}{}", one.position, one.name)).collect::<Vec<_>>().join(" "),
            );
        }
        buildpacks.remove("d");
        steps
            .push(buildpacks.values().map(|one| format!("{}{}", one.position, one.name)).collect::<Vec<_>>().join(" "));
        assert_eq!(
            steps,
            ["1a", "1a 2b", "1c 2a 3b", "1c 2d 3a 4b", "1d 2a 3c 4b", "1d 2c 3b 4a", "1b 2d 3c 4a", "1b 2c 3a",]
        );
    }
}
