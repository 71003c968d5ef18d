//! Spaces that a managed service instance is shared with: their apps can be bound to it.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET`, `POST /v3/service_instances/:guid/relationships/shared_spaces` | which; share |
//! | `GET …/usage_summary` | how many apps are bound in each |
//! | `DELETE …/:space` | unshare; what is bound there is unbound |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::{Message, guids};
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::fields::{Allowed, Fields};
use crate::controller::list::Query;
use crate::controller::service_instances::find;
use crate::controller::{
    Api, Cf, broker, feature_flags, href, organizations, service_offerings, service_plans, spaces, to_many,
};
use crate::platform::Platform;
use crate::state::{Guid, ServiceInstance, State};

const FIELDS: &[Allowed] =
    &[("space", &["name", "guid", "relationships.organization"]), ("space.organization", &["name", "guid"])];

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/service_instances/{guid}/relationships/shared_spaces", routing::get(list).post(share))
        .route("/v3/service_instances/{guid}/relationships/shared_spaces/usage_summary", routing::get(usage_summary))
        .route("/v3/service_instances/{guid}/relationships/shared_spaces/{space}", routing::delete(unshare))
}

fn path(instance: &ServiceInstance) -> String {
    format!("/v3/service_instances/{}/relationships/shared_spaces", instance.guid)
}

fn present(cf: &Platform, instance: &ServiceInstance) -> Value {
    let mut answer = to_many(instance.shared_with.iter());
    answer["links"] = json!({ "self": href(cf, &path(instance)) });
    answer
}

async fn list(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    query.only(&["fields"])?;
    let fields = Fields::read(&query, FIELDS)?;
    cf.store.read(|db| {
        let instance = find(&who, db, &guid)?;
        let shared_with = || instance.shared_with.iter().filter_map(|space| db.spaces.get(space));
        let orgs = shared_with().filter_map(|space| db.orgs.get(&space.org));
        let shown = shared_with().map(|space| spaces::present(&cf, space));
        let answer = fields.include(present(&cf, instance), "space", "spaces", shown);
        let shown = orgs.map(|org| organizations::present(&cf, org));
        Ok(Json(fields.include(answer, "space.organization", "organizations", shown)))
    })
}

/// The bindings of an instance to apps of a space.
fn bound_in(db: &State, instance: &Guid, space: &Guid) -> Vec<Guid> {
    let of = |app: &Guid| db.apps.get(app).is_some_and(|app| app.space == *space);
    let bound = db.service_bindings.values();
    bound
        .filter(|binding| binding.instance == *instance && binding.app.as_ref().is_some_and(of))
        .map(|binding| binding.guid.clone())
        .collect()
}

async fn usage_summary(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let instance = find(&who, db, &guid)?;
        let count = |space: &Guid| bound_in(db, &instance.guid, space).len();
        let usage = instance.shared_with.iter();
        let usage: Vec<Value> =
            usage.map(|space| json!({ "space": { "guid": space }, "bound_app_count": count(space) })).collect();
        let path = path(instance);
        Ok(Json(json!({
            "usage_summary": usage,
            "links": {
                "self": href(&cf, &format!("{path}/usage_summary")),
                "shared_spaces": href(&cf, &path),
                "service_instance": href(&cf, &format!("/v3/service_instances/{}", instance.guid)),
            },
        })))
    })
}

async fn share(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    cf.store.write(|db| {
        feature_flags::must_be_enabled(db, "service_instance_sharing")?;
        let mut instance = find(&who, db, &guid)?.clone();
        who.must_write_space(db, &instance.space)?;
        body.only(&["data"]);
        let asked = guids(body.raw("data")).unwrap_or_default();
        if asked.is_empty() {
            body.problem("Data must be an array");
        }
        body.finish()?;
        check_access(&who, db, &instance, &asked)?;
        check_instance(db, &instance)?;
        for space in &asked {
            check_space(db, &instance, space)?;
        }
        broker::note(db, &who, &instance, "share", json!({ "target_space_guids": asked }));
        for space in asked {
            if !instance.shared_with.contains(&space) {
                instance.shared_with.push(space);
            }
        }
        let answer = present(&cf, &instance);
        db.service_instances.insert(instance.guid.clone(), instance);
        Ok(Json(answer))
    })
}

fn refuse(text: String) -> ApiResult<()> {
    Err(ApiError::unprocessable(text))
}

/// Fails unless the user may see all of these spaces, and change them.
fn check_access(who: &Who, db: &State, instance: &ServiceInstance, spaces: &[Guid]) -> ApiResult<()> {
    let quoted = |spaces: Vec<&Guid>| spaces.iter().map(|space| format!("'{space}'")).collect::<Vec<_>>().join(", ");
    let (seen, unseen): (Vec<&Guid>, Vec<&Guid>) =
        spaces.iter().partition(|space| who.space(db, space.as_str()).is_ok());
    let closed: Vec<&Guid> = seen.into_iter().filter(|space| who.must_write_space(db, space).is_err()).collect();
    let mut problems = Vec::new();
    if !unseen.is_empty() {
        problems.push(format!(
            "Unable to share service instance {} with spaces [{}]. Ensure the spaces exist and that you have access to them.",
            instance.name,
            quoted(unseen)
        ));
    }
    if !closed.is_empty() {
        problems.push(format!(
            "Unable to share service instance {} with spaces [{}]. Write permission is required in order to share a service \
             instance with a space.",
            instance.name,
            quoted(closed)
        ));
    }
    if problems.is_empty() { Ok(()) } else { refuse(problems.join("\n")) }
}

/// (`cloud_controller_ng`: `actions/service_instance_share.rb`.)
fn check_instance(db: &State, instance: &ServiceInstance) -> ApiResult<()> {
    let Some(plan) = instance.plan().and_then(|plan| db.service_plans.get(plan)) else {
        return refuse("User-provided services cannot be shared.".to_owned());
    };
    let offering = db.service_offerings.get(&plan.offering);
    if offering.is_some_and(|offering| offering.requires.iter().any(|one| one == "route_forwarding")) {
        return refuse("Route services cannot be shared.".to_owned());
    }
    if let Some(offering) = offering.filter(|offering| !service_offerings::is_shareable(offering)) {
        return refuse(format!("The {} service does not support service instance sharing.", offering.name));
    }
    if !plan.available {
        return refuse(format!("The service instance could not be shared as the {} plan is inactive.", plan.name));
    }
    match instance.last_operation.as_ref() {
        Some(last) if last.failed_to("create") => {
            let detail = format!("The service instance could not be found: {}", instance.name);
            Err(ApiError::new(table::SERVICE_INSTANCE_NOT_FOUND, detail))
        }
        Some(last) if last.in_progress() && last.kind == "create" => refuse(
            "Service instance is currently being created. It can be shared after its creation succeeded.".to_owned(),
        ),
        Some(last) if last.in_progress() && last.kind == "delete" => {
            refuse("The service instance is getting deleted.".to_owned())
        }
        _ => Ok(()),
    }
}

fn check_space(db: &State, instance: &ServiceInstance, space: &Guid) -> ApiResult<()> {
    let name = &instance.name;
    if *space == instance.space {
        return refuse(format!(
            "Unable to share service instance '{name}' with space '{space}'. Service instances cannot be shared into the \
             space where they were created."
        ));
    }
    let Some(target) = db.spaces.get(space) else { return Ok(()) };
    let plan = instance.plan().and_then(|plan| db.service_plans.get(plan));
    if let Some(plan) = plan.filter(|plan| !service_plans::is_offered_in(plan, &target.org)) {
        let offering = db.service_offerings.get(&plan.offering).map_or("", |offering| &offering.name);
        let org = db.orgs.get(&target.org).map_or("", |org| &org.name);
        return refuse(format!(
            "Access to service {offering} and plan {} is not enabled in {org}/{}.",
            plan.name, target.name
        ));
    }
    let same = |other: &&ServiceInstance| other.guid != instance.guid && other.name.eq_ignore_ascii_case(name);
    if db.service_instances.values().filter(same).any(|other| other.space == *space) {
        return refuse(format!("A service instance called {name} already exists in {}.", target.name));
    }
    if db.service_instances.values().filter(same).any(|other| other.shared_with.contains(space)) {
        return refuse(format!("A service instance called {name} has already been shared with {}.", target.name));
    }
    Ok(())
}

async fn unshare(Shared(cf): Cf, who: Who, Path((guid, space)): Path<(String, String)>) -> ApiResult<StatusCode> {
    let (instance, space, bound) = cf.store.read(|db| {
        let instance = find(&who, db, &guid)?;
        who.must_write_space(db, &instance.space)?;
        let Some(target) = db.spaces.get(space.as_str()) else {
            return Err(ApiError::unprocessable(format!(
                "Unable to unshare service instance from space {space}. Ensure the space exists."
            )));
        };
        Ok((instance.clone(), target.guid.clone(), bound_in(db, &instance.guid, &target.guid)))
    })?;
    let failed = |error: ApiError| {
        let detail = format!(
            "Unshare of service instance failed: \n\nUnshare of service instance failed because one or more bindings could \
             not be deleted.\n\n \t{}",
            error.details()
        );
        ApiError::new(table::SERVICE_INSTANCE_UNSHARE_FAILED, detail)
    };
    broker::bindings::end(&cf, &who, &bound).await.map_err(failed)?;
    cf.store.update(|db| {
        if let Some(instance) = db.service_instances.get_mut(&instance.guid) {
            instance.shared_with.retain(|shared| *shared != space);
        }
        broker::note(db, &who, &instance, "unshare", json!({ "target_space_guid": space }));
    });
    Ok(StatusCode::NO_CONTENT)
}
