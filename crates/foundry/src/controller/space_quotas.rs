//! Quotas of spaces.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/space_quotas` | list |
//! | `POST /v3/space_quotas` | create |
//! | `GET`, `PATCH`, `DELETE /v3/space_quotas/:guid` | show, change, delete |
//! | `POST …/relationships/spaces`, `DELETE …/:space` | give it to spaces, take it away |

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
use crate::controller::{Api, Cf, href, jobs, to_many, to_one};
use crate::platform::Platform;
use crate::state::quota::QuotaLimits;
use crate::state::{Guid, SpaceQuota, State, timestamp};

const LIST: Spec = Spec::new(&["names", "organization_guids", "space_guids"]).ordered(&["name"]).without_labels();

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/space_quotas", routing::get(list).post(create))
        .route("/v3/space_quotas/{guid}", routing::get(show).patch(update).delete(destroy))
        .route("/v3/space_quotas/{guid}/relationships/spaces", routing::post(apply))
        .route("/v3/space_quotas/{guid}/relationships/spaces/{space}", routing::delete(take))
}

fn holders<'a>(db: &'a State, quota: &'a Guid) -> impl Iterator<Item = &'a Guid> {
    db.spaces.values().filter(move |space| space.quota.as_ref() == Some(quota)).map(|space| &space.guid)
}

fn present(cf: &Platform, db: &State, quota: &SpaceQuota) -> Value {
    let mut answer = json!({
        "guid": quota.guid,
        "created_at": timestamp(quota.created_at),
        "updated_at": timestamp(quota.updated_at),
        "name": quota.name,
    });
    if let (Some(fields), Value::Object(limits)) = (answer.as_object_mut(), present_limits(&quota.limits)) {
        fields.extend(limits);
    }
    answer["relationships"] =
        json!({ "organization": to_one(Some(&quota.org)), "spaces": to_many(holders(db, &quota.guid)) });
    answer["links"] = json!({
        "self": href(cf, &format!("/v3/space_quotas/{}", quota.guid)),
        "organization": href(cf, &format!("/v3/organizations/{}", quota.org)),
    });
    answer
}

fn find<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a SpaceQuota> {
    let quota = db.space_quotas.get(guid).filter(|quota| who.can_read_org(db, &quota.org));
    quota.ok_or_else(|| ApiError::not_found("Space quota"))
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let quotas = db.space_quotas.values().filter(|quota| {
            who.can_read_org(db, &quota.org)
                && query.wants_name("names", &quota.name)
                && query.wants("organization_guids", quota.org.as_str())
                && query.wants_any("space_guids", holders(db, &quota.guid).map(Guid::as_str))
        });
        Ok(Json(query.page(&cf, "/v3/space_quotas", quotas).present(|quota| present(&cf, db, quota))))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| Ok(Json(present(&cf, db, find(&who, db, &guid)?))))
}

fn taken(db: &State, org: &Guid, name: &str, but: &str) -> ApiResult<()> {
    let same = |quota: &SpaceQuota| quota.org == *org && quota.name.eq_ignore_ascii_case(name);
    if db.space_quotas.values().any(|quota| same(quota) && quota.guid.as_str() != but) {
        return Err(ApiError::unprocessable(format!("Space Quota '{name}' already exists.")));
    }
    Ok(())
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    body.only(&["name", "apps", "services", "routes", "relationships"]);
    let org = body.needs_one("organization");
    let name = body.name(250);
    let mut limits = QuotaLimits { paid_services_allowed: true, ..QuotaLimits::default() };
    read_limits(&mut body, &mut limits);
    let spaces = body.related_many("spaces").value().unwrap_or_default();
    body.finish()?;
    cf.store.write(|db| {
        if who.org(db, org.as_str()).is_err() {
            return Err(ApiError::unprocessable(format!(
                "Organization with guid '{org}' does not exist, or you do not have access to it."
            )));
        }
        who.must_write_org(db, &org)?;
        taken(db, &org, &name, "")?;
        let now = Timestamp::now();
        let quota = SpaceQuota { guid: Guid::random(), name, org, limits, created_at: now, updated_at: now };
        give(db, &quota, &spaces)?;
        let answer = present(&cf, db, &quota);
        db.space_quotas.insert(quota.guid.clone(), quota);
        Ok((StatusCode::CREATED, Json(answer)))
    })
}

fn give(db: &mut State, quota: &SpaceQuota, spaces: &[Guid]) -> ApiResult<()> {
    let unknown: Vec<_> = spaces.iter().filter(|space| !db.spaces.contains_key(*space)).map(Guid::as_str).collect();
    if !unknown.is_empty() {
        return Err(ApiError::unprocessable(format!(
            "Spaces with guids {unknown:?} do not exist, or you do not have access to them."
        )));
    }
    for space in spaces {
        if let Some(space) = db.spaces.get_mut(space) {
            if space.org != quota.org {
                return Err(ApiError::unprocessable(
                    "Space quotas cannot be applied outside of their owning organization.",
                ));
            }
            space.quota = Some(quota.guid.clone());
        }
    }
    Ok(())
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    cf.store.write(|db| {
        let quota = find(&who, db, &guid)?.clone();
        who.must_write_org(db, &quota.org)?;
        body.only(&["name", "apps", "services", "routes"]);
        let name = body.new_name(250).unwrap_or_else(|| quota.name.clone());
        let mut limits = quota.limits.clone();
        read_limits(&mut body, &mut limits);
        body.finish()?;
        taken(db, &quota.org, &name, &guid)?;
        let quota = SpaceQuota { name, limits, updated_at: Timestamp::now(), ..quota };
        let answer = present(&cf, db, &quota);
        db.space_quotas.insert(quota.guid.clone(), quota);
        Ok(Json(answer))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let quota = cf.store.read(|db| {
        let quota = find(&who, db, &guid)?;
        who.must_write_org(db, &quota.org)?;
        Ok::<_, ApiError>(quota.guid.clone())
    })?;
    Ok(jobs::run(&cf, "space_quota.delete", None, move |db| {
        for space in db.spaces.values_mut().filter(|space| space.quota.as_ref() == Some(&quota)) {
            space.quota = None;
        }
        db.space_quotas.shift_remove(&quota);
        Ok(Vec::new())
    }))
}

async fn apply(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    let spaces = body.typed("data", "must be an array", |data| guids(Some(data))).value().unwrap_or_default();
    body.finish()?;
    cf.store.write(|db| {
        let quota = find(&who, db, &guid)?.clone();
        who.must_write_org(db, &quota.org)?;
        give(db, &quota, &spaces)?;
        let mut answer = to_many(holders(db, &quota.guid));
        let path = format!("/v3/space_quotas/{guid}/relationships/spaces");
        answer["links"] = json!({ "self": href(&cf, &path) });
        Ok(Json(answer))
    })
}

async fn take(Shared(cf): Cf, who: Who, Path((guid, space)): Path<(String, String)>) -> ApiResult<StatusCode> {
    cf.store.write(|db| {
        let quota = find(&who, db, &guid)?.clone();
        who.must_write_org(db, &quota.org)?;
        match db.spaces.get_mut(space.as_str()).filter(|space| space.quota.as_ref() == Some(&quota.guid)) {
            Some(space) => {
                space.quota = None;
                Ok(StatusCode::NO_CONTENT)
            }
            None => Err(ApiError::unprocessable(format!(
                "Unable to remove quota from space with guid '{space}'. Ensure the space quota is applied to this space."
            ))),
        }
    })
}
