//! Bindings of routes to services: there are none.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/service_route_bindings` | the empty list |

use axum::extract::State as Shared;
use axum::{Json, Router, routing};
use serde_json::Value;

use crate::foundry::controller::auth::Who;
use crate::foundry::controller::error::ApiResult;
use crate::foundry::controller::list::{ListQuery, Query, Spec, with_included};
use crate::foundry::controller::{Api, Cf};
use crate::foundry::state::ServiceBinding;

const LIST: Spec = Spec::new(&["service_instance_guids", "service_instance_names", "route_guids", "include"])
    .including(&["route", "service_instance"]);

pub(super) fn routes() -> Api {
    Router::new().route("/v3/service_route_bindings", routing::get(list))
}

async fn list(Shared(cf): Cf, _who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    let page = query.page(&cf, "/v3/service_route_bindings", std::iter::empty::<&ServiceBinding>());
    let mut answer = page.present(|_| Value::Null);
    for (resource, name) in [("route", "routes"), ("service_instance", "service_instances")] {
        if query.includes(resource) {
            answer = with_included(answer, name, std::iter::empty());
        }
    }
    Ok(Json(answer))
}
