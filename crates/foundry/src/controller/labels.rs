//! Labels and annotations: what a request asks to change, and what keys and values may be.

use serde_json::Value;

use crate::state::Metadata;

/// What a request asks to change in labels and annotations; `None` deletes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MetadataChange {
    labels: Vec<(String, Option<String>)>,
    annotations: Vec<(String, Option<String>)>,
}

impl MetadataChange {
    /// Reads a `metadata` object and returns what is wrong with it.
    pub(crate) fn read(&mut self, metadata: &Value) -> Vec<String> {
        let Some(metadata) = metadata.as_object() else { return vec!["must be an object".to_owned()] };
        let mut problems = Vec::new();
        let unexpected: Vec<_> = metadata
            .keys()
            .filter(|key| !matches!(key.as_str(), "labels" | "annotations"))
            .map(|key| format!("'{key}'"))
            .collect();
        if !unexpected.is_empty() {
            problems.push(format!("has unexpected field(s): {}", unexpected.join(" ")));
        }
        match metadata.get("labels") {
            None | Some(Value::Null) => {}
            Some(Value::Object(labels)) => {
                for (key, value) in labels {
                    let value = text(value);
                    if let Some(problem) = key_problem(key) {
                        problems.push(format!("label key error: {problem}"));
                    }
                    if let Some(problem) = value.as_deref().and_then(value_problem) {
                        problems.push(format!("label value error: {problem}"));
                    }
                    self.labels.push((key.clone(), value));
                }
            }
            Some(_) => problems.push("'labels' is not an object".to_owned()),
        }
        match metadata.get("annotations") {
            None | Some(Value::Null) => {}
            Some(Value::Object(annotations)) => {
                for (key, value) in annotations {
                    let value = text(value);
                    if value.as_deref().is_some_and(|value| !value.trim().is_empty())
                        && let Some(problem) = key_problem(key)
                    {
                        problems.push(format!("annotation key error: {problem}"));
                    }
                    if let Some(value) = value.as_deref()
                        && value.chars().count() > 5000
                    {
                        problems.push(format!(
                            "annotation value error: '{}...' is greater than 5000 characters",
                            head(value)
                        ));
                    }
                    self.annotations.push((key.clone(), value));
                }
            }
            Some(_) => problems.push("'annotations' is not an object".to_owned()),
        }
        problems
    }

    /// Merges the change: values replace, nulls delete.
    pub(crate) fn apply(self, metadata: &mut Metadata) {
        for (changes, target) in [(self.labels, &mut metadata.labels), (self.annotations, &mut metadata.annotations)] {
            for (key, value) in changes {
                match value {
                    Some(value) => {
                        target.insert(key, value);
                    }
                    None => {
                        target.shift_remove(&key);
                    }
                }
            }
        }
    }
}

/// A scalar as text; null is `None`.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn head(text: &str) -> String {
    text.chars().take(8).collect()
}

/// What is wrong with the key of a label or an annotation.
/// (`cloud_controller_ng`: `messages/metadata_validator_helper.rb`.)
pub(crate) fn key_problem(key: &str) -> Option<String> {
    if key.trim().is_empty() {
        return Some("key cannot be empty string".to_owned());
    }
    if key.matches('/').count() > 1 {
        return Some("key has more than one '/'".to_owned());
    }
    let name = match key.split_once('/') {
        None => key,
        Some((prefix, name)) => {
            if !is_dns_name(prefix) {
                return Some(format!("prefix '{prefix}' must be in valid dns format"));
            }
            if prefix.chars().count() > 253 {
                return Some(format!("prefix '{}...' is greater than 253 characters", head(prefix)));
            }
            if prefix.eq_ignore_ascii_case("cloudfoundry.org") {
                return Some("prefix 'cloudfoundry.org' is reserved".to_owned());
            }
            if name.trim().is_empty() {
                return Some("key cannot be empty string".to_owned());
            }
            name
        }
    };
    word_problem(name)
}

/// What is wrong with the value of a label; the empty one is good.
pub(crate) fn value_problem(value: &str) -> Option<String> {
    if value.is_empty() { None } else { word_problem(value) }
}

fn word_problem(word: &str) -> Option<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if !word.chars().all(good) {
        Some(format!("'{word}' contains invalid characters"))
    } else if !edge(word.chars().next()) || !edge(word.chars().last()) {
        Some(format!("'{word}' starts or ends with invalid characters"))
    } else if word.chars().count() > 63 {
        Some(format!("'{}...' is greater than 63 characters", head(word)))
    } else {
        None
    }
}

/// Whether a name is made of at least two DNS labels. (`cloud_controller_ng`: `DomainDecorator::DOMAIN_REGEX`.)
pub(crate) fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.contains('.') && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_is_checked_as_the_cloud_controller_checks_it() {
        let long = "a".repeat(64);
        let cases = [
            (json!({"labels": {"env": "prod", "example.com/env": "a_b-c.d", "gone": null, "empty": ""}}), vec![]),
            (json!({"labels": {"": "x"}}), vec!["label key error: key cannot be empty string"]),
            (json!({"labels": {"a/b/c": "x"}}), vec!["label key error: key has more than one '/'"]),
            (json!({"labels": {"team/x": "x"}}), vec!["label key error: prefix 'team' must be in valid dns format"]),
            (
                json!({"labels": {"cloudfoundry.org/x": "x"}}),
                vec!["label key error: prefix 'cloudfoundry.org' is reserved"],
            ),
            (json!({"labels": {"example.com/": "x"}}), vec!["label key error: key cannot be empty string"]),
            (json!({"labels": {"a b": "x"}}), vec!["label key error: 'a b' contains invalid characters"]),
            (json!({"labels": {"-a": "x"}}), vec!["label key error: '-a' starts or ends with invalid characters"]),
            (json!({"labels": {&long: "x"}}), vec!["label key error: 'aaaaaaaa...' is greater than 63 characters"]),
            (json!({"labels": {"a": &long}}), vec!["label value error: 'aaaaaaaa...' is greater than 63 characters"]),
            (json!({"labels": {"a": "b c"}}), vec!["label value error: 'b c' contains invalid characters"]),
            (json!({"annotations": {"note": "any text, \u{e9}ven this"}}), vec![]),
            (
                json!({"annotations": {"note": "a".repeat(5001)}}),
                vec!["annotation value error: 'aaaaaaaa...' is greater than 5000 characters"],
            ),
            (json!({"annotations": {"a b": "x"}}), vec!["annotation key error: 'a b' contains invalid characters"]),
            (
                json!({"labels": [], "colour": 1}),
                vec!["has unexpected field(s): 'colour'", "'labels' is not an object"],
            ),
            (json!("x"), vec!["must be an object"]),
        ];
        for (metadata, expected) in cases {
            assert_eq!(MetadataChange::default().read(&metadata), expected, "{metadata}");
        }
    }

    #[test]
    fn metadata_is_merged_and_null_deletes() {
        let mut metadata = Metadata::default();
        let mut first = MetadataChange::default();
        first.read(&json!({"labels": {"a": "1", "b": "2"}, "annotations": {"n": "x"}}));
        first.apply(&mut metadata);
        let mut second = MetadataChange::default();
        second.read(&json!({"labels": {"a": null, "c": "3"}}));
        second.apply(&mut metadata);
        let labels: Vec<_> = metadata.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(labels, ["b=2", "c=3"]);
        assert_eq!(metadata.annotations["n"], "x");
    }
}
