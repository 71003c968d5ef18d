//! The Cloud Controller's errors: `{"errors": [{"detail", "title", "code"}]}`.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The result of a handler.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

/// One row of the table of errors.
type Row = (u32, u16, &'static str);

/// The errors in use: code, HTTP status, name. (`cloud_controller_ng`: `errors/v2.yml`, `errors/v3.yml`.)
///
/// Resources that need a further one add it here, with the numbers of those files.
pub(crate) mod table {
    use super::Row;

    pub(crate) const INVALID_AUTH_TOKEN: Row = (1000, 401, "InvalidAuthToken");
    pub(crate) const MESSAGE_PARSE_ERROR: Row = (1001, 400, "MessageParseError");
    pub(crate) const BAD_REQUEST: Row = (1004, 400, "BadRequest");
    pub(crate) const NOT_FOUND: Row = (10000, 404, "NotFound");
    pub(crate) const NOT_AUTHENTICATED: Row = (10002, 401, "NotAuthenticated");
    pub(crate) const NOT_AUTHORIZED: Row = (10003, 403, "NotAuthorized");
    pub(crate) const BAD_QUERY_PARAMETER: Row = (10005, 400, "BadQueryParameter");
    pub(crate) const UNPROCESSABLE_ENTITY: Row = (10008, 422, "UnprocessableEntity");
    pub(crate) const RESOURCE_NOT_FOUND: Row = (10010, 404, "ResourceNotFound");
    pub(crate) const RATE_LIMIT_EXCEEDED: Row = (10013, 429, "RateLimitExceeded");
    pub(crate) const SERVICE_UNAVAILABLE: Row = (10015, 503, "ServiceUnavailable");
    pub(crate) const UNIQUENESS_ERROR: Row = (10016, 422, "UniquenessError");
    pub(crate) const ORG_SUSPENDED: Row = (10017, 403, "OrgSuspended");
    pub(crate) const ASYNC_SERVICE_INSTANCE_OPERATION_IN_PROGRESS: Row =
        (60016, 409, "AsyncServiceInstanceOperationInProgress");
    pub(crate) const SERVICE_FETCH_INSTANCE_PARAMETERS_NOT_SUPPORTED: Row =
        (120_004, 400, "ServiceFetchInstanceParametersNotSupported");
    pub(crate) const SERVICE_FETCH_BINDING_PARAMETERS_NOT_SUPPORTED: Row =
        (90007, 400, "ServiceFetchBindingParametersNotSupported");
    /// 400, which route bindings of API v3 make a 422.
    pub(crate) const SERVICE_INSTANCE_ALREADY_BOUND_TO_SAME_ROUTE: Row =
        (130_008, 422, "ServiceInstanceAlreadyBoundToSameRoute");
    pub(crate) const PACKAGE_BITS_ALREADY_UPLOADED: Row = (150_004, 400, "PackageBitsAlreadyUploaded");
    pub(crate) const BLOBSTORE_UNAVAILABLE: Row = (150_006, 502, "BlobstoreUnavailable");
    pub(crate) const STAGING_IN_PROGRESS: Row = (170_017, 422, "StagingInProgress");
    pub(crate) const STACK_VALIDATION_FAILED: Row = (250_004, 422, "StackValidationFailed");
    pub(crate) const FEATURE_DISABLED: Row = (330_002, 403, "FeatureDisabled");
}

/// One error of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    /// What is wrong, for a person.
    pub detail: String,
    /// `CF-` and the name.
    pub title: String,
    /// The number.
    pub code: u32,
}

/// An answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {}", self.details())]
pub(crate) struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// At least one.
    pub problems: Vec<Problem>,
    /// A body that is not the Cloud Controller's: the router before it answered.
    raw: Option<&'static str>,
}

impl ApiError {
    /// A row of [`table`] with its detail.
    pub(crate) fn new((code, status, name): Row, detail: impl Into<String>) -> Self {
        let problem = Problem { detail: detail.into(), title: format!("CF-{name}"), code };
        Self { status, problems: vec![problem], raw: None }
    }

    /// 404 for a path that is not there.
    pub(crate) fn unknown_request() -> Self {
        Self::new(table::NOT_FOUND, "Unknown request")
    }

    /// 404 for a resource that is not there, or that the user must not see: `App` gives `App not found`.
    pub(crate) fn not_found(resource: &str) -> Self {
        Self::new(table::RESOURCE_NOT_FOUND, format!("{resource} not found"))
    }

    /// 422 with this text.
    pub(crate) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(table::UNPROCESSABLE_ENTITY, detail)
    }

    /// 422 for a name that is taken.
    pub(crate) fn uniqueness(detail: impl Into<String>) -> Self {
        Self::new(table::UNIQUENESS_ERROR, detail)
    }

    /// 400 for a query parameter.
    pub(crate) fn bad_query(detail: &str) -> Self {
        Self::new(table::BAD_QUERY_PARAMETER, format!("The query parameter is invalid: {detail}"))
    }

    /// 400 for a body that cannot be parsed.
    pub(crate) fn parse(detail: &str) -> Self {
        Self::new(table::MESSAGE_PARSE_ERROR, format!("Request invalid due to parse error: {detail}"))
    }

    /// 400 with this text after `Bad request: `.
    pub(crate) fn bad_request(detail: &str) -> Self {
        Self::new(table::BAD_REQUEST, format!("Bad request: {detail}"))
    }

    /// 403.
    pub(crate) fn not_authorized() -> Self {
        Self::new(table::NOT_AUTHORIZED, "You are not authorized to perform the requested action")
    }

    /// 401 for a request without a token.
    pub(crate) fn not_authenticated() -> Self {
        Self::new(table::NOT_AUTHENTICATED, "Authentication error")
    }

    /// 401 for a token that is wrong or expired.
    pub(crate) fn invalid_token() -> Self {
        Self::new(table::INVALID_AUTH_TOKEN, "Invalid Auth Token")
    }

    /// 501 for something that a real Cloud Controller does and this one leaves out. The title is no Cloud Controller's,
    /// so that nobody takes it for one.
    pub(crate) fn not_implemented(what: &str) -> Self {
        let problem = Problem {
            detail: format!("{what} is not implemented by this embedded Cloud Foundry"),
            title: "Foundry-NotImplemented".to_owned(),
            code: 501,
        };
        Self { status: 501, problems: vec![problem], raw: None }
    }

    /// What the platform answers with this status when it is the platform that fails.
    pub(crate) fn for_status(status: u16) -> Self {
        match status {
            401 => Self::invalid_token(),
            403 => Self::not_authorized(),
            404 => Self::unknown_request(),
            429 => Self::new(table::RATE_LIMIT_EXCEEDED, "Rate Limit Exceeded"),
            // gorouter: the Cloud Controller is an endpoint like others, and this is what comes when it cannot be
            // reached.
            502 => Self {
                raw: Some("502 Bad Gateway: Registered endpoint failed to handle the request.\n"),
                ..Self::unknown(502)
            },
            503 => Self::new(table::SERVICE_UNAVAILABLE, "Database connection failure"),
            other => Self::unknown(other),
        }
    }

    /// What an exception in the Cloud Controller is turned into.
    fn unknown(status: u16) -> Self {
        let problem =
            Problem { detail: "An unknown error occurred.".to_owned(), title: "UnknownError".to_owned(), code: 10001 };
        Self { status, problems: vec![problem], raw: None }
    }

    /// What is wrong, for a person.
    pub(crate) fn details(&self) -> String {
        self.problems.iter().map(|problem| problem.detail.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(text) = self.raw {
            let mut headers = HeaderMap::new();
            headers.insert("x-cf-routererror", HeaderValue::from_static("endpoint_failure (EOF)"));
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            return (status, headers, text).into_response();
        }
        let mut answer = (status, Json(json!({ "errors": self.problems }))).into_response();
        // What knows the path may need to show it in the older shape.
        answer.extensions_mut().insert(self);
        answer
    }
}
