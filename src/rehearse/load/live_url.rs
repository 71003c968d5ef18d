//! A route under load.

/// A route under load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveUrl {
    /// The host header.
    pub host: String,
    /// The route's path, empty for none.
    pub path: String,
}
