//! One deployment of an app at a time: taking, keeping and giving back its [`Lock`].
//!
//! - this file: [`Locksmith`], which takes locks, and why one is not to be had
//! - [`held`]: a lock that is ours, renewed before each step and given back
//! - `marker`: the calls about the app that is the lock
//!
//! A lock does not fence: the Cloud Controller takes changes from anyone. What keeps two deployments apart is that the
//! holder renews before each step for as long as that step may take, starts no step without, and that nobody takes a
//! lock over before it has expired for [`SLACK`](crate::space::lock::SLACK).

pub mod held;
mod marker;

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use thiserror::Error;

use super::api::{Api, ObserveError};
use super::interrupt::{Interrupt, Signal};
use crate::cf::outcome::Refusal;
use crate::cf::session::Session;
use crate::cf::spawn::Cf;
use crate::plan::AppName;
use crate::space::lock::{Lock, Standing, Verb, written};
use crate::steps::annotations::Deployment;

use held::{Held, Locks};
use marker::Taken;

/// The first pause between two tries while somebody else holds a lock; each further one is half as long again, up to
/// [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two tries while somebody else holds a lock.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Who wants a lock, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The deployment; to take a lock back, the one that is finished or undone.
    pub deployment: Deployment,
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
            expires: None,
            step: String::new(),
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

/// Why a lock is not ours.
#[derive(Debug, Error)]
pub enum LockError {
    /// Somebody else holds it.
    #[error("refused: {}", lock.story(*now))]
    Held {
        /// The lock.
        lock: Box<Lock>,
        /// When it was read.
        now: Timestamp,
    },
    /// A signal came in while somebody else held it.
    #[error("interrupted while the lock on {app} was waited for; nothing was done")]
    Interrupted {
        /// The plan's name of the app.
        app: String,
        /// The signal.
        signal: Signal,
    },
    /// cf or the API cannot be used.
    #[error(transparent)]
    Api(#[from] ObserveError),
    /// The platform does not let it.
    #[error("the lock on {app} could not be {what}: {}", refusal.words)]
    Refused {
        /// The plan's name of the app.
        app: String,
        /// What was tried: `taken`, `removed`.
        what: &'static str,
        /// The platform's reason.
        refusal: Refusal,
    },
    /// Nothing tells whether it was done.
    #[error("the lock on {app} could not be {what}: {why}")]
    Unknown {
        /// The plan's name of the app.
        app: String,
        /// What was tried: `taken`, `removed`.
        what: &'static str,
        /// What was heard last.
        why: String,
    },
}

/// How long locks hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// A new one, unless it is renewed: its holder does that before the first step.
    pub at_first: Duration,
    /// How much longer than the step may take a renewed one holds: so long the platform may be out of reach between two
    /// steps.
    pub margin: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self { at_first: Duration::from_secs(5 * 60), margin: Duration::from_secs(2 * 60) }
    }
}

/// Takes locks in one space.
#[derive(Debug, Clone, Copy)]
pub struct Locksmith<'a> {
    api: Api<'a>,
    interrupt: &'a Interrupt,
    /// How long it is waited while somebody else holds a lock.
    wait: Duration,
    terms: Terms,
}

impl<'a> Locksmith<'a> {
    /// A locksmith in the targeted space, who waits so long while somebody else holds a lock, or until a signal comes
    /// in.
    pub fn new(cf: &'a Cf, session: &'a Session, interrupt: &'a Interrupt, wait: Duration) -> Self {
        Self { api: Api { cf, session }, interrupt, wait, terms: Terms::default() }
    }

    /// On other terms than the usual ones.
    #[must_use]
    pub fn on(self, terms: Terms) -> Self {
        Self { terms, ..self }
    }

    /// Takes the locks on all these apps, or none.
    ///
    /// A lock among `observed` that this very deployment holds, on whichever machine, is taken back. While another
    /// deployment holds one, those that were had are given back, so that two deployments never wait for each other.
    /// `tell` hears of what a person should know.
    ///
    /// Fails where one is not to be had in time, where a signal comes in, and where the platform does not let it.
    pub fn acquire<'b>(
        &self,
        apps: impl IntoIterator<Item = &'b AppName>,
        claim: &Claim,
        observed: &[Lock],
        tell: &mut dyn FnMut(&str),
    ) -> Result<Locks<'a>, LockError> {
        let mut apps: Vec<&AppName> = apps.into_iter().collect();
        // In one order everywhere: of two plans with the same apps one gets all.
        apps.sort();
        let until = Instant::now() + self.wait;
        let mut pause = FIRST_PAUSE;
        let mut told = None;
        loop {
            let (lock, now) = match self.take_all(&apps, claim, observed, tell) {
                Err(LockError::Held { lock, now }) => (lock, now),
                ended => return ended,
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(LockError::Held { lock, now });
            }
            let news = (lock.guid.clone(), lock.step.clone());
            if told.as_ref() != Some(&news) {
                tell(&format!("waiting: {}", lock.story(now)));
                told = Some(news);
            }
            self.interrupt.pause(pause.min(left));
            if let Some(signal) = self.interrupt.seen() {
                return Err(LockError::Interrupted { app: lock.app, signal });
            }
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }

    fn take_all(
        &self,
        apps: &[&AppName],
        claim: &Claim,
        observed: &[Lock],
        tell: &mut dyn FnMut(&str),
    ) -> Result<Locks<'a>, LockError> {
        let mut locks = Locks::default();
        for app in apps {
            let own = observed.iter().find(|lock| lock.app == app.as_str() && lock.deployment == claim.deployment.id);
            let taken = match own {
                Some(own) => self.retake(app, own, claim, tell),
                None => self.take(app, claim, tell),
            };
            match taken {
                Ok(held) => locks.push(held),
                Err(error) => {
                    for note in locks.release() {
                        tell(&note);
                    }
                    return Err(error);
                }
            }
        }
        Ok(locks)
    }

    /// Takes the lock on one app, without waiting; one that has expired is taken over.
    ///
    /// Fails where somebody else holds it and where the platform does not let it.
    pub fn take(&self, app: &AppName, claim: &Claim, tell: &mut dyn FnMut(&str)) -> Result<Held<'a>, LockError> {
        let mut wanted = claim.wanted(app);
        let mut expired: Option<Box<Lock>> = None;
        loop {
            match marker::create(&self.api, &mut wanted, self.terms.at_first)? {
                Taken::ByUs => {
                    if let Some(expired) = expired {
                        tell(&taken_over(&expired));
                    }
                    return Ok(Held::new(self.api, wanted, self.terms.margin));
                }
                Taken::By(lock) => {
                    let now = Timestamp::now();
                    match lock.standing(now) {
                        Standing::Held | Standing::HeldForGood => {
                            return Err(LockError::Held { lock, now });
                        }
                        Standing::Expired => {
                            // By its guid: whoever has taken it over meanwhile is left alone, and found in the next
                            // round.
                            marker::remove(&self.api, &lock)?;
                            expired = Some(lock);
                        }
                    }
                }
            }
        }
    }

    /// Takes back a lock that an earlier run of the same deployment held, expired or not; that run's next renewal
    /// fails.
    ///
    /// Fails where somebody else has it by now, and as [`Self::take`] does.
    pub fn retake(
        &self,
        app: &AppName,
        observed: &Lock,
        claim: &Claim,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Held<'a>, LockError> {
        if observed.is_an_app || observed.deployment != claim.deployment.id {
            return Err(LockError::Held { lock: Box::new(observed.clone()), now: Timestamp::now() });
        }
        marker::remove(&self.api, observed)?;
        self.take(app, claim, tell)
    }

    /// Removes a lock, whoever holds it, by its guid. Returns whether it was there.
    ///
    /// Fails where an app that is somebody's has the name of a lock, and where the platform does not let it.
    pub fn break_open(&self, lock: &Lock) -> Result<bool, LockError> {
        if lock.is_an_app {
            return Err(LockError::Held { lock: Box::new(lock.clone()), now: Timestamp::now() });
        }
        marker::remove(&self.api, lock)
    }
}

fn taken_over(lock: &Lock) -> String {
    let expired = lock.expires.map(written).unwrap_or_default();
    let since = if lock.at.is_empty() { String::new() } else { format!(" since {}", lock.at) };
    format!(
        "took over the lock of deployment {} on {}, held by {}{since}, expired {expired}",
        lock.deployment, lock.app, lock.by
    )
}
