//! A check by HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::at::At;
use super::method::Method;
use super::pattern::Pattern;
use super::status::Status;
use crate::plan::duration;

/// A request to every instance through the route, repeated until all have answered as they should often enough in a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HttpCheck {
    /// Where it asks.
    #[serde(skip_serializing_if = "At::is_staging")]
    pub at: At,
    /// How it asks.
    #[serde(skip_serializing_if = "Method::is_get")]
    pub method: Method,
    /// Path and query below the route; begins with `/`.
    pub path: String,
    /// What is sent, by the names of headers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The status codes that count as success; never empty.
    pub status: Vec<Status>,
    /// What must be found in headers of the answer, by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub response_headers: BTreeMap<String, Pattern>,
    /// What the body must match, if anything.
    pub body: Option<Pattern>,
    /// What stands in the JSON of the body, by JSON pointers (RFC 6901).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub json: BTreeMap<String, Value>,
    /// What an answer takes less than, from the connection to its last byte.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "duration::serialize_some")]
    pub latency: Option<Duration>,
    /// The time from the first request to the last success; after it the check has failed.
    #[serde(with = "duration::text")]
    pub within: Duration,
    /// How many successes in a row are asked for; 1 or more.
    pub successes: u32,
    /// The pause between two requests.
    #[serde(with = "duration::text")]
    pub interval: Duration,
}
