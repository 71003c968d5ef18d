//! Service brokers: the built-in one, and those that are registered, which are reached over http.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET`, `POST /v3/service_brokers` | list; register, which reads the catalog, as a job |
//! | `GET`, `PATCH`, `DELETE /v3/service_brokers/:guid` | show; metadata, or as a job all else; as a job |

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router, routing};
use hyper::Uri;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, broker, href, jobs, metadata};
use crate::platform::Platform;
use crate::state::{Guid, Login, Metadata, Party, ServiceBroker, State, timestamp};

const LIST: Spec = Spec::new(&["space_guids", "names"]).ordered(&["name"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/service_brokers", routing::get(list).post(create))
        .route("/v3/service_brokers/{guid}", routing::get(show).patch(update).delete(destroy))
}

/// A broker as the API shows it.
pub(super) fn present(cf: &Platform, broker: &ServiceBroker) -> Value {
    json!({
        "guid": broker.guid,
        "created_at": timestamp(broker.created_at),
        "updated_at": timestamp(broker.updated_at),
        "name": broker.name,
        "url": broker.url,
        "relationships": {},
        "metadata": metadata(&broker.metadata),
        "links": {
            "self": href(cf, &format!("/v3/service_brokers/{}", broker.guid)),
            "service_offerings": href(cf, &format!("/v3/service_offerings?service_broker_guids={}", broker.guid)),
        },
    })
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        // Only administrators see brokers that belong to no space.
        let visible = who.is_admin() && query.get("space_guids").is_none();
        let brokers = db.service_brokers.values().filter(|broker| visible && query.wants_name("names", &broker.name));
        Ok(Json(query.page(&cf, "/v3/service_brokers", brokers).present(|broker| present(&cf, broker))))
    })
}

/// A broker that the user may see; 404 for others.
fn find<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a ServiceBroker> {
    db.service_brokers.get(guid).filter(|_| who.is_admin()).ok_or_else(|| ApiError::not_found("Service broker"))
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| find(&who, db, &guid).map(|broker| Json(present(&cf, broker))))
}

fn check_name(body: &mut Message, name: &str) {
    if name.is_empty() {
        body.problem("Name must not be empty string");
    }
}

/// (`cloud_controller_ng`: `validators/url_validator.rb`.)
fn check_url(body: &mut Message, url: &str) {
    match url.parse::<Uri>().ok().filter(|uri| matches!(uri.scheme_str(), Some("http" | "https"))) {
        None => body.problem(format!("Url '{url}' must be a valid url")),
        Some(uri) if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) => {
            body.problem("Url must not contain authentication");
        }
        Some(_) => {}
    }
}

/// Reads how one logs in. (`cloud_controller_ng`: `validators/authentication_validator.rb`.)
fn read_login(body: &mut Message) -> Option<Login> {
    let given = body.object("authentication").value()?;
    if given.get("type").and_then(Value::as_str) != Some("basic") {
        body.problem("Authentication authentication.type must be one of [\"basic\"]");
    }
    let Some(credentials) = given.get("credentials").and_then(Value::as_object) else {
        body.problem("Authentication Credentials must be an object");
        return None;
    };
    let text = |key: &str| credentials.get(key)?.as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned);
    let (username, password) = (text("username"), text("password"));
    let missing: Vec<&str> = [("username", &username), ("password", &password)]
        .into_iter()
        .filter_map(|(key, value)| value.is_none().then_some(key))
        .collect();
    if !missing.is_empty() {
        body.problem(format!("Authentication Field(s) {missing:?} must be valid"));
    }
    Some(Login { username: username?, password: password? })
}

/// Only http is spoken here.
fn must_be_reachable(url: &str) -> ApiResult<()> {
    if url.starts_with("https:") {
        return Err(ApiError::not_implemented("A service broker that is reached over https"));
    }
    Ok(())
}

fn unique(db: &State, name: &str, but: Option<&Guid>) -> ApiResult<()> {
    if db.service_brokers.values().any(|broker| broker.name == name && Some(&broker.guid) != but) {
        return Err(ApiError::unprocessable("Name must be unique"));
    }
    Ok(())
}

fn note(db: &mut State, who: &Who, broker: &ServiceBroker, done: &str) {
    let target = Party::new("service_broker", &broker.guid, &broker.name);
    db.record(&format!("audit.service_broker.{done}"), who.actor(), target, None, json!({}));
}

fn link(broker: &Guid) -> (&'static str, String) {
    ("service_brokers", format!("/v3/service_brokers/{broker}"))
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<Response> {
    if body.has("relationships") {
        return Err(ApiError::not_implemented("A service broker of a space"));
    }
    body.only(&["name", "url", "authentication", "metadata"]);
    let name = body.needed_string("name");
    check_name(&mut body, &name);
    let url = body.needed_string("url");
    check_url(&mut body, &url);
    if !body.has("authentication") {
        body.problem("Authentication must be an object");
    }
    let login = read_login(&mut body);
    let change = body.metadata();
    body.finish()?;
    who.must(who.is_admin())?;
    must_be_reachable(&url)?;
    let now = Timestamp::now();
    let mut made = ServiceBroker {
        guid: Guid::random(),
        name,
        url,
        login,
        synchronizing: true,
        metadata: Metadata::default(),
        created_at: now,
        updated_at: now,
    };
    change.apply(&mut made.metadata);
    cf.store.write(|db| {
        unique(db, &made.name, None)?;
        note(db, &who, &made, "create");
        db.service_brokers.insert(made.guid.clone(), made.clone());
        Ok::<_, ApiError>(())
    })?;
    let on = Arc::clone(&cf);
    Ok(jobs::spawn(&cf, "service_broker.catalog.synchronize", Some(link(&made.guid)), |task| async move {
        let catalog = broker::catalog_of(&on, &who, &made).await;
        // A broker whose catalog is not good stays, for an update.
        task.write(|db| {
            let broker = db.service_brokers.get_mut(&made.guid).ok_or_else(gone)?;
            broker.synchronizing = false;
            Ok(())
        })?;
        let apply = catalog?;
        task.write(|db| Ok(apply(db)))
    })
    .await)
}

fn gone() -> ApiError {
    ApiError::new(
        (270_011, 422, "ServiceBrokerGone"),
        "The service broker was removed before the synchronization completed",
    )
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Response> {
    body.only(&["name", "url", "authentication", "metadata"]);
    let name = body.string("name").value();
    if let Some(name) = &name {
        check_name(&mut body, name);
    }
    let url = body.string("url").value();
    if let Some(url) = &url {
        check_url(&mut body, url);
    }
    let login = read_login(&mut body);
    let needs_broker = name.is_some() || url.is_some() || body.has("authentication");
    let change = body.metadata();
    body.finish()?;
    let old = cf.store.read(|db| find(&who, db, &guid).cloned())?;
    if !needs_broker {
        return cf.store.write(|db| {
            let broker = db.service_brokers.get_mut(&old.guid).ok_or_else(gone)?;
            change.apply(&mut broker.metadata);
            Ok(Json(present(&cf, broker)).into_response())
        });
    }
    if old.login.is_none() {
        return Err(ApiError::not_implemented("Changing more of the built-in service broker than its metadata"));
    }
    let only_name = url.is_none() && login.is_none();
    let mut new = old.clone();
    new.name = name.unwrap_or(new.name);
    new.url = url.unwrap_or(new.url);
    new.login = login.or(new.login);
    new.updated_at = Timestamp::now();
    must_be_reachable(&new.url)?;
    change.apply(&mut new.metadata);
    cf.store.write(|db| {
        unique(db, &new.name, Some(&new.guid))?;
        if old.synchronizing {
            return Err(ApiError::unprocessable("Cannot update a broker when other operation is already in progress"));
        }
        if let Some(broker) = db.service_brokers.get_mut(&old.guid) {
            broker.synchronizing = true;
        }
        note(db, &who, &new, "update");
        Ok(())
    })?;
    let on = Arc::clone(&cf);
    Ok(jobs::spawn(&cf, "service_broker.update", Some(link(&old.guid)), |task| async move {
        // What does not go well leaves the broker as it was.
        let catalog = if only_name { Ok(None) } else { broker::catalog_of(&on, &who, &new).await.map(Some) };
        task.write(|db| {
            let broker = db.service_brokers.get_mut(&old.guid).ok_or_else(gone)?;
            broker.synchronizing = false;
            Ok(())
        })?;
        let apply = catalog?;
        task.write(|db| {
            db.service_brokers.insert(new.guid.clone(), new);
            Ok(apply.map(|apply| apply(db)).unwrap_or_default())
        })
    })
    .await)
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let broker = cf.store.read(|db| {
        let broker = find(&who, db, &guid)?;
        let plans = db.service_plans.values().filter(|plan| {
            db.service_offerings.get(&plan.offering).is_some_and(|offering| offering.broker == broker.guid)
        });
        let mut plans = plans.map(|plan| &plan.guid);
        if plans.any(|plan| db.service_instances.values().any(|instance| instance.plan() == Some(plan))) {
            return Err(ApiError::new(
                table::SERVICE_BROKER_NOT_REMOVABLE,
                format!("Can not remove brokers that have associated service instances: {}", broker.name),
            ));
        }
        Ok(broker.clone())
    })?;
    Ok(jobs::run(&cf, "service_broker.delete", None, move |db| {
        let offerings: Vec<Guid> = db
            .service_offerings
            .values()
            .filter(|offering| offering.broker == broker.guid)
            .map(|offering| offering.guid.clone())
            .collect();
        db.service_plans.retain(|_, plan| !offerings.contains(&plan.offering));
        db.service_offerings.retain(|guid, _| !offerings.contains(guid));
        db.service_brokers.shift_remove(&broker.guid);
        note(db, &who, &broker, "delete");
        Ok(Vec::new())
    }))
}
