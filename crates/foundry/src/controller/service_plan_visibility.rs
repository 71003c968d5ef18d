//! Who may have instances of a service plan.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/service_plans/:guid/visibility` | everyone, administrators, or which organizations |
//! | `PATCH`, `POST …` | set it; add organizations |
//! | `DELETE …/:org` | take an organization off |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::{Message, guids};
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::service_plans::{change, find, visibility_type};
use crate::controller::{Api, Cf};
use crate::state::{Party, ServicePlan, State, Visibility};

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/service_plans/{guid}/visibility", routing::get(show).patch(set).post(add))
        .route("/v3/service_plans/{guid}/visibility/{org}", routing::delete(remove))
}

fn present(db: &State, who: &Who, plan: &ServicePlan) -> Value {
    let mut answer = json!({ "type": visibility_type(plan) });
    if let Visibility::Organizations(orgs) = &plan.visibility {
        let readable = orgs.iter().filter(|org| who.can_read_org(db, org)).filter_map(|org| db.orgs.get(org));
        answer["organizations"] =
            readable.map(|org| json!({ "guid": org.guid, "name": org.name })).collect::<Vec<_>>().into();
    }
    answer
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| find(&who, db, &guid).map(|plan| Json(present(db, &who, plan))))
}

/// (`cloud_controller_ng`: `messages/service_plan_visibility_update_message.rb`.)
fn read(db: &State, mut body: Message) -> ApiResult<Visibility> {
    body.only(&["type", "organizations"]);
    let given = body.raw("organizations").filter(|orgs| !orgs.is_null());
    let orgs = guids(given);
    let blank = given.is_none_or(|orgs| *orgs == json!([]));
    let read = match body.string("type").value().as_deref() {
        Some("organization") => Visibility::Organizations(orgs.clone().unwrap_or_default()),
        Some("public") => Visibility::Public,
        Some("admin") => Visibility::Admin,
        _ => {
            body.problem("Type must be one of 'public', 'admin', 'organization'");
            Visibility::Admin
        }
    };
    match (&read, orgs) {
        (Visibility::Organizations(_), _) if blank => body.problem("Organizations can't be blank"),
        (Visibility::Organizations(_), None) => body.problem(
            "Organizations organizations list must be structured like this: \"organizations\": [{\"guid\": \
             \"valid-guid\"}]",
        ),
        (Visibility::Organizations(_), Some(orgs)) => {
            for org in orgs.iter().filter(|org| !db.orgs.contains_key(*org)) {
                body.problem(format!("Could not find Organization with guid: {org}"));
            }
        }
        (Visibility::Public | Visibility::Admin, _) if blank => {}
        (Visibility::Public | Visibility::Admin, _) => body.problem("Organizations must be blank"),
    }
    // Here a faulty request is a bad one, not one that cannot be processed.
    body.finish().map_err(|error| ApiError::bad_request(&error.details()))?;
    Ok(read)
}

fn note(db: &mut State, who: &Who, plan: &ServicePlan, done: &str) {
    let target = Party::new("service_plan_visibility", &plan.guid, "");
    db.record(&format!("audit.service_plan_visibility.{done}"), who.actor(), target, None, json!({}));
}

async fn set(Shared(cf): Cf, who: Who, Path(guid): Path<String>, body: Message) -> ApiResult<Json<Value>> {
    cf.store.write(|db| {
        find(&who, db, &guid)?;
        who.must(who.is_admin())?;
        let asked = read(db, body)?;
        change(&cf, &who, db, &guid, |plan| plan.visibility = asked)?;
        let plan = find(&who, db, &guid)?.clone();
        note(db, &who, &plan, "update");
        Ok(Json(present(db, &who, &plan)))
    })
}

async fn add(Shared(cf): Cf, who: Who, Path(guid): Path<String>, body: Message) -> ApiResult<Json<Value>> {
    cf.store.write(|db| {
        find(&who, db, &guid)?;
        who.must(who.is_admin())?;
        let asked = read(db, body)?;
        change(&cf, &who, db, &guid, |plan| match (&mut plan.visibility, asked) {
            (Visibility::Organizations(orgs), Visibility::Organizations(more)) => {
                for org in more {
                    if !orgs.contains(&org) {
                        orgs.push(org);
                    }
                }
            }
            (present, asked) => *present = asked,
        })?;
        let plan = find(&who, db, &guid)?.clone();
        note(db, &who, &plan, "update");
        // Which organizations there are is only told when they are set.
        Ok(Json(json!({ "type": visibility_type(&plan) })))
    })
}

async fn remove(Shared(cf): Cf, who: Who, Path((guid, org)): Path<(String, String)>) -> ApiResult<StatusCode> {
    cf.store.write(|db| {
        let plan = find(&who, db, &guid)?.clone();
        who.must(who.is_admin())?;
        let Visibility::Organizations(mut orgs) = plan.visibility.clone() else {
            return Err(ApiError::unprocessable("Cannot delete visibilities from non-org-restricted plans"));
        };
        let org = who.org(db, &org)?.guid.clone();
        let index = orgs.iter().position(|one| *one == org);
        orgs.remove(index.ok_or_else(|| ApiError::not_found("Service plan visibility"))?);
        let left = if orgs.is_empty() { Visibility::Admin } else { Visibility::Organizations(orgs) };
        change(&cf, &who, db, &guid, |plan| plan.visibility = left)?;
        note(db, &who, &plan, "delete");
        Ok(StatusCode::NO_CONTENT)
    })
}
