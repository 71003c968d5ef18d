//! What a phase is called.

/// What a phase is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Title {
    /// The steps of a guide that it stands for: `4`, `5, 6`; empty where it is none of them.
    pub(crate) numbers: &'static str,
    /// What is done in it, as a phrase.
    pub(crate) text: &'static str,
}
