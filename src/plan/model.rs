//! The plan as a whole.

use std::path::PathBuf;

use serde::Serialize;

use super::app::App;
use super::diagnostics::Warning;
use super::target::Target;
use super::tls::Tls;
use crate::secret::Sensitive;

/// A deployment plan that has passed every check that needs no Cloud Foundry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The version of the file format; the only one is 1.
    pub version: u32,
    /// The space that the plan may be run against.
    pub target: Target,
    /// The apps to deploy, in the order of the file; never empty.
    pub apps: Vec<App>,
    /// How many steps may run at the same time, one at the least; those of different apps, too. Where nothing is said, one app
    /// follows the other. It decides nothing of what is deployed.
    #[serde(skip)]
    pub parallel: Option<usize>,
    /// How certificates of routes are verified. It decides nothing of what is deployed.
    #[serde(skip)]
    pub tls: Tls,
    /// The plan file, as the user named it.
    pub file: PathBuf,
    /// The SHA-256 (64 lower-case hex digits) of what decides the deployment: the values of the plan and the contents
    /// of the manifests. Comments, the order of keys and the folder that the command is run in do not count; neither do
    /// the vars files but for sizes: everybody who sees the app sees the digest, and could try a short secret against
    /// it.
    pub digest: String,
    /// The values of the vars files and of the manifests' `env`: what must not be seen when cf prints it.
    #[serde(skip)]
    pub secrets: Vec<Sensitive>,
    /// What in the manifests has no effect, or another than it seems to have. It decides nothing.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
}

impl Plan {
    /// Whether the plan itself shows a text: as a name, a route, a path or a value of `vars`, or as a part of one.
    pub(crate) fn shows(&self, text: &Sensitive) -> bool {
        let Target { api, org, space } = &self.target;
        let has = |shown: &str| shown.contains(text.expose());
        has(api.as_str()) || has(org.as_str()) || has(space.as_str()) || self.apps.iter().any(|app| app.shows(&has))
    }
}
