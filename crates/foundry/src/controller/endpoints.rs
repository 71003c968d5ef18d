//! All endpoints, what is answered where there is none, and what all answers have.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use tower_http::normalize_path::NormalizePath;

use crate::controller::error::ApiError;
use crate::controller::{
    app_settings, apps, audit_events, buildpacks, builds, deployments, destinations, domains, droplets,
    environment_variable_groups, feature_flags, isolation_segments, jobs, manifests, network_policies,
    organization_quotas, organizations, packages, process_instances, processes, revisions, roles, root, router_groups,
    routes, service_brokers, service_credential_bindings, service_instances, service_offerings, service_plans,
    service_route_bindings, sidecars, space_quotas, spaces, stacks, tasks, users,
};
use crate::platform::Platform;
use crate::state::Guid;

/// First segments under `/v3` that a real Cloud Controller knows. What is under them and not served here is left out,
/// not unknown. (CC API 3.195: `config/routes.rb`.)
const REAL: [&str; 36] = [
    "admin",
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
    "jobs",
    "organization_quotas",
    "organizations",
    "packages",
    "processes",
    "resource_matches",
    "revisions",
    "roles",
    "routes",
    "security_groups",
    "service_brokers",
    "service_credential_bindings",
    "service_instances",
    "service_offerings",
    "service_plans",
    "service_route_bindings",
    "service_usage_events",
    "sidecars",
    "space_quotas",
    "spaces",
    "stacks",
    "tasks",
    "users",
];

/// The service of the Cloud Controller.
pub(crate) fn service(platform: &Arc<Platform>) -> Router {
    let resources = Router::new()
        .merge(root::routes())
        .merge(app_settings::routes())
        .merge(apps::routes())
        .merge(builds::routes())
        .merge(droplets::routes())
        .merge(packages::routes())
        .merge(process_instances::routes())
        .merge(processes::routes())
        .merge(audit_events::routes())
        .merge(buildpacks::routes())
        .merge(destinations::routes())
        .merge(deployments::routes())
        .merge(domains::routes())
        .merge(environment_variable_groups::routes())
        .merge(feature_flags::routes())
        .merge(isolation_segments::routes())
        .merge(jobs::routes())
        .merge(network_policies::routes())
        .merge(manifests::routes())
        .merge(organization_quotas::routes())
        .merge(organizations::routes())
        .merge(revisions::routes())
        .merge(sidecars::routes())
        .merge(tasks::routes())
        .merge(roles::routes())
        .merge(router_groups::routes())
        .merge(routes::routes())
        .merge(service_brokers::routes())
        .merge(service_credential_bindings::routes())
        .merge(service_instances::routes())
        .merge(service_offerings::routes())
        .merge(service_plans::routes())
        .merge(service_route_bindings::routes())
        .merge(space_quotas::routes())
        .merge(spaces::routes())
        .merge(stacks::routes())
        .merge(users::routes())
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(middleware::map_response(identified))
        .layer(middleware::from_fn(older_shape))
        .with_state(Arc::clone(platform));
    // A path with a slash at its end is the one without it. (Rails.)
    Router::new().fallback_service(NormalizePath::trim_trailing_slash(resources))
}

/// Answers what no resource serves.
async fn unknown(Shared(_platform): Shared<Arc<Platform>>, request: Request) -> ApiError {
    let path = request.uri().path();
    let mut segments = path.trim_start_matches('/').split('/');
    match (segments.next(), segments.next()) {
        (Some("v3"), Some(resource)) if REAL.contains(&resource) => {
            ApiError::not_implemented(&format!("{} {path}", request.method()))
        }
        (Some("v2" | "routing"), _) => ApiError::not_implemented(&format!("{} {path}", request.method())),
        _ => ApiError::unknown_request(),
    }
}

/// Gives errors that are not of v3 the shape that they had before: one, not a list.
/// (`cloud_controller_ng`: `v2_error_hasher.rb`, `lib/sinatra/vcap.rb`.)
async fn older_shape(request: Request, next: Next) -> Response {
    let newer = matches!(request.uri().path().split('/').nth(1), Some("v3" | "networking" | "routing"));
    let answer = next.run(request).await;
    match answer.extensions().get::<ApiError>().and_then(|error| error.problems.first()) {
        Some(problem) if !newer => {
            let body = json!({ "description": problem.detail, "error_code": problem.title, "code": problem.code });
            let kind = [(header::CONTENT_TYPE, "application/json;charset=utf-8")];
            (answer.status(), kind, body.to_string()).into_response()
        }
        Some(_) | None => answer,
    }
}

/// Gives each answer its id, as the Cloud Controller does, and the header that its frameworks add.
async fn identified(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(Guid::random().as_str()) {
        answer.headers_mut().insert("x-vcap-request-id", id);
    }
    answer
}
