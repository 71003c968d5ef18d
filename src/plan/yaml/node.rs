//! The tree that a YAML document becomes: nothing is lost, neither the order of keys nor duplicates nor how a scalar
//! was written.

use super::scalar::{Scalar, ScalarKind};

/// A node of a document: a scalar, a list or a map, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// The document, where a tree is put together from several.
    pub source: SourceId,
    /// The number in the order of visiting, by which [`super::locate`] finds it.
    pub id: u32,
    pub value: Value,
}

/// One of the documents that are read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct SourceId(pub usize);

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    /// Keys and values in the order of the file, duplicates included.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The scalar, if it is one.
    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The items of a list; none of anything else.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            Value::Scalar(_) | Value::Map(_) => &[],
        }
    }

    /// The entries of a map; none of anything else.
    pub(crate) fn entries(&self) -> &[(Node, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Scalar(_) | Value::List(_) => &[],
        }
    }

    /// The text of a scalar other than null.
    pub(crate) fn text(&self) -> Option<&str> {
        self.scalar().filter(|scalar| scalar.kind != ScalarKind::Null).map(|scalar| scalar.text.as_str())
    }

    /// Whether it is the value null.
    pub(crate) fn is_null(&self) -> bool {
        self.scalar().is_some_and(|scalar| scalar.kind == ScalarKind::Null)
    }

    /// The value of a key of a map; the last of several, as in cf (yaml.v2).
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().rfind(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// Its type with an article, without its text, which may come from a vars file and be secret.
    pub(crate) fn type_name(&self) -> &'static str {
        match &self.value {
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
            Value::Scalar(scalar) => scalar.kind.name(),
        }
    }

    /// The same as JSON. What is no number or boolean in JSON either is a text, as it is written.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Scalar(Scalar { kind: ScalarKind::Null, .. }) => serde_json::Value::Null,
            Value::Scalar(Scalar { kind: ScalarKind::Text, text }) => text.as_str().into(),
            Value::Scalar(Scalar { text, .. }) => serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                let entry = |(key, value): &(Self, Self)| Some((key.text()?.to_owned(), value.to_json()));
                entries.iter().filter_map(entry).collect()
            }
        }
    }

    /// Puts the values of merge keys (`<<: *name`) where YAML 1.1 wants them, for the tools that teams share anchors
    /// with do the same: a map's own keys win, then earlier merged maps.
    pub(crate) fn merged(self) -> Self {
        let Self { source, id, value } = self;
        let value = match value {
            Value::Scalar(scalar) => Value::Scalar(scalar),
            Value::List(items) => Value::List(items.into_iter().map(Self::merged).collect()),
            Value::Map(entries) => Value::Map(merge_entries(entries)),
        };
        Self { source, id, value }
    }
}

fn merge_entries(entries: Vec<(Node, Node)>) -> Vec<(Node, Node)> {
    let mut own = Vec::new();
    let mut inherited = Vec::new();
    for (key, value) in entries {
        let value = value.merged();
        match &value.value {
            Value::Map(_) if key.text() == Some("<<") => inherited.push(value),
            Value::List(items)
                if key.text() == Some("<<") && items.iter().all(|i| matches!(i.value, Value::Map(_))) =>
            {
                inherited.extend(items.iter().cloned());
            }
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => own.push((key, value)),
        }
    }
    for (key, value) in inherited.iter().flat_map(Node::entries) {
        if !own.iter().any(|(known, _)| known.text() == key.text()) {
            own.push((key.clone(), value.clone()));
        }
    }
    own
}

/// The path of a key within a path.
pub(crate) fn key_path(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
