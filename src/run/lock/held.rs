//! Locks that are ours: renewed before each step, and given back at the end.

use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

use super::LockError;
use super::marker::{self, Taken};
use crate::cf::invocation::Invocation;
use crate::run::api::{Answer, Api};
use crate::space::lock::{Lock, later, written};

/// How a lock was renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// It is written.
    Written,
    /// It could not be written, and holds long enough all the same.
    StillCovers {
        /// Why it could not be written.
        why: String,
    },
}

/// Why a lock is no more ours, or may not be: nothing further may be started.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Lost {
    /// Nobody has it.
    #[error("the lock on {app} was broken; see cutover lock status")]
    Broken {
        /// The plan's name of the app.
        app: String,
    },
    /// Somebody else has it.
    #[error("the lock on {} was broken or taken over; {} has it now", by.app, by.holder())]
    TakenOver {
        /// The lock that has taken its place.
        by: Box<Lock>,
    },
    /// It could not be renewed, and does not hold long enough.
    #[error("the lock on {app} could not be renewed, and does not hold for as long as the step may take: {why}")]
    Unsure {
        /// The plan's name of the app.
        app: String,
        /// Why it could not be renewed.
        why: String,
    },
    /// The run holds none: it is no run of that app.
    #[error("there is no lock on {app}")]
    NotHeld {
        /// The plan's name of the app.
        app: String,
    },
}

/// A lock that is ours until it is given back or lost.
#[derive(Debug)]
#[must_use = "a lock that is not given back keeps others out until it expires"]
pub struct Held<'a> {
    api: Api<'a>,
    /// As it was last written.
    lock: Lock,
    /// [`Terms::margin`](super::Terms::margin).
    margin: Duration,
}

impl<'a> Held<'a> {
    pub(super) fn new(api: Api<'a>, lock: Lock, margin: Duration) -> Self {
        Self { api, lock, margin }
    }

    /// The lock as it was last written.
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// Says that this step begins and may take so long; the lock holds for that time, and somewhat longer.
    ///
    /// Fails where it is no more ours, or where that cannot be told and it might expire within the step.
    pub fn renew(&mut self, step: &str, within: Duration) -> Result<Renewal, Lost> {
        let mut why = String::new();
        for failures in 0..marker::TRIES {
            marker::back_off(failures);
            let now = marker::now();
            if self.lock.expires.is_none_or(|expires| expires <= now) {
                return self.take_anew(step, within);
            }
            let renewed = Lock {
                heartbeat: Some(now),
                expires: Some(later(now, within + self.margin)),
                step: step.to_owned(),
                ..self.lock.clone()
            };
            let lasts = match marker::write(&self.api, &renewed) {
                Ok(Answer::Done(_)) => {
                    self.lock = renewed;
                    return Ok(Renewal::Written);
                }
                Ok(Answer::Refused(refusal)) if marker::is_gone(&refusal) => return Err(self.lost()),
                Ok(Answer::Refused(refusal)) => {
                    why = refusal.words;
                    !refusal.reason.is_transient()
                }
                Ok(Answer::Unknown(words)) => {
                    why = words;
                    false
                }
                Err(error) => {
                    why = error.to_string();
                    error.lasts()
                }
            };
            if lasts {
                break;
            }
            match marker::look(&self.api, &self.lock) {
                Ok(Some(found)) if !marker::is_ours(&found, &self.lock) => {
                    return Err(Lost::TakenOver { by: Box::new(found) });
                }
                Ok(Some(found)) if found == renewed => {
                    self.lock = renewed;
                    return Ok(Renewal::Written);
                }
                Ok(None) => return Err(self.lost()),
                Ok(Some(_)) | Err(_) => {}
            }
        }
        let end = later(Timestamp::now(), within);
        if self.lock.expires.is_some_and(|expires| expires >= end) {
            Ok(Renewal::StillCovers { why })
        } else {
            Err(Lost::Unsure { app: self.lock.app.clone(), why })
        }
    }

    /// Takes a lock of ours that has expired once more, under a new guid: whoever is about to take the old one over is
    /// then kept out, or has been quicker. Writing on the old one could not tell.
    fn take_anew(&mut self, step: &str, within: Duration) -> Result<Renewal, Lost> {
        let app = self.lock.app.clone();
        let unsure = |error: LockError| Lost::Unsure { app: app.clone(), why: error.to_string() };
        marker::remove(&self.api, &self.lock).map_err(unsure)?;
        let mut anew = Lock { nonce: super::nonce(), step: step.to_owned(), ..self.lock.clone() };
        match marker::create(&self.api, &mut anew, within + self.margin).map_err(unsure)? {
            Taken::ByUs => {
                self.lock = anew;
                Ok(Renewal::Written)
            }
            Taken::By(by) => Err(Lost::TakenOver { by }),
        }
    }

    /// How it was lost, by who has it now.
    fn lost(&self) -> Lost {
        match marker::find(&self.api, &self.lock) {
            Ok(Some(by)) => Lost::TakenOver { by: Box::new(by) },
            Ok(None) | Err(_) => Lost::Broken { app: self.lock.app.clone() },
        }
    }

    /// Gives it back. That it is gone already is as good; where it stays, the note says until when, and how to remove
    /// it.
    pub fn release(self) -> Option<String> {
        let error = marker::remove(&self.api, &self.lock).err()?;
        let until = self.lock.expires.map(written).unwrap_or_default();
        let command = Invocation::delete_by_guid(&self.lock.guid).shell();
        Some(format!("{error}; it expires at {until}, or remove it with {command}"))
    }
}

/// The locks on all apps that are deployed together.
#[derive(Debug, Default)]
#[must_use = "locks that are not given back keep others out until they expire"]
pub struct Locks<'a> {
    held: Vec<Held<'a>>,
}

impl<'a> Locks<'a> {
    pub(super) fn push(&mut self, held: Held<'a>) {
        self.held.push(held);
    }

    /// As [`Held::renew`], of the lock on the app that the plan calls so.
    pub fn renew(&mut self, app: &str, step: &str, within: Duration) -> Result<Renewal, Lost> {
        match self.held.iter_mut().find(|held| held.lock.app == app) {
            Some(held) => held.renew(step, within),
            None => Err(Lost::NotHeld { app: app.to_owned() }),
        }
    }

    /// Gives all of them back; returns a note for each that stays.
    pub fn release(self) -> Vec<String> {
        self.held.into_iter().filter_map(Held::release).collect()
    }
}
