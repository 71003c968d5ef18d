//! Who is deploying: one lock for each app of a plan.
//!
//! The Cloud Controller has one primitive that two contenders cannot both succeed with: the name of an app is unique in
//! its space (CC API 3: the loser gets 422 `CF-UniquenessError`). So a lock is an app that is never staged and never
//! started, and takes no memory; it carries as annotations who holds it and until when. Its guid is the fencing token:
//! it is renewed, given back and taken away by its guid only, so nobody ever touches a lock that has taken its place.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{App, AppState};

/// The id of the deployment that holds it.
pub const DEPLOYMENT: &str = "cutover-deployment";
/// The digest of that deployment's plan.
pub const PLAN: &str = "cutover-plan";
/// Who runs the deployment, and on which machine.
pub const BY: &str = "cutover-by";
/// Since when (RFC 3339, UTC).
pub const AT: &str = "cutover-at";
/// When the holder was last heard of (RFC 3339, UTC).
pub const HEARTBEAT: &str = "cutover-heartbeat";
/// Until when it holds, unless it is renewed (RFC 3339, UTC).
pub const EXPIRES: &str = "cutover-expires";
/// The id of the step in flight; absent before the first one.
pub const STEP: &str = "cutover-step";
/// What the holder does: a [`Verb`].
pub const VERB: &str = "cutover-verb";
/// What tells this very taking of the lock from every other one, made up by the holder.
pub const NONCE: &str = "cutover-nonce";

/// How long after its expiry a lock is still left alone. The holder writes the expiry by its own clock and others read
/// it by theirs: so far they may differ. The time in which a renewal under way may still arrive is in it, too.
pub const SLACK: Duration = Duration::from_secs(60);

/// What the names of locks begin with.
const PREFIX: &str = "cutover-lock-";
/// The longest name of an app, in characters; the Cloud Controller's columns hold 255.
const MAX_LENGTH: usize = 255;

/// What a person asks for, and so what the holder of a lock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// It deploys.
    Apply,
    /// It finishes an interrupted deployment.
    Resume,
    /// It falls back.
    Rollback,
}

impl Verb {
    /// The value of the annotation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Resume => "resume",
            Self::Rollback => "rollback",
        }
    }

    /// What happens to the app.
    fn passive(self) -> &'static str {
        match self {
            Self::Apply | Self::Resume => "is being deployed",
            Self::Rollback => "is being rolled back",
        }
    }
}

impl fmt::Display for Verb {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

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
    /// When the holder was last heard of.
    pub heartbeat: Option<Timestamp>,
    /// Until when it holds. A lock whose expiry cannot be read never expires: it has to be broken.
    pub expires: Option<Timestamp>,
    /// The id of the step in flight.
    pub step: String,
    /// What the holder does.
    pub verb: Option<Verb>,
    /// What tells this very taking of the lock from every other one.
    pub nonce: String,
    /// Whether it is started or has a droplet: then it is somebody's app, which only has the name of a lock.
    pub is_an_app: bool,
}

/// Whether a lock keeps others out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does, until it expires.
    Held,
    /// It does, and will not end by itself: nothing that can be read tells when.
    HeldForGood,
    /// It does no more: its holder has not been heard of for too long, and it can be taken over.
    Expired,
}

impl Lock {
    /// The name of the app that is the lock on an app of a plan.
    ///
    /// A name that would be too long is cut, and one with a comma changed, because the API takes a comma for the end of
    /// a name (CC API 3: `names`); a hash tells it from others that would read the same.
    pub fn name_for(app: &str) -> String {
        let room = MAX_LENGTH - PREFIX.len();
        if app.chars().count() <= room && !app.contains(',') {
            return format!("{PREFIX}{app}");
        }
        let hash = Sha256::digest(app).first_chunk().copied().map(u64::from_be_bytes).unwrap_or_default();
        let hash = format!("{hash:016x}");
        let head: String = app.chars().take(room - hash.len() - 1).map(|c| if c == ',' { '_' } else { c }).collect();
        format!("{PREFIX}{head}-{hash}")
    }

    /// The name of the app that is this lock.
    pub fn name(&self) -> String {
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
            expires: time(EXPIRES),
            step: text(STEP),
            verb: verbs.into_iter().find(|verb| verb.as_str() == text(VERB)),
            nonce: text(NONCE),
            is_an_app: app.state == AppState::Started || app.droplet.is_some(),
        }
    }

    /// The annotations that a new lock carries.
    pub fn annotations(&self) -> BTreeMap<&'static str, String> {
        let time = |time: Option<Timestamp>| time.map(written).unwrap_or_default();
        let mut all = BTreeMap::from([
            (DEPLOYMENT, self.deployment.clone()),
            (PLAN, self.plan.clone()),
            (BY, self.by.clone()),
            (AT, self.at.clone()),
            (HEARTBEAT, time(self.heartbeat)),
            (EXPIRES, time(self.expires)),
            (STEP, self.step.clone()),
            (VERB, self.verb.map(Verb::as_str).unwrap_or_default().to_owned()),
            (NONCE, self.nonce.clone()),
        ]);
        all.retain(|_, value| !value.is_empty());
        all
    }

    /// Whether it keeps others out at that time.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match self.expires {
            _ if self.is_an_app => Standing::HeldForGood,
            None => Standing::HeldForGood,
            Some(expires) if now > later(expires, SLACK) => Standing::Expired,
            Some(_) => Standing::Held,
        }
    }

    /// Who holds it: `BY since AT (deployment ID)`.
    pub fn holder(&self) -> String {
        let by = if self.by.is_empty() { "somebody" } else { &self.by };
        let since = if self.at.is_empty() { String::new() } else { format!(" since {}", self.at) };
        let id = if self.deployment.is_empty() { String::new() } else { format!(" (deployment {})", self.deployment) };
        format!("{by}{since}{id}")
    }

    /// What goes on, in one line: `APP is being deployed by BY since AT (deployment ID, at step STEP, last heard of 12
    /// s ago, expires in 3 m)`.
    pub fn story(&self, now: Timestamp) -> String {
        if self.is_an_app {
            return format!("{} cannot be locked: an app that runs, or could run, has the name of its lock", self.app);
        }
        let mut details = Vec::new();
        if !self.deployment.is_empty() {
            details.push(format!("deployment {}", self.deployment));
        }
        if !self.step.is_empty() {
            details.push(format!("at step {}", self.step));
        }
        if let Some(heard) = self.heartbeat {
            details.push(format!("last heard of {} ago", about(between(heard, now))));
        }
        details.push(match self.expires {
            None => "nothing that can be read tells when it expires".to_owned(),
            Some(expires) if expires > now => format!("expires in {}", about(between(now, expires))),
            Some(expires) => format!("expired {} ago", about(between(expires, now))),
        });
        let by = if self.by.is_empty() { String::new() } else { format!(" by {}", self.by) };
        let since = if self.at.is_empty() { String::new() } else { format!(" since {}", self.at) };
        let passive = self.verb.map_or("is locked", Verb::passive);
        format!("{} {passive}{by}{since} ({})", self.app, details.join(", "))
    }
}

/// A time as it is written: RFC 3339, UTC, whole seconds.
pub fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// So much later; the end of time where that is further away.
pub fn later(time: Timestamp, span: Duration) -> Timestamp {
    time.saturating_add(span).unwrap_or(Timestamp::MAX)
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
    use crate::space::Space;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn app(annotations: &[(&str, &str)]) -> App {
        App {
            guid: "g-1".to_owned(),
            name: "cutover-lock-shop".to_owned(),
            state: AppState::Stopped,
            annotations: annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            processes: Vec::new(),
            package: None,
            droplet: None,
            staged: None,
            bindings: Vec::new(),
        }
    }

    fn lock() -> Lock {
        Lock {
            guid: "g-1".to_owned(),
            app: "shop".to_owned(),
            deployment: "d-7".to_owned(),
            plan: "p-1".to_owned(),
            by: "jo on build-3".to_owned(),
            at: "2026-11-24T10:00:00Z".to_owned(),
            heartbeat: Some(at("2026-11-24T10:05:00Z")),
            expires: Some(at("2026-11-24T10:10:00Z")),
            step: "shop/start".to_owned(),
            verb: Some(Verb::Apply),
            nonce: "n-1".to_owned(),
            is_an_app: false,
        }
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
    fn what_is_written_is_read() {
        for lock in [
            lock(),
            Lock { step: String::new(), verb: Some(Verb::Rollback), ..lock() },
            Lock { heartbeat: None, expires: None, verb: None, nonce: String::new(), ..lock() },
        ] {
            let written = lock.annotations();
            let pairs: Vec<_> = written.iter().map(|(key, value)| (*key, value.as_str())).collect();
            assert_eq!(Lock::read("shop", &app(&pairs)), lock);
        }
    }

    #[test]
    fn what_cannot_be_read_is_empty() {
        let broken = Lock::read("shop", &app(&[(EXPIRES, "soon"), (HEARTBEAT, ""), (VERB, "dance")]));
        assert_eq!((broken.expires, broken.heartbeat, broken.verb), (None, None, None));
        assert_eq!(broken.by, "");
    }

    #[test]
    fn when_it_holds() {
        let cases = [
            ("2026-11-24T10:09:00Z", Standing::Held),
            ("2026-11-24T10:10:30Z", Standing::Held),
            ("2026-11-24T10:11:00Z", Standing::Held),
            ("2026-11-24T10:11:01Z", Standing::Expired),
        ];
        for (now, standing) in cases {
            assert_eq!(lock().standing(at(now)), standing, "{now}");
        }
        let future = at("2030-01-01T00:00:00Z");
        assert_eq!(Lock { expires: None, ..lock() }.standing(future), Standing::HeldForGood);
        assert_eq!(Lock { is_an_app: true, ..lock() }.standing(future), Standing::HeldForGood);
        assert_eq!(Lock { expires: Some(Timestamp::MAX), ..lock() }.standing(future), Standing::Held);
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
                "shop is being deployed by jo on build-3 since 2026-11-24T10:00:00Z (deployment d-7, at step shop/start, \
                 last heard of 12 s ago, expires in 4 m)",
            ),
            (
                Lock {
                    verb: Some(Verb::Rollback),
                    step: String::new(),
                    expires: Some(at("2026-11-24T07:05:12Z")),
                    ..lock()
                },
                "shop is being rolled back by jo on build-3 since 2026-11-24T10:00:00Z (deployment d-7, last heard of 12 s \
                 ago, expired 3 h ago)",
            ),
            (empty.clone(), "shop is locked (nothing that can be read tells when it expires)"),
            (
                Lock { is_an_app: true, ..empty },
                "shop cannot be locked: an app that runs, or could run, has the name of its lock",
            ),
        ];
        for (lock, story) in cases {
            assert_eq!(lock.story(now), story);
        }
        assert_eq!(lock().holder(), "jo on build-3 since 2026-11-24T10:00:00Z (deployment d-7)");
    }
}
