//! A lock that is ours: kept alive by heartbeats, and given back at the end.

use jiff::Timestamp;
use thiserror::Error;

use super::marker;
use crate::cf::invocation::Invocation;
use crate::cf::spawn::SpawnError;
use crate::run::api::observe_error::ObserveError;
use crate::run::api::{Answer, Api};
use crate::run::waiting::clock::{Clock, LockLost};
use crate::space::lock::Lock;

/// What became of a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Beat {
    /// It is written.
    Written,
    /// It is not: why. The lock is ours all the same, as far as is known.
    NotWritten(String),
    /// It was not tried, because another cf is at work.
    Busy,
}

/// Why a lock is no more ours, or may not be: nothing further may be started.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Lost {
    /// Nobody has it.
    #[error("the lock on {app} is gone: it was broken, or taken over by a run that has ended since")]
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
    /// Somebody asks for it, and gets it as soon as this run has ended.
    #[error("{by} has asked to take {app} over")]
    Asked {
        /// The plan's name of the app.
        app: String,
        /// Who, and what for.
        by: String,
    },
    /// It could not be kept alive: by now somebody may take the run for dead.
    #[error("the lock on {app} could not be kept alive: {why}")]
    Silent {
        /// The plan's name of the app.
        app: String,
        /// Why not.
        why: String,
    },
    /// The run holds none: it is no run of that app.
    #[error("there is no lock on {app}")]
    NotHeld {
        /// The plan's name of the app.
        app: String,
    },
}

impl From<Lost> for LockLost {
    fn from(lost: Lost) -> Self {
        let app = match &lost {
            Lost::Broken { app } | Lost::Asked { app, .. } | Lost::Silent { app, .. } | Lost::NotHeld { app } => app,
            Lost::TakenOver { by } => &by.app,
        };
        Self { app: app.clone(), why: lost.to_string() }
    }
}

/// Which step is in flight, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct InFlight {
    /// The id of the step; empty before the first one.
    pub(crate) step: String,
    /// When it began.
    pub(crate) since: Option<Timestamp>,
}

/// Whether a lock that was read, if any was, is still this one of ours, and nobody asks for it.
pub(crate) fn judge(ours: &Lock, found: Option<&Lock>) -> Result<(), Lost> {
    match found {
        None => Err(Lost::Broken { app: ours.app.clone() }),
        Some(found) if !found.is_same(ours) => Err(Lost::TakenOver { by: Box::new(found.clone()) }),
        Some(found) if !found.take_over.is_empty() => {
            Err(Lost::Asked { app: ours.app.clone(), by: found.take_over.clone() })
        }
        Some(_) => Ok(()),
    }
}

/// Says that the run is at work, and at which step. `lock` becomes what is written.
///
/// Fails where the lock is no more ours, or somebody asks for it.
pub(super) fn beat(api: &Api<'_>, lock: &mut Lock, in_flight: &InFlight) -> Result<Beat, Lost> {
    let beaten = Lock {
        heartbeat: Some(marker::now()),
        step: in_flight.step.clone(),
        step_since: in_flight.since,
        ..lock.clone()
    };
    let why = match marker::write(api, &beaten) {
        Ok(Answer::Done(app)) => {
            lock.clone_from(&beaten);
            return match marker::read(lock, &app) {
                Some(found) => judge(lock, Some(&found)).map(|()| Beat::Written),
                None => Ok(Beat::Written),
            };
        }
        Ok(Answer::Refused(refusal)) if marker::is_gone(&refusal) => {
            // Who has it now; where that cannot be told, it is gone all the same.
            let found = marker::find(api, lock).unwrap_or_default();
            judge(lock, found.as_ref())?;
            refusal.words
        }
        Ok(Answer::Refused(refusal)) => refusal.words,
        Ok(Answer::Unknown(words)) => words,
        Err(ObserveError::Spawn(SpawnError::Busy)) => return Ok(Beat::Busy),
        Err(error) => error.to_string(),
    };
    // The answer may be lost, and the effect not.
    match marker::look(api, lock) {
        Ok(found) => {
            judge(lock, found.as_ref())?;
            let written = found.is_some_and(|found| found.heartbeat == beaten.heartbeat);
            if written {
                lock.clone_from(&beaten);
            }
            Ok(if written { Beat::Written } else { Beat::NotWritten(why) })
        }
        Err(_) => Ok(Beat::NotWritten(why)),
    }
}

/// Gives a lock back. That it is gone already is as good; where it stays, `tell` hears how to remove it.
pub(super) fn release(api: &Api<'_>, clock: &dyn Clock, lock: &Lock, tell: &mut dyn FnMut(&str)) {
    if let Err(error) = marker::remove(api, clock, lock, tell) {
        let command = Invocation::delete_by_guid(&lock.guid).shell();
        tell(&format!("{error}; whoever comes next takes it over, or remove it with {command}"));
    }
}
