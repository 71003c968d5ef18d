//! `GET /oauth/authorize`: codes with which a client gets a token for the user who asked for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{HeaderName, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::Caller;
use super::error::UaaError;
use crate::platform::{Platform, lock};
use crate::state::Guid;

/// How long a code is good. (UAA: `UaaTokenStore`.)
const GOOD: SignedDuration = SignedDuration::from_mins(5);

/// Whom a code speaks for.
#[derive(Debug)]
struct Code {
    user: Guid,
    client: String,
    until: Timestamp,
}

/// The codes that are out. Each is good once.
#[derive(Debug, Default)]
pub(super) struct Codes(Mutex<HashMap<String, Code>>);

impl Codes {
    /// Makes one.
    pub(super) fn make(&self, user: &Guid, client: &str, now: Timestamp) -> String {
        let code = Guid::random().as_str().replace('-', "");
        let mut codes = lock(&self.0);
        codes.retain(|_, code| code.until > now);
        codes.insert(code.clone(), Code { user: user.clone(), client: client.to_owned(), until: now + GOOD });
        code
    }

    /// Takes one back, and says for whom it speaks; `None` where it is not, or no longer, good for this client.
    pub(super) fn redeem(&self, code: &str, client: &str, now: Timestamp) -> Option<Guid> {
        let code = lock(&self.0).remove(code)?;
        (code.client == client && now < code.until).then_some(code.user)
    }
}

/// The query.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    response_type: String,
    #[serde(default)]
    client_id: String,
}

/// Answers a user who has a token, and whose client is approved of beforehand; others would be shown pages.
pub(super) async fn authorize(
    State(platform): State<Arc<Platform>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<(StatusCode, [(HeaderName, String); 1]), UaaError> {
    if asked.response_type != "code" {
        return Err(UaaError::not_implemented(&format!("the response type '{}'", asked.response_type)));
    }
    let known =
        lock(&platform.uaa.accounts).client(&asked.client_id).is_some_and(|client| client.may("authorization_code"));
    if !known {
        return Err(UaaError::bad_client());
    }
    let user = Guid::from(caller.0.user_id.as_str());
    let code = platform.uaa.codes.make(&user, &asked.client_id, Timestamp::now());
    let location = format!("{}/login?code={code}", platform.addresses.uaa_url());
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_once_for_its_client_and_its_time() {
        let (codes, user, now) = (Codes::default(), Guid::from("u"), Timestamp::from_second(0).unwrap());
        let code = codes.make(&user, "ssh-proxy", now);
        assert_eq!(codes.redeem(&code, "ssh-proxy", now), Some(user.clone()));
        assert_eq!(codes.redeem(&code, "ssh-proxy", now), None);
        let code = codes.make(&user, "ssh-proxy", now);
        assert_eq!(codes.redeem(&code, "cf", now), None);
        let code = codes.make(&user, "ssh-proxy", now);
        assert_eq!(codes.redeem(&code, "ssh-proxy", now + GOOD), None);
    }
}
