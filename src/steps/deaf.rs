//! Why the router cannot be asked about a route.

use std::fmt;

use super::instance_header::InstanceHeader;

/// Why the router cannot be asked about a route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deaf {
    /// The route's domain is internal: containers find each other without a router.
    Internal,
    /// The route's domain lets in only apps that route policies name, by their certificates.
    ForAppsOnly,
    /// Something answers there that does not know the header.
    Unheard {
        /// The header.
        header: InstanceHeader,
        /// Its HTTP status.
        status: u16,
    },
    /// The route cannot be reached from here.
    Unreachable {
        /// Why not.
        why: String,
    },
}

impl fmt::Display for Deaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internal => f.write_str("an internal route has no router"),
            Self::ForAppsOnly => f.write_str("its domain lets in only the apps that its route policies name"),
            Self::Unheard { header, status } => write!(f, "{} is not heard there: HTTP {status}", header.name()),
            Self::Unreachable { why } => write!(f, "it cannot be reached from here: {why}"),
        }
    }
}
