//! What a run of cf has brought about, as far as its output tells.

use super::reason::Reason;

/// What the output of a run says about its expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// cf says that it did what it was asked.
    Done,
    /// cf says that nothing was left to do.
    AlreadyDone,
    /// cf says that it failed, for a reason that is known.
    Refused(Refusal),
    /// The output proves neither; only the space can tell.
    Unknown {
        /// Why nothing is proved, with the text where there is one.
        why: String,
    },
}

/// A failure that cf reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind.
    pub reason: Reason,
    /// cf's own words.
    pub words: String,
}
