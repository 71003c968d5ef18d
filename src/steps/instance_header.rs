//! What asks a router for one instance.

/// What asks a router for one instance (gorouter: `GUID:INDEX`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum InstanceHeader {
    /// By the guid of the app. Of two web processes in one app, only the instances registered last are reached by it.
    App,
    /// By the guid of the process. Routers before routing-release 0.332 pass it on like any other header.
    Process,
}

impl InstanceHeader {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::App => "X-Cf-App-Instance",
            Self::Process => "X-Cf-Process-Instance",
        }
    }
}
