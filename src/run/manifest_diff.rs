//! Asks the platform whether an app is what a manifest asks for.

use std::io::Write as _;

use serde_json::Value;
use tempfile::NamedTempFile;

use super::api::{Answer, Api};
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;

/// Whether the platform knows of nothing that a manifest would change. Where it does not tell (an older API, a failure), it
/// may change something.
///
/// CC API 3.99: `POST /v3/spaces/GUID/manifest_diff`, which cf itself asks before it applies a manifest. JSON is YAML, too.
pub(crate) fn is_empty(api: &Api<'_>, manifest: &Value) -> bool {
    // With mode 0600, in a directory that only the user can read: variables may be secret.
    let file = NamedTempFile::new_in(api.session.home().path()).and_then(|mut file| {
        file.write_all(manifest.to_string().as_bytes())?;
        file.flush()?;
        Ok(file)
    });
    let Ok(file) = file else { return false };
    let call = Invocation::manifest_diff(&api.target().space_guid, &file.path().to_string_lossy());
    match api.change(&call, &Expectation::Json) {
        Ok(Answer::Done(answer)) => answer["diff"].as_array().is_some_and(Vec::is_empty),
        Ok(Answer::Refused(_) | Answer::Unknown(_)) | Err(_) => false,
    }
}
