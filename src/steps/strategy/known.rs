//! What routers know of an app on a live route.

/// What routers know of an app on a live route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Known {
    /// Some may lead to it, some may not: the route was changed and they were not asked.
    Maybe,
    /// All lead to it.
    Surely,
}
