//! A manifest as a plan names it.

use std::path::PathBuf;

use serde::Serialize;

use super::alone::Alone;
use super::app::ManifestApp;

/// A cf manifest and the variables it is filled in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The file, as it is handed to `cf push -f`.
    pub path: PathBuf,
    /// The variables for `--var NAME=VALUE`, in the order of the plan. cf 8.17 reads each value as YAML, so a text that
    /// YAML would take for something else (`1.0`, `yes`) stands here in quotes.
    pub vars: Vec<(String, String)>,
    /// The files for `--vars-file`, as they are handed to cf, in the order of the plan.
    pub vars_files: Vec<PathBuf>,
    /// The application of the manifest that is meant, by its name there, where the plan says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// What is pushed of the file where it has several applications; its text counts in the plan's digest in the place of
    /// the file's.
    #[serde(skip)]
    pub alone: Option<Alone>,
    /// The application, with the variables filled in.
    pub app: ManifestApp,
}
