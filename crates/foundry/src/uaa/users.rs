//! `/Users`: the API for accounts, as far as cf asks for it.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Caller;
use super::accounts::User;
use super::error::UaaError;
use crate::platform::{Platform, lock};
use crate::state::Guid;

#[derive(Debug, Deserialize)]
pub(super) struct Filter {
    filter: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewUser {
    user_name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    origin: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewPassword {
    old_password: Option<String>,
    password: String,
}

fn present(guid: &Guid, name: &str) -> Value {
    json!({
        "id": guid,
        "userName": name,
        "origin": "uaa",
        "name": { "familyName": name, "givenName": name },
        "emails": [{ "value": name, "primary": false }],
        "active": true,
        "verified": true,
        "schemas": ["urn:scim:schemas:core:1.0"],
    })
}

/// The name in cf's filter: `userName eq "NAME"`, with or without ` and origin eq "ORIGIN"`.
fn wanted(filter: &str) -> Option<(String, Option<String>)> {
    static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?i)^\s*userName\s+eq\s+"([^"]*)"(?:\s+and\s+origin\s+eq\s+"([^"]*)")?\s*$"#).ok()
    });
    let parts = FORM.as_ref()?.captures(filter)?;
    Some((parts.get(1)?.as_str().to_owned(), parts.get(2).map(|origin| origin.as_str().to_owned())))
}

pub(super) async fn list(
    State(platform): State<Arc<Platform>>,
    caller: Caller,
    Query(query): Query<Filter>,
) -> Result<Json<Value>, UaaError> {
    caller.must_have(&["scim.read", "uaa.admin"])?;
    let filter = query.filter.unwrap_or_default();
    let not_served = || UaaError::invalid_resource("only userName and origin can be filtered by here");
    let (name, origin) = wanted(&filter).ok_or_else(not_served)?;
    let here = origin.is_none_or(|origin| origin == "uaa");
    let accounts = lock(&platform.uaa.accounts);
    let found: Vec<Value> =
        accounts.user(&name).filter(|_| here).map(|user| present(&user.guid, &user.name)).into_iter().collect();
    Ok(Json(json!({
        "totalResults": found.len(),
        "startIndex": 1,
        "itemsPerPage": 100,
        "resources": found,
        "schemas": ["urn:scim:schemas:core:1.0"],
    })))
}

pub(super) async fn create(
    State(platform): State<Arc<Platform>>,
    caller: Caller,
    Json(new): Json<NewUser>,
) -> Result<(StatusCode, Json<Value>), UaaError> {
    caller.must_have(&["scim.write", "uaa.admin"])?;
    if new.user_name.is_empty() {
        return Err(UaaError::invalid_resource("A username must be provided."));
    }
    if !matches!(new.origin.as_str(), "" | "uaa") {
        return Err(UaaError::invalid_resource("users of other origins are not implemented here"));
    }
    let mut accounts = lock(&platform.uaa.accounts);
    if accounts.user(&new.user_name).is_some() {
        return Err(UaaError::name_taken(&new.user_name));
    }
    let guid = accounts.add(&new.user_name, &new.password);
    Ok((StatusCode::CREATED, Json(present(&guid, &new.user_name))))
}

pub(super) async fn delete(
    State(platform): State<Arc<Platform>>,
    caller: Caller,
    Path(guid): Path<String>,
) -> Result<Json<Value>, UaaError> {
    caller.must_have(&["scim.write", "uaa.admin"])?;
    let removed = lock(&platform.uaa.accounts).remove(&guid);
    let User { guid, name, .. } = removed.ok_or_else(|| UaaError::not_found("User", &guid))?;
    platform.uaa.tokens.revoke_of(&guid);
    Ok(Json(present(&guid, &name)))
}

pub(super) async fn change_password(
    State(platform): State<Arc<Platform>>,
    caller: Caller,
    Path(guid): Path<String>,
    Json(new): Json<NewPassword>,
) -> Result<Json<Value>, UaaError> {
    let own = caller.0.user_id == guid;
    if !own {
        caller.must_have(&["uaa.admin"])?;
    }
    let mut accounts = lock(&platform.uaa.accounts);
    let user = accounts.user_mut(&guid).ok_or_else(|| UaaError::not_found("User", &guid))?;
    if own && new.old_password.as_deref() != Some(user.password.as_str()) {
        return Err(UaaError::bad_credentials());
    }
    user.password = new.password;
    platform.uaa.tokens.revoke_of(&user.guid);
    Ok(Json(json!({ "status": "ok", "message": "password updated" })))
}
