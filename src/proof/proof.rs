//! What the walk has shown.

use serde::Serialize;

use super::counterexample::Counterexample;

/// What the walk has shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Proof {
    /// How many walks were made: a step and what goes wrong with it, or what is done with what that has left.
    pub(crate) cases: usize,
    /// Whether every invariant held in all of them.
    pub(crate) holds: bool,
    /// The shortest walk on which one did not hold; at most one for each app.
    pub(crate) violations: Vec<Counterexample>,
}

impl Proof {
    /// Takes another proof in.
    pub(super) fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.holds &= other.holds;
        self.violations.extend(other.violations);
    }
}
