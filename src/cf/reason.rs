//! Why cf has failed.

/// The kinds of failure that call for different answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No API endpoint is set.
    NoApi,
    /// No token.
    NotLoggedIn,
    /// The token expired or was revoked, and could not be renewed.
    TokenExpired,
    /// No org or no space is targeted.
    NoTarget,
    /// The user may not do this.
    NotAuthorized,
    /// The app is not there.
    AppNotFound,
    /// The route is not there.
    RouteNotFound,
    /// The domain is not there.
    DomainNotFound,
    /// The service instance is not there.
    ServiceNotFound,
    /// The org is not there.
    OrgNotFound,
    /// The space is not there.
    SpaceNotFound,
    /// Something else that was asked for is not there.
    NotFound,
    /// A quota of the org or of the space is used up.
    Quota,
    /// The route belongs to another space.
    RouteTaken,
    /// Another app has the name.
    NameTaken,
    /// Something else is under way on the same object: a deployment, a build, an operation of a service broker.
    Busy,
    /// Staging failed.
    StagingFailed,
    /// Staging took longer than `CF_STAGING_TIMEOUT`.
    StagingTimeout,
    /// There is neither a package nor a droplet to start from.
    NothingToStart,
    /// All instances crashed.
    Crashed,
    /// No instance ran within `CF_STARTUP_TIMEOUT`.
    StartTimeout,
    /// The manifest, its variables or the files to push are not in order.
    Manifest,
    /// The files could not be uploaded or processed.
    Upload,
    /// A job of the platform failed.
    Job,
    /// The platform could not be reached, or the connection broke.
    Connection,
    /// The certificate of the platform is not trusted.
    Certificate,
    /// The platform answered 5xx.
    Server,
    /// The platform answered 429.
    RateLimited,
    /// The platform found the request wrong (422 or 400).
    Rejected,
    /// This cf does not know the command or the flag.
    Usage,
    /// The API of the platform is too old.
    ApiTooOld,
    /// cf cannot read its configuration.
    Config,
    /// cf itself crashed.
    CfCrashed,
}

impl Reason {
    /// Tells whether the same run may well succeed a little later.
    pub(crate) fn is_transient(self) -> bool {
        matches!(self, Self::Connection | Self::Server | Self::RateLimited | Self::Busy)
    }

    /// Whether nobody is logged in any more.
    pub(crate) fn is_logged_out(self) -> bool {
        matches!(self, Self::NotLoggedIn | Self::TokenExpired)
    }

    /// Whether it is the session, or what the user may do: it is no use to try again, and nothing has failed.
    pub(crate) fn is_of_session_or_rights(self) -> bool {
        self.is_logged_out() || matches!(self, Self::NoApi | Self::NoTarget | Self::NotAuthorized)
    }
}
