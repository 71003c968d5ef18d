//! UAA: password and refresh tokens.
//!
//! | endpoint | what |
//! |---|---|
//! | `POST /oauth/token` | grants `password` and `refresh_token` |
//! | `GET /login`, `GET /info` | the prompts |

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::foundry::faults::Faults;
use crate::foundry::platform::{Platform, lock};
use crate::foundry::settings::Settings;
use crate::foundry::state::Guid;

/// The guid of the administrator.
pub fn admin_guid() -> Guid {
    Guid::from("ad00ad00-0000-4000-8000-000000000001")
}

/// Whom a token speaks for: its claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The user's guid.
    pub user_id: String,
    /// The user's name.
    pub user_name: String,
    /// The user's mail address; the Cloud Controller shows it in audit events.
    pub email: String,
    /// Where the user is kept.
    pub origin: String,
    /// The client that got the token: `cf`.
    pub client_id: String,
    /// What the token allows.
    pub scope: Vec<String>,
    /// Issued at, in seconds since 1970.
    pub iat: i64,
    /// Expires at, in seconds since 1970.
    pub exp: i64,
    /// Tokens of an older epoch are expired by a fault.
    #[serde(rename = "rev_sig")]
    pub epoch: u64,
}

impl Identity {
    /// Whether the token has this scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scope.iter().any(|one| one == scope)
    }
}

#[derive(Debug, Clone)]
struct Account {
    guid: Guid,
    password: String,
    scope: Vec<String>,
}

/// Users and tokens.
#[derive(Debug)]
pub struct Uaa {
    secret: String,
    lifetime: i64,
    accounts: HashMap<String, Account>,
    /// By refresh token: the user's name.
    refresh: Mutex<HashMap<String, String>>,
    faults: Arc<Faults>,
}

impl Uaa {
    pub(crate) fn new(settings: &Settings, faults: Arc<Faults>) -> Self {
        let scope = [
            "openid",
            "uaa.user",
            "cloud_controller.read",
            "cloud_controller.write",
            "cloud_controller.admin",
            "network.admin",
            "routing.router_groups.read",
            "scim.read",
            "scim.write",
            "doppler.firehose",
        ];
        let admin = Account {
            guid: admin_guid(),
            password: settings.password.clone(),
            scope: scope.map(ToOwned::to_owned).to_vec(),
        };
        Self {
            secret: Guid::random().to_string(),
            lifetime: i64::try_from(settings.token_lifetime.as_secs()).unwrap_or(i64::MAX),
            accounts: HashMap::from([(settings.user.clone(), admin)]),
            refresh: Mutex::default(),
            faults,
        }
    }

    /// Whom a bearer token speaks for; `None` where it is not ours or has expired.
    pub fn verify(&self, bearer: &str) -> Option<Identity> {
        let (signed, signature) = bearer.rsplit_once('.')?;
        if signature != self.sign(signed) {
            return None;
        }
        let (_, claims) = signed.split_once('.')?;
        let identity: Identity = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let valid = identity.exp > Timestamp::now().as_second() && identity.epoch == self.faults.token_epoch();
        valid.then_some(identity)
    }

    fn sign(&self, text: &str) -> String {
        let digest = Sha256::new().chain_update(&self.secret).chain_update(text).finalize();
        URL_SAFE_NO_PAD.encode(digest)
    }

    fn access_token(&self, name: &str, account: &Account, client: &str) -> String {
        let now = Timestamp::now().as_second();
        let claims = Identity {
            user_id: account.guid.to_string(),
            user_name: name.to_owned(),
            email: name.to_owned(),
            origin: "uaa".to_owned(),
            client_id: client.to_owned(),
            scope: account.scope.clone(),
            iat: now,
            exp: now.saturating_add(self.lifetime),
            epoch: self.faults.token_epoch(),
        };
        let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(json!({"alg": "HS256", "typ": "JWT"})), encode(json!(claims)));
        let signature = self.sign(&signed);
        format!("{signed}.{signature}")
    }

    fn grant(&self, asked: &Grant) -> Option<serde_json::Value> {
        let name = match asked.kind.as_str() {
            "password" => {
                let name = asked.username.clone()?;
                let account = self.accounts.get(&name)?;
                (asked.password.as_deref() == Some(account.password.as_str())).then_some(name)?
            }
            "refresh_token" => lock(&self.refresh).get(asked.refresh_token.as_deref()?).cloned()?,
            _ => return None,
        };
        let account = self.accounts.get(&name)?;
        let refresh = asked.refresh_token.clone().unwrap_or_else(|| format!("{}-r", Guid::random()));
        lock(&self.refresh).insert(refresh.clone(), name.clone());
        Some(json!({
            "access_token": self.access_token(&name, account, "cf"),
            "token_type": "bearer",
            "refresh_token": refresh,
            "expires_in": self.lifetime,
            "scope": account.scope.join(" "),
            "jti": Guid::random(),
        }))
    }
}

#[derive(Debug, Deserialize)]
struct Grant {
    #[serde(rename = "grant_type")]
    kind: String,
    username: Option<String>,
    password: Option<String>,
    refresh_token: Option<String>,
}

/// The routes of UAA.
pub(crate) fn routes(platform: &Arc<Platform>) -> Router {
    Router::new()
        .route("/oauth/token", post(token))
        .route("/login", get(prompts))
        .route("/info", get(prompts))
        .with_state(Arc::clone(platform))
}

async fn token(State(platform): State<Arc<Platform>>, Form(grant): Form<Grant>) -> Response {
    if let Some(answer) = platform.uaa.grant(&grant) {
        return Json(answer).into_response();
    }
    let (error, description) = match grant.kind.as_str() {
        "password" => ("unauthorized", "Bad credentials"),
        "refresh_token" => ("invalid_token", "The token expired, was revoked, or the token ID is incorrect"),
        _ => ("unsupported_grant_type", "Unsupported grant type"),
    };
    (StatusCode::UNAUTHORIZED, Json(json!({"error": error, "error_description": description}))).into_response()
}

async fn prompts(State(platform): State<Arc<Platform>>) -> Json<serde_json::Value> {
    let url = platform.addresses.uaa_url();
    Json(json!({
        "app": {"version": "77.20.0"},
        "links": {"uaa": url, "login": url},
        "prompts": {"username": ["text", "Email"], "password": ["password", "Password"]},
    }))
}
