//! One thing that an app is set to, beside what is uploaded to it.

use std::fmt;

use serde_json::Value;

use super::policy::Policy;

/// The type of the process that routes lead to.
pub(crate) const WEB: &str = "web";

/// One thing that an app is set to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Setting {
    /// A variable of its environment.
    Env(String),
    /// A label on it.
    Label(String),
    /// An annotation on it that is none of cutover's.
    Annotation(String),
    /// A switch: `ssh`, `revisions`, …
    Feature(String),
    /// Something of the process of that type.
    Process(String, ProcessSetting),
    /// The sidecar of that name.
    Sidecar(String),
    /// The binding of the service instance of that name.
    Binding(String),
    /// That it may reach another app, or another app may reach it.
    Policy(Policy),
}

/// Something that a process is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProcessSetting {
    /// How many instances there are to be.
    Instances,
    /// The memory of one instance, in megabytes.
    Memory,
    /// The disk of one instance, in megabytes.
    Disk,
    /// How much one instance may log, in bytes a second; -1 is without a limit.
    LogRate,
    /// The start command, where it is not the droplet's.
    Command,
    /// Who it runs as.
    User,
    /// How it is told that an instance is healthy: `port`, `process` or `http`.
    Health,
    /// Where that is asked by HTTP.
    HealthEndpoint,
    /// How long an instance may take to become healthy, in seconds.
    HealthTimeout,
    /// How long one such check may take, in seconds.
    HealthInvocationTimeout,
    /// How long it is from one check to the next, in seconds.
    HealthInterval,
    /// How it is told that an instance is ready.
    Readiness,
    /// Where that is asked by HTTP.
    ReadinessEndpoint,
    /// How long one such check may take, in seconds.
    ReadinessInvocationTimeout,
    /// How long it is from one check to the next, in seconds.
    ReadinessInterval,
}

impl ProcessSetting {
    /// All of them.
    pub(crate) const ALL: [Self; 15] = [
        Self::Instances,
        Self::Memory,
        Self::Disk,
        Self::LogRate,
        Self::Command,
        Self::User,
        Self::Health,
        Self::HealthEndpoint,
        Self::HealthTimeout,
        Self::HealthInvocationTimeout,
        Self::HealthInterval,
        Self::Readiness,
        Self::ReadinessEndpoint,
        Self::ReadinessInvocationTimeout,
        Self::ReadinessInterval,
    ];

    /// Its key in a manifest (CC: `manifest_process_update_message.rb`, `manifest_process_scale_message.rb`).
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Instances => "instances",
            Self::Memory => "memory",
            Self::Disk => "disk_quota",
            Self::LogRate => "log-rate-limit-per-second",
            Self::Command => "command",
            Self::User => "user",
            Self::Health => "health-check-type",
            Self::HealthEndpoint => "health-check-http-endpoint",
            Self::HealthTimeout => "timeout",
            Self::HealthInvocationTimeout => "health-check-invocation-timeout",
            Self::HealthInterval => "health-check-interval",
            Self::Readiness => "readiness-health-check-type",
            Self::ReadinessEndpoint => "readiness-health-check-http-endpoint",
            Self::ReadinessInvocationTimeout => "readiness-health-check-invocation-timeout",
            Self::ReadinessInterval => "readiness-health-check-interval",
        }
    }

    /// Where it stands in a request that changes the process, or, where it is a matter of size, that scales it (CC API 3:
    /// `PATCH /v3/processes/GUID`, `POST …/actions/scale`).
    pub(crate) fn place(self) -> Place {
        match self {
            Self::Instances => Place::Scale("instances"),
            Self::Memory => Place::Scale("memory_in_mb"),
            Self::Disk => Place::Scale("disk_in_mb"),
            Self::LogRate => Place::Scale("log_rate_limit_in_bytes_per_second"),
            Self::Command => Place::Update(&["command"]),
            Self::User => Place::Update(&["user"]),
            Self::Health => Place::Update(&["health_check", "type"]),
            Self::HealthEndpoint => Place::Update(&["health_check", "data", "endpoint"]),
            Self::HealthTimeout => Place::Update(&["health_check", "data", "timeout"]),
            Self::HealthInvocationTimeout => Place::Update(&["health_check", "data", "invocation_timeout"]),
            Self::HealthInterval => Place::Update(&["health_check", "data", "interval"]),
            Self::Readiness => Place::Update(&["readiness_health_check", "type"]),
            Self::ReadinessEndpoint => Place::Update(&["readiness_health_check", "data", "endpoint"]),
            Self::ReadinessInvocationTimeout => {
                Place::Update(&["readiness_health_check", "data", "invocation_timeout"])
            }
            Self::ReadinessInterval => Place::Update(&["readiness_health_check", "data", "interval"]),
        }
    }

    /// What a process has where nobody has set it. `None` where the platform's operators decide it: it cannot be taken back to
    /// that.
    pub(crate) fn default_of(self, kind: &str) -> Option<Value> {
        match self {
            Self::Instances | Self::Memory | Self::Disk | Self::LogRate => None,
            // CC: `process_model.rb`; a process that no route leads to has no port.
            Self::Health if kind == WEB => Some("port".into()),
            Self::Health | Self::Readiness => Some("process".into()),
            Self::Command
            | Self::User
            | Self::HealthEndpoint
            | Self::HealthTimeout
            | Self::HealthInvocationTimeout
            | Self::HealthInterval
            | Self::ReadinessEndpoint
            | Self::ReadinessInvocationTimeout
            | Self::ReadinessInterval => Some(Value::Null),
        }
    }
}

/// Where something of a process stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// At this key of a request that scales it.
    Scale(&'static str),
    /// At this path of a request that changes it.
    Update(&'static [&'static str]),
}

impl Setting {
    /// What stands for it wherever it is written down: this never changes.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Env(name) => format!("env {name}"),
            Self::Label(name) => format!("label {name}"),
            Self::Annotation(name) => format!("annotation {name}"),
            Self::Feature(name) => format!("feature {name}"),
            Self::Process(kind, setting) => format!("process {kind} {}", setting.key()),
            Self::Sidecar(name) => format!("sidecar {name}"),
            Self::Binding(service) => format!("binding {service}"),
            Self::Policy(policy) => format!("policy {policy}"),
        }
    }

    /// The type of the process that it is set of.
    pub(crate) fn process(&self) -> Option<&str> {
        match self {
            Self::Process(kind, _) => Some(kind),
            Self::Env(_)
            | Self::Label(_)
            | Self::Annotation(_)
            | Self::Feature(_)
            | Self::Sidecar(_)
            | Self::Binding(_)
            | Self::Policy(_) => None,
        }
    }

    /// Whether this is what an app has where nobody has set it.
    pub(crate) fn is_default(&self, value: &Value) -> bool {
        match self {
            Self::Process(kind, setting) => value.is_null() || setting.default_of(kind).as_ref() == Some(value),
            Self::Env(_) => false,
            Self::Label(_)
            | Self::Annotation(_)
            | Self::Feature(_)
            | Self::Sidecar(_)
            | Self::Binding(_)
            | Self::Policy(_) => value.is_null(),
        }
    }

    /// Whether its value may be a secret.
    pub(crate) fn is_secret(&self) -> bool {
        match self {
            Self::Env(_) | Self::Binding(_) => true,
            Self::Label(_)
            | Self::Annotation(_)
            | Self::Feature(_)
            | Self::Process(..)
            | Self::Sidecar(_)
            | Self::Policy(_) => false,
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "variable {name}"),
            Self::Label(name) => write!(f, "label {name}"),
            Self::Annotation(name) => write!(f, "annotation {name}"),
            Self::Feature(name) => write!(f, "feature {name}"),
            Self::Process(kind, setting) => write!(f, "{} of process {kind}", setting.key()),
            Self::Sidecar(name) => write!(f, "sidecar {name}"),
            Self::Binding(service) => write!(f, "binding of service instance {service}"),
            Self::Policy(policy) => write!(f, "network policy {policy}"),
        }
    }
}
