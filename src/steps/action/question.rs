//! What is asked at the router itself.

use crate::plan::{AppName, RouteUrl};

/// What is asked at the router itself after a step, because the platform's OK comes before routers know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouterQuestion<'a> {
    /// Every instance of the app is reached through the route.
    Reached {
        /// The app.
        app: &'a AppName,
        /// The route.
        url: &'a RouteUrl,
    },
    /// No instance of the app is reached through the route any more.
    Gone {
        /// The app.
        app: &'a AppName,
        /// The route.
        url: &'a RouteUrl,
    },
}
