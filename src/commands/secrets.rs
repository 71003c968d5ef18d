//! Which secrets a run knows, so that they are hidden wherever they turn up.

use std::env;

use serde_json::Value;

use crate::plan::Plan;
use crate::secret::{Redactor, Sensitive};

/// Hides the values of the plan's vars files and of variables that hold secrets, less what the plan shows itself.
pub(super) fn hide_secrets(redactor: &Redactor, plan: &Plan) {
    let of_environment = env::vars_os().filter(|(name, _)| holds_a_secret(&name.to_string_lossy()));
    let of_environment = of_environment.flat_map(|(_, value)| with_its_parts(&value.to_string_lossy()));
    for secret in plan.secrets.iter().cloned().chain(of_environment) {
        if !plan.shows(&secret) {
            redactor.learn(&secret);
        }
    }
}

/// A secret and, where it is JSON, each text in it: cf 8.17 takes the credentials of several registries so, and prints
/// them one by one in the differences of the manifest.
fn with_its_parts(value: &str) -> Vec<Sensitive> {
    fn texts(value: &Value, found: &mut Vec<Sensitive>) {
        match value {
            Value::String(text) => found.push(Sensitive::new(text)),
            Value::Array(all) => all.iter().for_each(|one| texts(one, found)),
            Value::Object(all) => all.values().for_each(|one| texts(one, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut found = vec![Sensitive::new(value)];
    if let Ok(json) = serde_json::from_str(value) {
        texts(&json, &mut found);
    }
    found
}

/// Whether a variable of this name holds a secret: those of cf, and whatever says so.
fn holds_a_secret(name: &str) -> bool {
    const WORDS: [&str; 6] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL", "CREDS"];
    let name = name.to_ascii_uppercase();
    WORDS.iter().any(|word| name.contains(word)) || name.ends_with("_KEY")
}
