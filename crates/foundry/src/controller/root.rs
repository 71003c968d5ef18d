//! The root documents: what is where.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /` | the parts of the platform |
//! | `GET /v3` | the resources of the API |
//! | `GET /v3/info` | the platform |

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::{Json, Router, routing};
use serde_json::{Map, Value, json};

use crate::controller::{API_VERSION, href};
use crate::platform::Platform;

/// The resources that `GET /v3` names. (CC API 3.195: `root_controller.rb`.)
const RESOURCES: [&str; 32] = [
    "app_usage_events",
    "apps",
    "audit_events",
    "buildpacks",
    "builds",
    "deployments",
    "domains",
    "droplets",
    "environment_variable_groups",
    "feature_flags",
    "info",
    "isolation_segments",
    "organizations",
    "organization_quotas",
    "packages",
    "processes",
    "resource_matches",
    "roles",
    "routes",
    "security_groups",
    "service_brokers",
    "service_instances",
    "service_credential_bindings",
    "service_offerings",
    "service_plans",
    "service_route_bindings",
    "service_usage_events",
    "spaces",
    "space_quotas",
    "stacks",
    "tasks",
    "users",
];

pub(super) fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/", routing::get(root)).route("/v3", routing::get(v3)).route("/v3/info", routing::get(info))
}

async fn root(Shared(platform): Shared<Arc<Platform>>) -> Json<Value> {
    let api = platform.addresses.api_url();
    let uaa = platform.addresses.uaa_url();
    Json(json!({
        "links": {
            "self": { "href": api },
            "cloud_controller_v2": null,
            "cloud_controller_v3": { "href": format!("{api}/v3"), "meta": { "version": API_VERSION } },
            "network_policy_v0": { "href": format!("{api}/networking/v0/external") },
            "network_policy_v1": { "href": format!("{api}/networking/v1/external") },
            "login": { "href": uaa },
            "uaa": { "href": uaa },
            "credhub": null,
            "routing": { "href": format!("{api}/routing") },
            "logging": platform.addresses.doppler_url().map(|url| json!({ "href": url })),
            "log_cache": { "href": platform.addresses.log_cache_url() },
            "log_stream": null,
            "app_ssh": null,
        }
    }))
}

async fn v3(Shared(platform): Shared<Arc<Platform>>) -> Json<Value> {
    let mut links = Map::new();
    links.insert("self".to_owned(), href(&platform, "/v3"));
    for resource in RESOURCES {
        links.insert(resource.to_owned(), href(&platform, &format!("/v3/{resource}")));
    }
    Json(json!({ "links": links }))
}

async fn info(Shared(platform): Shared<Arc<Platform>>) -> Json<Value> {
    Json(json!({
        "build": "",
        "cli_version": { "minimum": "", "recommended": "" },
        "custom": {},
        "description": "An embedded Cloud Foundry",
        "name": "foundry",
        "version": 0,
        "osbapi_version": "2.15",
        "rate_limits": { "enabled": false, "general_limit": "", "reset_interval_in_minutes": "" },
        "links": { "self": href(&platform, "/v3/info"), "support": { "href": "" } },
    }))
}
