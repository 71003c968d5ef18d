//! Sidecars: programs that run beside a process, in the same container.

use jiff::Timestamp;

use crate::state::{Guid, Process, State, resource};

/// A program that runs beside the instances of some processes of its app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sidecar {
    /// Its guid.
    pub guid: Guid,
    /// Whose it is.
    pub app: Guid,
    /// Unique in its app.
    pub name: String,
    /// What runs.
    pub command: String,
    /// The types of processes that it runs beside, in the order of the alphabet.
    pub process_types: Vec<String>,
    /// What it takes of the memory of each instance, in MB.
    pub memory_in_mb: Option<u64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Sidecar);

impl State {
    /// The sidecars of an app, oldest first.
    pub(crate) fn sidecars_of<'a>(&'a self, app: &'a Guid) -> impl Iterator<Item = &'a Sidecar> + 'a {
        self.sidecars.values().filter(move |sidecar| sidecar.app == *app)
    }

    /// The sidecars that run beside a process, oldest first.
    pub(crate) fn sidecars_beside<'a>(&'a self, process: &'a Process) -> impl Iterator<Item = &'a Sidecar> + 'a {
        self.sidecars_of(&process.app).filter(move |sidecar| sidecar.process_types.contains(&process.kind))
    }

    /// What the sidecars of a process, all but one, take of the memory of each instance, in MB.
    pub(crate) fn memory_beside(&self, process: &Process, but: Option<&Guid>) -> u64 {
        let others = self.sidecars_beside(process).filter(|sidecar| Some(&sidecar.guid) != but);
        others.filter_map(|sidecar| sidecar.memory_in_mb).sum()
    }
}
