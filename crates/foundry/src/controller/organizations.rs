//! Organizations.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/organizations` | list |
//! | `POST /v3/organizations` | create; administrators only |
//! | `GET /v3/organizations/:guid` | show |
//! | `PATCH /v3/organizations/:guid` | name, suspended, metadata |
//! | `DELETE /v3/organizations/:guid` | with all that is in it, as a job |
//! | `GET …/usage_summary` | what is used of the quota |
//! | `GET …/domains`, `GET …/domains/default` | the domains that it may use |
//! | `GET …/relationships/default_isolation_segment` | always null |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::quotas::Usage;
use crate::controller::{Api, Cf, domains, feature_flags, href, jobs, metadata, to_one};
use crate::platform::Platform;
use crate::state::{Domain, Guid, Metadata, Org, Party, Role, RoleKind, State, timestamp};

const LIST: Spec = Spec::new(&["names", "isolation_segment_guid"]).ordered(&["name"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/organizations", routing::get(list).post(create))
        .route("/v3/organizations/{guid}", routing::get(show).patch(update).delete(destroy))
        .route("/v3/organizations/{guid}/usage_summary", routing::get(usage_summary))
        .route("/v3/organizations/{guid}/domains", routing::get(list_domains))
        .route("/v3/organizations/{guid}/domains/default", routing::get(default_domain))
        .route(
            "/v3/organizations/{guid}/relationships/default_isolation_segment",
            routing::get(default_isolation_segment),
        )
}

/// An organization as the API shows it.
pub(super) fn present(cf: &Platform, org: &Org) -> Value {
    let path = format!("/v3/organizations/{}", org.guid);
    json!({
        "guid": org.guid,
        "created_at": timestamp(org.created_at),
        "updated_at": timestamp(org.updated_at),
        "name": org.name,
        "suspended": org.suspended,
        "relationships": { "quota": to_one(Some(&org.quota)) },
        "metadata": metadata(&org.metadata),
        "links": {
            "self": href(cf, &path),
            "domains": href(cf, &format!("{path}/domains")),
            "default_domain": href(cf, &format!("{path}/domains/default")),
            "quota": href(cf, &format!("/v3/organization_quotas/{}", org.quota)),
        },
    })
}

fn party(org: &Org) -> Party {
    Party::new("organization", &org.guid, &org.name)
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let orgs =
            db.orgs.values().filter(|org| query.wants_name("names", &org.name) && who.can_read_org(db, &org.guid));
        Ok(Json(query.page(&cf, "/v3/organizations", orgs).present(|org| present(&cf, org))))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| Ok(Json(present(&cf, who.org(db, &guid)?))))
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    body.only(&["name", "suspended", "metadata"]);
    let name = body.needed_name(255);
    let suspended = body.boolean("suspended").value().unwrap_or(false);
    let change = body.metadata();
    cf.store.write(|db| {
        Who::must(who.is_admin() || feature_flags::enabled(db, "user_org_creation"))?;
        body.finish()?;
        Who::must(!suspended || who.is_admin())?;
        if db.org_named(&name).is_some() {
            return Err(ApiError::unprocessable(format!("Organization '{name}' already exists.")));
        }
        let now = Timestamp::now();
        let quota = db.org_quotas.values().find(|quota| quota.name == "default").or(db.org_quotas.values().next());
        let quota = quota.map(|quota| quota.guid.clone()).ok_or_else(|| ApiError::not_found("Organization quota"))?;
        let mut org = Org {
            guid: Guid::random(),
            name,
            suspended,
            quota,
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        };
        change.apply(&mut org.metadata);
        if !who.is_admin() {
            for kind in [RoleKind::OrganizationUser, RoleKind::OrganizationManager] {
                let role = Role {
                    guid: Guid::random(),
                    kind,
                    user: who.guid(),
                    org: org.guid.clone(),
                    space: None,
                    created_at: now,
                    updated_at: now,
                };
                db.roles.insert(role.guid.clone(), role);
            }
        }
        let data = json!({ "request": { "name": org.name } });
        db.record_in_org("audit.organization.create", who.actor(), party(&org), None, Some(&org.guid), data);
        let answer = present(&cf, &org);
        db.orgs.insert(org.guid.clone(), org);
        Ok((StatusCode::CREATED, Json(answer)))
    })
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    cf.store.write(|db| {
        let guid = who.org(db, &guid)?.guid.clone();
        who.must_write_org(db, &guid)?;
        body.only(&["name", "suspended", "metadata"]);
        let name = body.new_name(255);
        let suspended = body.boolean("suspended").value();
        let change = body.metadata();
        body.finish()?;
        Who::must(suspended.is_none() || who.is_admin())?;
        if let Some(name) = &name
            && db.org_named(name).is_some_and(|other| other.guid != guid)
        {
            return Err(ApiError::unprocessable(format!("Organization name '{name}' is already taken.")));
        }
        let org = db.orgs.get_mut(&guid).ok_or_else(|| ApiError::not_found("Organization"))?;
        if let Some(name) = name {
            org.name = name;
        }
        org.suspended = suspended.unwrap_or(org.suspended);
        change.apply(&mut org.metadata);
        org.updated_at = Timestamp::now();
        let org = org.clone();
        db.record_in_org("audit.organization.update", who.actor(), party(&org), None, Some(&guid), json!({}));
        Ok(Json(present(&cf, &org)))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let org = cf.store.read(|db| {
        let org = who.org(db, &guid)?;
        Who::must(who.is_admin())?;
        Ok::<_, ApiError>(org.clone())
    })?;
    let actor = who.actor();
    Ok(jobs::run(&cf, "organization.delete", None, move |db| {
        db.remove_org(&org.guid);
        let request = json!({ "request": { "recursive": true } });
        db.record_in_org("audit.organization.delete-request", actor, party(&org), None, Some(&org.guid), request);
        Ok(Vec::new())
    }))
}

async fn usage_summary(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let org = who.org(db, &guid)?;
        let path = format!("/v3/organizations/{guid}");
        Ok(Json(json!({
            "usage_summary": Usage::of_org(db, &org.guid).present(),
            "links": { "self": href(&cf, &format!("{path}/usage_summary")), "organization": href(&cf, &path) },
        })))
    })
}

async fn list_domains(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let org = who.org(db, &guid)?;
        let query = ListQuery::new(query, &domains::LIST)?;
        let seen = |domain: &Domain| domain.org.is_none() || who.can_read_domains(db, &org.guid);
        let usable = db.domains.values().filter(|domain| domain.usable_by(&org.guid) && seen(domain));
        let wanted = usable.filter(|domain| domains::wanted(&query, domain));
        let path = format!("/v3/organizations/{guid}/domains");
        Ok(Json(query.page(&cf, &path, wanted).present(|domain| domains::present(&cf, db, domain))))
    })
}

async fn default_domain(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let org = who.org(db, &guid)?;
        let seen = |domain: &&Domain| domain.org.is_none() || who.can_read_domains(db, &org.guid);
        let domain = db.default_domain(&org.guid).filter(seen).ok_or_else(|| ApiError::not_found("Domain"))?;
        Ok(Json(domains::present(&cf, db, domain)))
    })
}

async fn default_isolation_segment(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let org = who.org(db, &guid)?;
        let path = format!("/v3/organizations/{}/relationships/default_isolation_segment", org.guid);
        Ok(Json(json!({ "data": null, "links": { "self": href(&cf, &path) } })))
    })
}

impl State {
    /// Removes an organization with all that is in it.
    pub(crate) fn remove_org(&mut self, org: &Guid) {
        let spaces: Vec<_> = self.spaces_of(org).map(|space| space.guid.clone()).collect();
        for space in spaces {
            self.remove_space(&space);
        }
        self.domains.retain(|_, domain| domain.org.as_ref() != Some(org));
        for domain in self.domains.values_mut() {
            domain.shared_with.retain(|guest| guest != org);
        }
        self.space_quotas.retain(|_, quota| quota.org != *org);
        self.roles.retain(|_, role| role.org != *org);
        self.orgs.shift_remove(org);
    }
}
