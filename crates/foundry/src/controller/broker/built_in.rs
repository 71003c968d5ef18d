//! The built-in service broker: what it does takes the time that is set, and is a job of the Cloud Controller.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::controller::auth::Who;
use crate::controller::broker::note;
use crate::controller::jobs;
use crate::platform::Platform;
use crate::state::{Guid, JobState, ServiceInstance, State};

/// Makes the job of an operation of the broker. What takes time is polled for, as with a real broker.
pub(in crate::controller) fn begin(
    db: &mut State,
    who: &Who,
    instance: &ServiceInstance,
    operation: &str,
    takes: Duration,
) -> Guid {
    if !takes.is_zero() {
        note(db, who, instance, &format!("start_{operation}"), json!({}));
    }
    let path = format!("/v3/service_instances/{}", instance.guid);
    jobs::begin(db, &format!("service_instance.{operation}"), JobState::Polling, Some(("service_instances", path)))
}

/// Does `work` when the broker is done; at once where it takes no time.
pub(in crate::controller) fn later(
    cf: &Arc<Platform>,
    takes: Duration,
    work: impl FnOnce(&mut State) + Send + 'static,
) {
    let on = Arc::clone(cf);
    cf.later(takes, move || on.store.update(work));
}
