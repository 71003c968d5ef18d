//! Why a space could not be read.

use thiserror::Error;

use crate::cf::outcome::{Reason, Refusal};
use crate::cf::spawn::SpawnError;
use crate::space::read::Unreadable;

/// Why a space could not be read.
#[derive(Debug, Error)]
pub enum ObserveError {
    /// cf could not be run.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// cf or the platform refused, for a reason that is known.
    #[error("{}", refused(path, refusal))]
    Refused {
        /// What was asked.
        path: String,
        /// The reason, with cf's words.
        refusal: Refusal,
    },
    /// The answer is none that is known.
    #[error("{} could not be read: {why}", place(path))]
    Unknown {
        /// What was asked.
        path: String,
        /// What came instead.
        why: String,
    },
    /// The answer has another shape than the API's documentation tells.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// What is not about the one thing that was asked for is told without it.
fn refused(path: &str, refusal: &Refusal) -> String {
    match refusal.reason {
        Reason::NoApi
        | Reason::NotLoggedIn
        | Reason::TokenExpired
        | Reason::NoTarget
        | Reason::Connection
        | Reason::Certificate => refusal.words.clone(),
        Reason::RateLimited => format!("the platform takes no more calls of this user for a while: {}", refusal.words),
        _ => format!("{} could not be read: {}", place(path), refusal.words),
    }
}

/// What is read at a path: `/v3/apps/GUID/droplets/current?…` without its query.
fn place(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

impl ObserveError {
    /// Whether nobody is logged in any more, so that nothing can be read or changed until somebody is.
    pub(crate) fn is_logged_out(&self) -> bool {
        matches!(self, Self::Refused { refusal, .. } if refusal.reason.is_logged_out())
    }

    /// Whether the platform has had too many calls and will answer again after a while.
    pub(crate) fn is_rate_limited(&self) -> bool {
        matches!(self, Self::Refused { refusal, .. } if refusal.reason == Reason::RateLimited)
    }

    /// Whether what was asked for is not there, or is hidden from the user. Nothing else means that: least of all a
    /// failure of the platform.
    pub(in crate::run) fn is_absent(&self) -> bool {
        match self {
            Self::Refused { refusal, .. } => matches!(refusal.reason, Reason::NotFound | Reason::NotAuthorized),
            Self::Spawn(_) | Self::Unknown { .. } | Self::Unreadable(_) => false,
        }
    }

    /// Whether it is there and hidden from the user.
    pub(in crate::run) fn is_not_authorized(&self) -> bool {
        matches!(self, Self::Refused { refusal, .. } if refusal.reason == Reason::NotAuthorized)
    }

    /// Whether the platform itself says that it does not tell, and neither the session nor the connection is the reason.
    pub(in crate::run) fn is_refusal(&self) -> bool {
        match self {
            Self::Refused { refusal, .. } => {
                self.is_absent()
                    || matches!(refusal.reason, Reason::Rejected | Reason::Server | Reason::ServiceNotFound)
            }
            Self::Unknown { why, .. } => why.contains("(CF-"),
            Self::Spawn(_) | Self::Unreadable(_) => false,
        }
    }

    /// Whether it is no use to try again: the session or the user's rights are the reason.
    pub(crate) fn lasts(&self) -> bool {
        match self {
            Self::Spawn(_) => true,
            Self::Refused { refusal, .. } => refusal.reason.is_of_session_or_rights(),
            Self::Unknown { .. } | Self::Unreadable(_) => false,
        }
    }
}
