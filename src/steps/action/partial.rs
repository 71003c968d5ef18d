//! A part of what an action does that can be there without the rest.

use crate::space::Space;

/// A part of what an action does that can be there without the rest: what is found where the tool is killed in the midst
/// of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartialEffect {
    /// When that is, in words that complete "cutover is killed …".
    pub(crate) when: &'static str,
    /// Takes away from the whole effect what is not done yet, of the app of that name; gets the space before and after.
    pub(crate) cut: fn(&str, &Space, &mut Space),
}

impl PartialEq for PartialEffect {
    fn eq(&self, other: &Self) -> bool {
        self.when == other.when
    }
}

impl Eq for PartialEffect {}
