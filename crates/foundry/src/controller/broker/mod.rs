//! Service brokers at work: the built-in one, and those that are reached over http.
//!
//! | file | what it is |
//! |---|---|
//! | `built_in` | the broker that is always there; what it does takes the time that is set |
//! | `client` | a broker over http, and what its answers mean |
//! | `catalog` | what a catalog may be, and what comes of it |
//! | `work` | one operation on an instance or a binding of a broker over http |
//! | `instances`, `bindings` | what such operations are, one by one |
//! | `release` | what is told to brokers before apps, spaces and organizations go |

pub(super) mod bindings;
pub(super) mod built_in;
pub(super) mod catalog;
mod client;
pub(super) mod instances;
pub(super) mod release;
mod work;

use serde_json::{Map, Value, json};

use crate::controller::auth::Who;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::service_plans;
use crate::platform::Platform;
use crate::state::{Metadata, Party, ServiceBroker, ServiceInstance, ServiceOffering, ServicePlan, State};

use client::Client;

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

/// Reads the catalog of a broker and makes its offerings and plans those of it. Returns what the user should know.
pub(super) async fn catalog_of(
    cf: &Platform,
    who: &Who,
    broker: &ServiceBroker,
) -> ApiResult<impl FnOnce(&mut State) -> Vec<String> + use<>> {
    let client = cf.store.read(|db| client_of(cf, db, who, broker))?;
    let Some(client) = client else { return Err(ApiError::not_implemented("The catalog of the built-in broker")) };
    let entries = catalog::read(&broker.guid, &client.catalog().await?)?;
    let (guid, url) = (broker.guid.clone(), broker.url.clone());
    Ok(move |db: &mut State| catalog::apply(db, &guid, &url, entries))
}

fn client_of(cf: &Platform, db: &State, who: &Who, broker: &ServiceBroker) -> ApiResult<Option<Client>> {
    let Some(login) = &broker.login else { return Ok(None) };
    Client::new(cf, db, broker, login, &who.actor().guid).map(Some)
}

/// The offering, the plan and the broker of an instance.
fn origin<'a>(
    db: &'a State,
    instance: &ServiceInstance,
) -> Option<(&'a ServiceOffering, &'a ServicePlan, &'a ServiceBroker)> {
    let plan = db.service_plans.get(instance.plan()?)?;
    let (offering, broker) = service_plans::origin(db, plan)?;
    Some((offering, plan, broker))
}

/// The annotations that brokers are told: those with a prefix.
fn annotations(metadata: Option<&Metadata>) -> Map<String, Value> {
    let all = metadata.into_iter().flat_map(|metadata| &metadata.annotations);
    all.filter(|(key, _)| key.contains('/')).map(|(key, value)| (key.clone(), json!(value))).collect()
}

/// What a broker is told of where an instance is.
fn context(db: &State, instance: &ServiceInstance) -> Value {
    let space = db.spaces.get(&instance.space);
    let org = space.and_then(|space| db.orgs.get(&space.org));
    json!({
        "platform": "cloudfoundry",
        "organization_guid": org.map(|org| &org.guid),
        "space_guid": instance.space,
        "organization_name": org.map(|org| &org.name),
        "space_name": space.map(|space| &space.name),
        "organization_annotations": annotations(org.map(|org| &org.metadata)),
        "space_annotations": annotations(space.map(|space| &space.metadata)),
    })
}

#[cfg(test)]
mod tests;
