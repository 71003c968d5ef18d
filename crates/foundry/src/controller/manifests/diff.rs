//! What a manifest would change. (`space_diff_manifest.rb`, and the `json-diff` that it uses.)

use serde_json::{Map, Value, json};

use crate::controller::manifests::write;
use crate::state::{Guid, State, WEB};

/// The keys of an application that are compared.
const KEYS: [&str; 31] = [
    "buildpack",
    "buildpacks",
    "command",
    "disk-quota",
    "log-rate-limit-per-second",
    "docker",
    "env",
    "health-check-http-endpoint",
    "health-check-invocation-timeout",
    "health-check-interval",
    "health-check-timeout",
    "health-check-type",
    "readiness-health-check-http-endpoint",
    "readiness-health-check-type",
    "readiness-health-check-invocation-timeout",
    "readiness-health-check-interval",
    "instances",
    "metadata",
    "memory",
    "lifecycle",
    "name",
    "no-route",
    "processes",
    "random-route",
    "default-route",
    "routes",
    "services",
    "sidecars",
    "stack",
    "timeout",
    "features",
];

/// The differences between what the applications of a manifest say and what is there.
pub(super) fn of(db: &State, space: &Guid, apps: &[Value]) -> Vec<Value> {
    let mut diffs = Vec::new();
    for (index, app) in apps.iter().enumerate() {
        let Some(wanted) = app.as_object().map(normalized) else { continue };
        let name = wanted.get("name").and_then(Value::as_str).unwrap_or_default();
        let existing = db.app_named(space, name).map(|app| there(db, app)).unwrap_or_default();
        for (key, value) in &wanted {
            if !KEYS.contains(&key.as_str()) {
                continue;
            }
            let mut was = existing.get(key).cloned().unwrap_or(Value::Null);
            let identifier = match key.as_str() {
                "processes" => Some("type"),
                "sidecars" => Some("name"),
                "routes" => Some("route"),
                _ => None,
            };
            let present = !was.is_null();
            if present && let Some(identifier) = identifier {
                prune(&mut was, value, identifier);
            }
            if present
                && key == "features"
                && let (Some(was), Some(value)) = (was.as_object_mut(), value.as_object())
            {
                was.retain(|name, _| value.contains_key(name));
            }
            if matches!(key.as_str(), "disk-quota" | "memory") {
                continue;
            }
            compare(&mut diffs, &format!("/applications/{index}/{key}"), &was, value);
        }
    }
    diffs
}

/// An app as its manifest, with what its web process says on the app's own level.
fn there(db: &State, app: &crate::state::App) -> Map<String, Value> {
    let manifest = write::manifest(db, app);
    let Value::Object(mut fields) = manifest else { return Map::new() };
    let web = fields.get("processes").and_then(Value::as_array).and_then(|processes| {
        processes.iter().find(|process| process.get("type").and_then(Value::as_str) == Some(WEB))?.as_object().cloned()
    });
    fields.extend(web.unwrap_or_default().into_iter().filter(|(key, _)| key != "type"));
    fields
}

/// Sizes in the units in which they are shown, also in processes and sidecars; of those nothing but what they can have.
fn normalized(app: &Map<String, Value>) -> Map<String, Value> {
    let mut app = normalized_sizes(app);
    for list in ["processes", "sidecars"] {
        for one in app.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(fields) = one.as_object() {
                *one = Value::Object(normalized_sizes(fields));
            }
        }
    }
    for sidecar in app.get_mut("sidecars").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(fields) = sidecar.as_object_mut() {
            fields.retain(|key, _| matches!(key.as_str(), "name" | "command" | "process_types" | "memory"));
        }
    }
    app
}

fn normalized_sizes(fields: &Map<String, Value>) -> Map<String, Value> {
    let size = |key: &str, value: &Value| {
        let text = value.as_str()?;
        if !matches!(key, "memory" | "disk_quota" | "disk-quota") {
            return None;
        }
        let split = text.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = text[..split].parse().ok()?;
        match text[split..].trim().to_uppercase().as_str() {
            "M" | "MB" => Some(json!(format!("{number}M"))),
            "G" | "GB" => Some(json!(format!("{}M", number * 1024))),
            "T" | "TB" => Some(json!(format!("{}M", number * 1024 * 1024))),
            _ => None,
        }
    };
    fields.iter().map(|(key, value)| (key.clone(), size(key, value).unwrap_or_else(|| value.clone()))).collect()
}

/// Leaves of what is there only what the manifest speaks of.
fn prune(was: &mut Value, wanted: &Value, identifier: &str) {
    let (Some(was), Some(wanted)) = (was.as_array_mut(), wanted.as_array()) else { return };
    was.retain_mut(|one| {
        let same = wanted.iter().find(|other| other.get(identifier) == one.get(identifier));
        if let (Some(same), Some(fields)) = (same.and_then(Value::as_object), one.as_object_mut()) {
            fields.retain(|key, _| same.get(key).is_some_and(|value| !value.is_null()));
            return true;
        }
        false
    });
    let position = |one: &Value| wanted.iter().position(|other| other.get(identifier) == one.get(identifier));
    was.sort_by_key(|one| position(one));
}

/// Notes the differences of two values under a path.
fn compare(diffs: &mut Vec<Value>, path: &str, was: &Value, value: &Value) {
    match (was, value) {
        (was, value) if was == value => {}
        (Value::Object(was), Value::Object(value)) => {
            for (key, old) in was {
                let path = format!("{path}/{}", escaped(key));
                match value.get(key) {
                    Some(new) => compare(diffs, &path, old, new),
                    None => diffs.push(json!({ "op": "remove", "path": path, "was": old })),
                }
            }
            for (key, new) in value.iter().filter(|(key, _)| !was.contains_key(*key)) {
                diffs.push(json!({ "op": "add", "path": format!("{path}/{}", escaped(key)), "value": new }));
            }
        }
        (Value::Array(was), Value::Array(value)) => compare_lists(diffs, path, was, value),
        (Value::Null, value) => diffs.push(json!({ "op": "add", "path": path, "was": null, "value": value })),
        (was, value) => diffs.push(json!({ "op": "replace", "path": path, "was": was, "value": value })),
    }
}

fn compare_lists(diffs: &mut Vec<Value>, path: &str, was: &[Value], value: &[Value]) {
    let same = |one: &Value, other: &Value| match (one, other) {
        (Value::Object(_), Value::Object(_)) => {
            ["type", "route", "name"].iter().any(|key| one.get(key).is_some_and(|value| Some(value) == other.get(key)))
        }
        _ => one == other,
    };
    for (index, old) in was.iter().enumerate() {
        if !value.iter().any(|new| same(old, new)) {
            diffs.push(json!({ "op": "remove", "path": format!("{path}/{index}"), "was": old }));
        }
    }
    for (index, new) in value.iter().enumerate() {
        let path = format!("{path}/{index}");
        match was.iter().find(|old| same(old, new)) {
            Some(old) => compare(diffs, &path, old, new),
            None => diffs.push(json!({ "op": "add", "path": path, "value": new })),
        }
    }
}

/// A key in a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_operations_with_paths() {
        let cases = [
            (json!(null), json!(true), json!([{ "op": "add", "path": "/x", "was": null, "value": true }])),
            (json!(1), json!(2), json!([{ "op": "replace", "path": "/x", "was": 1, "value": 2 }])),
            (
                json!({ "A": "1", "B": "2" }),
                json!({ "A": "1", "C": "3" }),
                json!([
                    { "op": "remove", "path": "/x/B", "was": "2" },
                    { "op": "add", "path": "/x/C", "value": "3" },
                ]),
            ),
            (
                json!(["a", "b"]),
                json!(["b", "c"]),
                json!([
                    { "op": "remove", "path": "/x/0", "was": "a" },
                    { "op": "add", "path": "/x/1", "value": "c" },
                ]),
            ),
            (
                json!([{ "type": "web", "instances": 1 }]),
                json!([{ "type": "web", "instances": 2 }]),
                json!([
                    { "op": "replace", "path": "/x/0/instances", "was": 1, "value": 2 },
                ]),
            ),
        ];
        for (was, value, expected) in cases {
            let mut diffs = Vec::new();
            compare(&mut diffs, "/x", &was, &value);
            assert_eq!(Value::Array(diffs), expected);
        }
    }
}
