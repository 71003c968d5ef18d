//! The labels and annotations of an application: what the platform takes for one (CC: `metadata_validator.rb`,
//! `metadata_validator_helper.rb`).

use super::fields::Fields;
use super::variables::is_unfilled;
use crate::plan::route_url::check_label;
use crate::plan::value_error::ValueError;
use crate::plan::yaml::{Node, Value, key_path};
use crate::settings::LONGEST_ANNOTATION;

/// The most characters of a label's value, and of a key without its prefix.
const LONGEST_WORD: usize = 63;
/// The most characters of a key's prefix.
const LONGEST_PREFIX: usize = 253;
const HINT: &str = "write `metadata: {labels: {NAME: VALUE}}`";
const OF_KEYS: &str = "a key is made of letters, digits, `-`, `_` and `.`, begins and ends with a letter or a digit, and may stand behind \
                       a domain and a `/`";
const OF_VALUES: &str = "the value of a label is made of letters, digits, `-`, `_` and `.`, and begins and ends with a letter or a digit; \
                         an annotation takes any text";

/// Checks labels and annotations; null is none.
pub(super) fn check(fields: &mut Fields<'_, '_, '_>) {
    if fields.value("metadata").is_none() {
        return;
    }
    let path = fields.path_of("metadata");
    for (key, value) in fields.mapping("metadata", HINT) {
        let name = key.text().unwrap_or_default();
        let at = key_path(&path, name);
        match (name, &value.value) {
            ("labels" | "annotations", _) if value.is_null() => {}
            ("labels", Value::Map(entries)) => check_entries(fields, entries, &at, label_error),
            ("annotations", Value::Map(entries)) => check_entries(fields, entries, &at, annotation_error),
            ("labels" | "annotations", _) => {
                let message = format!("expected a mapping, found {}", value.type_name());
                fields.collector.node(value, &at, ValueError::hinted(message, HINT));
            }
            (name, _) => {
                let message = format!("the platform knows no `{name}` of an app's metadata");
                fields.collector.node(key, &at, ValueError::hinted(message, "there are `labels` and `annotations`"));
            }
        }
    }
}

/// Checks the keys, and the values by what is wrong with one. A key without a value takes a label away, and is none.
fn check_entries(
    fields: &mut Fields<'_, '_, '_>,
    entries: &[(Node, Node)],
    path: &str,
    value_error: fn(&str) -> Option<ValueError>,
) {
    for (key, value) in entries {
        let name = key.text().unwrap_or_default();
        let at = key_path(path, name);
        if is_unfilled(name) {
            continue;
        }
        if let Some(error) = key_error(name) {
            fields.collector.node(key, &at, error);
        }
        let error = match &value.value {
            Value::Scalar(_) => value.text().filter(|text| !is_unfilled(text)).and_then(value_error),
            Value::List(_) | Value::Map(_) => {
                Some(ValueError::hinted(format!("expected a text, found {}", value.type_name()), HINT))
            }
        };
        if let Some(error) = error.filter(|_| !value.is_null()) {
            fields.collector.node(value, &at, error);
        }
    }
}

fn key_error(key: &str) -> Option<ValueError> {
    let hinted = |message: String| Some(ValueError::hinted(message, OF_KEYS));
    let name = match key.split_once('/') {
        None => key,
        Some((_, name)) if name.contains('/') => return hinted("this key has more than one `/`".to_owned()),
        Some((prefix, _)) if prefix.chars().count() > LONGEST_PREFIX || !is_domain(prefix) => {
            return hinted(format!("`{prefix}` is no domain, and nothing else may stand before the `/` of a key"));
        }
        Some((prefix, _)) if prefix.eq_ignore_ascii_case("cloudfoundry.org") => {
            return hinted("keys below `cloudfoundry.org/` are the platform's own".to_owned());
        }
        Some((_, name)) => name,
    };
    if name.trim().is_empty() {
        return hinted("a label or an annotation has no name".to_owned());
    }
    word_fault(name).and_then(|fault| hinted(format!("this key {fault}")))
}

fn label_error(value: &str) -> Option<ValueError> {
    let fault = word_fault(value).filter(|_| !value.is_empty())?;
    Some(ValueError::hinted(format!("the platform refuses this label: its value {fault}"), OF_VALUES))
}

fn annotation_error(value: &str) -> Option<ValueError> {
    let length = value.chars().count();
    let message = || format!("an annotation has at most {LONGEST_ANNOTATION} characters, and this one has {length}");
    (length > LONGEST_ANNOTATION).then(|| ValueError::new(message()))
}

/// What is wrong with a word that a label or a key is made of.
fn word_fault(word: &str) -> Option<String> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if let Some(odd) = word.chars().find(|c| !is_good(*c)) {
        return Some(if odd == ' ' { "has a blank in it".to_owned() } else { format!("has a `{odd}` in it") });
    }
    if !word.starts_with(|c: char| c.is_ascii_alphanumeric()) || !word.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        return Some("begins or ends with neither a letter nor a digit".to_owned());
    }
    let length = word.chars().count();
    (length > LONGEST_WORD).then(|| format!("has {length} characters, and {LONGEST_WORD} are the most"))
}

/// Whether a name is made of at least two labels of a domain (CC: `DomainDecorator::DOMAIN_REGEX`).
fn is_domain(name: &str) -> bool {
    name.contains('.') && name.split('.').all(|label| check_label(name, label).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_the_platform_takes() {
        let long = "a".repeat(64);
        let cases = [
            ("team", ""),
            ("example.com/team-1.a_b", ""),
            ("a b", "this key has a blank in it"),
            ("-team", "this key begins or ends with neither a letter nor a digit"),
            (&long, "this key has 64 characters, and 63 are the most"),
            ("a/b/c", "this key has more than one `/`"),
            ("here/team", "`here` is no domain, and nothing else may stand before the `/` of a key"),
            ("CloudFoundry.org/team", "keys below `cloudfoundry.org/` are the platform's own"),
            ("example.com/", "a label or an annotation has no name"),
            ("", "a label or an annotation has no name"),
        ];
        for (key, expected) in cases {
            assert_eq!(key_error(key).map_or(String::new(), |error| error.message), expected, "{key}");
        }
    }

    #[test]
    fn values_are_what_the_platform_takes() {
        let of = |error: Option<ValueError>| error.map_or(String::new(), |error| error.message);
        assert_eq!(of(label_error("")), "");
        assert_eq!(of(label_error("1.4.0")), "");
        assert_eq!(of(label_error("me@example.com")), "the platform refuses this label: its value has a `@` in it");
        assert_eq!(of(annotation_error("me@example.com, or any other")), "");
        let long = "a".repeat(5001);
        assert_eq!(of(annotation_error(&long)), "an annotation has at most 5000 characters, and this one has 5001");
    }
}
