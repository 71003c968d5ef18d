//! Which status is a success.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::plan::value_error::ValueError;

/// A status code that is a success, or a class of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// This code.
    Code(u16),
    /// All codes that begin with this digit: `2xx`.
    Class(u16),
}

impl Status {
    /// Reads a code or the name of a class.
    pub(in crate::plan) fn parse(text: &str) -> Result<Self, ValueError> {
        let status = match text.strip_suffix("xx") {
            Some(digit) => digit.parse().map(Self::Class),
            None => text.parse().map(Self::Code),
        };
        status.map_err(|_| ValueError::new("no status"))
    }

    /// The code, where it is a single one.
    pub(crate) fn code(self) -> Option<u16> {
        match self {
            Self::Code(code) => Some(code),
            Self::Class(_) => None,
        }
    }

    /// Whether a code is the one, or of the class.
    pub(crate) fn is(self, code: u16) -> bool {
        match self {
            Self::Code(wanted) => code == wanted,
            Self::Class(digit) => code / 100 == digit,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code}"),
            Self::Class(digit) => write!(f, "{digit}xx"),
        }
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Code(code) => serializer.serialize_u16(*code),
            Self::Class(_) => serializer.collect_str(self),
        }
    }
}
