//! UAA: who may log in, and the tokens that say so.
//!
//! | endpoint | what |
//! |---|---|
//! | `POST /oauth/token` | grants `password`, `client_credentials` and `refresh_token` |
//! | `DELETE /oauth/token/revoke/:id` | makes one token worthless |
//! | `GET /oauth/clients/:id` | whether there is such a client |
//! | `GET`, `POST /Users`, `DELETE /Users/:guid`, `PUT /Users/:guid/password` | the accounts |
//! | `GET /login`, `GET /info` | the prompts |
//!
//! [`token`] makes and verifies tokens, [`accounts`] knows the users and the clients, [`grants`] gives tokens to them, [`users`]
//! is the API for accounts, [`error`] the one shape of errors. The pages where a person logs in, and is given a passcode, are
//! left out: no passcode is a good one.

pub(crate) mod accounts;
pub(crate) mod error;
mod grants;
pub(crate) mod token;
mod users;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use serde_json::json;

use crate::faults::Faults;
use crate::platform::{Platform, lock};
use crate::settings::Settings;
use crate::state::Guid;

pub(crate) use self::token::Identity;

use self::accounts::Accounts;
use self::error::UaaError;
use self::token::Tokens;

/// The guid of the administrator.
pub(crate) fn admin_guid() -> Guid {
    Guid::from("ad00ad00-0000-4000-8000-000000000001")
}

/// Users, clients and tokens.
#[derive(Debug)]
pub(crate) struct Uaa {
    accounts: Mutex<Accounts>,
    tokens: Tokens,
}

impl Uaa {
    pub(crate) fn new(settings: &Settings, faults: Arc<Faults>) -> Self {
        Self { accounts: Mutex::new(Accounts::new(settings)), tokens: Tokens::new(settings.tokens, faults) }
    }

    /// Whom a bearer token speaks for; `None` where it is not ours, has expired or was revoked.
    pub(crate) fn verify(&self, bearer: &str) -> Option<Identity> {
        self.tokens.verify(bearer)
    }

    /// The name of a user; `None` where there is no such account.
    pub(crate) fn name_of(&self, guid: &str) -> Option<String> {
        lock(&self.accounts).user_by_guid(guid).map(|user| user.name.clone())
    }

    /// The guid of a user, by name; `None` where there is no such account.
    pub(crate) fn guid_of(&self, name: &str) -> Option<Guid> {
        lock(&self.accounts).user(name).map(|user| user.guid.clone())
    }

    /// A copy of all users and clients, to be put back by [`Uaa::restore`].
    pub(crate) fn snapshot(&self) -> Accounts {
        lock(&self.accounts).clone()
    }

    /// Puts saved users and clients back. Tokens that are out stay good.
    pub(crate) fn restore(&self, accounts: Accounts) {
        *lock(&self.accounts) = accounts;
    }

    /// Revokes every token that is out, refresh tokens too: everybody has to log in again. Access tokens alone are made
    /// to expire by [`Faults::expire_tokens`].
    pub(crate) fn revoke_tokens(&self) {
        self.tokens.revoke_all();
    }
}

/// The token of a request; `None` where it brings none of type `Bearer`. (RFC 6750, 2.1)
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Who asks UAA, by an access token. A handler that takes it answers 401 to all others.
struct Caller(Identity);

impl FromRequestParts<Arc<Platform>> for Caller {
    type Rejection = UaaError;

    async fn from_request_parts(parts: &mut Parts, platform: &Arc<Platform>) -> Result<Self, Self::Rejection> {
        let token = bearer(&parts.headers).ok_or_else(UaaError::not_authenticated)?;
        platform.uaa.verify(token).map(Self).ok_or_else(UaaError::invalid_token)
    }
}

impl Caller {
    /// Fails with 403 unless the token has one of these scopes.
    fn must_have(&self, scopes: &[&str]) -> Result<(), UaaError> {
        if scopes.iter().any(|scope| self.0.has_scope(scope)) {
            Ok(())
        } else {
            Err(UaaError::insufficient_scope(scopes))
        }
    }
}

/// The routes of UAA.
pub(crate) fn routes(platform: &Arc<Platform>) -> Router {
    Router::new()
        .route("/oauth/token", post(grants::token))
        .route("/oauth/token/revoke/{id}", delete(revoke))
        .route("/oauth/clients/{id}", get(client))
        .route("/Users", get(users::list).post(users::create))
        .route("/Users/{guid}", delete(users::delete))
        .route("/Users/{guid}/password", put(users::change_password))
        .route("/login", get(prompts))
        .route("/info", get(prompts))
        .fallback(left_out)
        .method_not_allowed_fallback(left_out)
        .with_state(Arc::clone(platform))
}

async fn revoke(
    State(platform): State<Arc<Platform>>,
    caller: Caller,
    axum::extract::Path(id): axum::extract::Path<String>,
) -> Result<(), UaaError> {
    if caller.0.jti != id {
        caller.must_have(&["tokens.revoke", "uaa.admin"])?;
    }
    if platform.uaa.tokens.revoke(&id) { Ok(()) } else { Err(UaaError::not_found("Token", &id)) }
}

async fn client(
    State(platform): State<Arc<Platform>>,
    caller: Caller,
    axum::extract::Path(id): axum::extract::Path<String>,
) -> Result<Json<serde_json::Value>, UaaError> {
    caller.must_have(&["clients.read", "uaa.admin"])?;
    match lock(&platform.uaa.accounts).client(&id) {
        Some(client) => Ok(Json(json!({ "client_id": id, "scope": client.scope }))),
        None => Err(UaaError::no_client(&id)),
    }
}

async fn left_out(method: Method, uri: Uri) -> UaaError {
    UaaError::not_implemented(&format!("{method} {}", uri.path()))
}

async fn prompts(State(platform): State<Arc<Platform>>) -> Json<serde_json::Value> {
    let url = platform.addresses.uaa_url();
    Json(json!({
        "app": {"version": "77.20.0"},
        "links": {"uaa": url, "login": url},
        "prompts": {
            "username": ["text", "Email"],
            "password": ["password", "Password"],
            "passcode": ["password", format!("Temporary Authentication Code ( Get one at {url}/passcode )")],
        },
    }))
}
