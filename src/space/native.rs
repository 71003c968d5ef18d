//! Deployments of the platform's own (`cf push --strategy`, `cf restart --strategy`): a new version that takes an app's
//! place instance by instance.
//!
//! While one is under way the app has two processes of type `web` or more, and the platform goes on to change how many
//! instances each of them has, or waits for a person to continue or to cancel it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A deployment of the platform's own that is under way (CC API 3: the deployment object).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NativeDeployment {
    /// The guid of the app.
    pub app: String,
    /// How instances are replaced: `rolling`, `canary`.
    pub strategy: String,
    /// Why its status is what it is: `DEPLOYING`, `PAUSED`, `CANCELING`.
    pub reason: String,
    /// When it began, as the API writes it.
    pub since: String,
}

impl NativeDeployment {
    /// Whether it waits for a person to continue it. CC: nothing else can be continued.
    pub(crate) fn is_paused(&self) -> bool {
        self.reason == "PAUSED"
    }

    /// Whether it is being cancelled already.
    pub(crate) fn is_canceling(&self) -> bool {
        self.reason == "CANCELING"
    }
}

impl fmt::Display for NativeDeployment {
    /// What it is, as a phrase: `canary deployment (PAUSED, since 2026-11-28T10:45:00Z)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} deployment ({}, since {})", self.strategy, self.reason, self.since)
    }
}
