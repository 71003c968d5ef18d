//! Audit events: who did what to what.

use jiff::Timestamp;
use serde_json::Value;

use crate::state::{Guid, State, resource};

/// How many events are kept; the oldest are forgotten. (A real foundation keeps 31 days.)
const KEPT: usize = 5000;

/// Who acted, or what was acted upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Party {
    /// Its guid.
    pub guid: String,
    /// `user`, `app`, `route`, …
    pub kind: String,
    /// Its name at the time.
    pub name: String,
}

impl Party {
    /// A resource of this kind, by its guid and its name.
    pub(crate) fn new(kind: &str, guid: &Guid, name: &str) -> Self {
        Self { guid: guid.to_string(), kind: kind.to_owned(), name: name.to_owned() }
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditEvent {
    /// Its guid.
    pub guid: Guid,
    /// Such as `audit.app.map-route`.
    pub kind: String,
    /// Who acted.
    pub actor: Party,
    /// What was acted upon.
    pub target: Party,
    /// Further facts.
    pub data: Value,
    /// The space where it happened.
    pub space: Option<Guid>,
    /// The organization where it happened.
    pub org: Option<Guid>,
    /// When it happened.
    pub created_at: Timestamp,
    /// As `created_at`.
    pub updated_at: Timestamp,
}

resource!(AuditEvent);

impl State {
    /// Notes an event in a space, now.
    pub(crate) fn record(&mut self, kind: &str, actor: Party, target: Party, space: Option<&Guid>, data: Value) {
        let org = space.and_then(|space| self.spaces.get(space)).map(|space| space.org.clone());
        self.record_in_org(kind, actor, target, space, org.as_ref(), data);
    }

    /// Notes an event of an organization, now.
    pub(crate) fn record_in_org(
        &mut self,
        kind: &str,
        actor: Party,
        target: Party,
        space: Option<&Guid>,
        org: Option<&Guid>,
        data: Value,
    ) {
        let now = Timestamp::now();
        let event = AuditEvent {
            guid: Guid::random(),
            kind: kind.to_owned(),
            actor,
            target,
            data,
            space: space.cloned(),
            org: org.cloned(),
            created_at: now,
            updated_at: now,
        };
        if self.audit_events.len() == KEPT {
            self.audit_events.shift_remove_index(0);
        }
        self.audit_events.insert(event.guid.clone(), event);
    }
}
