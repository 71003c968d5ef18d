//! Looking at a space, no part of it more often than is needed.
//!
//! All lanes of a run share one [`SharedView`]. A lane says what it wants to see and how old that may be; where it is known, it
//! costs nothing. One look is under way at a time: what lanes want meanwhile is gathered, and the next look is made for all
//! of them. So looks do not grow with the number of apps.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::glances::Glances;
use super::parts::Parts;
use super::reader::{Reader, Unread, refresh_patiently};
use crate::run::api::observe_error::ObserveError;
use crate::run::waiting::clock::{Clock, Stop};
use crate::space::Space;
use crate::space::section::Section;

/// Why the space could not be looked at.
#[derive(Debug, Clone)]
pub(in crate::run) enum Unseen {
    /// The run is to stop, and a platform that is out of reach is not waited for.
    Stopped(Stop),
    /// It cannot be read.
    Unreadable(Arc<ObserveError>),
}

/// A space as it was read last, part by part, for all who look at it.
pub(in crate::run) struct SharedView<'a> {
    reader: &'a dyn Reader,
    clock: &'a dyn Clock,
    state: Mutex<State>,
    /// A look has come to its end.
    news: Condvar,
    /// The glances beside the looks.
    glances: Glances,
}

/// A space as it was read last, and when.
#[derive(Debug, Clone)]
struct Known {
    space: Arc<Space>,
    /// When each part was read last: by the section and, where only one app's part of it was read, that app.
    read: Arc<BTreeMap<(Section, Option<String>), Instant>>,
    /// How often something was found out.
    version: u64,
}

struct State {
    known: Known,
    /// What somebody waits for.
    wanted: Parts,
    /// Whether a look is under way.
    is_looking: bool,
    /// How many looks have come to their end.
    looks: u64,
    /// The last one of them that has failed.
    failed: Option<(u64, Unseen)>,
    /// Why the look that is under way has not come to its end yet.
    trouble: Option<String>,
}

impl Known {
    /// Those of the parts that were not read since then.
    fn older(&self, parts: &Parts, since: Instant) -> Parts {
        let is_fresh = |section: Section, app: Option<&str>| {
            self.read.get(&(section, app.map(ToOwned::to_owned))).is_some_and(|read| *read >= since)
        };
        let mut older = Parts::default();
        for (section, app) in parts.each() {
            if !is_fresh(section, None) && (app.is_none() || !is_fresh(section, app)) {
                older.add(Parts::new(&[section], app));
            }
        }
        older
    }

    /// Takes note of a look at these parts: those that are not read app by app were read as a whole.
    fn was_read(&mut self, parts: &Parts, begun: Instant) {
        let of = |section: Section, app: Option<&str>| app.filter(|_| section.is_read_by_app()).map(ToOwned::to_owned);
        let each = parts.each().map(|(section, app)| ((section, of(section, app)), begun));
        Arc::make_mut(&mut self.read).extend(each);
        self.version += 1;
    }

    /// Takes note of what was told of these parts, and of nothing else.
    fn was_told(&mut self, parts: &Parts, begun: Instant) {
        let each = parts.each().map(|(section, app)| ((section, app.map(ToOwned::to_owned)), begun));
        Arc::make_mut(&mut self.read).extend(each);
        self.version += 1;
    }
}

impl<'a> SharedView<'a> {
    /// A space of which these parts were read at that time.
    pub(in crate::run) fn new(
        reader: &'a dyn Reader,
        clock: &'a dyn Clock,
        space: Space,
        parts: &Parts,
        read: Instant,
    ) -> Self {
        let mut known = Known { space: Arc::new(space), read: Arc::default(), version: 0 };
        known.was_read(parts, read);
        let state = State { known, wanted: Parts::default(), is_looking: false, looks: 0, failed: None, trouble: None };
        Self { reader, clock, state: Mutex::new(state), news: Condvar::new(), glances: Glances::default() }
    }

    /// The space as it was read last.
    pub(in crate::run) fn space(&self) -> Arc<Space> {
        Arc::clone(&self.state().known.space)
    }

    /// The glances at it.
    pub(in crate::run) fn glances(&self) -> &Glances {
        &self.glances
    }

    /// Why the look that is under way has not come to its end yet, where the platform is the reason.
    pub(in crate::run) fn trouble(&self) -> Option<String> {
        self.state().trouble.clone()
    }

    /// The space, with these parts as a look has shown them that began then or later. Fails where the platform is out of
    /// reach for too long, and where the run is to stop meanwhile.
    fn look(&self, parts: &Parts, since: Instant) -> Result<Known, Unseen> {
        let mut state = self.state();
        // The look that is to show what is wanted.
        let mut awaited = None;
        loop {
            let older = state.known.older(parts, since);
            if older.is_empty() {
                return Ok(state.known.clone());
            }
            if let (Some(awaited), Some((failed, why))) = (awaited, &state.failed)
                && awaited == *failed
            {
                return Err(why.clone());
            }
            if awaited.is_none_or(|awaited| awaited <= state.looks) {
                awaited = Some(state.looks + 1 + u64::from(state.is_looking));
                state.wanted.add(older);
            }
            if state.is_looking {
                state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
            } else {
                state = self.look_now(state);
            }
        }
    }

    /// Makes the look that lanes wait for.
    fn look_now<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let wanted = std::mem::take(&mut state.wanted);
        let mut space = Space::clone(&state.known.space);
        state.is_looking = true;
        drop(state);
        // Whatever becomes of it, a panic too, those who wait hear of it.
        let over = Over(self);
        let begun = self.clock.now();
        let mut note = |trouble: &str| self.state().trouble = Some(trouble.to_owned());
        let read = refresh_patiently(self.reader, self.clock, &mut space, &wanted, &mut note);
        let mut state = self.state();
        match read {
            Ok(()) => {
                state.known.space = Arc::new(space);
                state.known.was_read(&wanted, begun);
            }
            Err(Unread { error, stop }) => {
                let why = stop.map_or_else(|| Unseen::Unreadable(Arc::new(error)), Unseen::Stopped);
                state.failed = Some((state.looks + 1, why));
            }
        }
        drop(state);
        drop(over);
        self.state()
    }

    /// Takes in what was told of these parts otherwise than by a look, by whatever began then. Returns whether it did: what a
    /// look has read that began later, or may be reading now, is newer.
    fn take_in(&self, parts: &Parts, begun: Instant, change: impl FnOnce(&mut Space)) -> bool {
        let mut state = self.state();
        if state.is_looking || state.known.older(parts, begun) != *parts {
            return false;
        }
        change(Arc::make_mut(&mut state.known.space));
        state.known.was_told(parts, begun);
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a look.
struct Over<'v, 'a>(&'v SharedView<'a>);

impl Drop for Over<'_, '_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_looking = false;
        state.trouble = None;
        state.looks += 1;
        drop(state);
        self.0.news.notify_all();
    }
}

/// What one lane sees of the space.
pub(in crate::run) struct View<'v, 'a> {
    shared: &'v SharedView<'a>,
    known: Known,
    /// What was seen before counts for nothing.
    open_since: Option<Instant>,
}

impl<'v, 'a> View<'v, 'a> {
    /// Sees what was read last. What was read before `open_since` counts for nothing.
    pub(in crate::run) fn new(shared: &'v SharedView<'a>, open_since: Option<Instant>) -> Self {
        Self { shared, known: shared.state().known.clone(), open_since }
    }

    /// What all lanes look at.
    pub(in crate::run) fn shared(&self) -> &'v SharedView<'a> {
        self.shared
    }

    /// The space as it was seen last.
    pub(in crate::run) fn space(&self) -> &Arc<Space> {
        &self.known.space
    }

    /// Which of two views shows more: the one of the greater number.
    pub(in crate::run) fn version(&self) -> u64 {
        self.known.version
    }

    /// Looks at parts that were not seen since then. Fails as a look does.
    pub(in crate::run) fn look(&mut self, parts: &Parts, since: Instant) -> Result<(), Unseen> {
        self.known = self.shared.look(parts, self.open_since.map_or(since, |open| open.max(since)))?;
        Ok(())
    }

    /// Those of the parts that were not seen since then.
    pub(in crate::run) fn lacks(&self, parts: &Parts, since: Instant) -> Parts {
        self.known.older(parts, self.open_since.map_or(since, |open| open.max(since)))
    }

    /// Whether these parts, as they are seen, were read then or later.
    pub(in crate::run) fn shows(&self, parts: &Parts, since: Instant) -> bool {
        self.known.older(parts, since).is_empty()
    }

    /// Takes in what was told of these parts otherwise than by a look, by whatever began then. Returns whether it did.
    pub(in crate::run) fn take_in(&mut self, parts: &Parts, begun: Instant, change: impl FnOnce(&mut Space)) -> bool {
        let was_told = self.shared.take_in(parts, begun, change);
        if was_told {
            self.known = self.shared.state().known.clone();
        }
        was_told
    }

    /// Counts nothing that was seen up to now: time has passed in which anybody may have changed it.
    pub(in crate::run) fn forget(&mut self) {
        self.open_since = Some(self.shared.clock.now());
    }

    /// Since when what was seen counts.
    pub(in crate::run) fn open_since(&self) -> Option<Instant> {
        self.open_since
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::run::doubles::{Failing, Hand, Noting, lasting};

    /// What is read where these parts are wanted that may be as old as this, one after the other.
    fn read(wanted: &[(Parts, Duration)]) -> Vec<Parts> {
        let (reader, clock) = (Noting::default(), Hand::new(Duration::MAX));
        let begun = clock.now();
        let view = SharedView::new(&reader, &clock, Space::default(), &Parts::all(), begun);
        clock.pause(Duration::from_secs(10)).unwrap();
        for (parts, since) in wanted {
            view.look(parts, begun + *since).unwrap();
        }
        reader.all()
    }

    #[test]
    fn what_is_known_is_not_read_again() {
        let (then, now) = (Duration::ZERO, Duration::from_secs(10));
        let parts = |sections: &[Section], app: Option<&str>| Parts::new(sections, app);
        assert_eq!(read(&[(Parts::all(), then)]), []);
        assert_eq!(read(&[(Parts::all(), now), (Parts::all(), now)]), [Parts::all()]);
        let apps = parts(&[Section::Apps], None);
        let both = parts(&[Section::Apps, Section::Routes], None);
        assert_eq!(read(&[(apps.clone(), now), (both, now)]), [apps, parts(&[Section::Routes], None)]);
    }

    #[test]
    fn what_was_read_of_one_app_is_not_known_of_another() {
        let now = Duration::from_secs(10);
        let of = |app| Parts::new(&[Section::Apps, Section::Instances], app);
        let instances = |app| Parts::new(&[Section::Instances], app);
        let wanted = [Some("a"), Some("a"), Some("b"), None].map(|app| (of(app), now));
        assert_eq!(read(&wanted), [of(Some("a")), instances(Some("b")), instances(None)]);
    }

    /// A platform that lets nobody read before so many wait.
    struct Gathering<'a> {
        noting: Noting,
        waiting: &'a AtomicU32,
    }

    impl Reader for Gathering<'_> {
        fn glance(&self, space: &mut Space, parts: &Parts, _: &(dyn Fn() -> bool + Sync)) -> bool {
            self.refresh(space, parts).is_ok()
        }

        fn refresh(&self, space: &mut Space, parts: &Parts) -> Result<(), ObserveError> {
            while self.waiting.load(Ordering::SeqCst) < 8 {
                thread::yield_now();
            }
            self.noting.refresh(space, parts)
        }
    }

    #[test]
    fn a_look_is_made_for_all_who_wait_for_it() {
        let waiting = AtomicU32::new(0);
        let reader = Gathering { noting: Noting::default(), waiting: &waiting };
        let clock = Hand::new(Duration::MAX);
        let begun = clock.now();
        let view = SharedView::new(&reader, &clock, Space::default(), &Parts::all(), begun);
        clock.pause(Duration::from_secs(1)).unwrap();
        let later = clock.now();
        thread::scope(|scope| {
            for app in 0..8 {
                let (view, waiting) = (&view, &waiting);
                scope.spawn(move || {
                    waiting.fetch_add(1, Ordering::SeqCst);
                    view.look(&Parts::new(&[Section::Instances], Some(&format!("app {app}"))), later).unwrap();
                });
            }
        });
        let looks = reader.noting.all();
        assert!((1..=8).contains(&looks.len()));
        let mut all = Parts::default();
        for look in looks {
            all.add(look);
        }
        assert_eq!(all.each().count(), 8, "nobody is forgotten");
    }

    #[test]
    fn whoever_waits_for_a_look_that_fails_hears_of_it() {
        let reader = Failing { left: AtomicU32::new(u32::MAX), error: lasting };
        let clock = Hand::new(Duration::MAX);
        let begun = clock.now();
        let view = SharedView::new(&reader, &clock, Space::default(), &Parts::all(), begun);
        let later = begun + Duration::from_secs(1);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let failed = view.look(&Parts::all(), later).unwrap_err();
                    assert!(matches!(failed, Unseen::Unreadable(_)), "{failed:?}");
                });
            }
        });
    }
}
