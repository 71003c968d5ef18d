//! One deployment of an app at a time: taking, keeping and giving back its [`Lock`].
//!
//! - this file: [`LockManager`], which takes locks; `error`: why one is not to be had
//! - [`heartbeat`]: what keeps them alive while a run is at work; [`own_lock`]: one heartbeat, and how a lock is lost
//! - [`process`]: whether the process that holds a lock is still there
//! - `marker`: the calls about the app that is the lock
//!
//! A lock does not fence: the Cloud Controller takes changes from anyone. What keeps two deployments apart is that the
//! holder looks at its lock before each step and is heard of every few seconds, that it starts no step where it is not,
//! and that nobody takes a lock over before its run is known to be dead or has been silent for
//! [`SILENCE`](crate::space::lock::SILENCE).

mod error;
pub mod heartbeat;
mod marker;
pub mod own_lock;
pub mod process;

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::api::{Answer, Api};
use super::waiting::clock::Clock;
use super::waiting::pauses::Pauses;
use crate::plan::AppName;
use crate::space::Verb;
use crate::space::lock::{Lock, LockState, SILENCE, Sighting};
use crate::steps::annotations::Identity;

pub use error::LockError;
use heartbeat::Heartbeat;
use marker::Taken;

/// The first pause between two tries while somebody else holds a lock; each further one is half as long again, up to
/// [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two tries while somebody else holds a lock.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a lock is watched to find out whether its run is dead: until it has been silent, and the look after that.
const FIND_OUT: Duration = SILENCE.saturating_add(LONGEST_PAUSE).saturating_add(LONGEST_PAUSE);
/// How long a run that was asked to stop is waited for: an upload may be in flight.
const TAKE_OVER: Duration = Duration::from_secs(15 * 60);

/// Who wants a lock, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The deployment; to take a lock back, the one that is finished or undone.
    pub deployment: Identity,
    /// The digest of its plan.
    pub plan: String,
    /// What is done.
    pub verb: Verb,
}

impl Claim {
    /// The lock as it is wanted, with a nonce that no other try has.
    fn wanted(&self, app: &AppName) -> Lock {
        Lock {
            guid: String::new(),
            app: app.to_string(),
            deployment: self.deployment.id.clone(),
            plan: self.plan.clone(),
            by: self.deployment.by.clone(),
            at: self.deployment.at.clone(),
            heartbeat: None,
            process: process::own(),
            step: String::new(),
            step_since: None,
            take_over: String::new(),
            verb: Some(self.verb),
            nonce: nonce(),
            is_an_app: false,
        }
    }
}

/// A word that no other process and no other call makes up: the keys of a [`RandomState`] come from the system.
fn nonce() -> String {
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}

/// How long it is waited where somebody else holds a lock, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long for a run that is at work.
    pub wait: Duration,
    /// Whether it is found out if a run is at work that may be dead: that takes [`SILENCE`].
    pub find_out: bool,
    /// Whether a run that is at work is asked to stop.
    pub take_over: bool,
}

/// Takes locks in one space.
#[expect(missing_debug_implementations, reason = "it holds a clock")]
#[derive(Clone)]
pub struct LockManager<'a> {
    api: Api<'a>,
    clock: &'a dyn Clock,
    patience: Patience,
    /// Locks that have been silent for as long as it takes, as they were read last.
    dead: Vec<Lock>,
}

/// What is seen of a lock from look to look.
struct Watch {
    lock: Lock,
    since: Instant,
    /// Whether it has shown a sign of life.
    lives: bool,
}

impl Watch {
    /// What is seen of a lock from now on.
    fn on(lock: &Lock, now: Instant) -> Self {
        Self { lock: lock.clone(), since: now, lives: false }
    }

    /// Takes in another look.
    fn see(&mut self, lock: &Lock, now: Instant) {
        if !self.lock.is_same(lock) {
            *self = Self::on(lock, now);
        } else if self.lock.heartbeat != lock.heartbeat {
            *self = Self { lives: true, ..Self::on(lock, now) };
        }
    }

    /// Whether it has been watched for so long without a sign of life that its run is dead.
    fn is_silent(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= SILENCE
    }
}

/// Whether the run that holds a lock is at work, as far as this machine can tell at once.
pub(crate) fn state_of(lock: &Lock) -> LockState {
    lock.state(Timestamp::now(), process::sight(lock))
}

fn held(lock: Lock, state: LockState) -> LockError {
    LockError::Held { lock: Box::new(lock), state, now: Timestamp::now() }
}

impl<'a> LockManager<'a> {
    /// A lock manager in the targeted space, who waits by that clock.
    pub fn new(api: Api<'a>, clock: &'a dyn Clock, patience: Patience) -> Self {
        Self { api, clock, patience, dead: Vec::new() }
    }

    /// The same lock manager, who waits by another clock.
    #[must_use]
    pub fn by<'b>(self, clock: &'b dyn Clock) -> LockManager<'b>
    where
        'a: 'b,
    {
        LockManager { clock, ..self }
    }

    /// Whether the run that holds a lock is at work, as far as is known by now.
    fn state_of(&self, lock: &Lock) -> LockState {
        if self.dead.contains(lock) { LockState::Dead } else { state_of(lock) }
    }

    /// Refuses where a run that holds one of the locks is at work, or may be.
    pub fn refuse_at_work(&self, locks: &[Lock]) -> Result<(), LockError> {
        match locks.iter().map(|lock| (lock, self.state_of(lock))).find(|(_, state)| *state != LockState::Dead) {
            None => Ok(()),
            Some((lock, state)) => Err(held(lock.clone(), state)),
        }
    }

    /// Refuses where a run that holds one of the locks lives, as far as is known: a lock that tells nothing is no reason.
    pub fn refuse_alive(&self, locks: &[Lock]) -> Result<(), LockError> {
        match locks.iter().find(|lock| self.may_live(lock)) {
            None => Ok(()),
            Some(lock) => {
                let (lock, state, now) = (Box::new(lock.clone()), self.state_of(lock), Timestamp::now());
                Err(LockError::Alive { lock, state, now })
            }
        }
    }

    /// Whether the run that holds a lock lives, as far as is known by now.
    pub(crate) fn may_live(&self, lock: &Lock) -> bool {
        match self.state_of(lock) {
            LockState::AtWork | LockState::Silent => true,
            LockState::Dead | LockState::Unreadable => false,
        }
    }

    /// Finds out of locks that were read whether the runs that hold them are at work, where the patience is for that.
    /// Those that are gone are taken out of `locks`.
    ///
    /// Fails where the run is to stop, and where the platform does not answer.
    pub fn find_out(&mut self, locks: &mut Vec<Lock>, tell: &mut dyn FnMut(&str)) -> Result<(), LockError> {
        let begun = self.clock.now();
        // All of them from the same moment on: a run that has died has mostly left several.
        let mut watched: Vec<(Watch, Lock)> =
            std::mem::take(locks).into_iter().map(|lock| (Watch::on(&lock, begun), lock)).collect();
        let mut told = false;
        loop {
            let now = self.clock.now();
            let is_open = |(watch, lock): &&(Watch, Lock)| self.is_worth_watching(lock, self.state_of(lock), watch);
            let open: Vec<&(Watch, Lock)> = watched.iter().filter(is_open).collect();
            let (silent, open): (Vec<_>, Vec<_>) = open.into_iter().partition(|(watch, _)| watch.is_silent(now));
            let Some((_, first)) = open.first() else {
                self.dead.extend(silent.into_iter().map(|(_, lock)| lock.clone()));
                locks.extend(watched.into_iter().map(|(_, lock)| lock));
                return Ok(());
            };
            if !std::mem::replace(&mut told, true) {
                let story = first.story(Timestamp::now(), self.state_of(first));
                tell(&format!("{story}: whether that run lives is known in some 30 s"));
            }
            self.clock.pause(LONGEST_PAUSE).map_err(|stop| LockError::stopped(first.app.clone(), stop))?;
            let mut seen = Vec::new();
            for (mut watch, lock) in watched {
                // Judged anew: time has passed, and a run that is silent by now was not looked at since it was read.
                let is_open = self.is_worth_watching(&lock, self.state_of(&lock), &watch);
                let Some(lock) = (if is_open { marker::look(&self.api, &lock)? } else { Some(lock) }) else { continue };
                watch.see(&lock, self.clock.now());
                seen.push((watch, lock));
            }
            watched = seen;
        }
    }

    /// Whether a lock is watched to find out if its run is dead.
    fn is_worth_watching(&self, lock: &Lock, state: LockState, watch: &Watch) -> bool {
        let may_be_dead = match state {
            // Who is silent by the clock has most likely been killed: a new deployment, too, finds that out.
            LockState::Silent => true,
            LockState::AtWork => self.patience.find_out && process::sight(lock) == Sighting::Elsewhere,
            LockState::Dead | LockState::Unreadable => false,
        };
        may_be_dead && !watch.lives
    }

    /// Takes the locks on all these apps, or none. A dead run's lock is taken over; one that is at work is waited for, or
    /// asked to stop, as the patience says.
    ///
    /// While another run holds one, those that were had are given back, so that two deployments never wait for each
    /// other. `tell` hears of what a person should know.
    ///
    /// Fails where one is not to be had in time, where the run is to stop, and where the platform does not let it.
    pub fn acquire<'b>(
        &self,
        apps: impl IntoIterator<Item = &'b AppName>,
        claim: &Claim,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Heartbeat<'a>, LockError> {
        let mut apps: Vec<&AppName> = apps.into_iter().collect();
        // In one order everywhere: of two plans with the same apps one gets all.
        apps.sort();
        let mut begun = self.clock.now();
        let mut pauses = Pauses::between(FIRST_PAUSE, LONGEST_PAUSE);
        let mut told = None;
        let mut asked = None;
        let mut watch: Option<Watch> = None;
        loop {
            let (lock, state, now) = match self.take_all(&apps, claim, tell) {
                Err(LockError::Held { lock, state, now }) => (lock, state, now),
                Err(error) => return Err(error),
                Ok(locks) => return Ok(Heartbeat::new(self.api, locks)),
            };
            let watch = watch.get_or_insert_with(|| Watch::on(&lock, self.clock.now()));
            watch.see(&lock, self.clock.now());
            if state != LockState::Unreadable && watch.is_silent(self.clock.now()) {
                marker::remove(&self.api, self.clock, &lock, tell)?;
                tell(&taken_over(&lock, "nothing has been heard of it for 30 s"));
                // Another lock of the same run is found out about in its turn.
                begun = self.clock.now();
                continue;
            }
            if self.patience.take_over && state != LockState::Unreadable && asked.as_ref() != Some(&lock.guid) {
                self.ask_for(&lock, &format!("{} ({})", claim.deployment.by, claim.verb), tell)?;
                asked = Some(lock.guid.clone());
            }
            let wait = self.wait_for(&lock, state, watch, asked.is_some());
            let left = wait.saturating_sub(self.clock.now().duration_since(begun));
            if left.is_zero() {
                return Err(LockError::Held { lock, state, now });
            }
            let news = (lock.guid.clone(), lock.step.clone());
            if told.as_ref() != Some(&news) {
                tell(&format!("waiting: {}", lock.story(now, state)));
                told = Some(news);
            }
            if let Err(stop) = self.clock.pause(pauses.next().min(left)) {
                return Err(LockError::stopped(lock.app, stop));
            }
        }
    }

    /// How long it is waited in all, by what is known of the lock now.
    fn wait_for(&self, lock: &Lock, state: LockState, watch: &Watch, asked: bool) -> Duration {
        let when = |holds: bool, time: Duration| if holds { time } else { Duration::ZERO };
        let finds_out = self.is_worth_watching(lock, state, watch);
        self.patience.wait.max(when(asked, TAKE_OVER)).max(when(finds_out, FIND_OUT))
    }

    /// Asks the run that holds a lock to stop, and says who does.
    fn ask_for(&self, lock: &Lock, by: &str, tell: &mut dyn FnMut(&str)) -> Result<(), LockError> {
        match marker::ask_for(&self.api, lock, by)? {
            Answer::Done(_) => {
                tell(&format!(
                    "asked the run of {} to stop: a call of cf that it has in flight is finished first",
                    lock.by
                ));
                Ok(())
            }
            // It has just been given back.
            Answer::Refused(refusal) if marker::is_gone(&refusal) => Ok(()),
            Answer::Refused(refusal) => Err(LockError::Refused { app: lock.app.clone(), what: "asked for", refusal }),
            Answer::Unknown(why) => Err(LockError::Unknown { app: lock.app.clone(), what: "asked for", why }),
        }
    }

    fn take_all(&self, apps: &[&AppName], claim: &Claim, tell: &mut dyn FnMut(&str)) -> Result<Vec<Lock>, LockError> {
        let mut locks: Vec<Lock> = Vec::new();
        for app in apps {
            match self.take(app, claim, tell) {
                Ok(lock) => locks.push(lock),
                Err(error) => {
                    for lock in &locks {
                        own_lock::release(&self.api, self.clock, lock, tell);
                    }
                    return Err(error);
                }
            }
        }
        Ok(locks)
    }

    /// Takes the lock on one app, without waiting; a dead run's is taken over.
    ///
    /// Fails where somebody else holds it and where the platform does not let it.
    pub fn take(&self, app: &AppName, claim: &Claim, tell: &mut dyn FnMut(&str)) -> Result<Lock, LockError> {
        let mut wanted = claim.wanted(app);
        loop {
            if let Some(stop) = self.clock.stop() {
                return Err(LockError::stopped(wanted.app, stop));
            }
            match marker::create(&self.api, self.clock, &mut wanted)? {
                Taken::ByUs => return Ok(wanted),
                Taken::By(lock) => match self.state_of(&lock) {
                    state @ (LockState::AtWork | LockState::Silent | LockState::Unreadable) => {
                        return Err(held(*lock, state));
                    }
                    LockState::Dead => {
                        // By its guid: whoever has taken it over meanwhile is left alone, and found in the next round.
                        marker::remove(&self.api, self.clock, &lock, tell)?;
                        tell(&taken_over(&lock, "it is at work no more"));
                    }
                },
            }
        }
    }

    /// Asks the run that holds a lock to stop, and waits until it has given the lock back; one that falls silent meanwhile is
    /// dead, and its lock is removed. `by` is who asks, and what for.
    ///
    /// Fails where it goes on for too long, where the wait is to end, and where the platform does not let it.
    pub fn end_run(&self, lock: &Lock, by: &str, tell: &mut dyn FnMut(&str)) -> Result<(), LockError> {
        self.ask_for(lock, by, tell)?;
        let until = self.clock.now() + TAKE_OVER;
        let mut watch = Watch::on(lock, self.clock.now());
        let mut pauses = Pauses::between(FIRST_PAUSE, LONGEST_PAUSE);
        while let Some(seen) = marker::look(&self.api, lock)? {
            watch.see(&seen, self.clock.now());
            let state = self.state_of(&seen);
            if state == LockState::Dead || watch.is_silent(self.clock.now()) {
                marker::remove(&self.api, self.clock, &seen, tell)?;
                return Ok(());
            }
            if self.clock.now() >= until {
                return Err(LockError::Alive { lock: Box::new(seen), state, now: Timestamp::now() });
            }
            self.clock.pause(pauses.next()).map_err(|stop| LockError::stopped(seen.app, stop))?;
        }
        Ok(())
    }

    /// Removes a lock, whoever holds it, by its guid. Returns whether it was there. `tell` hears of what a person should
    /// know.
    ///
    /// Fails where an app that is somebody's has the name of a lock, and where the platform does not let it.
    pub fn break_open(&self, lock: &Lock, tell: &mut dyn FnMut(&str)) -> Result<bool, LockError> {
        if lock.is_an_app {
            return Err(held(lock.clone(), LockState::Unreadable));
        }
        marker::remove(&self.api, self.clock, lock, tell)
    }
}

fn taken_over(lock: &Lock, why: &str) -> String {
    let since = if lock.at.is_empty() { String::new() } else { format!(" since {}", lock.at) };
    format!(
        "took over the lock on {} from the run of {}{since} (deployment {}): {why}",
        lock.app, lock.by, lock.deployment
    )
}
