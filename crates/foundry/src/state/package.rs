//! Packages, builds and droplets: the way from what was uploaded to what runs.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::Serialize;

use crate::state::{Guid, Lifecycle, LifecycleKind, Metadata, State, resource};

/// How far a package is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum PackageState {
    AwaitingUpload,
    Ready,
    Failed,
}

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DockerImage {
    /// Where it is.
    pub image: String,
    /// Who may read it there.
    pub username: Option<String>,
    /// The password that goes with the name; no answer holds it.
    pub password: Option<String>,
}

/// The source of an app, as it was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    /// Its guid.
    pub guid: Guid,
    /// Whose it is.
    pub app: Guid,
    /// How far it is.
    pub state: PackageState,
    /// Why it failed.
    pub error: Option<String>,
    /// The SHA-256 of its bits.
    pub checksum: Option<String>,
    /// What it is instead of bits.
    pub docker: Option<DockerImage>,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Package, labelled);

/// How far a build is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BuildState {
    /// It is at work.
    Staging,
    /// It made this droplet.
    Staged(Guid),
    /// It failed, with this text.
    Failed(String),
}

impl BuildState {
    /// The API's word for it.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Staging => "STAGING",
            Self::Staged(_) => "STAGED",
            Self::Failed(_) => "FAILED",
        }
    }
}

/// The making of a droplet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Build {
    /// Its guid.
    pub guid: Guid,
    /// Whose it is.
    pub app: Guid,
    /// What it is made from.
    pub package: Guid,
    /// How far it is.
    pub state: BuildState,
    /// The buildpacks and the stack in use.
    pub lifecycle: Lifecycle,
    /// In MB.
    pub staging_memory_in_mb: u64,
    /// In MB.
    pub staging_disk_in_mb: u64,
    /// In bytes a second; -1 is unlimited.
    pub staging_log_rate_limit: i64,
    /// Guid, name and e-mail address of who asked for it.
    pub created_by: (Guid, String),
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Build, labelled);

/// A buildpack that took part in a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsedBuildpack {
    /// The name under which it is installed.
    pub name: String,
    /// What it said at detection.
    pub detect_output: String,
    /// The name that it gives itself.
    pub buildpack_name: String,
    /// Its version.
    pub version: String,
}

/// How far a droplet is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DropletState {
    /// Its content is to be uploaded.
    AwaitingUpload,
    /// Its content has come, and is looked at.
    ProcessingUpload,
    /// Its content is copied.
    Copying,
    /// It can run.
    Staged,
    /// Its content is of no use, with what is wrong with it.
    Failed(String),
}

impl DropletState {
    /// The API's word for it.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::AwaitingUpload => "AWAITING_UPLOAD",
            Self::ProcessingUpload => "PROCESSING_UPLOAD",
            Self::Copying => "COPYING",
            Self::Staged => "STAGED",
            Self::Failed(_) => "FAILED",
        }
    }
}

/// What a build made, or what was uploaded: files and start commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Droplet {
    /// Its guid.
    pub guid: Guid,
    /// Whose it is.
    pub app: Guid,
    /// What it was made from.
    pub package: Option<Guid>,
    /// How far it is.
    pub state: DropletState,
    /// Start commands by process type.
    pub process_types: IndexMap<String, String>,
    /// What starts the types whose command is empty: content that is uploaded can say so itself.
    pub own_command: Option<String>,
    /// Who made it.
    pub buildpacks: Vec<UsedBuildpack>,
    /// The stack that it runs on.
    pub stack: Option<String>,
    /// The SHA-256 of its content.
    pub checksum: Option<String>,
    /// The way in which it was made.
    pub lifecycle: LifecycleKind,
    /// The image that it is.
    pub image: Option<String>,
    /// Whether it stands in for an image, so that no command but its own is there to be started.
    pub stand_in: bool,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Droplet, labelled);

impl Droplet {
    /// What starts a process of this type, unless the user says something else. (Diego: `launcher`.)
    pub(crate) fn command(&self, kind: &str) -> Option<&str> {
        let named = self.process_types.get(kind)?;
        if named.is_empty() { self.own_command.as_deref() } else { Some(named) }
    }
}

impl State {
    /// The name of an app, for logs and switches; empty where it is gone.
    pub(crate) fn app_name(&self, app: &Guid) -> String {
        self.apps.get(app).map(|app| app.name.clone()).unwrap_or_default()
    }
}
