//! What the new version must show.
//!
//! - `http`: a check by HTTP, made of a `method`, `status` and `pattern`
//! - `command`: one by a program of the team's own
//! - `task`: one by a task of Cloud Foundry
//! - `approval`: one by a person
//! - `at`: where they ask

mod approval;
mod at;
mod command;
mod http;
mod method;
mod pattern;
mod status;
mod task;

use serde::Serialize;

pub use approval::Approval;
pub use at::At;
pub use command::{CommandCheck, CommandLine};
pub use http::HttpCheck;
pub use method::Method;
pub use pattern::Pattern;
pub use status::Status;
pub use task::{TaskCheck, TaskCommand};

/// One check of the new colour.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// By a task of Cloud Foundry.
    Task(TaskCheck),
    /// From where cutover runs.
    #[serde(untagged)]
    Local(LocalCheck),
}

/// A check that is made from where cutover runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LocalCheck {
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
            Self::Local(LocalCheck::Http(http)) => http.at,
            Self::Local(LocalCheck::Command(command)) => command.at,
            Self::Local(LocalCheck::Approval(_)) | Self::Task(_) => At::STAGING,
        }
    }

    /// It, where it is made from where cutover runs.
    pub(crate) fn local(&self) -> Option<&LocalCheck> {
        match self {
            Self::Local(local) => Some(local),
            Self::Task(_) => None,
        }
    }

    /// It, where it is one by HTTP.
    pub(crate) fn http(&self) -> Option<&HttpCheck> {
        match self {
            Self::Local(LocalCheck::Http(http)) => Some(http),
            Self::Local(LocalCheck::Command(_) | LocalCheck::Approval(_)) | Self::Task(_) => None,
        }
    }
}
