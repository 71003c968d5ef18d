//! What came of one request.

use super::cause::Cause;

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) cause: Option<Cause>,
    /// `X-Cf-Routererror`.
    pub(super) router_error: Option<String>,
    /// Whether the router gave an answer, and so writes a line.
    pub(super) answered: bool,
}

impl Outcome {
    pub(super) fn failed(cause: Cause) -> Self {
        Self { cause: Some(cause), router_error: None, answered: false }
    }
}
