//! Reads the values out of a checked tree. What is wrong with a single value has been noted before; here it is simply
//! not there, so that what can be said about the rest is still said.

use super::fault::Fault;
use super::keys::{Need, Table};
use super::node::{Node, SourceId, Value};
use super::report::Place;
use super::shape::below;

/// Stands in for a mapping that is not there.
static NOTHING: Node = Node { source: SourceId(0), id: 0, value: Value::Map(Vec::new()) };

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub value: T,
    pub place: Place,
    pub path: String,
}

impl<T> At<T> {
    /// Another value at the same place.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> At<U> {
        At { value: change(self.value), place: self.place, path: self.path }
    }
}

/// A mapping that is read by the keys of its table.
#[derive(Clone)]
pub(super) struct Reader<'node> {
    node: &'node Node,
    table: &'static Table,
    path: String,
}

impl<'node> Reader<'node> {
    pub(super) fn new(node: &'node Node, table: &'static Table, path: &str) -> Self {
        Self { node, table, path: path.to_owned() }
    }

    /// The mapping of a key; an empty one where there is none.
    pub(super) fn table(&self, key: &str, table: &'static Table) -> Self {
        // A mapping that is missing has no keys.
        let node = self.node.get(key).unwrap_or(&NOTHING);
        Self { node, table, path: below(&self.path, key) }
    }

    /// The mappings of a list.
    pub(super) fn tables(&self, key: &str, table: &'static Table) -> Vec<Self> {
        let path = below(&self.path, key);
        let items = self.node.get(key).map(Node::items).unwrap_or_default();
        items.iter().enumerate().map(|(at, node)| Self::new(node, table, &format!("{path}[{at}]"))).collect()
    }

    /// Where a key stands in the document.
    pub(super) fn path_of(&self, key: &str) -> String {
        below(&self.path, key)
    }

    /// The value of a key, if it is there.
    pub(super) fn node(&self, key: &str) -> Option<&'node Node> {
        debug_assert!(self.table.key(key).is_some(), "{key} is in the table of {}", self.table.noun);
        self.node.get(key)
    }

    /// A value read from its text, or from the text of the table's default.
    pub(super) fn parse<T>(&self, key: &str, read: impl Fn(&str) -> Result<T, Fault>) -> Option<At<T>> {
        let path = below(&self.path, key);
        let (node, text) = match (self.node(key), self.table.key(key).map(|key| key.need)) {
            (Some(node), _) => (node, node.text()?),
            (None, Some(Need::Default(text))) => (self.node, text),
            (None, Some(Need::Required | Need::Optional(_)) | None) => return None,
        };
        read(text).ok().map(|value| At { value, place: Place::of(node), path })
    }

    /// The items of a list, or the one item that stands in for it, or the table's default.
    pub(super) fn parse_list<T>(&self, key: &str, read: impl Fn(&str) -> Result<T, Fault>) -> Vec<At<T>> {
        match self.node(key) {
            Some(Node { value: Value::List(items), .. }) => {
                let path = below(&self.path, key);
                let parse = |(at, node): (usize, &Node)| {
                    let value = read(node.text()?).ok()?;
                    Some(At { value, place: Place::of(node), path: format!("{path}[{at}]") })
                };
                items.iter().enumerate().filter_map(parse).collect()
            }
            Some(_) | None => self.parse(key, read).into_iter().collect(),
        }
    }
}
