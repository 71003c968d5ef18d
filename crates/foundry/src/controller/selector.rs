//! Label selectors: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.

use crate::controller::labels::{key_problem, value_problem};
use crate::state::Metadata;

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

/// Splits at commas, but for those between a bracket and the next that closes.
/// (`MetadataHelpers::REQUIREMENT_SPLITTER`)
fn split_outside_brackets(selector: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while let Some(found) = selector[at..].find([',', '(']).map(|found| at + found) {
        at = found + 1;
        if selector[found..].starts_with('(') {
            at += selector[at..].find(')').map_or(0, |close| close + 1);
        } else {
            parts.push(&selector[begin..found]);
            begin = at;
        }
    }
    parts.push(&selector[begin..]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// Reads one requirement by the first pattern that fits. (`MetadataHelpers::REQUIREMENT_OPERATOR_PAIRS`)
fn requirement(part: &str) -> Result<Requirement, String> {
    let list = |text: &str| text.split(',').map(ToOwned::to_owned).collect::<Vec<_>>();
    let of_list = |word: &str| part.strip_suffix(')')?.split_once(word);
    let key_characters = |key: &str| {
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
    };
    let of_one = |sign: &str| part.split_once(sign).filter(|(key, _)| key_characters(key));
    let (key, parsed) = if let Some((key, values)) = of_list(" in (") {
        (key, Requirement::In(key.to_owned(), list(values)))
    } else if let Some((key, values)) = of_list(" notin (") {
        (key, Requirement::NotIn(key.to_owned(), list(values)))
    } else if let Some((key, value)) = of_one("==").or_else(|| of_one("=")) {
        (key, Requirement::In(key.to_owned(), vec![value.to_owned()]))
    } else if let Some((key, value)) = of_one("!=") {
        (key, Requirement::NotIn(key.to_owned(), vec![value.to_owned()]))
    } else if key_characters(part) {
        (part, Requirement::Exists(part.to_owned()))
    } else if let Some(key) = part.strip_prefix('!').filter(|key| key_characters(key)) {
        (key, Requirement::NotExists(key.to_owned()))
    } else {
        return Err("Invalid label_selector value".to_owned());
    };
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
            ("a in (", Err("Invalid label_selector value".to_owned())),
            ("a in (b,c", Err("Invalid label_selector value".to_owned())),
            ("a b=c", Err("Invalid label_selector value".to_owned())),
            ("a=b=c", Err("'b=c' contains invalid characters".to_owned())),
        ];
        for (selector, expected) in cases {
            assert_eq!(requirements(selector), expected, "{selector}");
        }
    }
}
