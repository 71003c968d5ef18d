//! What is told to brokers over http before an app, a space or an organization goes: its bindings and instances end
//! first.

use std::sync::Arc;

use axum::response::Response;

use super::{bindings, instances};
use crate::controller::auth::Who;
use crate::controller::error::ApiResult;
use crate::controller::jobs;
use crate::platform::Platform;
use crate::state::{App, Guid, ServiceInstance, State};

/// Removes something as a job. What brokers over http hold of it ends before; where one refuses, the job fails and the
/// rest stays. `apps` and `spaces` say whose bindings and instances these are. The answer is the 202.
pub(in crate::controller) async fn then(
    cf: &Arc<Platform>,
    who: &Who,
    operation: &str,
    apps: impl Fn(&App) -> bool,
    spaces: impl Fn(&Guid) -> bool,
    work: impl FnOnce(&mut State) -> ApiResult<Vec<String>> + Send + 'static,
) -> Response {
    let (bound, made) = cf.store.read(|db| {
        let remote = |instance: &ServiceInstance| instances::is_remote(db, instance);
        let bound = db.service_bindings.values().filter(|binding| {
            db.service_instances.get(&binding.instance).is_some_and(remote)
                && binding.app.as_ref().and_then(|app| db.apps.get(app)).is_some_and(&apps)
        });
        let made = db.service_instances.values().filter(|instance| remote(instance) && spaces(&instance.space));
        let guids = |all: &mut dyn Iterator<Item = &Guid>| all.cloned().collect::<Vec<Guid>>();
        (guids(&mut bound.map(|binding| &binding.guid)), guids(&mut made.map(|instance| &instance.guid)))
    });
    if bound.is_empty() && made.is_empty() {
        return jobs::run(cf, operation, None, work);
    }
    let (on, who) = (Arc::clone(cf), who.clone());
    jobs::spawn(cf, operation, None, |task| async move {
        let task = Arc::new(task);
        for binding in bound {
            bindings::release(&on, &task, &who, &binding).await?;
        }
        for instance in made {
            instances::release(&on, &task, &who, &instance).await?;
        }
        task.write(work)
    })
    .await
}
