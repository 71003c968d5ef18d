//! The address of a Cloud Controller, in the one form in which two of them can be compared.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::value_error::ValueError;
use crate::text::is_unprintable;

/// A Cloud Controller's address: scheme and host, with a port where it is not the scheme's own. Lower case, no slash at
/// the end, so that the plan's address equals the one that `cf target` shows for the same platform.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct ApiUrl(String);

impl ApiUrl {
    /// Takes an `https` or `http` address; without a scheme it is `https`, as with `cf api`. The error names what does
    /// not belong there: another scheme, a user or password, a path, a query.
    pub(crate) fn parse(text: &str) -> Result<Self, ValueError> {
        const HINT: &str = "write it as `cf api` shows it, for example https://api.example.com";
        if text.is_empty() {
            return Err(ValueError::hinted("the API address is empty", HINT));
        }
        if text.starts_with('-') || text.chars().any(|c| c.is_whitespace() || is_unprintable(c)) {
            return Err(ValueError::hinted("the API address is no URL", HINT));
        }
        if text.contains('@') {
            // Not quoted: what stands before the @ may be a password.
            let hint = "leave it out; log in with `cf login`";
            return Err(ValueError::hinted("the API address holds a user or a password", hint).secret());
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => ("https".to_owned(), text),
        };
        let standard_port = match scheme.as_str() {
            "https" => ":443",
            "http" => ":80",
            other => return Err(ValueError::hinted(format!("the API address has the scheme `{other}`"), HINT)),
        };
        let place = rest.trim_end_matches('/');
        if place.contains(['/', '?', '#']) {
            return Err(ValueError::hinted(format!("the API address `{text}` has a path"), HINT));
        }
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !place.ends_with(']') => (host, Some(port)),
            Some(_) | None => (place, None),
        };
        let host_is_sound = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
            Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.split('.').any(|label| {
                label.is_empty() || !label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            }),
        };
        if !host_is_sound || port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return Err(ValueError::hinted(format!("the API address `{text}` is no URL"), HINT));
        }
        let place = place.to_ascii_lowercase();
        let place = place.strip_suffix(standard_port).unwrap_or(&place);
        Ok(Self(format!("{scheme}://{place}")))
    }

    /// The address in its compared form.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ApiUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_platform_one_text() {
        for (text, normal) in [
            ("https://api.example.com", "https://api.example.com"),
            ("https://api.example.com/", "https://api.example.com"),
            ("HTTPS://API.Example.com", "https://api.example.com"),
            ("api.example.com", "https://api.example.com"),
            ("https://api.example.com:443/", "https://api.example.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost:80", "http://localhost"),
            ("http://[::1]:9000", "http://[::1]:9000"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(ApiUrl::parse(text).map(|a| a.to_string()), Ok(normal.to_owned()));
        }
    }

    #[test]
    fn refused() {
        for (text, why) in [
            ("", "the API address is empty"),
            ("ftp://api.example.com", "the API address has the scheme `ftp`"),
            ("https://u:secret@api.example.com", "the API address holds a user or a password"),
            ("https://api.example.com/v3", "the API address `https://api.example.com/v3` has a path"),
            ("https://api.example.com:x", "the API address `https://api.example.com:x` is no URL"),
            ("https://", "the API address `https://` is no URL"),
            ("https://api..com", "the API address `https://api..com` is no URL"),
            ("https://[::x]", "the API address `https://[::x]` is no URL"),
            ("--help", "the API address is no URL"),
            ("https://a b", "the API address is no URL"),
        ] {
            assert_eq!(ApiUrl::parse(text).map_err(|f| f.message), Err(why.to_owned()));
        }
    }
}
