//! A value that knows where it stands.

use crate::plan::diagnostics::Place;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Located<T> {
    pub value: T,
    pub place: Place,
    pub path: String,
}

impl<T> Located<T> {
    /// Another value at the same place.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Located<U> {
        Located { value: change(self.value), place: self.place, path: self.path }
    }
}
