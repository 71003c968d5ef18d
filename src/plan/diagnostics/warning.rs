//! What a person should know of a plan that is sound.

use std::fmt;

use annotate_snippets::{Level, Renderer};

use super::position::Position;
use super::problem::Problem;

/// Something in a file that has no effect, or another than it seems to have. It refuses nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning(Problem);

impl Warning {
    /// A warning that stands at a key, as a rule. What follows on its line is not shown: nobody knows what a value is that
    /// nobody reads, and a warning is told at each run.
    pub(super) fn at_a_key(found: Problem) -> Self {
        let position = found.position.map(Position::without_rest);
        Self(Problem { position, ..found })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.render(Level::WARNING, &Renderer::plain()))
    }
}
