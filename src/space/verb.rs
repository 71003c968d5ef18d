//! What a person asks for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a person asks for, and so what the holder of a lock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// It deploys.
    Apply,
    /// It finishes an interrupted deployment.
    Resume,
    /// It falls back.
    Rollback,
}

impl Verb {
    /// The value of the annotation.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Resume => "resume",
            Self::Rollback => "rollback",
        }
    }

    /// What happens to the app.
    pub(super) fn passive(self) -> &'static str {
        match self {
            Self::Apply | Self::Resume => "is being deployed",
            Self::Rollback => "is being rolled back",
        }
    }

    /// What happened to the app.
    pub(super) fn was(self) -> &'static str {
        match self {
            Self::Apply | Self::Resume => "was being deployed",
            Self::Rollback => "was being rolled back",
        }
    }
}

impl fmt::Display for Verb {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
