//! Isolation segments: there are none.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/isolation_segments` | the empty list |
//! | `GET /v3/isolation_segments/:guid` | 404 |

use axum::extract::State as Shared;
use axum::{Json, Router, routing};
use serde_json::Value;

use crate::controller::auth::Who;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf};
use crate::state::Stack;

const LIST: Spec = Spec::new(&["names", "organization_guids"]).ordered(&["name"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/isolation_segments", routing::get(list))
        .route("/v3/isolation_segments/{guid}", routing::get(show))
}

async fn list(Shared(cf): Cf, _who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    Ok(Json(query.page(&cf, "/v3/isolation_segments", std::iter::empty::<&Stack>()).present(|_| Value::Null)))
}

async fn show(_who: Who) -> ApiError {
    ApiError::not_found("Isolation segment")
}
