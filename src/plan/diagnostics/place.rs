//! Where a problem stands, before its line is known.

use crate::plan::yaml::{Node, SourceId};

/// Where a problem stands, as long as nobody needs to know its line.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// At a node.
    Node(SourceId, u32),
    /// At a text within a scalar.
    Within(SourceId, u32, String),
    /// At a byte.
    Byte(SourceId, usize),
}

impl Place {
    /// Where a node stands.
    pub(crate) fn of(node: &Node) -> Self {
        Self::Node(node.source, node.id)
    }

    /// Where a part of a node's text stands; anywhere else the place itself.
    pub(crate) fn within(&self, part: &str) -> Self {
        match self {
            Self::Node(source, id) => Self::Within(*source, *id, part.to_owned()),
            Self::Within(..) | Self::Byte(..) => self.clone(),
        }
    }
}
