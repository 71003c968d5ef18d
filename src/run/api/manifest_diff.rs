//! Asks the platform whether apps are what manifests ask for.

use serde_json::Value;

use super::api::{Answer, Api};
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::secret::Sensitive;

/// What manifests would change, by their paths such as `/applications/0/env/NAME`. `None` where the platform does not tell (an
/// older API, a failure).
///
/// CC API 3.99: `POST /v3/spaces/GUID/manifest_diff`, which cf itself asks before it applies a manifest. JSON is YAML, too.
pub(crate) fn paths(api: &Api<'_>, manifest: &Value) -> Option<Vec<String>> {
    // Variables may be secret.
    let file = api.session.home().secret_file(&Sensitive::new(manifest.to_string())).ok()?;
    let call = Invocation::manifest_diff(&api.target().space_guid, &file.path().to_string_lossy());
    match api.change(&call, &Expectation::Json) {
        Ok(Answer::Done(answer)) => {
            // What the app has and the manifest does not name is told as removed, and stays (CC: `space_diff_manifest.rb`).
            let changes = answer["diff"].as_array()?.iter().filter(|one| one["op"] != "remove");
            changes.map(|one| Some(one["path"].as_str()?.to_owned())).collect()
        }
        Ok(Answer::Refused(_) | Answer::Unknown(_)) | Err(_) => None,
    }
}
