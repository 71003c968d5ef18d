//! One version of an app, as routers know it.

/// What one web process of an app runs. There is one, but while a rolling or canary deployment of the platform's own is
/// under way: the new version is a second web process then, on the same routes and under the app's own guid.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Version {
    /// The name of the app.
    pub(crate) app: String,
    /// The guid of the process.
    pub(crate) process: String,
}
