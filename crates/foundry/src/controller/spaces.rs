//! Spaces.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/spaces` | list; includes organizations |
//! | `POST /v3/spaces` | create |
//! | `GET /v3/spaces/:guid` | show |
//! | `PATCH /v3/spaces/:guid` | name, metadata |
//! | `DELETE /v3/spaces/:guid` | with all that is in it, as a job |
//! | `GET …/usage_summary` | what is used of the quota |
//! | `GET …/features`, `GET`, `PATCH …/features/ssh` | whether `cf ssh` is allowed |
//! | `GET …/relationships/isolation_segment` | always null |
//! | `DELETE …/routes?unmapped=true` | the routes without destinations, as a job |
//! | `GET …/running_security_groups`, `…/staging_security_groups` | always empty |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec, with_included};
use crate::controller::quotas::Usage;
use crate::controller::{Api, Cf, action, href, jobs, metadata, organizations, to_one};
use crate::platform::Platform;
use crate::state::{Domain, Guid, Party, Space, State, timestamp};

const LIST: Spec =
    Spec::new(&["names", "organization_guids", "include"]).including(&["org", "organization"]).ordered(&["name"]);

const SECURITY_GROUPS: Spec = Spec::new(&["names"]).without_labels();

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/spaces", routing::get(list).post(create))
        .route("/v3/spaces/{guid}", routing::get(show).patch(update).delete(destroy))
        .route("/v3/spaces/{guid}/usage_summary", routing::get(usage_summary))
        .route("/v3/spaces/{guid}/features", routing::get(features))
        .route("/v3/spaces/{guid}/features/{name}", routing::get(feature).patch(set_feature))
        .route("/v3/spaces/{guid}/relationships/isolation_segment", routing::get(isolation_segment))
        .route("/v3/spaces/{guid}/routes", routing::delete(destroy_unmapped_routes))
        .route("/v3/spaces/{guid}/running_security_groups", routing::get(running_security_groups))
        .route("/v3/spaces/{guid}/staging_security_groups", routing::get(staging_security_groups))
}

/// A space as the API shows it.
pub(super) fn present(cf: &Platform, space: &Space) -> Value {
    let path = format!("/v3/spaces/{}", space.guid);
    let mut links = json!({
        "self": href(cf, &path),
        "organization": href(cf, &format!("/v3/organizations/{}", space.org)),
        "features": href(cf, &format!("{path}/features")),
        "apply_manifest": action(cf, &format!("{path}/actions/apply_manifest"), "POST"),
    });
    if let Some(quota) = &space.quota {
        links["quota"] = href(cf, &format!("/v3/space_quotas/{quota}"));
    }
    json!({
        "guid": space.guid,
        "created_at": timestamp(space.created_at),
        "updated_at": timestamp(space.updated_at),
        "name": space.name,
        "relationships": { "organization": to_one(Some(&space.org)), "quota": to_one(space.quota.as_ref()) },
        "metadata": metadata(&space.metadata),
        "links": links,
    })
}

fn party(space: &Space) -> Party {
    Party::new("space", &space.guid, &space.name)
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let spaces = db.spaces.values().filter(|space| {
            query.wants_name("names", &space.name)
                && query.wants("organization_guids", space.org.as_str())
                && who.can_read_space(db, &space.guid)
        });
        let page = query.page(&cf, "/v3/spaces", spaces);
        let answer = page.present(|space| present(&cf, space));
        if query.includes("org") || query.includes("organization") {
            let orgs = page.records.iter().filter_map(|space| db.orgs.get(&space.org));
            return Ok(Json(with_included(answer, "organizations", orgs.map(|org| organizations::present(&cf, org)))));
        }
        Ok(Json(answer))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    let include = query.only_include(LIST.include)?;
    cf.store.read(|db| {
        let space = who.space(db, &guid)?;
        let answer = present(&cf, space);
        if include.is_empty() {
            return Ok(Json(answer));
        }
        let org = db.orgs.get(&space.org).map(|org| organizations::present(&cf, org));
        Ok(Json(with_included(answer, "organizations", org.into_iter())))
    })
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    body.only(&["name", "relationships", "metadata"]);
    let org = body.needs_one("organization");
    let name = body.needed_name(255);
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        if who.org(db, org.as_str()).is_err() {
            return Err(ApiError::unprocessable(
                "Invalid organization. Ensure the organization exists and you have access to it.",
            ));
        }
        who.must_write_org(db, &org)?;
        if db.space_named(&org, &name).is_some() {
            return Err(ApiError::unprocessable("Name must be unique per organization"));
        }
        let mut space = Space::new(&name, &org);
        change.apply(&mut space.metadata);
        let answer = present(&cf, &space);
        let (guid, target) = (space.guid.clone(), party(&space));
        let data = json!({ "request": { "name": space.name } });
        db.spaces.insert(guid.clone(), space);
        db.record("audit.space.create", who.actor(), target, Some(&guid), data);
        Ok((StatusCode::CREATED, Json(answer)))
    })
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    cf.store.write(|db| {
        let space = who.space(db, &guid)?.clone();
        who.must_manage_space(db, &space.guid)?;
        body.only(&["name", "metadata"]);
        let name = body.new_name(255);
        let change = body.metadata();
        body.finish()?;
        if let Some(name) = &name
            && db.space_named(&space.org, name).is_some_and(|other| other.guid != space.guid)
        {
            let org = db.orgs.get(&space.org).map_or("", |org| org.name.as_str());
            return Err(ApiError::unprocessable(format!(
                "Organization '{org}' already contains a space with name '{name}'."
            )));
        }
        let space = db.spaces.get_mut(&space.guid).ok_or_else(|| ApiError::not_found("Space"))?;
        if let Some(name) = name {
            space.name = name;
        }
        change.apply(&mut space.metadata);
        space.updated_at = Timestamp::now();
        let space = space.clone();
        db.record("audit.space.update", who.actor(), party(&space), Some(&space.guid), json!({}));
        Ok(Json(present(&cf, &space)))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let space = cf.store.read(|db| {
        let space = who.space(db, &guid)?;
        who.must_write_org(db, &space.org)?;
        Ok::<_, ApiError>(space.clone())
    })?;
    Ok(jobs::run(&cf, "space.delete", None, move |db| {
        let request = json!({ "request": { "recursive": true } });
        db.record("audit.space.delete-request", who.actor(), party(&space), Some(&space.guid), request);
        db.remove_space(&space.guid);
        Ok(Vec::new())
    }))
}

async fn usage_summary(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let space = who.space(db, &guid)?;
        let path = format!("/v3/spaces/{guid}");
        Ok(Json(json!({
            "usage_summary": Usage::of_space(db, &space.guid).present(),
            "links": { "self": href(&cf, &format!("{path}/usage_summary")), "space": href(&cf, &path) },
        })))
    })
}

fn ssh(space: &Space) -> Value {
    json!({ "name": "ssh", "description": "Enable SSHing into apps in the space.", "enabled": space.ssh })
}

async fn features(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| Ok(Json(json!({ "resources": [ssh(who.space(db, &guid)?)] }))))
}

async fn feature(Shared(cf): Cf, who: Who, Path((guid, name)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let space = who.space(db, &guid)?;
        if name == "ssh" { Ok(Json(ssh(space))) } else { Err(ApiError::not_found("Feature")) }
    })
}

async fn set_feature(
    Shared(cf): Cf,
    who: Who,
    Path((guid, name)): Path<(String, String)>,
    mut body: Message,
) -> ApiResult<Json<Value>> {
    body.only(&["enabled"]);
    let enabled = body.boolean("enabled").value();
    if enabled.is_none() {
        body.problem("Enabled must be a boolean");
    }
    body.finish()?;
    cf.store.write(|db| {
        let guid = who.space(db, &guid)?.guid.clone();
        if name != "ssh" {
            return Err(ApiError::not_found("Feature"));
        }
        who.must_manage_space(db, &guid)?;
        let space = db.spaces.get_mut(&guid).ok_or_else(|| ApiError::not_found("Space"))?;
        space.ssh = enabled.unwrap_or(space.ssh);
        Ok(Json(ssh(space)))
    })
}

async fn isolation_segment(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let space = who.space(db, &guid)?;
        let path = format!("/v3/spaces/{}/relationships/isolation_segment", space.guid);
        Ok(Json(json!({ "data": null, "links": { "self": href(&cf, &path) } })))
    })
}

async fn destroy_unmapped_routes(
    Shared(cf): Cf,
    who: Who,
    Path(guid): Path<String>,
    query: Query,
) -> ApiResult<Response> {
    query.only(&["unmapped"])?;
    if query.get("unmapped") != Some("true") {
        return Err(ApiError::unprocessable(
            "Mass delete not supported for routes. Use 'unmapped=true' parameter to delete all unmapped routes.",
        ));
    }
    let space = cf.store.read(|db| {
        let space = who.space(db, &guid)?.guid.clone();
        who.must_write_space(db, &space)?;
        Ok::<_, ApiError>(space)
    })?;
    Ok(jobs::run(&cf, "space.delete_unmapped_routes", None, move |db| {
        let bound: Vec<Guid> = db.route_bindings.values().map(|binding| binding.route.clone()).collect();
        db.remove_routes(|route| route.space == space && route.destinations.is_empty() && !bound.contains(&route.guid));
        Ok(Vec::new())
    }))
}

async fn running_security_groups(
    Shared(cf): Cf,
    who: Who,
    Path(guid): Path<String>,
    query: Query,
) -> ApiResult<Json<Value>> {
    no_security_groups(&cf, &who, &guid, query, "running")
}

async fn staging_security_groups(
    Shared(cf): Cf,
    who: Who,
    Path(guid): Path<String>,
    query: Query,
) -> ApiResult<Json<Value>> {
    no_security_groups(&cf, &who, &guid, query, "staging")
}

fn no_security_groups(cf: &Platform, who: &Who, guid: &str, query: Query, phase: &str) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &SECURITY_GROUPS)?;
    cf.store.read(|db| {
        let space = who.space(db, guid)?;
        let path = format!("/v3/spaces/{}/{phase}_security_groups", space.guid);
        Ok(Json(query.page(cf, &path, std::iter::empty::<&Domain>()).present(|_| Value::Null)))
    })
}

impl State {
    /// Removes a space with all that is in it.
    pub(crate) fn remove_space(&mut self, space: &Guid) {
        let apps: Vec<_> = self.apps.values().filter(|app| app.space == *space).map(|app| app.guid.clone()).collect();
        for app in apps {
            self.remove_app(&app);
        }
        self.remove_routes(|route| route.space == *space);
        self.service_bindings.retain(|_, binding| {
            self.service_instances.get(&binding.instance).is_none_or(|instance| instance.space != *space)
        });
        self.service_instances.retain(|_, instance| instance.space != *space);
        self.roles.retain(|_, role| role.space.as_ref() != Some(space));
        self.spaces.shift_remove(space);
    }
}
