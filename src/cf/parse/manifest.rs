//! The answer of `cf curl /v3/apps/GUID/manifest`.

use serde_json::Value;

use super::json::{NoJson, json};
use crate::plan;

/// Reads an app as the platform writes its manifest: a YAML document that begins with `---` (CC: `app_manifests_controller.rb`).
/// The platform's errors are JSON there, too.
pub(crate) fn manifest(stdout: &str) -> Result<Value, NoJson> {
    let text = stdout.trim();
    if !text.starts_with("---") {
        return json(stdout);
    }
    let document = plan::yaml_value(text).ok_or(NoJson::NotAnObject { what: "no YAML".to_owned() })?;
    match document["applications"].get(0) {
        Some(application) if application.is_object() => Ok(application.clone()),
        Some(_) | None => Err(NoJson::NotAnObject { what: "a manifest without an application".to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_yaml_and_an_error_is_json() {
        let read = manifest(
            "---\napplications:\n- name: shop\n  env:\n    LIMIT: '3'\n    YES: 'yes'\n  processes:\n  - type: web\n    instances: 2\n\n",
        );
        let read = read.unwrap();
        assert_eq!(read["env"], serde_json::json!({"LIMIT": "3", "YES": "yes"}));
        assert_eq!(read["processes"][0]["instances"], 2);
        let error = r#"{"errors":[{"code":10010,"title":"CF-ResourceNotFound","detail":"App not found"}]}"#;
        assert!(matches!(manifest(error), Err(NoJson::Errors { .. })));
        assert_eq!(manifest("\n"), Err(NoJson::Empty));
        for broken in ["---\n- a\n", "---\napplications: []\n", "---\n{", "<html>"] {
            assert!(matches!(manifest(broken), Err(NoJson::NotAnObject { .. })), "{broken}");
        }
    }
}
