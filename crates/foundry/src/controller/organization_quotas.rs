//! Quotas of organizations.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/organization_quotas` | list |
//! | `POST /v3/organization_quotas` | create |
//! | `GET`, `PATCH`, `DELETE /v3/organization_quotas/:guid` | show, change, delete |
//! | `POST …/relationships/organizations` | give it to organizations |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::{Message, guids};
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::quotas::{present_limits, read_limits};
use crate::controller::{Api, Cf, href, jobs, to_many};
use crate::platform::Platform;
use crate::state::quota::QuotaLimits;
use crate::state::{Guid, OrgQuota, State, timestamp};

const LIST: Spec = Spec::new(&["names", "organization_guids"]).ordered(&["name"]).without_labels();

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/organization_quotas", routing::get(list).post(create))
        .route("/v3/organization_quotas/{guid}", routing::get(show).patch(update).delete(destroy))
        .route("/v3/organization_quotas/{guid}/relationships/organizations", routing::post(apply))
}

fn holders<'a>(db: &'a State, quota: &'a Guid) -> impl Iterator<Item = &'a Guid> {
    db.orgs.values().filter(move |org| org.quota == *quota).map(|org| &org.guid)
}

fn present(cf: &Platform, db: &State, quota: &OrgQuota) -> Value {
    let mut answer = json!({
        "guid": quota.guid,
        "created_at": timestamp(quota.created_at),
        "updated_at": timestamp(quota.updated_at),
        "name": quota.name,
    });
    if let (Some(fields), Value::Object(limits)) = (answer.as_object_mut(), present_limits(&quota.limits)) {
        fields.extend(limits);
    }
    answer["domains"] = json!({ "total_domains": quota.limits.total_domains });
    answer["relationships"] = json!({ "organizations": to_many(holders(db, &quota.guid)) });
    answer["links"] = json!({ "self": href(cf, &format!("/v3/organization_quotas/{}", quota.guid)) });
    answer
}

fn not_found() -> ApiError {
    ApiError::not_found("Organization quota")
}

async fn list(Shared(cf): Cf, _who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let quotas = db.org_quotas.values().filter(|quota| {
            query.wants_name("names", &quota.name)
                && query.wants_any("organization_guids", holders(db, &quota.guid).map(Guid::as_str))
        });
        Ok(Json(query.page(&cf, "/v3/organization_quotas", quotas).present(|quota| present(&cf, db, quota))))
    })
}

async fn show(Shared(cf): Cf, _who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| Ok(Json(present(&cf, db, db.org_quotas.get(guid.as_str()).ok_or_else(not_found)?))))
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    Who::must(who.is_admin())?;
    body.only(&["name", "apps", "services", "routes", "domains", "relationships"]);
    let name = body.name(250);
    let mut limits = QuotaLimits { paid_services_allowed: true, ..QuotaLimits::default() };
    read_limits(&mut body, &mut limits);
    let orgs = body.related_many("organizations").value().unwrap_or_default();
    body.finish()?;
    cf.store.write(|db| {
        if db.org_quotas.values().any(|quota| quota.name.eq_ignore_ascii_case(&name)) {
            return Err(ApiError::unprocessable(format!("Organization Quota '{name}' already exists.")));
        }
        let now = Timestamp::now();
        let quota = OrgQuota { guid: Guid::random(), name, limits, created_at: now, updated_at: now };
        give(db, &quota.guid, &orgs).map_err(|unknown| {
            ApiError::unprocessable(format!(
                "Organizations with guids {unknown} do not exist, or you do not have access to them."
            ))
        })?;
        let answer = present(&cf, db, &quota);
        db.org_quotas.insert(quota.guid.clone(), quota);
        Ok((StatusCode::CREATED, Json(answer)))
    })
}

/// Gives a quota to organizations; fails with those that are not there.
fn give(db: &mut State, quota: &Guid, orgs: &[Guid]) -> Result<(), String> {
    let unknown: Vec<_> = orgs.iter().filter(|org| !db.orgs.contains_key(*org)).map(Guid::as_str).collect();
    if !unknown.is_empty() {
        return Err(format!("{unknown:?}"));
    }
    for org in orgs {
        if let Some(org) = db.orgs.get_mut(org) {
            org.quota = quota.clone();
        }
    }
    Ok(())
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    Who::must(who.is_admin())?;
    cf.store.write(|db| {
        let quota = db.org_quotas.get(guid.as_str()).ok_or_else(not_found)?;
        body.only(&["name", "apps", "services", "routes", "domains"]);
        let name = body.new_name(250).unwrap_or_else(|| quota.name.clone());
        let mut limits = quota.limits.clone();
        read_limits(&mut body, &mut limits);
        body.finish()?;
        if db.org_quotas.values().any(|other| other.name.eq_ignore_ascii_case(&name) && other.guid.as_str() != guid) {
            return Err(ApiError::unprocessable(format!("Organization Quota '{name}' already exists.")));
        }
        let quota = db.org_quotas.get_mut(guid.as_str()).ok_or_else(not_found)?;
        *quota = OrgQuota { name, limits, updated_at: Timestamp::now(), ..quota.clone() };
        let quota = quota.clone();
        Ok(Json(present(&cf, db, &quota)))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    Who::must(who.is_admin())?;
    let quota = cf.store.read(|db| {
        let quota = db.org_quotas.get(guid.as_str()).ok_or_else(not_found)?;
        if holders(db, &quota.guid).next().is_some() {
            return Err(ApiError::unprocessable(
                "This quota is applied to one or more organizations. Apply different quotas to those organizations \
                 before deleting.",
            ));
        }
        Ok(quota.guid.clone())
    })?;
    Ok(jobs::run(&cf, "organization_quota.delete", None, move |db| {
        db.org_quotas.shift_remove(&quota);
        Ok(Vec::new())
    }))
}

async fn apply(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    Who::must(who.is_admin())?;
    let orgs = body.typed("data", "must be an array", |data| guids(Some(data))).value().unwrap_or_default();
    body.finish()?;
    cf.store.write(|db| {
        let quota = db.org_quotas.get(guid.as_str()).ok_or_else(not_found)?.guid.clone();
        give(db, &quota, &orgs)
            .map_err(|unknown| ApiError::unprocessable(format!("Organizations with guids {unknown} do not exist")))?;
        let mut answer = to_many(holders(db, &quota));
        let path = format!("/v3/organization_quotas/{quota}/relationships/organizations");
        answer["links"] = json!({ "self": href(&cf, &path) });
        Ok(Json(answer))
    })
}
