//! The one shape of UAA's errors: `{"error": …, "error_description": …}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error as UAA answers it. (cf 8.17: `api/uaa/error_converter.go` tells them apart by status and `error`.)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {error}: {description}")]
pub(crate) struct UaaError {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl UaaError {
    fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Self { status, error, description: description.into() }
    }

    /// A wrong name or password.
    pub(super) fn bad_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Bad credentials")
    }

    /// A passcode that was not given to anybody.
    pub(super) fn bad_passcode() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Invalid passcode")
    }

    /// A wrong client id or secret.
    pub(super) fn bad_client() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", "Bad credentials")
    }

    /// A `login_hint` that names no identity provider.
    pub(super) fn unknown_origin() -> Self {
        let text = "The origin provided in the login_hint does not match an active Identity Provider, that supports password grant.";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", text)
    }

    pub(super) fn not_authenticated() -> Self {
        let text = "Full authentication is required to access this resource";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", text)
    }

    /// An access or refresh token that is not, or no longer, good.
    pub(super) fn invalid_token() -> Self {
        let text = "The token expired, was revoked, or the token ID is incorrect.";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_token", text)
    }

    /// A refresh token that another client was given.
    pub(super) fn wrong_client(client: &str) -> Self {
        let text = format!("Wrong client for this refresh token: {client}");
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", text)
    }

    pub(super) fn unsupported_grant(kind: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", format!("Unsupported grant type: {kind}"))
    }

    pub(super) fn missing(parameter: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", format!("{parameter} must be supplied"))
    }

    pub(super) fn insufficient_scope(scopes: &[&str]) -> Self {
        let text = format!("Insufficient scope for this resource: {}", scopes.join(" "));
        Self::new(StatusCode::FORBIDDEN, "insufficient_scope", text)
    }

    pub(super) fn name_taken(name: &str) -> Self {
        let text = format!("Username already in use: {name}");
        Self::new(StatusCode::CONFLICT, "scim_resource_already_exists", text)
    }

    pub(super) fn invalid_resource(text: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_scim_resource", text)
    }

    pub(super) fn not_found(what: &str, id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "scim_resource_not_found", format!("{what} {id} does not exist"))
    }

    pub(super) fn no_client(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("No client with requested id: {id}"))
    }

    /// A client that may not be given tokens in this way.
    pub(super) fn unauthorized_grant(kind: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", format!("Unauthorized grant type: {kind}"))
    }

    /// What a real UAA has and this one leaves out.
    pub(super) fn not_implemented(what: &str) -> Self {
        let text = format!("{what} is not implemented by this embedded Cloud Foundry");
        Self::new(StatusCode::NOT_IMPLEMENTED, "not_implemented", text)
    }
}

impl IntoResponse for UaaError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.error, "error_description": self.description }))).into_response()
    }
}
