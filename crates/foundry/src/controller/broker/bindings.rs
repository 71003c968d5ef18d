//! Bindings of instances of brokers over http: made, removed, read.
//! (`cloud_controller_ng`: `actions/v3/service_binding_create.rb`, `service_binding_delete.rb`.)

use std::sync::Arc;

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::client::{Answer, broker_error};
use super::work::{Held, Subject, Work, job};
use super::{annotations, context, instances, origin};
use crate::controller::auth::Who;
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::jobs::Task;
use crate::controller::service_credential_bindings::unbind;
use crate::platform::Platform;
use crate::state::{Guid, ServiceFeatures, ServiceInstance, State};

fn link(binding: &Guid) -> (&'static str, String) {
    ("service_credential_binding", format!("/v3/service_credential_bindings/{binding}"))
}

/// Has the broker make a binding that the state has, `initial` there. The answer is the 202.
pub(in crate::controller) async fn create(
    cf: &Arc<Platform>,
    who: &Who,
    binding: &Guid,
    parameters: Option<Map<String, Value>>,
) -> Response {
    let (on, who, guid) = (Arc::clone(cf), who.clone(), binding.clone());
    job(cf, "service_bindings.create", link(binding), |task| async move {
        let work = Work::on(&on, &task, &who, Subject::Binding(guid), "create")?;
        let body = on.store.read(|db| request(db, &work, parameters));
        bind(&on, &work, &body).await.map_err(|error| work.failed("bind", error))
    })
    .await
}

fn request(db: &State, work: &Work, parameters: Option<Map<String, Value>>) -> Value {
    let [service, plan] = &work.held.ids;
    let mut body = json!({
        "service_id": service,
        "plan_id": plan,
        "bind_resource": {},
        "context": context(db, &work.instance),
    });
    let app = work.binding.as_ref().and_then(|binding| db.apps.get(binding.app.as_ref()?));
    if let Some(app) = app {
        body["app_guid"] = json!(app.guid);
        body["bind_resource"] = json!({
            "app_guid": app.guid,
            "space_guid": app.space,
            "app_annotations": annotations(Some(&app.metadata)),
        });
    }
    if let Some(parameters) = parameters.filter(|parameters| !parameters.is_empty()) {
        body["parameters"] = json!(parameters);
    }
    body
}

/// What can be done with a service, and what it must be allowed.
fn terms(db: &State, instance: &ServiceInstance) -> (ServiceFeatures, Vec<String>) {
    origin(db, instance).map(|(offering, ..)| (offering.features, offering.requires.clone())).unwrap_or_default()
}

async fn bind(cf: &Platform, work: &Work, body: &Value) -> ApiResult<()> {
    let (features, requires) = cf.store.read(|db| terms(db, &work.instance));
    let (fields, description) = match work.make(body).await? {
        Answer::Done(fields) => (fields, None),
        Answer::Later(..) if !features.bindings_retrievable => {
            return Err(ApiError::unprocessable(
                "The broker responded asynchronously but does not support fetching binding data",
            ));
        }
        Answer::Later(_, operation) => {
            let description = work.follow(operation).await?;
            (work.held.fetch().await?, description)
        }
    };
    if let Err(error) = check(&fields, &requires) {
        work.tidy().await;
        return Err(error);
    }
    work.write(|db| {
        let binding = work.binding.as_ref().and_then(|binding| db.service_bindings.get_mut(&binding.guid));
        if let Some(binding) = binding {
            binding.credentials = fields.get("credentials").and_then(Value::as_object).cloned().unwrap_or_default();
            binding.syslog_drain_url = fields.get("syslog_drain_url").and_then(Value::as_str).map(ToOwned::to_owned);
        }
    })?;
    work.made(description)
}

/// Fails where a broker gives what its service is not registered for.
fn check(fields: &Map<String, Value>, requires: &[String]) -> ApiResult<()> {
    let given = |key: &str| fields.get(key).is_some_and(|value| !value.is_null() && *value != json!([]));
    let may = |what: &str| requires.iter().any(|one| one == what);
    let refuse = |name, detail: &str| Err(broker_error(502, name, detail));
    if given("credentials") && !fields.get("credentials").is_some_and(Value::is_object) {
        return refuse(
            "ServiceBrokerResponseMalformed",
            "The service broker returned an invalid response: expected credentials to be a valid JSON object",
        );
    }
    if given("syslog_drain_url") && !may("syslog_drain") {
        return refuse(
            "ServiceBrokerInvalidSyslogDrainUrl",
            "The service is attempting to stream logs from your application, but is not registered as a logging service. \
             Please contact the service provider.",
        );
    }
    // No service here can be registered for volumes.
    if given("volume_mounts") {
        return refuse(
            "ServiceBrokerInvalidVolumeMounts",
            "The service broker returned an invalid response: The service is attempting to supply volume mounts from your \
             application, but is not registered as a volume mount service. Please contact the service provider.",
        );
    }
    Ok(())
}

/// Removes a binding. The answer is the 202.
pub(in crate::controller) async fn delete(cf: &Arc<Platform>, who: &Who, binding: &Guid) -> Response {
    let (on, who, guid) = (Arc::clone(cf), who.clone(), binding.clone());
    job(cf, "service_bindings.delete", link(binding), |task| async move { release(&on, &task, &who, &guid).await })
        .await
}

/// Removes a binding; where it is gone already, there is nothing to do.
pub(super) async fn release(cf: &Platform, task: &Arc<Task>, who: &Who, binding: &Guid) -> ApiResult<()> {
    if cf.store.read(|db| !db.service_bindings.contains_key(binding)) {
        return Ok(());
    }
    let work = Work::on(cf, task, who, Subject::Binding(binding.clone()), "delete")?;
    let failing = format!("Service broker failed to delete service binding for instance {}", work.instance.name);
    match work.remove(&failing).await {
        Ok(()) => task.write(|db| {
            unbind(db, &who.actor(), binding);
            Ok(())
        }),
        Err(error) => Err(work.failed("unbind", error)),
    }
}

/// Removes bindings while the user waits. Fails where a broker does not remove one.
pub(in crate::controller) async fn end(cf: &Arc<Platform>, who: &Who, bindings: &[Guid]) -> ApiResult<()> {
    let task = Arc::new(Task::without_job(cf));
    for guid in bindings {
        let remote = cf.store.read(|db| {
            let instance =
                db.service_bindings.get(guid).and_then(|binding| db.service_instances.get(&binding.instance));
            instance.is_some_and(|instance| instances::is_remote(db, instance))
        });
        if remote {
            release(cf, &task, who, guid).await?;
        } else {
            cf.store.update(|db| unbind(db, &who.actor(), guid));
        }
    }
    Ok(())
}

/// The parameters that a broker says a binding has.
pub(in crate::controller) async fn parameters(
    cf: &Platform,
    who: &Who,
    instance: &ServiceInstance,
    binding: &Guid,
) -> ApiResult<Value> {
    let held = cf.store.read(|db| {
        if terms(db, instance).0.bindings_retrievable {
            Held::find(cf, db, who, instance, Some(binding))
        } else {
            Ok(None)
        }
    })?;
    match held {
        Some(held) => held.parameters().await,
        None => Err(ApiError::new(
            table::SERVICE_FETCH_BINDING_PARAMETERS_NOT_SUPPORTED,
            "This service does not support fetching service binding parameters.",
        )),
    }
}
