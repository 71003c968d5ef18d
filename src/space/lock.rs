//! Who is deploying: one lock for each app of a plan.
//!
//! The Cloud Controller has one primitive that two contenders cannot both succeed with: the name of an app is unique in
//! its space (CC API 3: the loser gets 422 `CF-UniquenessError`). So a lock is an app that is never staged and never
//! started, and takes no memory; it carries as annotations who holds it, and when that run was last heard of. Its guid is
//! the fencing token: it is kept alive, given back and taken away by its guid only, so nobody ever touches a lock that has
//! taken its place.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::app::{App, AppState};
use super::verb::Verb;
use crate::plan::{LOCK_PREFIX, MAX_NAME_LENGTH};
use crate::shell;

/// The id of the deployment that holds it.
pub const DEPLOYMENT: &str = "cutover-deployment";
/// The digest of that deployment's plan.
pub const PLAN: &str = "cutover-plan";
/// Who runs the deployment, and on which machine.
pub const BY: &str = "cutover-by";
/// Since when (RFC 3339, UTC).
pub const AT: &str = "cutover-at";
/// When the holder was last heard of, by its own clock (RFC 3339, UTC).
pub(crate) const HEARTBEAT: &str = "cutover-heartbeat";
/// The process that holds it: a [`ProcessId`].
pub(crate) const PROCESS: &str = "cutover-process";
/// The id of the step in flight; absent before the first one.
pub(crate) const STEP: &str = "cutover-step";
/// When that step began (RFC 3339, UTC).
pub(crate) const STEP_SINCE: &str = "cutover-step-since";
/// Who asks the holder to stop, and what for; absent where nobody does.
pub(crate) const TAKE_OVER: &str = "cutover-take-over";
/// What the holder does: a [`Verb`].
pub(crate) const VERB: &str = "cutover-verb";
/// What tells this very taking of the lock from every other one, made up by the holder.
pub(crate) const NONCE: &str = "cutover-nonce";

/// How long nothing is heard of a run that is at work, at the most: whoever has watched its lock for so long without a
/// sign of life takes it for dead.
pub const SILENCE: Duration = Duration::from_secs(30);
/// How far the clocks of two machines may differ: a lock whose heartbeat is older than this is a dead run's, whoever's
/// clock is wrong.
pub const SKEW: Duration = Duration::from_secs(5 * 60);

/// A lock as it was read. What its app does not tell is empty, or `None`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lock {
    /// The guid of the app that is the lock: the fencing token.
    pub guid: String,
    /// The plan's name of the app that is locked.
    pub app: String,
    /// The id of the deployment that holds it.
    pub deployment: String,
    /// The digest of that deployment's plan.
    pub plan: String,
    /// Who runs it, and on which machine.
    pub by: String,
    /// Since when (RFC 3339, UTC).
    pub at: String,
    /// When the holder was last heard of. A lock that does not tell has to be broken.
    pub heartbeat: Option<Timestamp>,
    /// The process that holds it, where that is told.
    #[serde(default)]
    pub process: Option<ProcessId>,
    /// The id of the step in flight.
    pub step: String,
    /// When that step began.
    #[serde(default)]
    pub step_since: Option<Timestamp>,
    /// Who asks the holder to stop, and what for.
    #[serde(default)]
    pub take_over: String,
    /// What the holder does.
    pub verb: Option<Verb>,
    /// What tells this very taking of the lock from every other one.
    pub nonce: String,
    /// Whether it is started or has a droplet: then it is somebody's app, which only has the name of a lock.
    pub is_an_app: bool,
}

/// A process, told from every other one on every machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// The machine since it was started, and the space of process numbers in it: a container has one of its own.
    pub machine: String,
    /// The number.
    pub pid: u32,
    /// When it was started, in the machine's own count: numbers are used again.
    pub started: u64,
}

impl ProcessId {
    /// Reads the value of the annotation: `MACHINE PID STARTED`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.rsplitn(3, ' ');
        let (started, pid, machine) = (words.next()?, words.next()?, words.next()?);
        Some(Self { machine: machine.to_owned(), pid: pid.parse().ok()?, started: started.parse().ok()? })
    }
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.machine, self.pid, self.started)
    }
}

/// What this machine knows of the process that holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// It is at work here.
    Alive,
    /// It was at work here, and is not any more.
    Gone,
    /// It is at work elsewhere, or was.
    Elsewhere,
}

/// Whether the run that holds a lock is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockState {
    /// It is, or nothing speaks against it.
    AtWork,
    /// It has not been heard of for longer than [`SILENCE`], as far as the clocks of two machines can tell.
    Silent,
    /// It is at work no more: its lock can be taken over.
    Dead,
    /// Nothing tells. It keeps others out until it is broken.
    Unreadable,
}

impl Lock {
    /// The name of the app that is the lock on an app of a plan.
    ///
    /// A name that would be too long is cut, and one with a comma changed, because the API takes a comma for the end of
    /// a name (CC API 3: `names`); a hash tells it from others that would read the same.
    pub(crate) fn name_for(app: &str) -> String {
        let room = MAX_NAME_LENGTH - LOCK_PREFIX.len();
        if app.chars().count() <= room && !app.contains(',') {
            return format!("{LOCK_PREFIX}{app}");
        }
        let hash = Sha256::digest(app).first_chunk().copied().map(u64::from_be_bytes).unwrap_or_default();
        let hash = format!("{hash:016x}");
        let head: String = app.chars().take(room - hash.len() - 1).map(|c| if c == ',' { '_' } else { c }).collect();
        format!("{LOCK_PREFIX}{head}-{hash}")
    }

    /// What is to be done where somebody's app has the name of the lock on an app of a plan.
    pub(crate) fn free_its_name(app: &str) -> String {
        format!("give that app another name: {} NAME", shell::command(["cf", "rename", &Self::name_for(app)]))
    }

    /// Whether an app of this name is a lock.
    pub(crate) fn is_name(app: &str) -> bool {
        app.starts_with(LOCK_PREFIX)
    }

    /// The name of the app that is this lock.
    pub(crate) fn name(&self) -> String {
        Self::name_for(&self.app)
    }

    /// Reads the lock on the app that the plan calls so from the app that is the lock.
    pub fn read(plan_app: &str, app: &App) -> Self {
        let text = |key: &str| app.annotations.get(key).cloned().unwrap_or_default();
        let time = |key: &str| app.annotations.get(key).and_then(|text| text.parse().ok());
        let verbs = [Verb::Apply, Verb::Resume, Verb::Rollback];
        Self {
            guid: app.guid.clone(),
            app: plan_app.to_owned(),
            deployment: text(DEPLOYMENT),
            plan: text(PLAN),
            by: text(BY),
            at: text(AT),
            heartbeat: time(HEARTBEAT),
            process: app.annotations.get(PROCESS).and_then(|text| ProcessId::parse(text)),
            step: text(STEP),
            step_since: time(STEP_SINCE),
            take_over: text(TAKE_OVER),
            verb: verbs.into_iter().find(|verb| verb.as_str() == text(VERB)),
            nonce: text(NONCE),
            is_an_app: app.state == AppState::Started || app.droplet.is_some(),
        }
    }

    /// The annotations that the holder writes.
    pub(crate) fn annotations(&self) -> BTreeMap<&'static str, String> {
        let time = |time: Option<Timestamp>| time.map(written).unwrap_or_default();
        let mut all = BTreeMap::from([
            (DEPLOYMENT, self.deployment.clone()),
            (PLAN, self.plan.clone()),
            (BY, self.by.clone()),
            (AT, self.at.clone()),
            (HEARTBEAT, time(self.heartbeat)),
            (PROCESS, self.process.as_ref().map(ProcessId::to_string).unwrap_or_default()),
            (STEP, self.step.clone()),
            (STEP_SINCE, time(self.step_since)),
            (VERB, self.verb.map(Verb::as_str).unwrap_or_default().to_owned()),
            (NONCE, self.nonce.clone()),
        ]);
        all.retain(|_, value| !value.is_empty());
        all
    }

    /// Whether it is the lock of a rollback.
    pub(crate) fn is_of_rollback(&self) -> bool {
        !self.is_an_app && self.verb == Some(Verb::Rollback)
    }

    /// Whether the run that holds it is at work, by what is known of its process and by the time of its heartbeat.
    pub(crate) fn state(&self, now: Timestamp, sighting: Sighting) -> LockState {
        match (self.heartbeat, sighting) {
            _ if self.is_an_app => LockState::Unreadable,
            (None, _) => LockState::Unreadable,
            (Some(_), Sighting::Gone) => LockState::Dead,
            (Some(heard), Sighting::Elsewhere) if between(heard, now) >= SKEW => LockState::Dead,
            // A process that is there may hang, and may go on: it is silent. Whoever then watches its lock for [`SILENCE`]
            // without a sign of life takes it all the same.
            (Some(heard), Sighting::Alive | Sighting::Elsewhere) if between(heard, now) >= SILENCE => LockState::Silent,
            (Some(_), Sighting::Alive | Sighting::Elsewhere) => LockState::AtWork,
        }
    }

    /// Whether it is the lock that was taken as this one: nobody else's, and not taken anew.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.guid == other.guid && self.nonce == other.nonce && self.deployment == other.deployment
    }

    /// Who holds it: `BY since AT (deployment ID)`.
    pub(crate) fn holder(&self) -> String {
        let by = if self.by.is_empty() { "somebody" } else { &self.by };
        let since = if self.at.is_empty() { String::new() } else { format!(" since {}", self.at) };
        let id = if self.deployment.is_empty() { String::new() } else { format!(" (deployment {})", self.deployment) };
        format!("{by}{since}{id}")
    }

    /// What goes on, in one line: `APP is being deployed by BY since AT (deployment ID, at step STEP, begun 5 s ago, when last
    /// heard of 3 s ago)`.
    pub(crate) fn story(&self, now: Timestamp, state: LockState) -> String {
        if self.is_an_app {
            return format!("{} cannot be locked: an app that runs, or could run, has the name of its lock", self.app);
        }
        let mut details = Vec::new();
        if !self.deployment.is_empty() {
            details.push(format!("deployment {}", self.deployment));
        }
        // By now it may be further: it tells of its steps every few seconds.
        let at = if self.step.is_empty() {
            String::new()
        } else {
            let since = self.step_since.filter(|_| state == LockState::AtWork);
            let since = since.map(|since| format!(", begun {} ago,", about(between(since, now)))).unwrap_or_default();
            format!("at step {}{since} when ", self.step)
        };
        details.push(match self.heartbeat {
            Some(heard) => format!("{at}last heard of {} ago", about(between(heard, now))),
            None => "nothing that can be read tells whether that run is at work".to_owned(),
        });
        if !self.take_over.is_empty() {
            details.push(format!("asked to stop by {}", self.take_over));
        }
        let by = if self.by.is_empty() { String::new() } else { format!(" by {}", self.by) };
        let since = if self.at.is_empty() { String::new() } else { format!(" since {}", self.at) };
        let (what, then) = match (self.verb, state) {
            (Some(verb), LockState::AtWork | LockState::Unreadable) => (verb.passive(), ""),
            (Some(verb), LockState::Silent) => (verb.passive(), ", and that run is silent"),
            (Some(verb), LockState::Dead) => (verb.was(), ", and that run is at work no more"),
            (None, _) => ("is locked", ""),
        };
        format!("{} {what}{by}{since}{then} ({})", self.app, details.join(", "))
    }
}

/// A time as it is written: RFC 3339, UTC, whole seconds.
pub(crate) fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// A span of time in its largest unit.
fn about(span: Duration) -> String {
    match span.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} m", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::lock;
    use crate::space::Space;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn app(annotations: &[(&str, &str)]) -> App {
        let annotations = annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        App { annotations, ..App::new("g-1", "cutover-lock-shop") }
    }

    #[test]
    fn names() {
        let name = Lock::name_for;
        assert_eq!(name("shop"), "cutover-lock-shop");
        assert_eq!(name("my app"), "cutover-lock-my app");
        assert_eq!(name(&"ü".repeat(242)), format!("cutover-lock-{}", "ü".repeat(242)));
        let (one, other) = (name(&"n".repeat(254)), name(&"n".repeat(255)));
        assert_ne!(one, other);
        assert_eq!((one.chars().count(), other.chars().count()), (255, 255));
        assert!(one.starts_with("cutover-lock-nnn"));
        assert_eq!(name("a,b"), "cutover-lock-a_b-1eb7c54d52831bbf");
        assert!(name("a,b") != name("a_b") && name("a,b") != name("a,,b"));
    }

    #[test]
    fn a_lock_that_was_taken_anew_is_another() {
        assert!(lock().is_same(&Lock { step: "shop/stop".to_owned(), heartbeat: None, ..lock() }));
        for other in [
            Lock { guid: "g-2".to_owned(), ..lock() },
            Lock { nonce: "n-2".to_owned(), ..lock() },
            Lock { deployment: "d-8".to_owned(), ..lock() },
        ] {
            assert!(!lock().is_same(&other), "{other:?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for lock in [
            lock(),
            Lock { step: String::new(), verb: Some(Verb::Rollback), ..lock() },
            Lock { heartbeat: None, process: None, verb: None, nonce: String::new(), ..lock() },
        ] {
            let written = lock.annotations();
            let pairs: Vec<_> = written.iter().map(|(key, value)| (*key, value.as_str())).collect();
            assert_eq!(Lock::read("shop", &app(&pairs)), lock);
        }
    }

    #[test]
    fn what_cannot_be_read_is_empty() {
        let spoilt = [(PROCESS, "17"), (HEARTBEAT, "soon"), (VERB, "dance"), (STEP_SINCE, "")];
        let broken = Lock::read("shop", &app(&spoilt));
        assert_eq!((&broken.process, broken.heartbeat, broken.verb, broken.step_since), (&None, None, None, None));
        assert_eq!(broken.by, "");
    }

    #[test]
    fn whether_its_run_is_at_work() {
        let cases = [
            ("2026-11-24T10:05:29Z", Sighting::Elsewhere, LockState::AtWork),
            ("2026-11-24T10:05:30Z", Sighting::Elsewhere, LockState::Silent),
            ("2026-11-24T10:09:59Z", Sighting::Elsewhere, LockState::Silent),
            ("2026-11-24T10:10:00Z", Sighting::Elsewhere, LockState::Dead),
            // The other machine's clock is ahead of this one's.
            ("2026-11-24T09:00:00Z", Sighting::Elsewhere, LockState::AtWork),
            ("2026-11-24T10:05:01Z", Sighting::Gone, LockState::Dead),
            // It is suspended, or the platform is out of its reach.
            ("2026-11-24T10:05:29Z", Sighting::Alive, LockState::AtWork),
            ("2026-11-25T10:10:00Z", Sighting::Alive, LockState::Silent),
        ];
        for (now, sighting, state) in cases {
            assert_eq!(lock().state(at(now), sighting), state, "{now} {sighting:?}");
        }
        let future = at("2030-01-01T00:00:00Z");
        assert_eq!(Lock { heartbeat: None, ..lock() }.state(future, Sighting::Gone), LockState::Unreadable);
        assert_eq!(Lock { is_an_app: true, ..lock() }.state(future, Sighting::Gone), LockState::Unreadable);
    }

    #[test]
    fn an_app_that_could_run_is_no_lock() {
        let droplet = App { droplet: Some("d".to_owned()), ..app(&[]) };
        let started = App { state: AppState::Started, ..app(&[]) };
        assert!(Lock::read("shop", &droplet).is_an_app && Lock::read("shop", &started).is_an_app);
        assert!(!Lock::read("shop", &app(&[])).is_an_app);
    }

    #[test]
    fn a_snapshot_from_before_there_were_locks_is_read() {
        let space = Space { locks: vec![lock()], ..Space::default() };
        let mut snapshot = serde_json::to_value(&space).unwrap();
        assert_eq!(serde_json::from_value::<Space>(snapshot.clone()).unwrap(), space);
        snapshot.as_object_mut().unwrap().remove("locks");
        assert_eq!(serde_json::from_value::<Space>(snapshot).unwrap().locks, []);
    }

    #[test]
    fn the_story() {
        let empty = Lock::read("shop", &app(&[]));
        let now = at("2026-11-24T10:05:12Z");
        let cases = [
            (
                lock(),
                LockState::AtWork,
                "shop is being deployed by jo on build-3 since 2026-11-24T10:00:00Z (deployment d-7, at step shop/start, \
                 begun 7 s ago, when last heard of 12 s ago)",
            ),
            (
                Lock { take_over: "mo on build-4 (rollback)".to_owned(), ..lock() },
                LockState::AtWork,
                "shop is being deployed by jo on build-3 since 2026-11-24T10:00:00Z (deployment d-7, at step shop/start, \
                 begun 7 s ago, when last heard of 12 s ago, asked to stop by mo on build-4 (rollback))",
            ),
            (
                Lock {
                    verb: Some(Verb::Rollback),
                    step: String::new(),
                    heartbeat: Some(at("2026-11-24T07:05:12Z")),
                    ..lock()
                },
                LockState::Dead,
                "shop was being rolled back by jo on build-3 since 2026-11-24T10:00:00Z, and that run is at work no more \
                 (deployment d-7, last heard of 3 h ago)",
            ),
            (
                empty.clone(),
                LockState::Unreadable,
                "shop is locked (nothing that can be read tells whether that run is at work)",
            ),
            (
                Lock { is_an_app: true, ..empty },
                LockState::Unreadable,
                "shop cannot be locked: an app that runs, or could run, has the name of its lock",
            ),
        ];
        for (lock, state, story) in cases {
            assert_eq!(lock.story(now, state), story);
        }
        assert_eq!(lock().holder(), "jo on build-3 since 2026-11-24T10:00:00Z (deployment d-7)");
    }
}
