//! Whoever is told what happens in a run.

use std::io;

use crate::event::Event;

/// Whoever is told what happens in a run. It reports that and nothing else, and never breaks a run.
pub(crate) trait Reporter {
    /// Takes an event. Fails where it is lost, and nobody was told yet that events are.
    fn event(&mut self, event: &Event) -> io::Result<()>;
}
