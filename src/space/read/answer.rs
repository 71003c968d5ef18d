//! What answers of the API have in common.

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::plan::Protocol;

/// An answer of the API that does not have the shape which its documentation tells.
#[derive(Debug, Error)]
#[error("the API's answer to {path} cannot be read: {source}")]
pub struct Unreadable {
    /// The path that was asked.
    pub path: String,
    /// What is wrong with it.
    pub source: serde_json::Error,
}

/// A page of a list (CC API 3: pagination).
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    /// Where the next page is.
    pub pagination: Pagination,
    /// The resources on this page.
    pub resources: Vec<Value>,
}

/// The part of a page's pagination that is of use.
#[derive(Debug, Deserialize)]
pub(crate) struct Pagination {
    /// The next page, if there is one.
    pub next: Option<Link>,
}

/// A link to another resource.
#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    /// Its URL.
    pub href: String,
}

impl Link {
    /// The guid that it ends with.
    pub(super) fn guid(&self) -> String {
        self.href.rsplit('/').next().unwrap_or_default().to_owned()
    }
}

/// The links of a package or a droplet.
#[derive(Deserialize)]
pub(super) struct Links {
    pub app: Link,
    pub package: Option<Link>,
}

/// Reads a value of one type out of an answer to `path`.
pub(crate) fn parse<T: for<'de> Deserialize<'de>>(path: &str, value: &Value) -> Result<T, Unreadable> {
    T::deserialize(value).map_err(|source| Unreadable { path: path.to_owned(), source })
}

pub(super) fn parse_all<T: for<'de> Deserialize<'de>>(path: &str, resources: &[Value]) -> Result<Vec<T>, Unreadable> {
    resources.iter().map(|resource| parse(path, resource)).collect()
}

#[derive(Deserialize)]
pub(super) struct ToOne {
    pub data: Option<Guid>,
}

impl ToOne {
    pub(super) fn guid(self) -> Option<String> {
        self.data.and_then(|data| data.guid)
    }
}

/// CC: an app without a droplet has `{"data":{"guid":null}}`.
#[derive(Deserialize)]
pub(super) struct Guid {
    pub guid: Option<String>,
}

/// Where a route leads (CC API 3: the destination object).
#[derive(Deserialize)]
pub(super) struct RawDestination {
    pub app: RawDestinationApp,
    pub port: Option<u16>,
    /// Older APIs do not tell it.
    pub protocol: Option<Protocol>,
}

/// The app of a destination.
#[derive(Deserialize)]
pub(super) struct RawDestinationApp {
    pub guid: String,
    pub process: Option<ProcessType>,
}

/// The process of a destination.
#[derive(Deserialize)]
pub(super) struct ProcessType {
    #[serde(rename = "type")]
    pub kind: String,
}

/// What was last done to a service instance or a binding (CC API 3: the last operation object).
#[derive(Deserialize, Default)]
pub(super) struct LastOperation {
    #[serde(rename = "type")]
    kind: Option<String>,
    state: Option<String>,
}

impl LastOperation {
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind.as_deref() == Some(kind)
    }

    pub(super) fn succeeded(&self) -> bool {
        self.state.as_deref() == Some("succeeded")
    }

    /// CC: `initial` is one that a broker has not been asked for yet.
    pub(super) fn is_in_progress(&self) -> bool {
        matches!(self.state.as_deref(), Some("in progress" | "initial"))
    }

    /// The operation and its state, such as `update in progress`.
    pub(super) fn told(&self) -> Option<String> {
        Some(format!("{} {}", self.kind.as_deref()?, self.state.as_deref()?))
    }
}

/// Reads the guid of a single resource; null, where there is none, is `None`.
pub(crate) fn guid(path: &str, answer: &Value) -> Result<Option<String>, Unreadable> {
    Ok(parse::<Option<Guid>>(path, answer)?.and_then(|resource| resource.guid))
}
