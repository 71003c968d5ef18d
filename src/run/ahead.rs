//! Looking at what the platform does by itself more often than the cf that watches it: one that has nothing left to wait for
//! is ended.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::execute::Runner;
use super::reader::{Parts, View};
use crate::space::Space;
use crate::space::condition::{Condition, Judgement};
use crate::steps::Step;

/// The shortest pause between two looks.
const SHORTEST: Duration = Duration::from_millis(250);
/// The longest one.
const LONGEST: Duration = Duration::from_secs(2);

/// What is looked at beside a cf.
pub(super) struct Ahead<'r> {
    runner: &'r Runner<'r>,
    parts: Parts,
    condition: Condition,
    before: Arc<Space>,
    /// The space that has shown that it is over, and when the look at it began.
    over: OnceLock<(Space, Instant)>,
}

impl<'r> Ahead<'r> {
    /// `None` where the step's cf is as quick as any look.
    pub(super) fn of(step: &Step, before: &Arc<Space>, runner: &'r Runner<'r>) -> Option<Self> {
        let condition = step.facts().condition().filter(|_| step.facts().is_seen_before_cf_ends())?;
        let parts = Parts::new(condition.sections(), Some(condition.app()));
        Some(Self { runner, parts, condition, before: Arc::clone(before), over: OnceLock::new() })
    }

    /// Whether the space has shown that it is over.
    pub(super) fn is_over(&self) -> bool {
        self.over.get().is_some()
    }

    /// Has a view show what was seen, where it is over. Returns when the look at it began.
    pub(super) fn show(&self, view: &mut View<'_, '_>) -> Option<Instant> {
        let (seen, begun) = self.over.get()?;
        view.take_in(&self.parts, *begun, |space| self.parts.copy(seen, space));
        Some(*begun)
    }

    /// Does something while it is looked at, if it is.
    pub(super) fn watching<R>(ahead: Option<&Self>, work: impl FnOnce() -> R) -> R {
        thread::scope(|scope| {
            let (over, ended) = channel();
            if let Some(ahead) = ahead {
                scope.spawn(move || ahead.watch(&ended));
            }
            let done = work();
            drop(over);
            done
        })
    }

    /// Looks until it is over, until the run is to stop, or until `ended` has no sender any more: each time after a quarter
    /// of the time that it has taken so far.
    fn watch(&self, ended: &Receiver<()>) {
        let Runner { reader, clock, api, .. } = self.runner;
        let begun = clock.now();
        let mut space = Space::clone(&self.before);
        let goes_on = || clock.stop().is_none();
        let pause = || (clock.now().duration_since(begun) / 4).clamp(SHORTEST, LONGEST);
        while ended.recv_timeout(pause()) == Err(RecvTimeoutError::Timeout) && goes_on() {
            let looked = clock.now();
            let was_read = reader.glance(&mut space, &self.parts, &goes_on);
            // What a cf that is ended has renewed is lost.
            if was_read && self.condition.judge(&space, &self.before) == Judgement::Holds && api.token_lasts() {
                let _first = self.over.set((space, looked));
                return;
            }
        }
    }
}
