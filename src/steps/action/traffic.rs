//! What an action means for requests.

use crate::plan::RouteUrl;

/// What an action means for the requests that its app gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Traffic<'a> {
    /// Nothing by itself; where the app is stopped by it, that is seen in the space.
    Unchanged,
    /// The route leads to the app, as far as routers have heard.
    Leads {
        /// The route.
        url: &'a RouteUrl,
    },
    /// The route leads away from the app, as far as routers have heard.
    LeadsAway {
        /// The route.
        url: &'a RouteUrl,
    },
    /// The app will be another version, which nobody has checked.
    NewVersion,
    /// The app is started: all its routes lead to it, as far as routers have heard.
    Started,
    /// The app has passed a check.
    Checked,
    /// The app has ended the requests that it had begun.
    Drained,
}
