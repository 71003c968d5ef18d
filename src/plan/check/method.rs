//! How an HTTP check asks.

use std::fmt;

use serde::Serialize;

use crate::plan::value_error::ValueError;

/// The method of a request. None has a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    #[default]
    Get,
    /// Reads the head alone.
    Head,
    /// Acts.
    Post,
    /// Writes.
    Put,
    /// Changes.
    Patch,
    /// Deletes.
    Delete,
    /// Asks what is allowed.
    Options,
}

impl Method {
    /// All of them.
    const ALL: [Self; 7] = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete, Self::Options];

    /// Reads the word of a plan.
    pub(in crate::plan) fn parse(word: &str) -> Result<Self, ValueError> {
        Self::ALL.into_iter().find(|method| method.as_str() == word).ok_or_else(|| ValueError::new("an unknown word"))
    }

    /// Whether it is the one that holds where a plan says nothing.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields by reference")]
    pub(super) fn is_get(&self) -> bool {
        *self == Self::Get
    }

    /// The word, as it is sent.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
