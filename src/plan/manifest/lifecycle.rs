//! How a package becomes something that runs.

use serde::{Deserialize, Serialize};

/// How a package becomes something that runs (CC API 3: app lifecycles). An app keeps the one that it was created with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    /// Buildpacks make a droplet of files.
    Buildpack,
    /// An image of a registry runs as it is.
    Docker,
    /// Cloud Native Buildpacks make an image of files.
    Cnb,
}

impl Lifecycle {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Buildpack, Self::Docker, Self::Cnb];

    /// Reads the platform's word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// The platform's word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Buildpack => "buildpack",
            Self::Docker => "docker",
            Self::Cnb => "cnb",
        }
    }
}
