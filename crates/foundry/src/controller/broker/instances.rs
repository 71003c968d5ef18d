//! Instances of brokers over http: made, removed, read.
//! (`cloud_controller_ng`: `actions/v3/service_instance_create_managed.rb`, `service_instance_delete.rb`.)

use std::sync::Arc;

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::client::Answer;
use super::work::{Held, Subject, Work, job};
use super::{annotations, bindings, context, origin, remove};
use crate::controller::auth::Who;
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::jobs::Task;
use crate::platform::Platform;
use crate::state::{Guid, ServiceInstance, ServiceInstanceKind, State};

/// Whether an instance's broker is reached over http.
pub(in crate::controller) fn is_remote(db: &State, instance: &ServiceInstance) -> bool {
    origin(db, instance).is_some_and(|(_, _, broker)| broker.login.is_some())
}

fn link(instance: &Guid) -> (&'static str, String) {
    ("service_instances", format!("/v3/service_instances/{instance}"))
}

/// Has the broker make an instance that the state has, `initial` there. The answer is the 202.
pub(in crate::controller) async fn create(cf: &Arc<Platform>, who: &Who, instance: &Guid) -> Response {
    let (on, who, guid) = (Arc::clone(cf), who.clone(), instance.clone());
    job(cf, "service_instance.create", link(instance), |task| async move {
        let work = Work::on(&on, &task, &who, Subject::Instance(guid), "create")?;
        let body = on.store.read(|db| request(db, &work.instance));
        provision(&work, &body).await.map_err(|error| work.failed("provision", error))
    })
    .await
}

fn request(db: &State, instance: &ServiceInstance) -> Value {
    let mut context = context(db, instance);
    context["instance_name"] = json!(instance.name);
    context["instance_annotations"] = json!(annotations(Some(&instance.metadata)));
    let mut body = json!({
        "organization_guid": context["organization_guid"],
        "space_guid": instance.space,
        "context": context,
    });
    if let Some((offering, plan, _)) = origin(db, instance) {
        body["service_id"] = json!(offering.catalog_id);
        body["plan_id"] = json!(plan.catalog_id);
    }
    if let ServiceInstanceKind::Managed { parameters, maintenance_info, .. } = &instance.kind {
        if !parameters.is_empty() {
            body["parameters"] = json!(parameters);
        }
        if !maintenance_info.is_empty() {
            body["maintenance_info"] = json!(maintenance_info);
        }
    }
    body
}

async fn provision(work: &Work, body: &Value) -> ApiResult<()> {
    let description = match work.make(body).await? {
        Answer::Done(fields) => {
            set_dashboard(work, &fields)?;
            None
        }
        Answer::Later(fields, operation) => {
            set_dashboard(work, &fields)?;
            work.follow(operation).await?
        }
    };
    work.made(description)
}

fn set_dashboard(work: &Work, fields: &Map<String, Value>) -> ApiResult<()> {
    work.write(|db| {
        let kind = db.service_instances.get_mut(&work.instance.guid).map(|instance| &mut instance.kind);
        if let Some(ServiceInstanceKind::Managed { dashboard_url, .. }) = kind {
            *dashboard_url = fields.get("dashboard_url").and_then(Value::as_str).map(ToOwned::to_owned);
        }
    })
}

/// Removes an instance. The answer is the 202.
pub(in crate::controller) async fn delete(cf: &Arc<Platform>, who: &Who, instance: &Guid) -> Response {
    let (on, who, guid) = (Arc::clone(cf), who.clone(), instance.clone());
    job(cf, "service_instance.delete", link(instance), |task| async move { release(&on, &task, &who, &guid).await })
        .await
}

/// Removes an instance and, before it, its bindings; where it is gone already, there is nothing to do.
pub(super) async fn release(cf: &Platform, task: &Arc<Task>, who: &Who, instance: &Guid) -> ApiResult<()> {
    if cf.store.read(|db| !db.service_instances.contains_key(instance)) {
        return Ok(());
    }
    let work = Work::on(cf, task, who, Subject::Instance(instance.clone()), "delete")?;
    let removed = async {
        let bound: Vec<Guid> = cf.store.read(|db| {
            let bound = db.service_bindings.values().filter(|binding| binding.instance == *instance);
            bound.map(|binding| binding.guid.clone()).collect()
        });
        for binding in bound {
            bindings::release(cf, task, who, &binding).await?;
        }
        work.remove(&format!("Service instance {}", work.instance.name)).await
    };
    match removed.await {
        Ok(()) => task.write(|db| {
            remove(db, who, &work.instance, "delete");
            Ok(())
        }),
        Err(error) => Err(work.failed("delete", error)),
    }
}

/// The parameters that a broker says an instance has.
pub(in crate::controller) async fn parameters(
    cf: &Platform,
    who: &Who,
    instance: &ServiceInstance,
) -> ApiResult<Value> {
    let held = cf.store.read(|db| {
        let readable = origin(db, instance).is_some_and(|(offering, ..)| offering.features.instances_retrievable);
        if readable { Held::find(cf, db, who, instance, None) } else { Ok(None) }
    })?;
    match held {
        Some(held) => held.parameters().await,
        None => Err(ApiError::new(
            table::SERVICE_FETCH_INSTANCE_PARAMETERS_NOT_SUPPORTED,
            "This service does not support fetching service instance parameters.",
        )),
    }
}
