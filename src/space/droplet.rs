//! What staging made of a package.

use serde::{Deserialize, Serialize};

/// A droplet: the outcome of staging a package.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Droplet {
    /// The guid.
    pub guid: String,
    /// The guid of the package it was staged from, where the platform still tells.
    pub package: Option<String>,
}
