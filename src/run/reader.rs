//! Looking at a space, no part of it more often than is needed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::space::Space;
use crate::space::condition::Section;

use super::api::ObserveError;
use super::clock::Clock;
use super::retry;

/// How long the platform may be out of reach.
const OUTAGE: Duration = Duration::from_secs(30);
/// The pause before the next try.
const PAUSE: Duration = Duration::from_millis(200);

/// What a space is read from.
pub trait Reader {
    /// Reads parts of the space again; all others stay as they are. Instances, packages and droplets are read of this app
    /// only, or of all.
    fn refresh(&self, space: &mut Space, sections: &[Section], app: Option<&str>) -> Result<(), ObserveError>;

    /// As [`Self::refresh`], while another cf of ours may be at work, which is not waited for.
    fn glance(&self, space: &mut Space, sections: &[Section], app: Option<&str>) -> Result<(), ObserveError> {
        self.refresh(space, sections, app)
    }

    /// How long the platform asks to be left alone, where it has had too many calls.
    fn asked_patience(&self) -> Duration {
        Duration::ZERO
    }
}

/// As [`Reader::refresh`], also where the platform is out of reach for a while, or asks for patience.
pub(crate) fn refresh_patiently(
    reader: &dyn Reader,
    clock: &dyn Clock,
    space: &mut Space,
    sections: &[Section],
    app: Option<&str>,
) -> Result<(), ObserveError> {
    let begun = clock.now();
    loop {
        match reader.refresh(space, sections, app) {
            Err(error)
                if !error.lasts()
                    && clock.now().duration_since(begun) < borne(&error)
                    && clock.pause(pause_after(reader, &error)).is_ok() => {}
            end => return end,
        }
    }
}

/// How long a failure to read is borne.
fn borne(error: &ObserveError) -> Duration {
    if error.is_rate_limited() { retry::PATIENCE } else { OUTAGE }
}

/// How long is waited after a failure to read: where the platform has had too many calls, as long as it asks for.
pub(super) fn pause_after(reader: &dyn Reader, error: &ObserveError) -> Duration {
    if error.is_rate_limited() { reader.asked_patience().max(PAUSE) } else { PAUSE }
}

/// A space with when each part of it was read last.
pub(super) struct View {
    /// The space.
    pub(super) space: Space,
    /// By the section and, where only one app's part of it was read, that app.
    read: BTreeMap<(Section, Option<String>), Instant>,
}

impl View {
    /// A space that was read at that time, as a whole.
    pub(super) fn new(space: Space, now: Instant) -> Self {
        let mut view = Self { space, read: BTreeMap::new() };
        view.was_read(&Section::ALL, None, now);
        view
    }

    /// Notes that parts were read by a look that began then, of this app or of all.
    pub(super) fn was_read(&mut self, sections: &[Section], app: Option<&str>, begun: Instant) {
        let one = |section: Section| app.filter(|_| section.is_read_by_app()).map(ToOwned::to_owned);
        self.read.extend(sections.iter().map(|section| ((*section, one(*section)), begun)));
    }

    /// Counts nothing that was read up to now as fresh: time has passed in which anybody may have changed it.
    pub(super) fn forget(&mut self) {
        self.read.clear();
    }

    /// Those of the parts that were not read since then, of this app or of all.
    pub(super) fn older(&self, sections: &[Section], app: Option<&str>, since: Instant) -> Vec<Section> {
        let is_fresh = |section: Section, app: Option<&str>| {
            self.read.get(&(section, app.map(ToOwned::to_owned))).is_some_and(|read| *read >= since)
        };
        let is_older = |section: &&Section| !is_fresh(**section, None) && (app.is_none() || !is_fresh(**section, app));
        sections.iter().filter(is_older).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::clock::Stop;
    use super::super::interrupt::Signal;
    use super::*;
    use crate::cf::outcome::{Reason, Refusal};

    /// A platform that fails so often, in this way.
    struct Failing {
        left: Cell<u32>,
        error: fn() -> ObserveError,
    }

    impl Reader for Failing {
        fn refresh(&self, _: &mut Space, _: &[Section], _: Option<&str>) -> Result<(), ObserveError> {
            let left = self.left.get();
            self.left.set(left.saturating_sub(1));
            if left == 0 { Ok(()) } else { Err((self.error)()) }
        }
    }

    /// A clock that goes on by what it is to wait, until it is to stop.
    struct Hand {
        begun: Instant,
        waited: Cell<Duration>,
        stops_after: Duration,
    }

    impl Clock for Hand {
        fn now(&self) -> Instant {
            self.begun + self.waited.get()
        }

        fn pause(&self, time: Duration) -> Result<(), Stop> {
            self.waited.set(self.waited.get() + time);
            if self.waited.get() < self.stops_after { Ok(()) } else { Err(Stop::Signal(Signal::Interrupt)) }
        }
    }

    #[test]
    fn a_platform_out_of_reach_is_waited_for_but_not_for_ever() {
        let passing: fn() -> ObserveError =
            || ObserveError::Unknown { path: "/v3/apps".to_owned(), why: "nothing came".to_owned() };
        let lasting: fn() -> ObserveError = || ObserveError::Refused {
            path: "/v3/apps".to_owned(),
            refusal: Refusal { reason: Reason::NotLoggedIn, words: "log in first".to_owned() },
        };
        let day = Duration::from_secs(86_400);
        // How often it fails, and how; after what a signal comes; whether it is read, and what was waited.
        let cases = [
            (0, passing, day, true, Duration::ZERO),
            (100, passing, day, true, PAUSE * 100),
            (1_000, passing, day, false, OUTAGE),
            (1, lasting, day, false, Duration::ZERO),
            (100, passing, PAUSE * 3, false, PAUSE * 3),
        ];
        for (left, error, stops_after, read, waited) in cases {
            let reader = Failing { left: Cell::new(left), error };
            let clock = Hand { begun: Instant::now(), waited: Cell::default(), stops_after };
            let end = refresh_patiently(&reader, &clock, &mut Space::default(), &Section::ALL, None);
            assert_eq!((end.is_ok(), clock.waited.get()), (read, waited), "{left} {stops_after:?}");
        }
    }

    #[test]
    fn a_part_is_as_old_as_the_beginning_of_the_look_at_it() {
        let (first, later) = (Instant::now(), Instant::now() + Duration::from_secs(1));
        let mut view = View::new(Space::default(), first);
        assert_eq!(view.older(&Section::ALL, None, first), []);
        assert_eq!(view.older(&Section::ALL, None, later), Section::ALL);
        view.was_read(&[Section::Apps], None, later);
        assert_eq!(view.older(&[Section::Apps, Section::Routes], None, later), [Section::Routes]);
    }

    #[test]
    fn what_was_read_of_one_app_is_not_known_of_another() {
        let begun = Instant::now();
        let later = begun + Duration::from_secs(1);
        let sections = [Section::Apps, Section::Instances];
        let mut view = View::new(Space::default(), begun);
        assert_eq!(view.older(&sections, Some("a"), begun), []);
        view.was_read(&sections, Some("a"), later);
        assert_eq!(view.older(&sections, Some("a"), later), []);
        assert_eq!(view.older(&sections, Some("b"), later), [Section::Instances]);
        assert_eq!(view.older(&sections, None, later), [Section::Instances]);
        view.forget();
        assert_eq!(view.older(&sections, Some("a"), begun), sections);
    }
}
