//! Tokens: how they are made, how long they are good, what makes them worthless.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::faults::Faults;
use crate::platform::lock;
use crate::settings::TokenPolicy;
use crate::state::Guid;

/// Whom a token speaks for: its claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// The id of the token.
    pub jti: String,
    /// The user's guid; for a client that speaks for itself, its id. Only users have the claim.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_id: String,
    /// The user's name. cf takes a token without it for a client's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_name: String,
    /// The user's mail address; the Cloud Controller shows it in audit events.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Where the user is kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
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
    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scope.iter().any(|one| one == scope)
    }
}

/// Whom an access token is made for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holder<'a> {
    User { guid: &'a Guid, name: &'a str, client: &'a str },
    Client(&'a str),
}

/// A refresh token that is out.
#[derive(Debug, Clone)]
pub(super) struct Refresh {
    pub(super) user: Guid,
    pub(super) client: String,
    /// In seconds since 1970.
    exp: i64,
}

/// The tokens that are out.
#[derive(Debug)]
pub(super) struct Tokens {
    secret: String,
    policy: TokenPolicy,
    refresh: Mutex<HashMap<String, Refresh>>,
    revoked: Mutex<Revoked>,
    faults: Arc<Faults>,
}

/// What was revoked: single access tokens by id, and all that were made before the last revocation of all.
#[derive(Debug, Default)]
struct Revoked {
    ids: HashSet<String>,
    generation: u64,
}

impl Tokens {
    pub(super) fn new(policy: TokenPolicy, faults: Arc<Faults>) -> Self {
        Self {
            secret: Guid::random().to_string(),
            policy,
            refresh: Mutex::default(),
            revoked: Mutex::default(),
            faults,
        }
    }

    pub(super) fn policy(&self) -> TokenPolicy {
        self.policy
    }

    pub(super) fn verify(&self, bearer: &str) -> Option<Identity> {
        let (signed, signature) = bearer.rsplit_once('.')?;
        if signature != self.sign(signed) {
            return None;
        }
        let (_, claims) = signed.split_once('.')?;
        let mut identity: Identity = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let current = identity.exp > now() && identity.epoch >= self.faults.oldest_epoch();
        if !current || lock(&self.revoked).ids.contains(&identity.jti) {
            return None;
        }
        if identity.user_id.is_empty() {
            identity.user_id.clone_from(&identity.client_id);
            identity.user_name.clone_from(&identity.client_id);
        }
        Some(identity)
    }

    /// Signed with what a revocation of all changes.
    fn sign(&self, text: &str) -> String {
        let generation = lock(&self.revoked).generation.to_string();
        let digest = Sha256::new().chain_update(&self.secret).chain_update(generation).chain_update(text).finalize();
        URL_SAFE_NO_PAD.encode(digest)
    }

    /// Makes an access token; the second value is its id.
    pub(super) fn access(&self, holder: Holder<'_>, scope: &[String]) -> (String, String) {
        let iat = now();
        let (guid, name, origin, client) = match holder {
            Holder::User { guid, name, client } => (guid.as_str(), name, "uaa", client),
            Holder::Client(id) => ("", "", "", id),
        };
        let claims = Identity {
            jti: Guid::random().to_string(),
            user_id: guid.to_owned(),
            user_name: name.to_owned(),
            email: name.to_owned(),
            origin: origin.to_owned(),
            client_id: client.to_owned(),
            scope: scope.to_vec(),
            iat,
            exp: later(iat, self.policy().access),
            epoch: self.faults.token_epoch(),
        };
        let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(json!({"alg": "HS256", "typ": "JWT"})), encode(json!(claims)));
        let signature = self.sign(&signed);
        (format!("{signed}.{signature}"), claims.jti)
    }

    /// Makes a refresh token.
    pub(super) fn refresh(&self, user: &Guid, client: &str) -> String {
        let token = format!("{}-r", Guid::random());
        let exp = later(now(), self.policy().refresh);
        let refresh = Refresh { user: user.clone(), client: client.to_owned(), exp };
        lock(&self.refresh).insert(token.clone(), refresh);
        token
    }

    /// What a refresh token stands for, where it is good.
    pub(super) fn refreshed(&self, token: &str) -> Option<Refresh> {
        lock(&self.refresh).get(token).filter(|refresh| refresh.exp > now()).cloned()
    }

    /// Revokes an access token by its id, or a refresh token by itself; tells whether there can be such a one.
    pub(super) fn revoke(&self, id: &str) -> bool {
        let refresh = lock(&self.refresh).remove(id).is_some();
        refresh || (uuid::Uuid::parse_str(id).is_ok() && lock(&self.revoked).ids.insert(id.to_owned()))
    }

    pub(super) fn revoke_all(&self) {
        lock(&self.revoked).generation += 1;
        lock(&self.refresh).clear();
    }

    /// Revokes the refresh tokens of a user who is gone or has a new password.
    pub(super) fn revoke_of(&self, user: &Guid) {
        lock(&self.refresh).retain(|_, refresh| refresh.user != *user);
    }
}

/// In seconds since 1970.
fn now() -> i64 {
    Timestamp::now().as_second()
}

fn later(than: i64, by: Duration) -> i64 {
    than.saturating_add(i64::try_from(by.as_secs()).unwrap_or(i64::MAX))
}
