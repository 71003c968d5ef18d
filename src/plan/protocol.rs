//! What a router talks to an app.

use serde::{Deserialize, Serialize};

use super::value_error::ValueError;

/// What a router talks to an app on a route (CC API 3: `protocol` of a destination).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP/1.1: what a route has where nobody says anything.
    #[default]
    Http1,
    /// HTTP/2.
    Http2,
    /// Whatever its clients talk: a TCP route.
    Tcp,
}

impl Protocol {
    /// Reads the word of a plan or of a manifest for an HTTP route.
    pub(super) fn parse(word: &str) -> Result<Self, ValueError> {
        match word {
            "http1" => Ok(Self::Http1),
            "http2" => Ok(Self::Http2),
            _ => Err(ValueError::new("an unknown word")),
        }
    }

    /// The platform's word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Http2 => "http2",
            Self::Tcp => "tcp",
        }
    }

    /// Whether it is what a route has where nobody says anything.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub(crate) fn is_usual(&self) -> bool {
        *self == Self::Http1
    }
}
