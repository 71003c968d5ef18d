//! Domains.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/domains` | list: the shared ones and those of the user's organizations |
//! | `POST /v3/domains` | create: shared, for TCP where it has a router group, internal, or of an organization |
//! | `GET /v3/domains/:guid` | show |
//! | `PATCH /v3/domains/:guid` | metadata |
//! | `DELETE /v3/domains/:guid` | with its routes, as a job |
//! | `GET …/route_reservations` | whether a route is there, in any space |
//! | `POST …/relationships/shared_organizations`, `DELETE …/:org` | share and unshare a private domain |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::{Field, Message, guids};
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::labels::is_dns_name;
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, feature_flags, href, jobs, metadata, to_many, to_one};
use crate::platform::Platform;
use crate::state::{Domain, Guid, Metadata, State, timestamp};

/// What lists of domains take.
pub(super) const LIST: Spec = Spec::new(&["names", "organization_guids"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/domains", routing::get(list).post(create))
        .route("/v3/domains/{guid}", routing::get(show).patch(update).delete(destroy))
        .route("/v3/domains/{guid}/route_reservations", routing::get(route_reservations))
        .route("/v3/domains/{guid}/relationships/shared_organizations", routing::post(share))
        .route("/v3/domains/{guid}/relationships/shared_organizations/{org}", routing::delete(unshare))
}

/// A domain as the API shows it.
pub(super) fn present(cf: &Platform, db: &State, domain: &Domain) -> Value {
    let path = format!("/v3/domains/{}", domain.guid);
    let mut links = json!({
        "self": href(cf, &path),
        "route_reservations": href(cf, &format!("{path}/route_reservations")),
    });
    if let Some(org) = &domain.org {
        links["organization"] = href(cf, &format!("/v3/organizations/{org}"));
        links["shared_organizations"] = href(cf, &format!("{path}/relationships/shared_organizations"));
    }
    if let Some(group) = &domain.router_group {
        links["router_group"] = href(cf, &format!("/routing/v1/router_groups/{group}"));
    }
    let mut shown = json!({
        "guid": domain.guid,
        "created_at": timestamp(domain.created_at),
        "updated_at": timestamp(domain.updated_at),
        "name": domain.name,
        "internal": domain.internal,
        "router_group": domain.router_group.as_ref().map(|guid| json!({ "guid": guid })),
        "supported_protocols": [db.protocol_of(domain)],
        "relationships": {
            "organization": to_one(domain.org.as_ref()),
            "shared_organizations": to_many(domain.shared_with.iter()),
        },
        "metadata": metadata(&domain.metadata),
        "links": links,
    });
    // (`DomainPresenter`: of others neither key is told.)
    if let Some(scope) = &domain.route_policies {
        shown["enforce_route_policies"] = json!(true);
        shown["route_policies_scope"] = json!(scope);
    }
    shown
}

/// Whether the filters let a domain through.
pub(super) fn wanted(query: &ListQuery, domain: &Domain) -> bool {
    query.wants_name("names", &domain.name)
        && query.wants_any("organization_guids", domain.org.iter().map(Guid::as_str))
}

fn visible(who: &Who, db: &State, domain: &Domain) -> bool {
    let mut orgs = domain.org.iter().chain(&domain.shared_with);
    domain.org.is_none() || orgs.any(|org| who.can_read_domains(db, org))
}

fn find<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a Domain> {
    let domain = db.domains.get(guid).filter(|domain| visible(who, db, domain));
    domain.ok_or_else(|| ApiError::not_found("Domain"))
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let domains = db.domains.values().filter(|domain| wanted(&query, domain) && visible(&who, db, domain));
        Ok(Json(query.page(&cf, "/v3/domains", domains).present(|domain| present(&cf, db, domain))))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| Ok(Json(present(&cf, db, find(&who, db, &guid)?))))
}

/// Checks a domain's name as the Cloud Controller does. (`domain_create_message.rb`)
fn check_name(body: &mut Message) -> String {
    let name = body.string("name").value().unwrap_or_default();
    if name.trim().is_empty() {
        body.problem("Name can't be blank");
    }
    let length = name.chars().count();
    if length < 3 {
        body.problem("Name is too short (minimum is 3 characters)");
    } else if length > 253 {
        body.problem("Name is too long (maximum is 253 characters)");
    }
    if !is_dns_name(&name) {
        body.problem("Name does not comply with RFC 1035 standards");
    }
    if !name.contains('.') {
        body.problem("Name must contain at least one \".\"");
    }
    if name.split('.').any(|label| label.len() > 63) {
        body.problem("Name subdomains must each be at most 63 characters");
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')) {
        body.problem("Name must consist of alphanumeric characters and hyphens");
    }
    name
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    body.only(&[
        "name",
        "internal",
        "relationships",
        "router_group",
        "metadata",
        "enforce_route_policies",
        "route_policies_scope",
    ]);
    let name = check_name(&mut body);
    let internal = body.boolean("internal").value().unwrap_or(false);
    let group = read_router_group(&mut body);
    let private = body.has("relationships");
    let org = body.related_one("organization").value();
    let shared_with = body.related_many("shared_organizations").value().unwrap_or_default();
    if internal && private {
        body.problem("Cannot associate an internal domain with an organization");
    }
    if internal && body.has("router_group") {
        body.problem("Internal domains cannot be associated to a router group.");
    }
    if private && body.has("router_group") {
        body.problem("Domains scoped to an organization cannot be associated to a router group.");
    }
    if org.is_none() && !shared_with.is_empty() {
        body.problem("Relationships cannot contain shared_organizations without an owning organization.");
    }
    let policies = read_route_policies(&mut body, internal);
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        if private {
            let guid = org.clone().unwrap_or_else(|| Guid::from(""));
            if !db.orgs.contains_key(&guid) {
                return Err(no_such_org(&guid));
            }
            who.must_write_org(db, &guid)?;
            if !who.is_admin() {
                feature_flags::must_be_enabled(db, "private_domain_creation")?;
            }
            check_guests(&who, db, &guid, &shared_with)?;
        } else {
            Who::must(who.is_admin())?;
        }
        if let Some(group) = &group
            && !db.router_groups.contains_key(group)
        {
            return Err(ApiError::unprocessable(format!("Router group with guid '{group}' not found.")));
        }
        check_free(db, &name, org.as_ref())?;
        let now = Timestamp::now();
        let mut domain = Domain {
            guid: Guid::random(),
            name,
            internal,
            route_policies: policies,
            router_group: group,
            org,
            shared_with,
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        };
        change.apply(&mut domain.metadata);
        let answer = present(&cf, db, &domain);
        db.domains.insert(domain.guid.clone(), domain);
        Ok((StatusCode::CREATED, Json(answer)))
    })
}

/// Whose apps route policies may name, where a domain lets in no others. (`DomainCreateMessage#route_policies_scope_validation`,
/// `#validate_internal_domain_exclusions`, `#validate_router_group_exclusions`)
fn read_route_policies(body: &mut Message, internal: bool) -> Option<String> {
    let is_enforced = body.boolean("enforce_route_policies").value().unwrap_or(false);
    let scope = body.raw("route_policies_scope").and_then(Value::as_str).map(ToOwned::to_owned);
    let is_given = body.raw("route_policies_scope").is_some_and(|scope| !scope.is_null());
    if is_given && !scope.as_deref().is_some_and(|scope| ["any", "org", "space"].contains(&scope)) {
        body.problem("Route policies scope must be one of 'any', 'org', 'space'");
    }
    if is_enforced && internal {
        body.problem("Internal domains cannot have route policy enforcement. Internal routes bypass GoRouter.");
    }
    if is_enforced && body.has("router_group") {
        body.problem(
            "Domains with a router group cannot have route policy enforcement. TCP routes do not support mTLS policy enforcement.",
        );
    }
    if is_enforced && scope.is_none() && !is_given {
        body.problem("Route policies scope is required when enforce_route_policies is true");
    }
    scope.filter(|_| is_enforced)
}

/// (`DomainCreateMessage#router_group_validation`)
fn read_router_group(body: &mut Message) -> Option<Guid> {
    let group = body.object("router_group").value()?;
    let unknown: Vec<_> = group.keys().filter(|key| *key != "guid").map(String::as_str).collect();
    if !unknown.is_empty() {
        body.problem(format!("Router group Unknown field(s): '{}'", unknown.join("', '")));
    }
    let guid = group.get("guid").and_then(Value::as_str).map(Guid::from);
    if guid.is_none() {
        body.problem("Router group guid must be a string");
    }
    guid
}

fn no_such_org(guid: &Guid) -> ApiError {
    ApiError::unprocessable(format!("Organization with guid '{guid}' does not exist or you do not have access to it."))
}

/// Refuses a name that another domain or a route has, or that lies inside or around another organization's.
fn check_free(db: &State, name: &str, org: Option<&Guid>) -> ApiResult<()> {
    if db.domain_named(name).is_some() {
        return Err(ApiError::unprocessable(format!("The domain name \"{name}\" is already in use")));
    }
    let reserved = |by: &str, what: &str| {
        Err(ApiError::unprocessable(format!(
            "The domain name \"{name}\" cannot be created because \"{by}\" is already reserved by {what}"
        )))
    };
    let parents = || name.match_indices('.').map(|(dot, _)| &name[dot + 1..]).filter(|parent| parent.contains('.'));
    for parent in parents() {
        if let Some(domain) = db.domain_named(parent)
            && domain.org.is_some()
            && domain.org.as_ref() != org
        {
            return reserved(parent, "another domain");
        }
    }
    if org.is_some()
        && let Some(inside) = db.domains.values().find(|domain| {
            let lower = domain.name.to_lowercase();
            lower.strip_suffix(&name.to_lowercase()).is_some_and(|rest| rest.ends_with('.'))
                && domain.org.as_ref() != org
        })
    {
        return reserved(&inside.name, "another domain");
    }
    for candidate in std::iter::once(name).chain(parents()) {
        if let Some((host, domain)) = candidate.split_once('.')
            && let Some(domain) = db.domain_named(domain)
            && db.routes.values().any(|route| route.domain == domain.guid && route.host.eq_ignore_ascii_case(host))
        {
            return reserved(candidate, "a route");
        }
    }
    Ok(())
}

fn check_guests(who: &Who, db: &State, owner: &Guid, guests: &[Guid]) -> ApiResult<()> {
    for guest in guests {
        let Some(org) = db.orgs.get(guest).filter(|org| who.can_read_org(db, &org.guid)) else {
            return Err(ApiError::unprocessable(format!(
                "Organization with guid '{guest}' does not exist, or you do not have access to it."
            )));
        };
        if !who.can_write_org(db, guest) {
            return Err(ApiError::unprocessable(format!(
                "You do not have sufficient permissions for organization '{}' to share domain.",
                org.name
            )));
        }
    }
    if guests.contains(owner) {
        return Err(ApiError::unprocessable("Domain cannot be shared with owning organization."));
    }
    Ok(())
}

/// Fails unless the user may change a domain: its organization's manager, an administrator for shared ones.
fn must_write(who: &Who, db: &State, domain: &Domain) -> ApiResult<()> {
    match &domain.org {
        Some(org) => who.must_write_org(db, org),
        None => Who::must(who.is_admin()),
    }
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["metadata"]);
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        let domain = find(&who, db, &guid)?;
        must_write(&who, db, domain)?;
        let domain = db.domains.get_mut(guid.as_str()).ok_or_else(|| ApiError::not_found("Domain"))?;
        change.apply(&mut domain.metadata);
        domain.updated_at = Timestamp::now();
        let domain = domain.clone();
        Ok(Json(present(&cf, db, &domain)))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let domain = cf.store.read(|db| {
        let domain = find(&who, db, &guid)?;
        must_write(&who, db, domain)?;
        if !domain.shared_with.is_empty() {
            return Err(ApiError::unprocessable(
                "This domain is shared with other organizations. Unshare before deleting.",
            ));
        }
        Ok(domain.guid.clone())
    })?;
    Ok(jobs::run(&cf, "domain.delete", None, move |db| {
        db.remove_routes(|route| route.domain == domain);
        db.domains.shift_remove(&domain);
        Ok(Vec::new())
    }))
}

async fn route_reservations(
    Shared(cf): Cf,
    who: Who,
    Path(guid): Path<String>,
    query: Query,
) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let domain = find(&who, db, &guid)?;
        let given = |key: &str| query.get(key).unwrap_or_default();
        // The database keeps the port of a route that has none as 0.
        let port = match query.get("port") {
            None | Some("0") => Some(None),
            Some(port) => port.parse().ok().map(Some),
        };
        let matching = port.and_then(|port| db.route_at(given("host"), &domain.guid, given("path"), port));
        Ok(Json(json!({ "matching_route": matching.is_some() })))
    })
}

async fn share(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    let guests = match body.typed("data", "must be an array", |data| guids(Some(data))) {
        Field::Is(guests) => guests,
        Field::Null | Field::Absent => {
            body.problem("Data can't be blank");
            Vec::new()
        }
    };
    body.finish()?;
    cf.store.write(|db| {
        let domain = find(&who, db, &guid)?;
        must_write(&who, db, domain)?;
        let Some(owner) = domain.org.clone() else {
            return Err(ApiError::unprocessable(
                "Domains cannot be shared with other organizations unless they are scoped to an organization.",
            ));
        };
        check_guests(&who, db, &owner, &guests)?;
        let domain = db.domains.get_mut(guid.as_str()).ok_or_else(|| ApiError::not_found("Domain"))?;
        for guest in guests {
            if !domain.shared_with.contains(&guest) {
                domain.shared_with.push(guest);
            }
        }
        Ok(Json(to_many(domain.shared_with.iter())))
    })
}

async fn unshare(Shared(cf): Cf, who: Who, Path((guid, org)): Path<(String, String)>) -> ApiResult<StatusCode> {
    cf.store.write(|db| {
        let domain = find(&who, db, &guid)?;
        let guest = db.orgs.get(org.as_str()).ok_or_else(|| no_such_org(&Guid::from(org.as_str())))?;
        let (guest, name) = (guest.guid.clone(), guest.name.clone());
        Who::must(who.can_write_org(db, &guest) || must_write(&who, db, domain).is_ok())?;
        if !domain.shared_with.contains(&guest) {
            return Err(ApiError::unprocessable(format!(
                "Unable to unshare domain from organization with name '{name}'. Ensure the domain is shared to this \
                 organization."
            )));
        }
        let used = db.routes.values().any(|route| {
            route.domain == domain.guid && db.spaces.get(&route.space).is_some_and(|space| space.org == guest)
        });
        if used {
            return Err(ApiError::unprocessable(
                "This domain has associated routes in this organization. Delete the routes before unsharing.",
            ));
        }
        let domain = db.domains.get_mut(guid.as_str()).ok_or_else(|| ApiError::not_found("Domain"))?;
        domain.shared_with.retain(|one| *one != guest);
        Ok(StatusCode::NO_CONTENT)
    })
}
