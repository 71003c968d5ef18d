//! YAML text → a tree that can say where each of its nodes stands.
//!
//! `serde_yaml` keeps positions to itself but for one place: an error raised by a visitor is stamped with the mark of
//! the event being visited. So a node is known by its number in the order of visiting, and to find where it stands the
//! text is visited once more by a walk that fails at that number on purpose. The mark counts bytes, and is exact for
//! keys, values, flow and block style, block scalars and all line ends; the value of an alias stands where its anchor
//! stands.
//!
//! A scalar's type and its text cannot be had in one visit either (`1.0` arrives as a float): a first walk notes the
//! types, a second one, which knows what is a scalar, asks for the text.
//!
//! Bounds: the caller limits the size of the text; here depth, the number of nodes (aliases expanded) and the nesting
//! of brackets, in which the scanner's time is quadratic, are limited.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, Visitor};

use super::node::{Node, SourceId, Value};
use super::scalar::{Scalar, ScalarKind};
use super::syntax_error::{SyntaxError, explain};
use crate::plan::value_error::ValueError;

/// The most nodes that a document may have, aliases expanded: a plan of a thousand apps has some thirty for each.
const MAX_NODES: u32 = 60_000;

/// Reads one YAML document. An empty one is a null.
pub(crate) fn read(text: &str, source: SourceId) -> Result<Node, SyntaxError> {
    refuse_control_characters(text)?;
    refuse_deep_brackets(text)?;
    let types = Walk { source, ..Walk::default() };
    types.over(text).map_err(|error| types.explain(text, &error))?;
    let texts = Walk { source, known: types.found.into_inner(), ..Walk::default() };
    texts.over(text).map_err(|error| texts.explain(text, &error))
}

/// Where the node with a number stands, in bytes from the start of the text; the start for an unknown number.
pub(crate) fn locate(text: &str, id: u32) -> usize {
    let walk = Walk { stop: Some(id), ..Walk::default() };
    walk.over(text).err().and_then(|error| error.location()).map_or(0, |location| location.index())
}

/// Where the second document of a text begins; an error about it has no place.
fn locate_second_document(text: &str) -> Option<serde_yaml::Location> {
    let walk = Walk { stop: Some(0), ..Walk::default() };
    let second = serde_yaml::Deserializer::from_str(text).nth(1)?;
    walk.deserialize(second).err().and_then(|error| error.location())
}

/// YAML 1.2, 5.1: tab, line ends and the printable characters; the library's own message has no line.
fn refuse_control_characters(text: &str) -> Result<(), SyntaxError> {
    let bad = |c: char| {
        (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) || matches!(c, '\u{FFFE}' | '\u{FFFF}')
    };
    match text.char_indices().find(|(_, c)| bad(*c)) {
        None => Ok(()),
        Some((offset, found)) => Err(SyntaxError {
            offset,
            quotes: false,
            error: ValueError::hinted(
                format!("the file holds the control character U+{:04X}", found as u32),
                if found == '\0' { "is this a text file, saved as UTF-8?" } else { "remove it" },
            ),
        }),
    }
}

/// The deepest nesting of brackets; the library stops at a depth of 128, but only after it has scanned the whole text,
/// in a time that grows with the square of the depth.
const MAX_BRACKETS: usize = 200;

/// Counts brackets without regard to quotes, so it may count too many but never too few: a plan has a handful.
fn refuse_deep_brackets(text: &str) -> Result<(), SyntaxError> {
    let mut depth = 0_usize;
    for (offset, c) in text.char_indices() {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_BRACKETS {
            let error = ValueError::new("brackets are nested too deeply");
            return Err(SyntaxError { offset, quotes: false, error });
        }
    }
    Ok(())
}

/// One visit of a document.
#[derive(Default)]
struct Walk {
    /// The document.
    source: SourceId,
    /// The number of the next node.
    next: Cell<u32>,
    /// The types of the nodes, by number, as far as visited.
    found: RefCell<Vec<Option<ScalarKind>>>,
    /// The types that an earlier walk found; empty in the first.
    known: Vec<Option<ScalarKind>>,
    /// The node to fail at.
    stop: Option<u32>,
    /// Why the walk has failed on its own account.
    halt: RefCell<Option<Halt>>,
}

/// A reason to fail that is not the library's.
enum Halt {
    TooManyNodes,
    Tag(String),
}

impl Walk {
    fn over(&self, text: &str) -> Result<Node, serde_yaml::Error> {
        self.deserialize(serde_yaml::Deserializer::from_str(text))
    }

    /// Turns an error of the library into one for the writer of the plan.
    fn explain(&self, text: &str, error: &serde_yaml::Error) -> SyntaxError {
        let offset = error.location().or_else(|| locate_second_document(text)).map_or(0, |location| location.index());
        let halt = self.halt.take();
        let quotes = matches!(halt, Some(Halt::Tag(_)));
        let error = match halt {
            Some(Halt::TooManyNodes) => ValueError::hinted(
                format!("the file has more than {MAX_NODES} values"),
                "an alias (`*name`) that repeats a large part counts each time",
            ),
            Some(Halt::Tag(tag)) => ValueError::hinted(
                format!("the YAML tag `!{}` has no meaning here", tag.trim_start_matches('!')),
                "put a text that begins with `!` in quotes",
            ),
            None => return explain(text, offset, &error.to_string()),
        };
        SyntaxError { offset, quotes, error }
    }
}

impl<'de> DeserializeSeed<'de> for &Walk {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let id = self.next.get();
        self.next.set(id.saturating_add(1));
        if id >= MAX_NODES {
            self.halt.replace(Some(Halt::TooManyNodes));
        }
        if id >= MAX_NODES || self.stop == Some(id) {
            return deserializer.deserialize_any(Refuse);
        }
        self.found.borrow_mut().push(None);
        let visitor = NodeVisitor { walk: self, id };
        match self.known.get(id as usize) {
            Some(Some(kind)) => deserializer.deserialize_str(TextVisitor { source: self.source, id, kind: *kind }),
            Some(None) | None => deserializer.deserialize_any(visitor),
        }
    }
}

/// Fails at whatever it meets, so that the error carries its mark.
struct Refuse;

impl Visitor<'_> for Refuse {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
}

/// Takes the text of what is known to be a scalar.
struct TextVisitor {
    source: SourceId,
    id: u32,
    kind: ScalarKind,
}

impl Visitor<'_> for TextVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scalar")
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        let value = Value::Scalar(Scalar { kind: self.kind, text: text.to_owned() });
        Ok(Node { source: self.source, id: self.id, value })
    }
}

/// Takes whatever it meets and notes its type.
struct NodeVisitor<'walk> {
    walk: &'walk Walk,
    id: u32,
}

impl NodeVisitor<'_> {
    #[expect(clippy::unnecessary_wraps, reason = "every caller has to give a Result")]
    fn scalar<E>(self, kind: ScalarKind) -> Result<Node, E> {
        if let Some(slot) = self.walk.found.borrow_mut().get_mut(self.id as usize) {
            *slot = Some(kind);
        }
        Ok(self.node(Value::Scalar(Scalar { kind, text: String::new() })))
    }

    fn node(&self, value: Value) -> Node {
        Node { source: self.walk.source, id: self.id, value }
    }
}

impl<'de> Visitor<'de> for NodeVisitor<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        self.scalar(ScalarKind::Bool)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        self.scalar(ScalarKind::Int)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        self.scalar(ScalarKind::Int)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        self.scalar(ScalarKind::Int)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        self.scalar(ScalarKind::Int)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        self.scalar(ScalarKind::Float)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        self.scalar(ScalarKind::Text)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        self.scalar(ScalarKind::Null)
    }

    /// An empty document; it has no event that could be asked for its text, so its type is not noted.
    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(self.node(Value::Scalar(Scalar { kind: ScalarKind::Null, text: String::new() })))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.walk)? {
            items.push(item);
        }
        Ok(self.node(Value::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry_seed(self.walk, self.walk)? {
            entries.push(entry);
        }
        Ok(self.node(Value::Map(entries)))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Node, A::Error> {
        let (tag, _) = tagged.variant::<String>()?;
        self.walk.halt.replace(Some(Halt::Tag(tag)));
        Err(A::Error::custom("tag"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text from where each node stands to the end of its line, in the order of visiting.
    fn places(text: &str) -> Vec<String> {
        let root = read(text, SourceId(0)).unwrap_or_else(|error| panic!("{error:?}"));
        let mut ids = Vec::new();
        let mut open = vec![&root];
        while let Some(node) = open.pop() {
            ids.push(node.id);
            open.extend(node.items());
            open.extend(node.entries().iter().flat_map(|(key, value)| [key, value]));
        }
        ids.sort_unstable();
        let rest = |id| text[locate(text, id)..].split(['\n', '\r']).next().unwrap_or_default().to_owned();
        ids.into_iter().map(rest).collect()
    }

    #[test]
    fn every_node_is_found_where_it_stands() {
        for (text, expected) in [
            ("a: 1", vec!["a: 1", "a: 1", "1"]),
            ("# é\na:\n  日本: x # y\n", vec!["a:", "a:", "日本: x # y", "日本: x # y", "x # y"]),
            ("- a: b\n  c: d\n-   - e\n", vec!["- a: b", "a: b", "a: b", "b", "c: d", "d", "- e", "e"]),
            (
                "{a: [b, 'c', {d: \"e\"}]}",
                vec![
                    "{a: [b, 'c', {d: \"e\"}]}",
                    "a: [b, 'c', {d: \"e\"}]}",
                    "[b, 'c', {d: \"e\"}]}",
                    "b, 'c', {d: \"e\"}]}",
                    "'c', {d: \"e\"}]}",
                    "{d: \"e\"}]}",
                    "d: \"e\"}]}",
                    "\"e\"}]}",
                ],
            ),
            ("a: |\n  text\n  more\nb: >-\n  x\n", vec!["a: |", "a: |", "|", "b: >-", ">-"]),
            ("a:\r\n  b: c\r\nd: e\r\n", vec!["a:", "a:", "b: c", "b: c", "c", "d: e", "e"]),
            ("a: \tb\nc:\td\n", vec!["a: \tb", "a: \tb", "b", "c:\td", "d"]),
            ("a:\nb: ~\n", vec!["a:", "a:", "", "b: ~", "~"]),
            ("? a\n: b\n? [c]\n: d\n", vec!["? a", "a", "b", "[c]", "c]", "d"]),
            ("a: !!str 1\n", vec!["a: !!str 1", "a: !!str 1", "!!str 1"]),
            // An anchored value stands at its anchor, and so does every alias of it and all within.
            (
                "a: &x {b: c}\nd: *x\n",
                vec!["a: &x {b: c}", "a: &x {b: c}", "&x {b: c}", "b: c}", "c}", "d: *x", "&x {b: c}", "b: c}", "c}"],
            ),
            ("# nothing\n", vec![""]),
        ] {
            assert_eq!(places(text), expected, "{text}");
        }
    }

    #[test]
    fn scalars_have_a_type_and_their_text() {
        let text = "[1, 1.0, 0o17, 010, 1e3, true, yes, no, ~, \"1\", 'true', v1, !!str 2, 99999999999999999999]";
        let root = read(text, SourceId(0)).unwrap();
        let scalars: Vec<_> =
            root.items().iter().map(|item| item.scalar().unwrap()).map(|s| (s.kind, &*s.text)).collect();
        assert_eq!(
            scalars,
            [
                (ScalarKind::Int, "1"),
                (ScalarKind::Float, "1.0"),
                (ScalarKind::Int, "0o17"),
                (ScalarKind::Text, "010"),
                (ScalarKind::Float, "1e3"),
                (ScalarKind::Bool, "true"),
                (ScalarKind::Text, "yes"),
                (ScalarKind::Text, "no"),
                (ScalarKind::Null, "~"),
                (ScalarKind::Text, "1"),
                (ScalarKind::Text, "true"),
                (ScalarKind::Text, "v1"),
                (ScalarKind::Text, "2"),
                (ScalarKind::Int, "99999999999999999999"),
            ]
        );
    }

    #[test]
    fn what_would_eat_time_or_memory_is_refused() {
        let lines = |line: &dyn Fn(usize) -> String, count| (0..count).map(line).collect::<String>();
        for (name, text, why) in [
            ("brackets", "[".repeat(1 << 20), "brackets are nested too deeply"),
            ("dashes", "- ".repeat(1 << 19), "the values are nested too deeply"),
            ("questions", "? ".repeat(1 << 19), "the values are nested too deeply"),
            ("indentation", lines(&|at| format!("{}a:\n", " ".repeat(at)), 1400), "the values are nested too deeply"),
            ("items", "- a\n".repeat(1 << 18), "the file has more than 60000 values"),
            ("anchors", lines(&|at| format!("- &a{at} x\n"), 80_000), "the file has more than 60000 values"),
            ("itself", "&a [*a]".to_owned(), "the values are nested too deeply"),
            ("quote", format!("'{}", "a\n".repeat(1 << 19)), "a quote is opened and never closed"),
        ] {
            let error = read(&text, SourceId(0)).map(drop).map_err(|error| error.error.message);
            assert_eq!(error, Err(why.to_owned()), "{name}");
        }
    }
}
