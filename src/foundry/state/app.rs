//! Apps and their processes, as far as routes, quotas and services need them.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::foundry::state::{Guid, Metadata, State, resource};

/// Whether an app is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DesiredState {
    /// It is to run.
    Started,
    /// It is not.
    Stopped,
}

/// An app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its guid.
    pub guid: Guid,
    /// Unique in its space, without regard to capitals.
    pub name: String,
    /// Where it lives.
    pub space: Guid,
    /// Whether it is to run.
    pub state: DesiredState,
    /// What the user set; not what the platform adds.
    pub environment: IndexMap<String, String>,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(App, labelled, named);

/// A process of an app: what is started as so many instances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its guid.
    pub guid: Guid,
    /// Whose it is.
    pub app: Guid,
    /// Its type, such as `web`.
    pub kind: String,
    /// How many instances are desired.
    pub instances: u32,
    /// Memory of one instance, in MB.
    pub memory_in_mb: u64,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Process, labelled);

impl State {
    /// The processes of an app.
    pub fn processes_of<'a>(&'a self, app: &'a Guid) -> impl Iterator<Item = &'a Process> + 'a {
        self.processes.values().filter(move |process| process.app == *app)
    }

    /// The processes that are to run in the spaces that fit.
    pub fn started_processes<'a>(
        &'a self,
        fits: impl Fn(&Guid) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Process> + 'a {
        self.processes.values().filter(move |process| {
            self.apps.get(&process.app).is_some_and(|app| app.state == DesiredState::Started && fits(&app.space))
        })
    }
}
