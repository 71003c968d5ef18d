//! The built-in service broker: what it does takes the time that is set, and is a job of the Cloud Controller.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::jobs;
use crate::platform::Platform;
use crate::state::{Guid, JobState, Party, ServiceInstance, State};

/// Notes what was done to an instance: `create` is `audit.service_instance.create`.
pub(super) fn note(db: &mut State, who: &Who, instance: &ServiceInstance, done: &str, data: Value) {
    let word = if instance.plan().is_some() { "service_instance" } else { "user_provided_service_instance" };
    let target = Party::new(word, &instance.guid, &instance.name);
    db.record(&format!("audit.{word}.{done}"), who.actor(), target, Some(&instance.space), data);
}

/// Removes an instance and its bindings.
pub(super) fn remove(db: &mut State, who: &Who, instance: &ServiceInstance, done: &str) {
    db.service_bindings.retain(|_, binding| binding.instance != instance.guid);
    db.route_bindings.retain(|_, binding| binding.instance != instance.guid);
    db.service_instances.shift_remove(&instance.guid);
    note(db, who, instance, done, json!({}));
}

/// Makes the job of an operation of the broker. What takes time is polled for, as with a real broker.
pub(super) fn begin(db: &mut State, who: &Who, instance: &ServiceInstance, operation: &str, takes: Duration) -> Guid {
    if !takes.is_zero() {
        note(db, who, instance, &format!("start_{operation}"), json!({}));
    }
    let path = format!("/v3/service_instances/{}", instance.guid);
    jobs::begin(db, &format!("service_instance.{operation}"), JobState::Polling, Some(("service_instances", path)))
}

/// Does `work` when the broker is done; at once where it takes no time.
pub(super) fn later(cf: &Arc<Platform>, takes: Duration, work: impl FnOnce(&mut State) + Send + 'static) {
    let on = Arc::clone(cf);
    cf.later(takes, move || on.store.update(work));
}
