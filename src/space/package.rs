//! What was uploaded of an app.

use serde::{Deserialize, Serialize};

/// A package: the files of an app as they were uploaded, or the image that it runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Package {
    /// The guid.
    pub guid: String,
    /// Whether the upload is complete and processed.
    pub ready: bool,
}
