//! Fills in a manifest's `((variables))` as cf 8.17 does.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use crate::plan::diagnostics::{Collector, Place};
use crate::plan::did_you_mean::closest;
use crate::plan::value_error::ValueError;
use crate::plan::values::Located;
use crate::plan::yaml::{Node, Scalar, ScalarKind, Value, key_path};
use crate::text::json;

/// cf 8.17 (bosh template): a variable is `((name))` or `((name.key))`; a `!` before the name changes nothing.
static VARIABLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\(\((!?[-/.\w\pL]+)\)\)").ok());

/// The shortest value of a vars file that is taken for a secret, in characters.
const LEAST: usize = 4;
/// The most that variables may add to a manifest, in characters: as much as a file may have. The values of a file of 1
/// MiB, used some thousand times over, would fill any memory.
const MOST: usize = 1 << 20;

/// Whether a variable in a text was not filled in, which has been noted where that was tried.
pub(super) fn is_unfilled(text: &str) -> bool {
    VARIABLE.as_ref().is_some_and(|variable| variable.is_match(text))
}

/// The values of variables by name.
pub(crate) type Values = HashMap<String, Node>;

/// Collects the values: the files in order, later ones win, and the plan's own win over all. `None` where a file cannot
/// be read, which is noted; without its values nothing can be said about the manifest.
pub(crate) fn read_vars(
    files: &[Located<PathBuf>],
    own: &[(String, Node)],
    collector: &mut Collector<'_>,
) -> Option<Values> {
    let mut values = Some(Values::new());
    for file in files {
        let Some(document) = collector.read_secret(&file.value, file.place.clone(), &file.path) else {
            values = None;
            continue;
        };
        collector.learn(&document.root, LEAST);
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
                let error = ValueError::hinted(
                    "a vars file is a mapping of names to values",
                    "write `name: value` on each line",
                );
                collector.node(&document.root, "", error);
                values = None;
            }
        }
    }
    if let Some(values) = &mut values {
        values.extend(own.iter().cloned());
    }
    values
}

/// Fills in the variables of a tree; those without a value are noted. A scalar that is nothing but a variable takes
/// over the value as it is; within a text only texts and whole numbers can be filled in.
pub(crate) fn fill_in(node: Node, values: &Values, collector: &mut Collector<'_>) -> Node {
    Filling { values, collector, room: MOST }.node(node, "")
}

/// A tree that is being filled in.
struct Filling<'a, 'files> {
    values: &'a Values,
    collector: &'a mut Collector<'files>,
    /// How much more the values may take.
    room: usize,
}

impl Filling<'_, '_> {
    fn node(&mut self, node: Node, path: &str) -> Node {
        let Node { source, id, value } = node;
        let value = match value {
            Value::List(items) => {
                let fill = |(at, item)| self.node(item, &format!("{path}[{at}]"));
                Value::List(items.into_iter().enumerate().map(fill).collect())
            }
            Value::Map(entries) => {
                let mut filled = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let below = key_path(path, key.text().unwrap_or_default());
                    filled.push((self.node(key, path), self.node(value, &below)));
                }
                Value::Map(filled)
            }
            Value::Scalar(Scalar { kind: ScalarKind::Text, text }) => {
                let filled = self.text(&text, &Place::Node(source, id), path);
                filled.unwrap_or(Value::Scalar(Scalar { kind: ScalarKind::Text, text }))
            }
            Value::Scalar(scalar) => Value::Scalar(scalar),
        };
        Node { source, id, value }
    }

    /// The value of a text with its variables filled in; `None` where it has none or a problem was noted.
    fn text(&mut self, text: &str, place: &Place, path: &str) -> Option<Value> {
        let pattern = VARIABLE.as_ref()?;
        let mut filled = String::new();
        let mut told = 0;
        let mut sound = true;
        for captures in pattern.captures_iter(text) {
            let whole = captures.get(0)?;
            let name = captures.get(1)?.as_str().trim_start_matches('!');
            let Some(found) = look_up(name, self.values) else {
                let error = unknown(name, self.values, self.collector.is_full());
                self.collector.at(place.within(whole.as_str()), path, error);
                sound = false;
                continue;
            };
            if !self.has_room(found, place, path) {
                return None;
            }
            if whole.as_str() == text {
                return Some(found.value.clone());
            }
            filled.push_str(&text[told..whole.start()]);
            told = whole.end();
            match &found.value {
                Value::Scalar(Scalar { kind: ScalarKind::Text | ScalarKind::Int, text }) => filled.push_str(text),
                Value::Scalar(_) | Value::List(_) | Value::Map(_) => {
                    let message = format!("the variable `{name}` is {}", found.type_name());
                    let hint = "cf fills in only texts and whole numbers within a text; put the value in quotes";
                    self.collector.at(place.within(whole.as_str()), path, ValueError::hinted(message, hint));
                    sound = false;
                }
            }
        }
        filled.push_str(&text[told..]);
        (sound && told > 0).then_some(Value::Scalar(Scalar { kind: ScalarKind::Text, text: filled }))
    }

    /// Takes the room that a value needs; where there is none, that is noted once.
    fn has_room(&mut self, found: &Node, place: &Place, path: &str) -> bool {
        let needed = size(found);
        if self.room == 0 {
            return false;
        }
        self.room = self.room.saturating_sub(needed);
        if self.room == 0 {
            let hint = "a variable counts each time that it is used";
            let error =
                ValueError::hinted(format!("the variables fill the manifest with more than {MOST} characters"), hint);
            self.collector.at(place.clone(), path, error);
        }
        self.room > 0
    }
}

/// What a value takes: its characters, and a few for each node.
fn size(node: &Node) -> usize {
    const NODE: usize = 50;
    NODE + match &node.value {
        Value::Scalar(scalar) => scalar.text.len(),
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|(key, value)| size(key) + size(value)).sum(),
    }
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

/// What is wrong where a variable has no value; `briefly` where there are so many that a look for a similar name is no
/// use.
fn unknown(name: &str, values: &Values, briefly: bool) -> ValueError {
    let message = format!("the variable `{name}` has no value");
    if briefly {
        return ValueError::new(message);
    }
    let mut names: Vec<&str> = values.keys().map(String::as_str).collect();
    names.sort_unstable();
    match closest(name, names.into_iter()) {
        Some(close) => ValueError::hinted(message, format!("did you mean `{close}`?")),
        None => ValueError::hinted(message, "give it one in the plan's `vars`, or in a file of its `vars_files`"),
    }
}

/// A value of the plan's `vars` as it is handed to `cf push --var`. cf 8.17 reads it as YAML once more, so a text that
/// YAML (any version of it) could take for something else is put in quotes.
pub(crate) fn as_cf_reads(scalar: &Scalar) -> String {
    const WORDS: [&str; 11] = ["y", "yes", "n", "no", "on", "off", "true", "false", "null", "nan", "inf"];
    let text = &scalar.text;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let numeric = |c: char| c.is_ascii_hexdigit() || matches!(c, '_' | '-' | '.' | 'x' | 'o' | 'X');
    let safe = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.chars().all(plain)
        && !WORDS.contains(&text.to_lowercase().as_str())
        && !(text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(numeric));
    match scalar.kind {
        // YAML reads JSON's escapes, and so the shown command holds no character that does harm.
        ScalarKind::Text if !safe => json(&serde_json::Value::from(text.as_str()).to_string()).into_owned(),
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
            ("\u{1b}[2J\u{9b}\u{202e}", "\"\\u001b[2J\\u009b\\u202e\""),
        ] {
            assert_eq!(as_cf_reads(&Scalar { kind: ScalarKind::Text, text: text.to_owned() }), handed);
        }
        assert_eq!(as_cf_reads(&Scalar { kind: ScalarKind::Float, text: "1.0".to_owned() }), "1.0");
    }
}
