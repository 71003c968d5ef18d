//! Asks the platform whether apps are what manifests ask for.

use serde_json::Value;

use super::api::{Answer, Api};
use super::observe_error::ObserveError;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::{Expectation, Reason, Refusal};
use crate::secret::Sensitive;

/// What manifests would change, by their paths such as `/applications/0/env/NAME`. `None` where the API is too old to tell. Fails
/// where it does not tell for another reason.
///
/// CC API 3.99: `POST /v3/spaces/GUID/manifest_diff`, which cf itself asks before it applies a manifest. JSON is YAML, too.
pub(crate) fn paths(api: &Api<'_>, manifest: &Value) -> Result<Option<Vec<String>>, ObserveError> {
    // The platform takes no manifest of no application.
    if manifest["applications"].as_array().is_some_and(Vec::is_empty) {
        return Ok(Some(Vec::new()));
    }
    let path = format!("/v3/spaces/{}/manifest_diff", api.target().space_guid);
    let unknown = |why: String| ObserveError::Unknown { path: path.clone(), why };
    // Variables may be secret.
    let manifest = Sensitive::new(manifest.to_string());
    let file = api.session.home().secret_file(&manifest).map_err(|error| unknown(error.to_string()))?;
    let call = Invocation::manifest_diff(&api.target().space_guid, &file.path().to_string_lossy());
    let answer = match api.change(&call, &Expectation::Json)? {
        Answer::Done(answer) => answer,
        Answer::Refused(Refusal { reason: Reason::NotFound, .. }) => return Ok(None),
        Answer::Refused(refusal) => return Err(ObserveError::Refused { path, refusal }),
        Answer::Unknown(why) => return Err(unknown(why)),
    };
    changed(&answer).map(Some).ok_or_else(|| unknown(format!("there is no list of differences in {answer}")))
}

/// The paths of what would be changed. What the app has and the manifest does not name is told as removed, and stays (CC:
/// `space_diff_manifest.rb`).
fn changed(answer: &Value) -> Option<Vec<String>> {
    let changes = answer["diff"].as_array()?.iter().filter(|one| one["op"] != "remove");
    changes.map(|one| Some(one["path"].as_str()?.to_owned())).collect()
}
