//! Looking at what the platform does by itself more often than the cf that watches it: one that has nothing left to wait for
//! is ended.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::runner::Runner;
use crate::run::reading::glances::Seen;
use crate::run::reading::parts::Parts;
use crate::run::reading::view::{SharedView, View};
use crate::space::Space;
use crate::space::condition::{Condition, Judgement};
use crate::space::section::Section;
use crate::steps::Step;
use crate::steps::action::facts::SeenEarly;

/// The pause before a look that is to catch the moment at which something is made.
const CATCHING: Duration = Duration::from_millis(250);
/// How long after the last words it is looked for the end.
const ENDING: Duration = Duration::from_secs(10);
/// How often it is looked whether cf has said what is waited for.
const LISTENING: Duration = Duration::from_millis(20);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(2);

/// What is looked at beside a cf.
pub(super) struct Ahead<'r> {
    runner: &'r Runner<'r>,
    seen: SeenEarly,
    /// Since when looks count.
    since: OnceLock<Instant>,
    /// When cf has printed the last words.
    ending: OnceLock<Instant>,
    parts: Parts,
    condition: Condition,
    before: Arc<Space>,
    shared: &'r SharedView<'r>,
    /// The newest package of the app when looks began to count: cf has just made it.
    own: OnceLock<String>,
    /// What has shown that what cf was to do is done.
    shown: OnceLock<Arc<Seen>>,
    /// cf has ended by itself.
    has_ended: AtomicBool,
}

impl<'r> Ahead<'r> {
    /// `None` where the step's cf is as quick as any look.
    pub(super) fn of(step: &Step, view: &View<'r, 'r>, runner: &'r Runner<'r>) -> Option<Self> {
        let seen = step.facts().seen_before_cf_ends();
        let since = match seen {
            SeenEarly::Never => return None,
            SeenEarly::AtOnce { .. } => OnceLock::from(runner.clock.now()),
            SeenEarly::Uploads { .. } => OnceLock::new(),
        };
        let condition = step.facts().condition()?;
        // What else it is judged by is read when cf has ended.
        let sections: Vec<Section> = condition.sections().iter().copied().filter(|one| one.is_known_by_app()).collect();
        let parts = Parts::new(&sections, Some(&condition.app));
        let (before, shared) = (Arc::clone(view.space()), view.shared());
        let (ending, own, shown, has_ended) =
            (OnceLock::new(), OnceLock::new(), OnceLock::new(), AtomicBool::new(false));
        Some(Self { runner, seen, since, ending, parts, condition, before, shared, own, shown, has_ended })
    }

    /// Whether the space has shown that what cf was to do is done.
    pub(super) fn is_over(&self) -> bool {
        self.shown.get().is_some()
    }

    /// Hears a line that cf prints.
    pub(super) fn hear(&self, line: &str) {
        let heard = match self.seen {
            SeenEarly::Uploads { once_said } if once_said.iter().any(|said| line.starts_with(said)) => &self.since,
            SeenEarly::AtOnce { last_words } if last_words.iter().any(|said| line.contains(said)) => &self.ending,
            SeenEarly::Never | SeenEarly::AtOnce { .. } | SeenEarly::Uploads { .. } => return,
        };
        let _first = heard.set(self.runner.clock.now());
    }

    /// The guid of the package that cf has made, where that was seen.
    pub(super) fn own_package(&self) -> Option<&str> {
        self.own.get().map(String::as_str)
    }

    /// Has a view show what was seen, where it is over. Returns when the look at it began.
    pub(super) fn show(&self, view: &mut View<'_, '_>) -> Option<Instant> {
        let seen = self.shown.get()?;
        let was_told = view.take_in(&self.parts, seen.begun, |space| self.parts.copy(&seen.space, space));
        Some(if was_told { seen.begun } else { self.runner.clock.now() })
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
            if let Some(ahead) = ahead {
                ahead.has_ended.store(true, Ordering::SeqCst);
            }
            done
        })
    }

    /// Looks until it is over, until the run is to stop, or until `ended` has no sender any more: each time after a fifth
    /// of the time that it has taken so far.
    fn watch(&self, ended: &Receiver<()>) {
        let Runner { reader, clock, api, .. } = self.runner;
        let goes_on = || clock.stop().is_none() && !self.has_ended.load(Ordering::SeqCst);
        let is_about_uploads = matches!(self.seen, SeenEarly::Uploads { .. });
        let known = self.before.app(&self.condition.app).and_then(|app| app.package.as_ref());
        let known = known.map(|package| &package.guid);
        let ends = |now: Instant| self.ending.get().is_some_and(|ending| now.duration_since(*ending) < ENDING);
        let pause = |now: Instant, took: Duration| match took {
            // Whoever makes a package, too, is to be told apart.
            took if is_about_uploads && self.own.get().is_none() => took.min(CATCHING),
            _ if ends(now) => CATCHING,
            took => (took / 5).clamp(CATCHING, LONGEST),
        };
        let mut onlooker = None;
        // When it was looked last, by whomever, and since when what is seen is news.
        let (mut looked, mut news_since) = (clock.now(), None);
        let mut ended_before = false;
        while ended.recv_timeout(LISTENING) == Err(RecvTimeoutError::Timeout) && goes_on() {
            let Some(since) = self.since.get() else { continue };
            let onlooker = onlooker.get_or_insert_with(|| self.shared.glances().join(&self.parts));
            let now = clock.now();
            let is_news = ends(now) && !std::mem::replace(&mut ended_before, true);
            if is_news || now.duration_since(looked) >= pause(now, now.duration_since(*since)) {
                looked = now;
                onlooker.glance(Space::clone(&self.shared.space()), *reader, *clock, &goes_on);
            }
            let Some(seen) = onlooker.seen_since(news_since.unwrap_or(*since)) else { continue };
            looked = looked.max(seen.begun);
            news_since = Some(seen.begun);
            let package = seen.space.app(&self.condition.app).and_then(|app| app.package.as_ref());
            let is_new = package.map(|package| &package.guid) != known;
            if let Some(package) = package.filter(|_| is_about_uploads && is_new) {
                let _first = self.own.set(package.guid.clone());
            }
            let is_own = !is_about_uploads || package.map(|package| package.guid.as_str()) == self.own_package();
            let is_over = match self.condition.judge(&seen.space, &self.before) {
                Judgement::Holds => true,
                // The upload is done, and what cf does after it mends nothing.
                Judgement::Never(_) => is_about_uploads,
                Judgement::NotYet(_) => false,
            };
            // What a cf that is ended has renewed is lost.
            if is_own && is_over && api.tokens().last() {
                let _first = self.shown.set(seen);
                return;
            }
        }
    }
}
