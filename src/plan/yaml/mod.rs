//! YAML text → a tree that keeps the order of keys, duplicates and the text of scalars, and that can tell where each
//! piece stands. Nothing outside of this stage names the YAML library.
//!
//! - `decode`: the bytes of a file → text
//! - `read`: text → tree, and where a node of it stands
//! - `node`, `scalar`: the tree
//! - `syntax_error`: why a text is no YAML, in words for the writer of a plan

mod decode;
mod node;
mod read;
mod scalar;
mod syntax_error;

pub(super) use decode::decode;
pub(super) use node::{Node, SourceId, Value, key_path};
pub(super) use read::{locate, read};
pub(super) use scalar::{Scalar, ScalarKind, flow_text};
pub(super) use syntax_error::SyntaxError;

/// A YAML document as JSON; `None` where it is no YAML.
pub(crate) fn value(text: &str) -> Option<serde_json::Value> {
    read(text, SourceId::default()).ok().map(|node| node.to_json())
}
