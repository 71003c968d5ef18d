//! The clock of the routers.

use std::time::Instant;

/// The moment of a decision; the only clock of the registry and the pools.
pub(super) fn now() -> Instant {
    Instant::now()
}
