//! A mapping of a plan, read by the keys of its table.

use super::located::Located;
use crate::plan::diagnostics::Place;
use crate::plan::schema::{Need, Table};
use crate::plan::value_error::ValueError;
use crate::plan::yaml::{Node, SourceId, Value, key_path};

/// Stands in for a mapping that is not there.
static NOTHING: Node = Node { source: SourceId(0), id: 0, value: Value::Map(Vec::new()) };

/// A mapping that is read by the keys of its table.
#[derive(Clone)]
pub(crate) struct Mapping<'node> {
    node: &'node Node,
    table: &'static Table,
    path: String,
    /// The key whose value stands in the place of the mapping, where one does.
    alone: Option<&'static str>,
}

impl<'node> Mapping<'node> {
    pub(crate) fn new(node: &'node Node, table: &'static Table, path: &str) -> Self {
        Self { node, table, path: path.to_owned(), alone: None }
    }

    /// The value that holds where nobody gives one.
    pub(crate) fn default_of<T>(
        table: &'static Table,
        key: &str,
        read: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Option<T> {
        match table.key(key)?.need {
            Need::Default(text) => read(text).ok(),
            Need::Required | Need::Optional(_) => None,
        }
    }

    /// The mapping of a key; an empty one where there is none.
    pub(crate) fn table(&self, key: &str, table: &'static Table) -> Self {
        // A mapping that is missing has no keys.
        let node = self.node.get(key).unwrap_or(&NOTHING);
        Self { node, table, path: key_path(&self.path, key), alone: None }
    }

    /// As [`Self::table`], of one that may be written as the value of one of its keys alone.
    pub(crate) fn table_or(&self, key: &str, table: &'static Table, alone: &'static str) -> Self {
        let inner = self.table(key, table);
        let is_alone = matches!(inner.node.value, Value::Scalar(_) | Value::List(_));
        Self { alone: is_alone.then_some(alone), ..inner }
    }

    /// The mappings of a list.
    pub(crate) fn tables(&self, key: &str, table: &'static Table) -> Vec<Self> {
        let path = key_path(&self.path, key);
        let items = self.node.get(key).map(Node::items).unwrap_or_default();
        items.iter().enumerate().map(|(at, node)| Self::new(node, table, &format!("{path}[{at}]"))).collect()
    }

    /// As [`Self::tables`], of such that may be written as the value of one of their keys alone.
    pub(crate) fn tables_or(&self, key: &str, table: &'static Table, alone: &'static str) -> Vec<Self> {
        let inner = self.tables(key, table).into_iter();
        inner
            .map(|inner| {
                let is_alone = matches!(inner.node.value, Value::Scalar(_) | Value::List(_));
                Self { alone: is_alone.then_some(alone), ..inner }
            })
            .collect()
    }

    /// The mapping itself, or what stands in its place.
    pub(crate) fn whole(&self) -> &'node Node {
        self.node
    }

    /// Where it stands in the document.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Where a key stands in the document.
    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.alone == Some(key) { self.path.clone() } else { key_path(&self.path, key) }
    }

    /// The value of a key, if it is there.
    pub(crate) fn node(&self, key: &str) -> Option<&'node Node> {
        debug_assert!(self.table.key(key).is_some(), "{key} is in the table of {}", self.table.noun);
        if self.alone == Some(key) { Some(self.node) } else { self.node.get(key) }
    }

    /// A value read from its text, or from the text of the table's default.
    pub(crate) fn parse<T>(&self, key: &str, read: impl Fn(&str) -> Result<T, ValueError>) -> Option<Located<T>> {
        let path = self.path_of(key);
        let (node, text) = match (self.node(key), self.table.key(key).map(|key| key.need)) {
            (Some(node), _) => (node, node.text()?),
            (None, Some(Need::Default(text))) => (self.node, text),
            (None, Some(Need::Required | Need::Optional(_)) | None) => return None,
        };
        read(text).ok().map(|value| Located { value, place: Place::of(node), path })
    }

    /// The items of a list, or the one item that stands in for it, or the table's default.
    pub(crate) fn parse_list<T>(&self, key: &str, read: impl Fn(&str) -> Result<T, ValueError>) -> Vec<Located<T>> {
        match self.node(key) {
            Some(Node { value: Value::List(items), .. }) => {
                let path = self.path_of(key);
                let mut found = Vec::new();
                for (at, node) in items.iter().enumerate() {
                    if let Some(value) = node.text().and_then(|text| read(text).ok()) {
                        found.push(Located { value, place: Place::of(node), path: format!("{path}[{at}]") });
                    }
                }
                found
            }
            Some(_) | None => self.parse(key, read).into_iter().collect(),
        }
    }
}
