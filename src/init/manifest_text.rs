//! The manifest of an app that has none in the repository.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::found::Found;
use super::yaml_text::block;

/// What of the platform's own manifest stands in one for a repository, in this order. Routes are the plan's; what else there is
/// on the app is carried from version to version.
const KEYS: [&str; 7] = ["lifecycle", "docker", "buildpacks", "stack", "services", "processes", "sidecars"];

/// The manifest, with what it leaves out and why.
pub(crate) fn manifest_text(found: &Found) -> String {
    let mut app = Map::from_iter([("name".to_owned(), Value::from(found.name.as_str()))]);
    for key in KEYS {
        // What every app is where nothing is said need not be said.
        let is_default = key == "lifecycle" && found.manifest[key] == "buildpack";
        if let Some(value) = found.manifest.get(key).filter(|value| !value.is_null() && !is_default) {
            app.insert(key.to_owned(), value.clone());
        }
    }
    let names = |of: &Value| of.as_object().map(|all| all.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let env = names(&found.manifest["env"]);
    let mut text = format!("# The manifest of {}, written by `cutover init` from what runs.\n", found.colours[0]);
    if !env.is_empty() {
        let _ = write!(
            text,
            "# It has variables, whose values are no business of a repository: {}.\n\
             # They are carried from version to version. What stands below `env:` here takes their place.\n",
            env.join(", ")
        );
    }
    text + &block(
        &Value::Object(Map::from_iter([("applications".to_owned(), Value::from(vec![Value::Object(app)]))])),
        0,
    )
}
