//! What the new version must show.
//!
//! - `http`: a check by HTTP, made of a `method`, `status` and `pattern`
//! - `command`: one by a program of the team's own
//! - `approval`: one by a person
//! - `at`: where they ask

mod approval;
mod at;
mod command;
mod http;
mod method;
mod pattern;
mod status;

use serde::Serialize;

pub use approval::Approval;
pub use at::At;
pub use command::{CommandCheck, CommandLine};
pub use http::HttpCheck;
pub use method::Method;
pub use pattern::Pattern;
pub use status::Status;

/// One check of the new colour.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// By HTTP.
    Http(HttpCheck),
    /// By a program of the team's own.
    Command(CommandCheck),
    /// By a person.
    Approval(Approval),
}

impl Check {
    /// Where it asks.
    pub(crate) fn at(&self) -> At {
        match self {
            Self::Http(http) => http.at,
            Self::Command(command) => command.at,
            Self::Approval(_) => At::STAGING,
        }
    }

    /// It, where it is one by HTTP.
    pub(crate) fn http(&self) -> Option<&HttpCheck> {
        match self {
            Self::Http(http) => Some(http),
            Self::Command(_) | Self::Approval(_) => None,
        }
    }
}
