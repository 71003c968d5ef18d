//! Feature flags.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/feature_flags` | list |
//! | `GET /v3/feature_flags/:name` | show |
//! | `PATCH /v3/feature_flags/:name` | set; administrators only |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, href};
use crate::platform::Platform;
use crate::state::{LifecycleKind, Resource, State};

/// The flags and their defaults, by name. (CC API 3.228: `FeatureFlag::DEFAULT_FLAGS`.)
const DEFAULTS: [(&str, bool); 19] = [
    ("app_bits_upload", true),
    ("app_scaling", true),
    ("diego_cnb", false),
    ("diego_docker", false),
    ("env_var_visibility", true),
    ("hash_based_routing", false),
    ("hide_marketplace_from_unauthenticated_users", false),
    ("private_domain_creation", true),
    ("resource_matching", true),
    ("route_creation", true),
    ("route_sharing", false),
    ("service_instance_creation", true),
    ("service_instance_sharing", false),
    ("set_roles_by_username", true),
    ("space_developer_env_var_visibility", true),
    ("space_scoped_private_broker_creation", true),
    ("task_creation", true),
    ("unset_roles_by_username", true),
    ("user_org_creation", false),
];

const LIST: Spec = Spec::new(&[]).ordered(&["name"]).without_labels();

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/feature_flags", routing::get(list))
        .route("/v3/feature_flags/{name}", routing::get(show).patch(update))
}

/// Whether a flag is on.
pub(crate) fn enabled(db: &State, name: &str) -> bool {
    let default = || DEFAULTS.iter().any(|(known, on)| *known == name && *on);
    db.feature_flags.get(name).copied().unwrap_or_else(default)
}

/// Fails with 403 where a flag is off.
pub(crate) fn must_be_enabled(db: &State, name: &str) -> ApiResult<()> {
    if enabled(db, name) {
        return Ok(());
    }
    Err(ApiError::new(table::FEATURE_DISABLED, format!("Feature Disabled: {name}")))
}

/// As [`must_be_enabled`], for a flag that does not bind administrators. (CC API 3.195:
/// `FeatureFlag::ADMIN_SKIPPABLE`.)
pub(crate) fn must_be_enabled_for(who: &Who, db: &State, name: &str) -> ApiResult<()> {
    if who.is_admin() { Ok(()) } else { must_be_enabled(db, name) }
}

/// Fails with 403 where the flag of a lifecycle is off.
pub(crate) fn must_allow(db: &State, kind: LifecycleKind) -> ApiResult<()> {
    kind.flag().map_or(Ok(()), |flag| must_be_enabled(db, flag))
}

/// A flag as a row of the list.
#[derive(Debug)]
struct Flag {
    name: &'static str,
    on: bool,
}

impl Resource for Flag {
    fn guid(&self) -> &str {
        self.name
    }
    fn created_at(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn updated_at(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn sort_key(&self, key: &str) -> Option<String> {
        (key == "name").then(|| self.name.to_owned())
    }
}

fn present(cf: &Platform, flag: &Flag) -> Value {
    json!({
        "name": flag.name,
        "enabled": flag.on,
        "updated_at": null,
        "custom_error_message": null,
        "links": { "self": href(cf, &format!("/v3/feature_flags/{}", flag.name)) },
    })
}

fn find(db: &State, name: &str) -> ApiResult<Flag> {
    let known = DEFAULTS.iter().find(|(known, _)| *known == name);
    let (name, _) = known.ok_or_else(|| ApiError::not_found("Feature flag"))?;
    Ok(Flag { name, on: enabled(db, name) })
}

async fn list(Shared(cf): Cf, _who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let flags: Vec<_> = DEFAULTS.iter().map(|(name, _)| Flag { name, on: enabled(db, name) }).collect();
        Ok(Json(query.page(&cf, "/v3/feature_flags", flags.iter()).present(|flag| present(&cf, flag))))
    })
}

async fn show(Shared(cf): Cf, _who: Who, Path(name): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| Ok(Json(present(&cf, &find(db, &name)?))))
}

async fn update(Shared(cf): Cf, who: Who, Path(name): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    cf.store.write(|db| {
        find(db, &name)?;
        Who::must(who.is_admin())?;
        body.only(&["enabled", "custom_error_message"]);
        let on = body.boolean("enabled").value();
        if body.has("custom_error_message") && !body.raw("custom_error_message").is_some_and(Value::is_null) {
            return Err(ApiError::not_implemented("A feature flag's custom error message"));
        }
        body.finish()?;
        if let Some(on) = on {
            db.feature_flags.insert(name.clone(), on);
        }
        Ok(Json(present(&cf, &find(db, &name)?)))
    })
}
