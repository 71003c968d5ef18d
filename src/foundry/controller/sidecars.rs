//! Sidecars: there are none here. Making one is refused; the lists are empty, as for apps that have none.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/apps/:guid/sidecars`, `GET /v3/processes/:guid/sidecars` | empty lists |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use serde_json::Value;

use crate::foundry::controller::apps::readable;
use crate::foundry::controller::auth::Who;
use crate::foundry::controller::error::{ApiError, ApiResult};
use crate::foundry::controller::list::{ListQuery, Query, Spec};
use crate::foundry::controller::{Api, Cf};
use crate::foundry::state::{App, Guid};

const LIST: Spec = Spec::new(&[]).without_labels();

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/apps/{guid}/sidecars", routing::get(of_app))
        .route("/v3/processes/{guid}/sidecars", routing::get(of_process))
}

async fn of_app(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        readable(&who, db, &guid)?;
        let none = std::iter::empty::<&App>();
        Ok(Json(query.page(&cf, &format!("/v3/apps/{guid}/sidecars"), none).present(|_| Value::Null)))
    })
}

async fn of_process(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let process = db.processes.get(&Guid::from(guid.as_str())).ok_or_else(|| ApiError::not_found("Process"))?;
        readable(&who, db, process.app.as_str()).map_err(|_| ApiError::not_found("Process"))?;
        let none = std::iter::empty::<&App>();
        Ok(Json(query.page(&cf, &format!("/v3/processes/{guid}/sidecars"), none).present(|_| Value::Null)))
    })
}
