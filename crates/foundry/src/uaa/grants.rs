//! `POST /oauth/token`: tokens for those who prove who they are.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::{Form, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Uaa;
use super::accounts::User;
use super::error::UaaError;
use super::token::Holder;
use crate::platform::{Platform, lock};

/// The grants that are served.
const KINDS: [&str; 3] = ["password", "refresh_token", "client_credentials"];

/// What `cf auth --assertion` asks with.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The form.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Grant {
    #[serde(default, rename = "grant_type")]
    kind: String,
    username: Option<String>,
    password: Option<String>,
    refresh_token: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    login_hint: Option<String>,
    passcode: Option<String>,
}

/// The query: cf names the identity provider there.
#[derive(Debug, Deserialize)]
pub(super) struct Hint {
    login_hint: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Origin {
    origin: String,
}

pub(super) async fn token(
    State(platform): State<Arc<Platform>>,
    Query(hint): Query<Hint>,
    headers: HeaderMap,
    Form(mut grant): Form<Grant>,
) -> Result<Json<Value>, UaaError> {
    grant.login_hint = grant.login_hint.or(hint.login_hint);
    platform.uaa.grant(&grant, basic(&headers)).map(Json)
}

/// The id and the secret in an `Authorization: Basic` header.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (id, secret) = str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

impl Uaa {
    fn grant(&self, grant: &Grant, basic: Option<(String, String)>) -> Result<Value, UaaError> {
        let in_form = || Some((grant.client_id.clone()?, grant.client_secret.clone().unwrap_or_default()));
        let (client, secret) = basic.or_else(in_form).ok_or_else(UaaError::not_authenticated)?;
        let accounts = lock(&self.accounts);
        let known = accounts.client(&client).filter(|known| known.secret == secret).ok_or_else(UaaError::bad_client)?;
        if KINDS.contains(&grant.kind.as_str()) && !known.may(&grant.kind) {
            return Err(UaaError::unauthorized_grant(&grant.kind));
        }
        match grant.kind.as_str() {
            "password" if grant.passcode.is_some() => Err(UaaError::bad_passcode()),
            "password" => {
                check_origin(grant.login_hint.as_deref())?;
                let name = grant.username.as_deref().ok_or_else(|| UaaError::missing("username"))?;
                let password = grant.password.as_deref().unwrap_or_default();
                let user = accounts.user(name).ok_or_else(UaaError::bad_credentials)?;
                if user.password != password {
                    return Err(UaaError::bad_credentials());
                }
                Ok(self.for_user(user, &client, self.tokens.refresh(&user.guid, &client)))
            }
            "refresh_token" => {
                let token = grant.refresh_token.as_deref().ok_or_else(|| UaaError::missing("refresh_token"))?;
                let refresh = self.tokens.refreshed(token).ok_or_else(UaaError::invalid_token)?;
                if refresh.client != client {
                    return Err(UaaError::wrong_client(&client));
                }
                let user = accounts.user_by_guid(refresh.user.as_str()).ok_or_else(UaaError::invalid_token)?;
                let next = if self.tokens.policy().rotate {
                    // Of two who use it at once, one comes too late.
                    if !self.tokens.revoke(token) {
                        return Err(UaaError::invalid_token());
                    }
                    self.tokens.refresh(&user.guid, &client)
                } else {
                    token.to_owned()
                };
                Ok(self.for_user(user, &client, next))
            }
            "client_credentials" => {
                let (access, jti) = self.tokens.access(Holder::Client(&client), &known.scope);
                Ok(self.answer(&access, &jti, &known.scope))
            }
            JWT_BEARER => Err(UaaError::not_implemented(&format!("the grant {}", grant.kind))),
            kind => Err(UaaError::unsupported_grant(kind)),
        }
    }

    fn for_user(&self, user: &User, client: &str, refresh: String) -> Value {
        let holder = Holder::User { guid: &user.guid, name: &user.name, client };
        let (access, jti) = self.tokens.access(holder, &user.scope);
        let mut answer = self.answer(&access, &jti, &user.scope);
        answer["refresh_token"] = refresh.into();
        answer
    }

    fn answer(&self, access: &str, jti: &str, scope: &[String]) -> Value {
        json!({
            "access_token": access,
            "token_type": "bearer",
            "expires_in": self.tokens.policy().access.as_secs(),
            "scope": scope.join(" "),
            "jti": jti,
        })
    }
}

/// There is one identity provider: UAA itself.
fn check_origin(hint: Option<&str>) -> Result<(), UaaError> {
    match hint.map(serde_json::from_str::<Origin>) {
        None => Ok(()),
        Some(Ok(origin)) if origin.origin == "uaa" => Ok(()),
        Some(_) => Err(UaaError::unknown_origin()),
    }
}
