//! The platform, as v2 tells of it.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v2/info` | what is where |

use axum::extract::State as Shared;
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::controller::v2::VERSION;
use crate::controller::{Api, Cf};
use crate::uaa::accounts::SSH_PROXY;

pub(super) fn routes() -> Api {
    Router::new().route("/v2/info", routing::get(info))
}

async fn info(Shared(cf): Cf) -> Json<Value> {
    let uaa = cf.addresses.uaa_url();
    Json(json!({
        "name": "foundry",
        "build": "",
        "support": "",
        "version": 0,
        "description": "An embedded Cloud Foundry",
        "authorization_endpoint": uaa,
        "token_endpoint": uaa,
        "min_cli_version": null,
        "min_recommended_cli_version": null,
        "app_ssh_endpoint": null,
        "app_ssh_host_key_fingerprint": null,
        "app_ssh_oauth_client": SSH_PROXY,
        "doppler_logging_endpoint": cf.addresses.doppler_url(),
        "api_version": VERSION,
        "osbapi_version": "2.15",
    }))
}
