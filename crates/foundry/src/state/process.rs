//! Processes: what of an app is started as so many instances.

use jiff::Timestamp;
use serde::Serialize;

use crate::state::{DesiredState, Guid, Metadata, State, resource};

/// The type of process that routes lead to where they name no other.
pub(crate) const WEB: &str = "web";

/// How it is found out whether an instance is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HealthCheckKind {
    /// It accepts connections on its port.
    Port,
    /// Its process is there.
    Process,
    /// It answers a GET with 200.
    Http,
}

impl HealthCheckKind {
    /// The API's word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Port => "port",
            Self::Process => "process",
            Self::Http => "http",
        }
    }

    /// The kind that the API's word names.
    pub(crate) fn named(word: &str) -> Option<Self> {
        [Self::Port, Self::Process, Self::Http].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A health check, for liveness or readiness. Times are whole seconds; `None` is the platform's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HealthCheck {
    /// What is checked.
    pub kind: HealthCheckKind,
    /// The path of an HTTP check; `None` is `/`.
    pub endpoint: Option<String>,
    /// How long an instance may take to become well; only for liveness.
    pub timeout: Option<u32>,
    /// How long one check may take.
    pub invocation_timeout: Option<u32>,
    /// The time between checks.
    pub interval: Option<u32>,
}

impl HealthCheck {
    /// A check of this kind with all defaults.
    pub(crate) fn of(kind: HealthCheckKind) -> Self {
        Self { kind, endpoint: None, timeout: None, invocation_timeout: None, interval: None }
    }
}

/// A process of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its guid; that of the first web process is the app's.
    pub guid: Guid,
    /// Whose it is.
    pub app: Guid,
    /// Its type, such as `web`.
    pub kind: String,
    /// The command that the user gave; `None` is the droplet's.
    pub command: Option<String>,
    /// Whether it is to run.
    pub state: DesiredState,
    /// How many instances are desired.
    pub instances: u32,
    /// Memory of one instance, in MB.
    pub memory_in_mb: u64,
    /// Disk of one instance, in MB.
    pub disk_in_mb: u64,
    /// What one instance may log, in bytes a second; -1 is unlimited.
    pub log_rate_limit: i64,
    /// Whether it is alive.
    pub health: HealthCheck,
    /// Whether it can take requests.
    pub readiness: HealthCheck,
    /// What runs: a new version is started in place of the old one.
    pub version: Guid,
    /// The revision that it runs.
    pub revision: Option<Guid>,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Process, labelled);

impl Process {
    /// A process with the defaults of its type.
    /// (`cloud_controller_ng`: `process_create.rb`; `default_app_disk_in_mb` is 1024.)
    pub(crate) fn new(app: &Guid, kind: &str, memory_in_mb: u64) -> Self {
        let now = Timestamp::now();
        let web = kind == WEB;
        Self {
            guid: if web { app.clone() } else { Guid::random() },
            app: app.clone(),
            kind: kind.to_owned(),
            command: None,
            state: DesiredState::Stopped,
            instances: u32::from(web),
            memory_in_mb,
            disk_in_mb: 1024,
            log_rate_limit: -1,
            health: HealthCheck::of(if web { HealthCheckKind::Port } else { HealthCheckKind::Process }),
            readiness: HealthCheck::of(HealthCheckKind::Process),
            version: Guid::random(),
            revision: None,
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether routes lead to it.
    pub(crate) fn is_web(&self) -> bool {
        self.kind == WEB
    }
}

impl State {
    /// What a process is started with: the user's command, else the droplet's; of the revision that it runs where
    /// there is one.
    pub(crate) fn command_of(&self, process: &Process) -> Option<String> {
        let own = process.command.clone().filter(|command| !command.is_empty());
        own.or_else(|| self.current_droplet(&process.app)?.command(&process.kind).map(ToOwned::to_owned))
    }
}
