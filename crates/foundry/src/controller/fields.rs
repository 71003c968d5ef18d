//! The `fields[RESOURCE]=KEYS` parameters of services: parts of related resources, under `included`.

use serde_json::{Map, Value};

use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{Query, with_included};

/// A resource and the keys that can be asked for.
pub(super) type Allowed = (&'static str, &'static [&'static str]);

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, Vec<String>)>);

impl Fields {
    /// Reads the parameters; fails where a resource or a key is not among these.
    pub(super) fn read(query: &Query, allowed: &[Allowed]) -> ApiResult<Self> {
        let quoted = |names: &mut dyn Iterator<Item = &str>| {
            names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
        };
        let mut fields = Vec::new();
        for (resource, keys) in query.bracketed("fields") {
            let Some((_, known)) = allowed.iter().find(|(name, _)| *name == resource) else {
                let valid = quoted(&mut allowed.iter().map(|(name, _)| *name));
                return Err(ApiError::bad_query(&format!("Fields [{resource}] valid resources are: {valid}")));
            };
            if keys.iter().any(|key| !known.contains(&key.as_str())) {
                let valid = quoted(&mut known.iter().copied());
                return Err(ApiError::bad_query(&format!("Fields valid keys for '{resource}' are: {valid}")));
            }
            fields.push((resource, keys));
        }
        Ok(Self(fields))
    }

    /// Adds the asked parts of resources to an answer, each resource once, where they were asked for.
    pub(super) fn include(
        &self,
        answer: Value,
        resource: &str,
        name: &str,
        full: impl Iterator<Item = Value>,
    ) -> Value {
        let Some((_, keys)) = self.0.iter().find(|(asked, _)| asked == resource) else { return answer };
        let mut seen = Vec::new();
        let mut parts: Vec<Value> = Vec::new();
        for one in full {
            let guid = one.get("guid").cloned();
            if !seen.contains(&guid) {
                seen.push(guid);
                parts.push(pick(&one, keys));
            }
        }
        // Where there is nothing to include, the Cloud Controller leaves the name out.
        if parts.is_empty() { answer } else { with_included(answer, name, parts.into_iter()) }
    }
}

fn pick(full: &Value, keys: &[String]) -> Value {
    let mut part = Map::new();
    for key in keys {
        match key.strip_prefix("relationships.") {
            None => {
                part.insert(key.clone(), full.get(key).cloned().unwrap_or(Value::Null));
            }
            Some(other) => {
                let found = full.get("relationships").and_then(|all| all.get(other)).cloned();
                let relationships = part.entry("relationships").or_insert_with(|| Value::Object(Map::new()));
                relationships[other] = found.unwrap_or(Value::Null);
            }
        }
    }
    Value::Object(part)
}
