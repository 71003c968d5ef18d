//! The keys of an application of a manifest, or of one of its processes.

use super::keys::{rank, underscored};
use super::size;
use super::variables::is_unfilled;
use crate::plan::diagnostics::Collector;
use crate::plan::template;
use crate::plan::value_error::ValueError;
use crate::plan::yaml::{Node, Scalar, ScalarKind, Value, key_path};

/// What YAML 1.1, as which cf reads a manifest, takes for truth values beside those of YAML 1.2. (yaml.v2: `resolve.go`.)
const TRUE: &[&str] = &["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"];
const FALSE: &[&str] = &["n", "N", "no", "No", "NO", "off", "Off", "OFF"];

/// The keys of an application or of a process.
pub(super) struct Fields<'n, 'r, 'f> {
    pub(super) node: &'n Node,
    pub(super) path: String,
    pub(super) collector: &'r mut Collector<'f>,
}

impl<'n, 'f> Fields<'n, '_, 'f> {
    /// The keys of a mapping below this one.
    pub(super) fn below<'r>(&'r mut self, node: &'n Node, path: String) -> Fields<'n, 'r, 'f> {
        Fields { node, path, collector: &mut *self.collector }
    }

    /// Where a key stands in the manifest.
    pub(super) fn path_of(&self, key: &str) -> String {
        key_path(&self.path, key)
    }

    /// The key and its value, of the spelling that counts.
    pub(super) fn entry(&self, key: &str) -> Option<&'n (Node, Node)> {
        let wanted = underscored(key);
        let name = |entry: &'n (Node, Node)| entry.0.text().filter(|name| underscored(name) == wanted);
        let entries = self.node.entries().iter();
        entries
            .filter_map(|entry| Some((rank(name(entry)?), entry)))
            .max_by_key(|(rank, _)| *rank)
            .map(|(_, entry)| entry)
    }

    /// The value of a key, null included.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The value of a key; null counts as absent.
    pub(super) fn value(&self, key: &str) -> Option<&'n Node> {
        self.get(key).filter(|value| !value.is_null())
    }

    /// Notes a problem with the value of a key.
    pub(super) fn problem(&mut self, key: &str, error: ValueError) {
        let node = self.get(key).unwrap_or(self.node);
        let path = self.path_of(key);
        self.collector.node(node, &path, error);
    }

    /// Notes that the value of a key is of a wrong type.
    fn wrong_type(&mut self, key: &str, expected: &str, hint: &str) {
        let found = self.get(key).map_or("nothing", Node::type_name);
        self.problem(key, ValueError::hinted(format!("expected {expected}, found {found}"), hint));
    }

    /// A text; a number or a boolean counts as the text that it is written as, and null as absent. One that is a piece of a
    /// template is a problem.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let text = self.literal(key)?;
        match template::error_in(&text) {
            Some(error) => {
                self.problem(key, error);
                None
            }
            None => Some(text),
        }
    }

    /// As [`Self::text`], of whatever characters it is.
    pub(super) fn literal(&mut self, key: &str) -> Option<String> {
        let node = self.value(key)?;
        match &node.value {
            Value::Scalar(_) => node.text().map(str::to_owned),
            Value::List(_) | Value::Map(_) => {
                self.wrong_type(key, "a text", "write one value, in quotes where it holds `: `, brackets or braces");
                None
            }
        }
    }

    /// A text that is written as one: the platform takes no number or boolean for it.
    pub(super) fn string(&mut self, key: &str) -> Option<String> {
        let node = self.value(key)?;
        match node.scalar() {
            Some(Scalar { kind: ScalarKind::Text, text }) => Some(text.clone()),
            Some(_) => {
                self.wrong_type(key, "a text", "put it in quotes");
                None
            }
            None => self.literal(key),
        }
    }

    /// A whole number of at least `least`.
    ///
    /// cf 8.17 (yaml.v2): what stands in quotes is no number.
    pub(super) fn whole(&mut self, key: &str, least: u32) -> Option<u32> {
        let node = self.value(key)?;
        let error = match node.scalar() {
            // A variable that was not filled in has been noted.
            Some(Scalar { kind: ScalarKind::Text, text }) if is_unfilled(text) => return None,
            Some(Scalar { kind: ScalarKind::Int, text }) => match text.parse::<i64>() {
                Ok(number) if number < i64::from(least) => ValueError::hinted(
                    format!(
                        "expected a number of {least} or more, found {}",
                        if number < 0 { "a negative one" } else { "0" }
                    ),
                    format!("write {least} or more, or take the key out"),
                ),
                Ok(number) => match u32::try_from(number) {
                    Ok(number) => return Some(number),
                    Err(_) => ValueError::new("this is more than the platform can count"),
                },
                Err(_) => ValueError::hinted("this is no decimal number", "write it with the digits 0 to 9"),
            },
            Some(Scalar { kind: ScalarKind::Text, text }) => match template::error_in(text) {
                Some(error) => error,
                None if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() => ValueError::hinted(
                    "expected a whole number, found a text",
                    "write it without quotes and without leading zeros",
                ),
                None => ValueError::new("expected a whole number, found a text"),
            },
            Some(_) | None => ValueError::new(format!("expected a whole number, found {}", node.type_name())),
        };
        self.problem(key, error);
        None
    }

    /// A truth value; false where there is none. cf 8.17 and CC (`ManifestRoutesUpdateMessage#is_boolean`): a text in quotes
    /// is none.
    pub(super) fn flag(&mut self, key: &str) -> bool {
        let Some(node) = self.value(key) else { return false };
        match truth(node, self.collector) {
            Some(is) => is,
            None if node.text().is_some_and(is_unfilled) => false,
            None => {
                self.wrong_type(key, "true or false", "write `true` without quotes, or take the key out");
                false
            }
        }
    }

    /// The items of a list; `hint` says how one is written. Null is no list.
    pub(super) fn list(&mut self, key: &str, of: &str, hint: &str) -> &'n [Node] {
        match self.get(key).map(|node| &node.value) {
            None => &[],
            Some(Value::List(items)) => items,
            Some(Value::Scalar(_) | Value::Map(_)) => {
                self.wrong_type(key, &format!("a list of {of}"), hint);
                &[]
            }
        }
    }

    /// The entries of a mapping; `hint` says how one is written. Null is no mapping.
    pub(super) fn mapping(&mut self, key: &str, hint: &str) -> &'n [(Node, Node)] {
        match self.get(key).map(|node| &node.value) {
            None => &[],
            Some(Value::Map(entries)) => entries,
            Some(Value::Scalar(_) | Value::List(_)) => {
                self.wrong_type(key, "a mapping", hint);
                &[]
            }
        }
    }

    /// The megabytes of a size.
    pub(super) fn megabytes(&mut self, key: &str) -> Option<u64> {
        let text = self.text(key).filter(|text| !is_unfilled(text))?;
        size::megabytes(&text).unwrap_or_else(|error| {
            self.problem(key, error);
            None
        })
    }
}

/// The truth value that cf reads; `None` of anything else.
pub(super) fn truth(node: &Node, collector: &Collector<'_>) -> Option<bool> {
    let Scalar { kind, text } = node.scalar()?;
    let word = text.as_str();
    match kind {
        ScalarKind::Bool => Some(word.eq_ignore_ascii_case("true")),
        ScalarKind::Text if TRUE.contains(&word) && !collector.is_quoted(node) => Some(true),
        ScalarKind::Text if FALSE.contains(&word) && !collector.is_quoted(node) => Some(false),
        ScalarKind::Null | ScalarKind::Int | ScalarKind::Float | ScalarKind::Text => None,
    }
}
