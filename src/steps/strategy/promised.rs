//! What a verb promises of the live routes.

use std::collections::BTreeSet;

/// What a verb promises of the live routes: at every point, each is served by as many instances as it was at the beginning, or as
/// the plan declares, but for this.
#[derive(Debug, Default)]
pub(crate) struct Promised {
    /// How many instances it promises at the most.
    pub(crate) at_most: Option<u32>,
    /// The numbers of the live routes that may be left to nobody.
    pub(crate) to_nobody: BTreeSet<usize>,
}
