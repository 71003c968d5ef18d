//! Label selectors: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.

use crate::foundry::controller::labels::{key_problem, value_problem};
use crate::foundry::state::Metadata;

/// One requirement of a label selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    NotExists(String),
}

impl Requirement {
    /// Whether a resource with this metadata is selected.
    pub(super) fn holds(&self, metadata: &Metadata) -> bool {
        match self {
            Self::In(key, values) => metadata.labels.get(key).is_some_and(|value| values.contains(value)),
            Self::NotIn(key, values) => metadata.labels.get(key).is_none_or(|value| !values.contains(value)),
            Self::Exists(key) => metadata.labels.contains_key(key),
            Self::NotExists(key) => !metadata.labels.contains_key(key),
        }
    }
}

/// Reads a label selector: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
pub(super) fn requirements(selector: &str) -> Result<Vec<Requirement>, String> {
    let parts = split_outside_brackets(selector);
    if parts.is_empty() {
        return Err("Missing label_selector value".to_owned());
    }
    if parts.len() > 50 {
        return Err("Too many label_selector requirements (maximum is 50)".to_owned());
    }
    parts.iter().map(|part| requirement(part)).collect()
}

fn split_outside_brackets(selector: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut inside = false;
    for c in selector.chars() {
        match c {
            ',' if !inside => parts.push(String::new()),
            _ => {
                inside = c == '(' || (inside && c != ')');
                if let Some(part) = parts.last_mut() {
                    part.push(c);
                }
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn requirement(part: &str) -> Result<Requirement, String> {
    let list = |text: &str| text.trim_end_matches(')').split(',').map(ToOwned::to_owned).collect::<Vec<_>>();
    let key_characters = |key: &str| {
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
    };
    let (key, parsed) = if let Some((key, values)) = part.split_once(" in (") {
        (key, Requirement::In(key.to_owned(), list(values)))
    } else if let Some((key, values)) = part.split_once(" notin (") {
        (key, Requirement::NotIn(key.to_owned(), list(values)))
    } else if let Some((key, value)) = part.split_once("!=") {
        (key, Requirement::NotIn(key.to_owned(), vec![value.to_owned()]))
    } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (key, Requirement::In(key.to_owned(), vec![value.to_owned()]))
    } else if let Some(key) = part.strip_prefix('!') {
        (key, Requirement::NotExists(key.to_owned()))
    } else {
        (part, Requirement::Exists(part.to_owned()))
    };
    if !key_characters(key) && !part.contains(" in (") && !part.contains(" notin (") {
        return Err("Invalid label_selector value".to_owned());
    }
    if let Some(problem) = key_problem(key) {
        return Err(problem);
    }
    if let Requirement::In(_, values) | Requirement::NotIn(_, values) = &parsed
        && let Some(problem) = values.iter().find_map(|value| value_problem(value))
    {
        return Err(problem);
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_selectors_are_read_as_the_cloud_controller_reads_them() {
        let cases = [
            ("a=b", Ok(vec![Requirement::In("a".into(), vec!["b".into()])])),
            ("a==b", Ok(vec![Requirement::In("a".into(), vec!["b".into()])])),
            ("a!=b", Ok(vec![Requirement::NotIn("a".into(), vec!["b".into()])])),
            (
                "a in (b,c),d",
                Ok(vec![Requirement::In("a".into(), vec!["b".into(), "c".into()]), Requirement::Exists("d".into())]),
            ),
            ("x.y/a notin (b)", Ok(vec![Requirement::NotIn("x.y/a".into(), vec!["b".into()])])),
            ("!a", Ok(vec![Requirement::NotExists("a".into())])),
            ("", Err("Missing label_selector value".to_owned())),
            ("a b", Err("Invalid label_selector value".to_owned())),
        ];
        for (selector, expected) in cases {
            assert_eq!(requirements(selector), expected, "{selector}");
        }
    }
}
