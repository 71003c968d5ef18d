//! Roles of users in organizations and spaces.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/roles` | list; includes users, spaces, organizations |
//! | `POST /v3/roles` | give one to a user, by guid or by name |
//! | `GET`, `DELETE /v3/roles/:guid` | show; take it away, as a job |

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
use crate::controller::{Api, Cf, feature_flags, href, jobs, organizations, spaces, to_one, users};
use crate::platform::Platform;
use crate::state::{Guid, Role, RoleKind, State, User, timestamp};

const LIST: Spec = Spec::new(&["organization_guids", "space_guids", "user_guids", "types", "include"])
    .including(&["user", "space", "organization"])
    .without_labels();

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/roles", routing::get(list).post(create))
        .route("/v3/roles/{guid}", routing::get(show).delete(destroy))
}

fn present(cf: &Platform, role: &Role) -> Value {
    let mut links = json!({
        "self": href(cf, &format!("/v3/roles/{}", role.guid)),
        "user": href(cf, &format!("/v3/users/{}", role.user)),
    });
    let org = if let Some(space) = &role.space {
        links["space"] = href(cf, &format!("/v3/spaces/{space}"));
        None
    } else {
        links["organization"] = href(cf, &format!("/v3/organizations/{}", role.org));
        Some(&role.org)
    };
    json!({
        "guid": role.guid,
        "created_at": timestamp(role.created_at),
        "updated_at": timestamp(role.updated_at),
        "type": role.kind,
        "relationships": {
            "user": to_one(Some(&role.user)),
            "space": to_one(role.space.as_ref()),
            "organization": to_one(org),
        },
        "links": links,
    })
}

fn visible(who: &Who, db: &State, role: &Role) -> bool {
    match &role.space {
        Some(space) => who.can_read_space(db, space),
        None => who.can_read_org(db, &role.org),
    }
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let roles = db.roles.values().filter(|role| {
            let org = if role.space.is_none() { Some(role.org.as_str()) } else { None };
            visible(&who, db, role)
                && query.wants_any("organization_guids", org.into_iter())
                && query.wants_any("space_guids", role.space.iter().map(Guid::as_str))
                && query.wants("user_guids", role.user.as_str())
                && query.wants("types", role.kind.as_str())
        });
        let page = query.page(&cf, "/v3/roles", roles);
        let mut answer = page.present(|role| present(&cf, role));
        if query.includes("user") {
            let found = page.records.iter().filter_map(|role| db.users.get(&role.user));
            answer = with_included(answer, "users", found.map(|user| users::present(&cf, user)));
        }
        if query.includes("space") {
            let found = page.records.iter().filter_map(|role| db.spaces.get(role.space.as_ref()?));
            answer = with_included(answer, "spaces", found.map(|space| spaces::present(&cf, space)));
        }
        if query.includes("organization") {
            let found =
                page.records.iter().filter(|role| role.space.is_none()).filter_map(|role| db.orgs.get(&role.org));
            answer = with_included(answer, "organizations", found.map(|org| organizations::present(&cf, org)));
        }
        Ok(Json(answer))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let role = db.roles.get(guid.as_str()).filter(|role| visible(&who, db, role));
        Ok(Json(present(&cf, role.ok_or_else(|| ApiError::not_found("Role"))?)))
    })
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    body.only(&["type", "relationships"]);
    let word = body.string("type").value().unwrap_or_default();
    let kind = RoleKind::ALL.into_iter().find(|kind| kind.as_str() == word);
    if kind.is_none() {
        let allowed: Vec<_> = RoleKind::ALL.iter().map(|kind| kind.as_str()).collect();
        body.problem(format!("Type must be one of the allowed types {allowed:?}"));
    }
    let user = user_data(&mut body);
    let space = body.related_one("space").value();
    let org = body.related_one("organization").value();
    match (kind, &space, &org) {
        (_, None, None) => body.problem("Relationships must specify either a space or an organization."),
        (_, Some(_), Some(_)) => body.problem("Relationships cannot specify both an organization and a space."),
        (Some(kind), Some(_), None) if !kind.in_space() => {
            body.problem(format!("Relationships Space cannot be provided with the organization role type: '{word}'."));
        }
        (Some(kind), None, Some(_)) if kind.in_space() => {
            body.problem(format!("Relationships Organization cannot be provided with the space role type: '{word}'."));
        }
        _ => {}
    }
    body.finish()?;
    let Some(kind) = kind else { return Err(ApiError::not_found("Role")) };
    cf.store.write(|db| {
        let role = match space {
            Some(space) => space_role(&cf, &who, db, kind, &space, &user)?,
            None => org_role(&cf, &who, db, kind, &org.unwrap_or_else(|| Guid::from("")), &user)?,
        };
        let answer = present(&cf, &role);
        db.roles.insert(role.guid.clone(), role);
        Ok((StatusCode::CREATED, Json(answer)))
    })
}

/// How a request names a user.
#[derive(Debug, Default)]
struct Named {
    guid: Option<String>,
    name: Option<String>,
    origin: Option<String>,
}

fn user_data(body: &mut Message) -> Named {
    let data = body.raw("relationships").and_then(|all| all.get("user")).and_then(|user| user.get("data"));
    let text = |key: &str| data.and_then(|data| data.get(key)).and_then(Value::as_str).map(ToOwned::to_owned);
    let named = Named { guid: text("guid"), name: text("username"), origin: text("origin") };
    if named.guid.is_some() && named.name.is_some() {
        body.problem("Relationships Username cannot be specified when identifying user by guid");
    }
    if named.guid.is_none() && named.name.is_none() {
        body.problem("Relationships User must have a username or guid specified");
    }
    named
}

/// The guid of a user. `None` where UAA has no account of that name: it is UAA that is asked for names.
fn guid_of(cf: &Platform, who: &Who, db: &State, named: &Named) -> ApiResult<Option<Guid>> {
    if let Some(guid) = &named.guid {
        return Ok(Some(Guid::from(guid.as_str())));
    }
    feature_flags::must_be_enabled_for(who, db, "set_roles_by_username")?;
    let name = named.name.as_deref().filter(|_| named.origin.as_deref().is_none_or(|origin| origin == "uaa"));
    Ok(name.and_then(|name| cf.uaa.guid_of(name)))
}

fn space_role(cf: &Platform, who: &Who, db: &State, kind: RoleKind, space: &Guid, named: &Named) -> ApiResult<Role> {
    let Some(space) = db.spaces.get(space) else {
        return Err(ApiError::unprocessable("Invalid space. Ensure that the space exists and you have access to it."));
    };
    who.must_manage_space(db, &space.guid)?;
    let outside = || {
        ApiError::unprocessable(
            "Users cannot be assigned roles in a space if they do not have a role in that space's organization.",
        )
    };
    let user = guid_of(cf, who, db, named)?.and_then(|guid| db.users.get(&guid)).ok_or_else(outside)?;
    if !db.roles.values().any(|role| role.user == user.guid && role.org == space.org && role.space.is_none()) {
        return Err(outside());
    }
    let same = |role: &Role| role.user == user.guid && role.kind == kind && role.space.as_ref() == Some(&space.guid);
    if db.roles.values().any(same) {
        let (kind, user) = (kind.as_str(), user.shown());
        return Err(ApiError::unprocessable(format!(
            "User '{user}' already has '{kind}' role in space '{}'.",
            space.name
        )));
    }
    Ok(new(kind, user, &space.org, Some(&space.guid)))
}

/// As [`space_role`]; the Cloud Controller hears of a user first when it gets a role in an organization.
fn org_role(cf: &Platform, who: &Who, db: &mut State, kind: RoleKind, org: &Guid, named: &Named) -> ApiResult<Role> {
    let Some(org) = db.orgs.get(org).cloned() else {
        return Err(ApiError::unprocessable(
            "Invalid organization. Ensure that the organization exists and you have access to it.",
        ));
    };
    who.must_write_org(db, &org.guid)?;
    let guid = guid_of(cf, who, db, named)?.ok_or_else(|| {
        let name = named.name.as_deref().unwrap_or_default();
        ApiError::unprocessable(match &named.origin {
            Some(origin) => format!("No user exists with the username '{name}' and origin '{origin}'."),
            None => format!("No user exists with the username '{name}'."),
        })
    })?;
    let user = db.users.entry(guid.clone()).or_insert_with(|| {
        let name = cf.uaa.name_of(guid.as_str());
        User::new(guid, name)
    });
    let user = user.clone();
    let same =
        |role: &Role| role.user == user.guid && role.kind == kind && role.org == org.guid && role.space.is_none();
    if db.roles.values().any(same) {
        let (kind, user) = (kind.as_str(), user.shown());
        return Err(ApiError::unprocessable(format!(
            "User '{user}' already has '{kind}' role in organization '{}'.",
            org.name
        )));
    }
    Ok(new(kind, &user, &org.guid, None))
}

fn new(kind: RoleKind, user: &User, org: &Guid, space: Option<&Guid>) -> Role {
    let now = Timestamp::now();
    Role {
        guid: Guid::random(),
        kind,
        user: user.guid.clone(),
        org: org.clone(),
        space: space.cloned(),
        created_at: now,
        updated_at: now,
    }
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let role = cf.store.read(|db| {
        let role = db.roles.get(guid.as_str()).filter(|role| visible(&who, db, role));
        let role = role.ok_or_else(|| ApiError::not_found("Role"))?;
        match &role.space {
            Some(space) => who.must_manage_space(db, space)?,
            None => who.must_write_org(db, &role.org)?,
        }
        let in_spaces =
            || db.roles.values().any(|one| one.user == role.user && one.org == role.org && one.space.is_some());
        if role.kind == RoleKind::OrganizationUser && in_spaces() {
            return Err(ApiError::unprocessable(
                "Cannot delete organization_user role while user has roles in spaces in that organization.",
            ));
        }
        Ok(role.guid.clone())
    })?;
    Ok(jobs::run(&cf, "role.delete", None, move |db| {
        db.roles.shift_remove(&role);
        Ok(Vec::new())
    }))
}
