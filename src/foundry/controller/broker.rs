//! The built-in service broker: what it does takes the time that is set, and is a job of the Cloud Controller.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::foundry::controller::auth::Who;
use crate::foundry::controller::jobs;
use crate::foundry::platform::Platform;
use crate::foundry::state::{Guid, JobState, Party, ServiceInstance, State};

/// Makes the job of an operation of the broker. What takes time is polled for, as with a real broker.
pub(super) fn begin(db: &mut State, who: &Who, instance: &ServiceInstance, operation: &str, takes: Duration) -> Guid {
    if !takes.is_zero() {
        note(db, who, instance, &format!("start_{operation}"));
    }
    let path = format!("/v3/service_instances/{}", instance.guid);
    jobs::begin(db, &format!("service_instance.{operation}"), JobState::Polling, Some(("service_instances", path)))
}

/// Does `work` when the broker is done; at once where it takes no time.
pub(super) fn later(cf: &Arc<Platform>, takes: Duration, work: impl FnOnce(&mut State) + Send + 'static) {
    let on = Arc::clone(cf);
    cf.later(takes, move || on.store.update(work));
}

/// Notes what was done to an instance: `create` is `audit.service_instance.create`.
pub(super) fn note(db: &mut State, who: &Who, instance: &ServiceInstance, done: &str) {
    let word = if instance.plan().is_some() { "service_instance" } else { "user_provided_service_instance" };
    let target = Party { guid: instance.guid.to_string(), kind: word.to_owned(), name: instance.name.clone() };
    db.record(&format!("audit.{word}.{done}"), who.actor(), target, Some(&instance.space), json!({}));
}

/// Removes an instance and its bindings.
pub(super) fn remove(db: &mut State, who: &Who, instance: &ServiceInstance) {
    db.service_bindings.retain(|_, binding| binding.instance != instance.guid);
    db.route_bindings.retain(|_, binding| binding.instance != instance.guid);
    db.service_instances.shift_remove(&instance.guid);
    note(db, who, instance, "delete");
}
