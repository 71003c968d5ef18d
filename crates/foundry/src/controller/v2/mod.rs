//! The older API, v2, as far as people still ask for it with `cf curl`.
//!
//! | file | what it is |
//! |---|---|
//! | `apps`, `info`, `spaces`, `stacks` | one resource each, with a table of its endpoints at its head |
//!
//! Everything that is not under `/v3` has the older shape of errors, paths that nobody knows too: [`older_shape`].
//! What v2 has besides is left out. cf itself asks for nothing of it.

mod apps;
mod info;
mod spaces;
mod stacks;

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::Api;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::Query;
use crate::state::{Guid, timestamp};

/// The version of v2 that goes with the version of v3 that is imitated. (`cloud_controller_ng`: `config/version_v2`.)
pub(super) const VERSION: &str = "2.260.0";

/// First segments under `/v2` that a real Cloud Controller knows. (`cloud_controller_ng`: `app/controllers/runtime`,
/// `app/controllers/services`.)
const REAL: [&str; 34] = [
    "app_usage_events",
    "apps",
    "buildpacks",
    "config",
    "domains",
    "environment_variable_groups",
    "events",
    "info",
    "jobs",
    "managed_service_instances",
    "organizations",
    "private_domains",
    "quota_definitions",
    "resource_match",
    "route_mappings",
    "routes",
    "security_groups",
    "service_bindings",
    "service_brokers",
    "service_instances",
    "service_keys",
    "service_plan_visibilities",
    "service_plans",
    "service_usage_events",
    "services",
    "shared_domains",
    "space_quota_definitions",
    "spaces",
    "stacks",
    "staging",
    "syslog_drain_urls",
    "user_provided_service_instances",
    "users",
    "version",
];

pub(super) fn routes() -> Api {
    Api::new().merge(apps::routes()).merge(info::routes()).merge(spaces::routes()).merge(stacks::routes())
}

/// Whether a real Cloud Controller knows this resource.
pub(super) fn knows(resource: &str) -> bool {
    REAL.contains(&resource)
}

/// Gives answers that are not of v3 the older shape: one error, not a list, and the content type with its charset.
/// (`cloud_controller_ng`: `v2_error_hasher.rb`, `lib/sinatra/vcap.rb`.)
pub(super) async fn older_shape(request: Request, next: Next) -> Response {
    let newer = matches!(request.uri().path().split('/').nth(1), Some("v3" | "networking" | "routing"));
    let mut answer = next.run(request).await;
    if newer {
        return answer;
    }
    if let Some(problem) = answer.extensions().get::<ApiError>().and_then(|error| error.problems.first()).cloned() {
        let body = json!({ "description": problem.detail, "error_code": problem.title, "code": problem.code });
        answer = (answer.status(), Json(body)).into_response();
    }
    if answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json") {
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset=utf-8"));
    }
    answer
}

/// What all resources of v2 have beside their entity.
fn resource(guid: &Guid, path: &str, created_at: Timestamp, updated_at: Timestamp, entity: &Value) -> Value {
    json!({
        "metadata": {
            "guid": guid,
            "url": path,
            "created_at": timestamp(created_at),
            "updated_at": timestamp(updated_at),
        },
        "entity": entity,
    })
}

/// A page of a list: its number and its size.
#[derive(Debug, Clone, Copy)]
struct Page {
    number: usize,
    size: usize,
}

impl Page {
    /// Reads the page that is asked for. Fails where the query asks for anything else: filters, other orders and
    /// inlined relations are left out. (`cloud_controller_ng`: 50 a page, at most 100.)
    fn read(query: &Query) -> ApiResult<Self> {
        if query.only(&["page", "results-per-page"]).is_err() {
            return Err(ApiError::not_implemented("A list of API v2 with parameters other than its page"));
        }
        let number = |key: &str, otherwise: usize| query.get(key).map_or(Ok(otherwise), str::parse::<usize>);
        let wrong = |_| ApiError::bad_query("page and results-per-page must be positive integers");
        let page =
            Self { number: number("page", 1).map_err(wrong)?, size: number("results-per-page", 50).map_err(wrong)? };
        if page.number == 0 || page.size == 0 {
            return Err(ApiError::bad_query("page and results-per-page must be positive integers"));
        }
        if page.size > 100 {
            return Err(ApiError::bad_query("results_per_page must be <= 100"));
        }
        Ok(page)
    }

    /// The page of a list under this path. (`cloud_controller_ng`: `paginated_collection_renderer.rb`.)
    fn of<T>(self, path: &str, all: &[T], present: impl Fn(&T) -> Value) -> Json<Value> {
        let pages = all.len().div_ceil(self.size).max(1);
        let url = |number: usize| {
            (1..=pages)
                .contains(&number)
                .then(|| format!("{path}?order-direction=asc&page={number}&results-per-page={}", self.size))
        };
        let resources: Vec<Value> =
            all.iter().skip((self.number - 1).saturating_mul(self.size)).take(self.size).map(present).collect();
        Json(json!({
            "total_results": all.len(),
            "total_pages": pages,
            "prev_url": url(self.number - 1),
            "next_url": url(self.number + 1),
            "resources": resources,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_into_pages() {
        let page = |query: &str| Page::read(&Query::parse(query));
        let numbers: Vec<usize> = (0..5).collect();
        let shown = |query: &str| page(query).unwrap().of("/v2/apps", &numbers, |number| json!(number)).0;
        let url = |number: usize| json!(format!("/v2/apps?order-direction=asc&page={number}&results-per-page=2"));
        let second = json!({
            "total_results": 5, "total_pages": 3, "prev_url": url(1), "next_url": url(3), "resources": [2, 3],
        });
        assert_eq!(shown("page=2&results-per-page=2"), second);
        let all = shown("");
        assert_eq!((&all["prev_url"], &all["next_url"], &all["total_pages"]), (&Value::Null, &Value::Null, &json!(1)));
        for (query, status) in [("page=0", 400), ("page=x", 400), ("results-per-page=101", 400), ("q=name:a", 501)] {
            assert_eq!(page(query).unwrap_err().status, status, "{query}");
        }
    }
}
