//! Fills in a manifest's `((variables))` as cf 8.17 does.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use super::super::draft::At;
use super::super::fault::Fault;
use super::super::node::{Node, Scalar, ScalarKind, Value};
use super::super::report::{Place, Report};
use super::super::similar;

/// cf 8.17 (bosh template): a variable is `((name))` or `((name.key))`; a `!` before the name changes nothing.
static VARIABLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\(\((!?[-/.\w\pL]+)\)\)").ok());

/// The values of variables by name.
pub(in super::super) type Values = HashMap<String, Node>;

/// Collects the values: the files in order, later ones win, and the plan's own win over all. `None` where a file cannot
/// be read, which is noted; without its values nothing can be said about the manifest.
pub(in super::super) fn read_vars(
    files: &[At<PathBuf>],
    own: &[(String, Node)],
    contents: &mut Vec<Vec<u8>>,
    report: &mut Report<'_>,
) -> Option<Values> {
    let mut values = Some(Values::new());
    for file in files {
        let Some(document) = report.read_secret(&file.value, file.place.clone(), &file.path) else {
            values = None;
            continue;
        };
        contents.push(document.bytes);
        match document.root.value {
            Value::Map(entries) => {
                let named = entries.into_iter().filter_map(|(name, value)| Some((name.text()?.to_owned(), value)));
                if let Some(values) = &mut values {
                    values.extend(named);
                }
            }
            // An empty file, or one with nothing but comments.
            Value::Scalar(Scalar { kind: ScalarKind::Null, .. }) => {}
            Value::Scalar(_) | Value::List(_) => {
                let fault =
                    Fault::hinted("a vars file is a mapping of names to values", "write `name: value` on each line");
                report.node(&document.root, "", fault);
                values = None;
            }
        }
    }
    if let Some(values) = &mut values {
        values.extend(own.iter().cloned());
    }
    values
}

/// Fills in the variables of a tree; those without a value are noted. A scalar that is nothing but a variable takes over
/// the value as it is; within a text only texts and whole numbers can be filled in.
pub(super) fn fill_in(node: Node, path: &str, values: &Values, report: &mut Report<'_>) -> Node {
    let Node { source, id, value } = node;
    let place = Place::Node(source, id);
    match value {
        Value::List(items) => {
            let fill = |(at, item)| fill_in(item, &format!("{path}[{at}]"), values, report);
            Node { source, id, value: Value::List(items.into_iter().enumerate().map(fill).collect()) }
        }
        Value::Map(entries) => {
            let fill = |(key, value): (Node, Node)| {
                let below = super::super::shape::below(path, key.text().unwrap_or_default());
                let key = fill_in(key, path, values, report);
                (key, fill_in(value, &below, values, report))
            };
            Node { source, id, value: Value::Map(entries.into_iter().map(fill).collect()) }
        }
        Value::Scalar(Scalar { kind: ScalarKind::Text, text }) => {
            let filled = fill_in_text(&text, &place, path, values, report);
            Node { source, id, value: filled.unwrap_or(Value::Scalar(Scalar { kind: ScalarKind::Text, text })) }
        }
        Value::Scalar(scalar) => Node { source, id, value: Value::Scalar(scalar) },
    }
}

/// The value of a text with its variables filled in; `None` where it has none or a problem was noted.
fn fill_in_text(text: &str, place: &Place, path: &str, values: &Values, report: &mut Report<'_>) -> Option<Value> {
    let pattern = VARIABLE.as_ref()?;
    let mut filled = text.to_owned();
    let mut sound = true;
    for captures in pattern.captures_iter(text) {
        let (whole, [name]) = captures.extract();
        let plain = name.trim_start_matches('!');
        let Some(found) = look_up(plain, values) else {
            report.at(place.within(whole), path, unknown(plain, values));
            sound = false;
            continue;
        };
        if whole == text {
            return Some(found.value.clone());
        }
        match &found.value {
            Value::Scalar(Scalar { kind: ScalarKind::Text | ScalarKind::Int, text }) => {
                filled = filled.replace(whole, text);
            }
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => {
                let message = format!("the variable `{plain}` is {}", super::super::shape::found_type(found));
                let hint = "cf fills in only texts and whole numbers within a text; put the value in quotes";
                report.at(place.within(whole), path, Fault::hinted(message, hint));
                sound = false;
            }
        }
    }
    (sound && filled != text).then_some(Value::Scalar(Scalar { kind: ScalarKind::Text, text: filled }))
}

/// Finds `name`, or `name.key.key` within the mapping of a name.
fn look_up<'v>(name: &str, values: &'v Values) -> Option<&'v Node> {
    let mut parts = name.split('.');
    let mut node = values.get(parts.next()?)?;
    for part in parts {
        node = match &node.value {
            Value::Map(_) => node.get(part)?,
            Value::List(items) => items.get(part.parse::<usize>().ok()?)?,
            Value::Scalar(_) => return None,
        };
    }
    Some(node)
}

fn unknown(name: &str, values: &Values) -> Fault {
    let message = format!("the variable `{name}` has no value");
    let mut names: Vec<&str> = values.keys().map(String::as_str).collect();
    names.sort_unstable();
    match similar::closest(name, names.into_iter()) {
        Some(close) => Fault::hinted(message, format!("did you mean `{close}`?")),
        None => Fault::hinted(message, "give it one in the plan's `vars`, or in a file of its `vars_files`"),
    }
}

/// A value of the plan's `vars` as it is handed to `cf push --var`. cf 8.17 reads it as YAML once more, so a text that YAML
/// (any version of it) could take for something else is put in quotes.
pub(in super::super) fn as_cf_reads(scalar: &Scalar) -> String {
    const WORDS: [&str; 11] = ["y", "yes", "n", "no", "on", "off", "true", "false", "null", "nan", "inf"];
    let text = &scalar.text;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let numeric = |c: char| c.is_ascii_hexdigit() || matches!(c, '_' | '-' | '.' | 'x' | 'o' | 'X');
    let safe = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.chars().all(plain)
        && !WORDS.contains(&text.to_lowercase().as_str())
        && !(text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(numeric));
    match scalar.kind {
        ScalarKind::Text if !safe => serde_json::Value::from(text.as_str()).to_string(),
        ScalarKind::Text | ScalarKind::Null | ScalarKind::Bool | ScalarKind::Int | ScalarKind::Float => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts_when_cf_reads_them() {
        for (text, handed) in [
            ("v1.2.3", "v1.2.3"),
            ("256M", "256M"),
            ("1.0", "\"1.0\""),
            ("0x1F", "\"0x1F\""),
            ("1e3", "\"1e3\""),
            ("no", "\"no\""),
            ("Yes", "\"Yes\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("*x", "\"*x\""),
            ("two\nlines \"é\"", "\"two\\nlines \\\"é\\\"\""),
            ("-1", "\"-1\""),
            ("/path/to", "/path/to"),
        ] {
            assert_eq!(as_cf_reads(&Scalar { kind: ScalarKind::Text, text: text.to_owned() }), handed);
        }
        assert_eq!(as_cf_reads(&Scalar { kind: ScalarKind::Float, text: "1.0".to_owned() }), "1.0");
    }
}
