//! How an action is done.

use std::time::Duration;

use crate::plan::{HttpCheck, LocalCheck, RouteUrl, Watch};

/// How an action is done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work<'a> {
    /// By its invocation of cf.
    Cf,
    /// By a check.
    Check {
        /// The check.
        check: &'a LocalCheck,
        /// The route; `None` of an app that has none.
        url: Option<&'a RouteUrl>,
    },
    /// By checks that go on at these routes.
    Watch {
        /// How long, and how often.
        watch: &'a Watch,
        /// The checks.
        checks: &'a [HttpCheck],
        /// The routes.
        urls: &'a [RouteUrl],
    },
    /// By waiting.
    Wait(Duration),
}

impl Work<'_> {
    /// Whether cf does it.
    pub(crate) fn is_by_cf(self) -> bool {
        match self {
            Self::Cf => true,
            Self::Check { .. } | Self::Watch { .. } | Self::Wait(_) => false,
        }
    }
}
