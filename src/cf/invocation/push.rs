//! What a push takes.

use super::manifest_part::ManifestPart;

/// What is read in the place of flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PushedManifest {
    /// A manifest as it is.
    File(String),
    /// One application of several.
    Part(ManifestPart),
}

/// What `push` takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Push {
    /// The name of the app, whatever the manifest calls it.
    pub app: String,
    /// The manifest; without one cf is told to look for none.
    pub manifest: Option<PushedManifest>,
    /// The directory or archive to upload; without one the manifest says.
    pub path: Option<String>,
    /// Manifest variables; they win over those of the files.
    pub vars: Vec<(String, String)>,
    /// Files with manifest variables; later ones win.
    pub vars_files: Vec<String>,
    /// The number of web instances, in the place of the manifest's.
    pub instances: Option<u32>,
    /// The memory of a web instance in megabytes, in the place of the manifest's.
    pub memory_mb: Option<u64>,
}
