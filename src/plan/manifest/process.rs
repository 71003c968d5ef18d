//! A process of a manifest.

use serde::Serialize;

/// A process of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ManifestProcess {
    /// `type`, for example `web` or `worker`.
    pub process_type: String,
    /// `command`.
    pub command: Option<String>,
    /// `instances`.
    pub instances: Option<u32>,
    /// `memory` in MB.
    pub memory_mb: Option<u64>,
    /// `disk_quota` in MB.
    pub disk_mb: Option<u64>,
    /// `health-check-*`.
    pub health_check: HealthCheck,
}

/// How the platform tells whether an instance is healthy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct HealthCheck {
    /// `health-check-type`: `port`, `process` or `http` (CC takes `none` for `process`).
    pub kind: Option<String>,
    /// `health-check-http-endpoint`.
    pub endpoint: Option<String>,
    /// `timeout` in seconds: how long an instance may take to become healthy.
    pub timeout_seconds: Option<u32>,
}
