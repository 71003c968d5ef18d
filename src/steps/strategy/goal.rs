//! What a walk is to bring about.

use crate::plan::AppName;

/// What a walk is to bring about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Goal {
    /// This app alone is live.
    Live(AppName),
    /// All is as it was when the deployment began.
    Start,
    /// One app alone is live, or none where none was.
    Settled,
}
