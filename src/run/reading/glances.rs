//! Glances at what the platform does by itself: one is made for all lanes that wait for such a thing, so that glances do not
//! grow with the number of apps.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::parts::Parts;
use super::reader::Reader;
use crate::run::waiting::clock::Clock;
use crate::space::Space;

/// The glances at one space.
#[derive(Debug, Default)]
pub(in crate::run) struct Glances(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// What each onlooker looks at, by its number.
    wanted: BTreeMap<u64, Parts>,
    /// The number of the next onlooker.
    next: u64,
    is_looking: bool,
    /// What was seen last.
    last: Option<Arc<Seen>>,
}

/// What a glance has shown.
#[derive(Debug)]
pub(in crate::run) struct Seen {
    /// The space, in which these parts are new.
    pub(in crate::run) space: Space,
    parts: Parts,
    /// When the glance began.
    pub(in crate::run) begun: Instant,
}

/// Somebody who looks at parts of a space.
#[derive(Debug)]
pub(in crate::run) struct Onlooker<'g> {
    glances: &'g Glances,
    number: u64,
    parts: &'g Parts,
}

impl Glances {
    /// Takes part, for these parts.
    pub(in crate::run) fn join<'g>(&'g self, parts: &'g Parts) -> Onlooker<'g> {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.wanted.insert(number, parts.clone());
        Onlooker { glances: self, number, parts }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Onlooker<'_> {
    /// What a glance has shown of its parts that began later than that.
    pub(in crate::run) fn seen_since(&self, since: Instant) -> Option<Arc<Seen>> {
        let last = self.glances.state().last.clone()?;
        (last.begun > since && last.parts.covers(self.parts)).then_some(last)
    }

    /// Glances at all that is looked at, as long as it is wanted; not where somebody else does just now. `space` is what is known
    /// by now.
    pub(in crate::run) fn glance(
        &self,
        mut space: Space,
        reader: &dyn Reader,
        clock: &dyn Clock,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) {
        let mut state = self.glances.state();
        if std::mem::replace(&mut state.is_looking, true) {
            return;
        }
        let mut parts = Parts::default();
        state.wanted.values().for_each(|wanted| parts.add(wanted.clone()));
        drop(state);
        let over = Over(self.glances);
        let begun = clock.now();
        if reader.glance(&mut space, &parts, goes_on) {
            self.glances.state().last = Some(Arc::new(Seen { space, parts, begun }));
        }
        drop(over);
    }
}

impl Drop for Onlooker<'_> {
    fn drop(&mut self) {
        self.glances.state().wanted.remove(&self.number);
    }
}

/// Ends a glance, whatever becomes of it.
struct Over<'g>(&'g Glances);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.state().is_looking = false;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::run::doubles::{Hand, Noting};
    use crate::space::section::Section;

    #[test]
    fn one_glance_shows_all_onlookers_what_they_look_at() {
        let (reader, clock, glances) = (Noting::default(), Hand::new(Duration::MAX), Glances::default());
        let began = clock.now();
        clock.pause(Duration::from_secs(1)).unwrap();
        let droplets_of = |app| Parts::new(&[Section::Droplets], Some(app));
        let (a, b, c) = (droplets_of("a"), droplets_of("b"), droplets_of("c"));
        let (one, other) = (glances.join(&a), glances.join(&b));
        assert!(one.seen_since(began).is_none());
        one.glance(Space::default(), &reader, &clock, &|| true);
        assert!(other.seen_since(began).is_some());
        assert!(other.seen_since(clock.now()).is_none(), "it began no later than that");
        let late = glances.join(&c);
        assert!(late.seen_since(began).is_none(), "nobody looked at that yet");
        drop(one);
        late.glance(Space::default(), &reader, &clock, &|| true);
        let mut both = b.clone();
        both.add(c.clone());
        let mut first = a.clone();
        first.add(b.clone());
        assert_eq!(reader.all(), [first, both], "whoever has left is not looked for");
    }
}
