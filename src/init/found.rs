//! An app as it was found in a space.

use serde_json::Value;

use super::choose::{Chosen, Reached};

/// An app as it was found in a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The name that people use for it.
    pub(crate) name: String,
    /// The app that is live, and the name of the one that takes turns with it.
    pub(crate) colours: [String; 2],
    /// Its entry in a manifest, as the platform writes it.
    pub(crate) manifest: Value,
    /// The file in the repository that is its manifest.
    pub(crate) file: String,
    /// Where it is reached.
    pub(crate) reached: Reached,
    /// Why it cannot be deployed by a plan; `None` where it can.
    pub(crate) left_out: Option<&'static str>,
    /// The routes that its users know.
    pub(crate) live: Vec<String>,
    /// A route that is free for the check of a new version.
    pub(crate) staging: Option<String>,
    /// What of it a plan cannot say, or does not need to.
    pub(crate) notes: Vec<String>,
}

impl Found {
    /// Of an app that was chosen, with the platform's manifest of it and the file that is the repository's.
    pub(crate) fn new(chosen: Chosen<'_>, manifest: Value, file: String) -> Self {
        let left_out = chosen.left_out();
        let Chosen { name, app, other, reached, live, staging, notes } = chosen;
        let colours = [app.name.clone(), other];
        Self { name, colours, manifest, file, reached, left_out, live, staging, notes }
    }

    /// Where its web process says over HTTP that it is healthy.
    pub(crate) fn health_endpoint(&self) -> Option<&str> {
        let processes = self.manifest["processes"].as_array()?;
        let web = processes.iter().find(|process| process["type"] == "web")?;
        (web["health-check-type"] == "http").then(|| web["health-check-http-endpoint"].as_str()).flatten()
    }

    /// Whether it runs an image.
    pub(crate) fn is_docker(&self) -> bool {
        self.manifest.get("docker").is_some()
    }
}
