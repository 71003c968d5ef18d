//! The calls about the app that is a lock. Each of them is done, not done or unknown; what is unknown is settled by
//! reading.

use std::time::Duration;

use jiff::Timestamp;

use super::error::LockError;
use crate::cf::invocation::{Invocation, Lifecycle, query};
use crate::cf::outcome::{Expectation, Reason, Refusal};
use crate::plan::format_duration;
use crate::run::api::answers::Get as _;
use crate::run::api::observe_error::ObserveError;
use crate::run::api::{Answer, Api};
use crate::run::waiting::clock::{Clock, Stop};
use crate::space::lock::{self, Lock};
use crate::space::read;

/// How often a call is tried whose failure may pass.
pub(super) const TRIES: u32 = 5;
/// The pause after the first failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
/// How long the job that deletes a lock may take.
const REMOVAL: Duration = Duration::from_secs(60);
/// How long it is tried before a person is told why it takes so long.
const TROUBLE: Duration = Duration::from_secs(2);
/// The longest pause between two looks at a lock that is being deleted.
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// Whose the lock is after a try to create it.
pub(super) enum Taken {
    /// Ours.
    ByUs,
    /// Somebody else's.
    By(Box<Lock>),
}

/// Now, in whole seconds: so it is written, and so it is read.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Waits before the next try, longer after each failure. Fails where the run is to stop.
pub(super) fn back_off(clock: &dyn Clock, failures: u32) -> Result<(), Stop> {
    match failures.checked_sub(1) {
        Some(more) => clock.pause(FIRST_PAUSE * 2_u32.pow(more.min(5))),
        None => Ok(()),
    }
}

/// Creates the lock that is wanted. Its guid and heartbeat are filled in.
///
/// A try whose answer was lost may have made it, and a late one may yet: both are known by the nonce when the next try
/// finds the name taken.
pub(super) fn create(api: &Api<'_>, clock: &dyn Clock, wanted: &mut Lock) -> Result<Taken, LockError> {
    let app = wanted.app.clone();
    let name = wanted.name();
    let mut why = String::new();
    for failures in 0..TRIES {
        back_off(clock, failures).map_err(|stop| LockError::stopped(app.clone(), stop))?;
        wanted.heartbeat = Some(now());
        let annotations = wanted.annotations();
        let pairs = || annotations.iter().map(|(key, value)| (*key, Some(value.as_str())));
        let call = Invocation::create_app(&name, &api.target().space_guid, Lifecycle::Default, pairs());
        let expected = Expectation::Created { app: name.clone(), annotations: owned(pairs()) };
        match api.change(&call, &expected)? {
            Answer::Done(body) => {
                if let Some(guid) = body["guid"].as_str() {
                    guid.clone_into(&mut wanted.guid);
                    return Ok(Taken::ByUs);
                }
                "the answer has no guid".clone_into(&mut why);
            }
            Answer::Refused(Refusal { reason, words }) if reason == Reason::NameTaken || reason.is_transient() => {
                why = words;
            }
            Answer::Refused(refusal) => return Err(LockError::Refused { app, what: "taken", refusal }),
            Answer::Unknown(words) => why = words,
        }
        match find(api, wanted) {
            Ok(Some(found)) if found.nonce == wanted.nonce && found.deployment == wanted.deployment => {
                *wanted = found;
                return Ok(Taken::ByUs);
            }
            Ok(Some(other)) => return Ok(Taken::By(Box::new(other))),
            // Its holder has just given it back, or the answer was lost before any effect.
            Ok(None) => {}
            Err(error) if error.lasts() => return Err(error.into()),
            Err(error) => why = error.to_string(),
        }
    }
    Err(LockError::Unknown { app, what: "taken", why })
}

/// The lock that has the name of this one now.
pub(super) fn find(api: &Api<'_>, lock: &Lock) -> Result<Option<Lock>, ObserveError> {
    let name = lock.name();
    let pairs = [("names", name.as_str()), ("space_guids", api.target().space_guid.as_str())];
    let asked = query("/v3/apps", &pairs);
    let apps = read::apps(&asked, &api.list(&asked)?)?;
    // Some databases take names that differ in capitals for one (CC).
    let same = |other: &str| other.to_lowercase() == name.to_lowercase();
    Ok(apps.iter().find(|(app, _)| same(&app.name)).map(|(app, _)| Lock::read(&lock.app, app)))
}

/// The lock of this guid, whatever has its name.
pub(super) fn look(api: &Api<'_>, lock: &Lock) -> Result<Option<Lock>, ObserveError> {
    let asked = format!("/v3/apps/{}", lock.guid);
    match api.get(&asked) {
        Ok(app) => Ok(read::apps(&asked, &[app])?.first().map(|(app, _)| Lock::read(&lock.app, app))),
        Err(ObserveError::Refused { refusal, .. }) if is_gone(&refusal) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the platform knows the guid no more.
pub(super) fn is_gone(refusal: &Refusal) -> bool {
    matches!(refusal.reason, Reason::AppNotFound | Reason::NotFound)
}

/// Reads a lock from an answer that shows the app that it is. `None` where that cannot be read.
pub(super) fn read(lock: &Lock, app: &serde_json::Value) -> Option<Lock> {
    let apps = read::apps("/v3/apps", std::slice::from_ref(app)).ok()?;
    apps.first().map(|(app, _)| Lock::read(&lock.app, app))
}

/// Writes on the lock of that guid that its run is at work, and at which step. The answer must carry all that the holder
/// writes.
pub(super) fn write(api: &Api<'_>, beaten: &Lock) -> Result<Answer, ObserveError> {
    let annotations = beaten.annotations();
    let pairs = || annotations.iter().map(|(key, value)| (*key, Some(value.as_str())));
    let changed = [lock::HEARTBEAT, lock::STEP, lock::STEP_SINCE];
    let call = Invocation::set_annotations_by_guid(&beaten.guid, pairs().filter(|(key, _)| changed.contains(key)));
    let expected = Expectation::Annotated { app: beaten.name(), annotations: owned(pairs()) };
    api.change(&call, &expected)
}

/// Asks the holder of the lock of that guid to stop, and says who does.
pub(super) fn ask_for(api: &Api<'_>, lock: &Lock, by: &str) -> Result<Answer, ObserveError> {
    let pairs = || [(lock::TAKE_OVER, Some(by))].into_iter();
    let call = Invocation::set_annotations_by_guid(&lock.guid, pairs());
    api.change(&call, &Expectation::Annotated { app: lock.name(), annotations: owned(pairs()) })
}

/// Deletes a lock by its guid, and waits until its name is free; not so long where the run is to stop. Returns whether it
/// was there. `tell` hears of what keeps it waiting.
pub(super) fn remove(
    api: &Api<'_>,
    clock: &dyn Clock,
    lock: &Lock,
    tell: &mut dyn FnMut(&str),
) -> Result<bool, LockError> {
    let begun = clock.now();
    let until = begun + REMOVAL;
    let mut told = false;
    let call = Invocation::delete_by_guid(&lock.guid);
    let mut accepted = false;
    let mut pause = FIRST_PAUSE / 3;
    loop {
        let mut why = "the platform has taken its deletion in, but it is still there".to_owned();
        if !accepted {
            match api.change(&call, &Expectation::DeletionAccepted)? {
                Answer::Done(_) => accepted = true,
                Answer::Refused(refusal) if is_gone(&refusal) => return Ok(false),
                Answer::Refused(refusal) if refusal.reason.is_transient() => why = refusal.words,
                Answer::Refused(refusal) => {
                    return Err(LockError::Refused { app: lock.app.clone(), what: "removed", refusal });
                }
                Answer::Unknown(words) => why = words,
            }
        }
        match look(api, lock) {
            Ok(None) => return Ok(true),
            Ok(Some(_)) => {}
            Err(error) if error.lasts() => return Err(error.into()),
            Err(error) => why = error.to_string(),
        }
        if clock.now() >= begun + TROUBLE && !std::mem::replace(&mut told, true) {
            let patience = format_duration(REMOVAL);
            tell(&format!("the lock on {} could not be removed yet, which is tried for {patience}: {why}", lock.app));
        }
        let waited = if clock.now() < until { clock.pause(pause).is_ok() } else { false };
        match (waited, accepted) {
            (true, _) => pause = (pause * 2).min(LONGEST_LOOK),
            // The platform goes on with it by itself.
            (false, true) if clock.stop().is_some() => return Ok(true),
            (false, _) => return Err(LockError::Unknown { app: lock.app.clone(), what: "removed", why }),
        }
    }
}

fn owned<'b>(pairs: impl Iterator<Item = (&'b str, Option<&'b str>)>) -> Vec<(String, Option<String>)> {
    pairs.map(|(key, value)| (key.to_owned(), value.map(str::to_owned))).collect()
}
