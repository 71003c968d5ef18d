//! The built-in service broker: what it does takes the time that is set, and is a job of the Cloud Controller.

use std::sync::Arc;
use std::time::Duration;

use crate::foundry::controller::auth::Who;
use crate::foundry::controller::broker::note;
use crate::foundry::controller::jobs;
use crate::foundry::platform::Platform;
use crate::foundry::state::{Guid, JobState, ServiceInstance, State};

/// Makes the job of an operation of the broker. What takes time is polled for, as with a real broker.
pub(in crate::foundry::controller) fn begin(
    db: &mut State,
    who: &Who,
    instance: &ServiceInstance,
    operation: &str,
    takes: Duration,
) -> Guid {
    if !takes.is_zero() {
        note(db, who, instance, &format!("start_{operation}"));
    }
    let path = format!("/v3/service_instances/{}", instance.guid);
    jobs::begin(db, &format!("service_instance.{operation}"), JobState::Polling, Some(("service_instances", path)))
}

/// Does `work` when the broker is done; at once where it takes no time.
pub(in crate::foundry::controller) fn later(
    cf: &Arc<Platform>,
    takes: Duration,
    work: impl FnOnce(&mut State) + Send + 'static,
) {
    let on = Arc::clone(cf);
    cf.later(takes, move || on.store.update(work));
}
