//! Sticky sessions: a client that holds a session cookie of the app stays on the instance that gave it.

use hyper::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

use super::endpoint::Endpoint;

/// The cookie that names an instance.
const VCAP_ID: &str = "__VCAP_ID__";

/// The instance that a client came with: the value of `__VCAP_ID__`, heard only beside a session cookie.
pub(super) fn asked(headers: &HeaderMap, session_cookies: &[String]) -> Option<String> {
    let cookies: Vec<(&str, &str)> = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .collect();
    let value = |wanted: &str| cookies.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    session_cookies.iter().find_map(|name| value(name))?;
    value(VCAP_ID).map(|id| id.trim_matches('"').to_owned()).filter(|id| !id.is_empty())
}

/// Adds `__VCAP_ID__` to an answer that sets a session cookie, or that came from another instance than was asked for;
/// never beside a `__VCAP_ID__` of the app's own (gorouter: `setupStickySession`).
pub(super) fn set(
    answer: &mut HeaderMap,
    endpoint: &Endpoint,
    asked: Option<&str>,
    path: &str,
    session_cookies: &[String],
) {
    let cookies: Vec<&str> = answer.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()).collect();
    let name = |cookie: &str| cookie.split('=').next().unwrap_or_default().trim().to_owned();
    let session = cookies.iter().find(|cookie| session_cookies.contains(&name(cookie)));
    let moved = asked.is_some_and(|asked| asked != endpoint.instance_guid);
    let own = cookies.iter().any(|cookie| name(cookie) == VCAP_ID);
    if own || !(session.is_some() || moved) {
        return;
    }
    let attributes = session.map(|cookie| Attributes::of(cookie)).unwrap_or_default();
    let cookie = format!("{VCAP_ID}={}; Path={path}{attributes}", endpoint.instance_guid);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.append(SET_COOKIE, cookie);
    }
}

/// What is taken over from the session cookie.
#[derive(Debug, Default)]
struct Attributes {
    expires: Option<String>,
    /// `Max-Age` of zero or less: the session ends. A positive one is not taken over.
    expired: bool,
    secure: bool,
    same_site: Option<&'static str>,
    partitioned: bool,
}

impl Attributes {
    fn of(cookie: &str) -> Self {
        let mut attributes = Self::default();
        for attribute in cookie.split(';').skip(1) {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "secure" => attributes.secure = true,
                "partitioned" => attributes.partitioned = true,
                "max-age" => attributes.expired = value.parse::<i64>().is_ok_and(|seconds| seconds <= 0),
                "expires" => attributes.expires = Some(value.to_owned()),
                "samesite" => {
                    attributes.same_site = match value.to_ascii_lowercase().as_str() {
                        "lax" => Some("Lax"),
                        "strict" => Some("Strict"),
                        "none" => Some("None"),
                        _ => None,
                    }
                }
                _ => {}
            }
        }
        attributes
    }
}

impl std::fmt::Display for Attributes {
    /// In the order in which Go writes them; `HttpOnly` always.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(expires) = &self.expires {
            write!(f, "; Expires={expires}")?;
        }
        if self.expired {
            f.write_str("; Max-Age=0")?;
        }
        f.write_str("; HttpOnly")?;
        if self.secure {
            f.write_str("; Secure")?;
        }
        if let Some(same_site) = self.same_site {
            write!(f, "; SameSite={same_site}")?;
        }
        if self.partitioned {
            f.write_str("; Partitioned")?;
        }
        Ok(())
    }
}
