//! An HTTP route: host name and path, as it stands in a plan and in `cf routes`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::value_error::ValueError;
use crate::text::is_unprintable;

/// A route as users write it: `www.example.com`, `www.example.com/shop` or `*.example.com`.
///
/// Which part is the host and which the domain only the Cloud Controller's list of domains can tell, so the name is
/// kept whole. Two routes are equal when a router takes them for the same: the host has no case, and neither has the
/// path (gorouter: `/Shop` and `/shop` are one path).
#[derive(Debug, Clone)]
pub struct RouteUrl {
    /// Lower case; two labels at least; the first may be `*`.
    fqdn: String,
    /// Empty, or `/` and more, as written.
    path: String,
}

/// CC: `path` of a route has at most 128 characters.
const MAX_PATH: usize = 128;
/// RFC 1035: a label has at most 63 octets, a name 253 characters.
const MAX_LABEL: usize = 63;
const MAX_NAME: usize = 253;

impl RouteUrl {
    /// Takes a route without scheme and port. The error says which rule it breaks: DNS host names (letters, digits and
    /// inner hyphens), `*` only as the whole first label, and the Cloud Controller's rules for paths (begins with `/`,
    /// at most 128 characters, no `?`). A lone `/` as path is the same as none.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        if text.is_empty() {
            return Err(ValueError::hinted("the route is empty", "write it as HOST.DOMAIN or HOST.DOMAIN/PATH"));
        }
        if let Some(found) = text.chars().find(|c| c.is_whitespace() || is_unprintable(*c)) {
            return Err(match found {
                ' ' => ValueError::new(format!("the route `{text}` holds a blank")),
                _ => ValueError::new(format!("the route holds the character U+{:04X}", found as u32)),
            });
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            let rest = rest.split_once(['?', '#']).map_or(rest, |(before, _)| before).trim_end_matches('/');
            return Err(ValueError::hinted(
                format!("the route `{text}` has a scheme (`{scheme}://`)"),
                format!("a route is only a host and a path; write `{rest}`"),
            ));
        }
        let (host, path) = text.find('/').map_or((text, ""), |at| text.split_at(at));
        check_host(text, host)?;
        check_path(path)?;
        let path = if path == "/" { "" } else { path };
        Ok(Self { fqdn: host.to_ascii_lowercase(), path: path.to_owned() })
    }

    /// The host name in full, lower case, without the path; the first label may be `*`.
    pub(crate) fn fqdn(&self) -> &str {
        &self.fqdn
    }

    /// The path with its leading `/`, as written, or the empty text.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Whether the route takes every host below a domain.
    pub(crate) fn is_wildcard(&self) -> bool {
        self.fqdn.starts_with("*.")
    }

    /// The host name to ask: of a wildcard route, one that it takes.
    pub(crate) fn host_to_ask(&self) -> String {
        match self.fqdn.strip_prefix("*.") {
            Some(domain) => format!("cutover-probe.{domain}"),
            None => self.fqdn.clone(),
        }
    }

    /// The URL of a path below the route, as a person would type it.
    pub(crate) fn https(&self, path: &str) -> String {
        format!("https://{}{}{path}", self.host_to_ask(), self.path)
    }

    /// The ways to cut the name into host and domain, longest domain first, so that the first whose domain exists is
    /// the one that the Cloud Controller would take. The host is empty where the whole name is the domain.
    pub(crate) fn splits(&self) -> impl Iterator<Item = (&str, &str)> {
        let whole = (!self.is_wildcard()).then_some(("", self.fqdn.as_str()));
        whole.into_iter().chain(self.fqdn.match_indices('.').map(|(at, _)| (&self.fqdn[..at], &self.fqdn[at + 1..])))
    }

    /// Whether the text is this route; as [`Self::parse`] and `==` tell it, and much quicker.
    pub(crate) fn is_written(&self, text: &str) -> bool {
        let Some((host, path)) = text.split_at_checked(self.fqdn.len()) else { return false };
        let path = if path == "/" { "" } else { path };
        host.eq_ignore_ascii_case(&self.fqdn) && (path == self.path || path.to_lowercase() == self.path.to_lowercase())
    }

    fn key(&self) -> (&str, String) {
        (&self.fqdn, self.path.to_lowercase())
    }
}

/// A route as manifests may write it, with a scheme before it, less that.
pub(crate) fn without_scheme(route: &str) -> &str {
    route.trim_start_matches("https://").trim_start_matches("http://")
}

fn check_host(text: &str, host: &str) -> Result<(), ValueError> {
    if host.is_empty() {
        return Err(ValueError::hinted(
            format!("the route `{text}` has no host"),
            "write it as HOST.DOMAIN/PATH, for example `www.example.com/shop`",
        ));
    }
    if let Some((name, port)) = host.split_once(':') {
        return Err(ValueError::hinted(
            format!("the route `{text}` has a port (`{port}`)"),
            format!("HTTP routes have no port and TCP routes cannot be cut over; write `{name}`"),
        ));
    }
    if let Some(found) = ['?', '#', '@'].into_iter().find(|c| host.contains(*c)) {
        return Err(ValueError::hinted(
            format!("the host of the route `{text}` holds `{found}`"),
            "a route is only a host and a path",
        ));
    }
    if host.ends_with('.') {
        return Err(ValueError::hinted(format!("the host `{host}` ends with a dot"), "leave the last dot out"));
    }
    if host.len() > MAX_NAME {
        return Err(ValueError::new(format!("the host has {} characters; {MAX_NAME} are allowed", host.len())));
    }
    let mut last = "";
    for (at, label) in host.split('.').enumerate() {
        if label != "*" || at > 0 {
            check_label(host, label)?;
        }
        last = label;
    }
    if last == host {
        return Err(ValueError::hinted(
            format!("the route `{text}` has a host but no domain"),
            format!("write the name in full, for example `{text}.example.com`; `cf domains` lists the domains"),
        ));
    }
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ValueError::new(format!("the host `{host}` is an IP address or ends with a number")));
    }
    Ok(())
}

/// RFC 1123: letters, digits and hyphens, no hyphen at either end, at most 63 characters. (CC would take `_` as well.)
pub(super) fn check_label(host: &str, label: &str) -> Result<(), ValueError> {
    let error = |why: String, hint: &str| {
        Err(ValueError::hinted(format!("`{label}` in `{host}` is no DNS label: {why}"), hint))
    };
    if label.is_empty() {
        return Err(ValueError::hinted(
            format!("the host `{host}` has an empty label"),
            "there is a dot too many, or a name is missing between two dots",
        ));
    }
    if label.contains('*') {
        return error("a `*` stands only alone and first".to_owned(), "a wildcard route is written `*.DOMAIN`");
    }
    if label.contains('_') {
        return error(
            "it holds `_`".to_owned(),
            "a host name has only letters, digits and hyphens; write `-` (app names may keep their `_`)",
        );
    }
    if let Some(found) = label.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
        let hint = if found.is_ascii() {
            "a host name has only letters, digits and hyphens"
        } else {
            "write an international name in its ASCII form (`xn--…`)"
        };
        return error(format!("it holds `{found}`"), hint);
    }
    if label.starts_with('-') || label.ends_with('-') {
        return error("it begins or ends with `-`".to_owned(), "hyphens stand only within a label");
    }
    if label.len() > MAX_LABEL {
        return error(format!("it has {} characters", label.len()), "63 characters are allowed");
    }
    Ok(())
}

/// CC: `route_create_message.rb`; `cf` would take a `#` or a `%` that is no escape for part of a URL.
fn check_path(path: &str) -> Result<(), ValueError> {
    if path.contains('?') {
        return Err(ValueError::hinted(format!("the path `{path}` holds `?`"), "a route's path has no query"));
    }
    if path.contains('#') {
        return Err(ValueError::hinted(format!("the path `{path}` holds `#`"), "a route's path has no fragment"));
    }
    let length = path.chars().count();
    if length > MAX_PATH {
        return Err(ValueError::new(format!("the path has {length} characters; {MAX_PATH} are allowed")));
    }
    Ok(())
}

impl PartialEq for RouteUrl {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for RouteUrl {}

impl std::hash::Hash for RouteUrl {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialOrd for RouteUrl {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RouteUrl {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl fmt::Display for RouteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.fqdn, self.path)
    }
}

impl FromStr for RouteUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::parse(text)
    }
}

impl Serialize for RouteUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_that_are_taken() {
        for (text, fqdn, path) in [
            ("www.example.com", "www.example.com", ""),
            ("WWW.Example.COM/Shop", "www.example.com", "/Shop"),
            ("example.com", "example.com", ""),
            ("*.example.com", "*.example.com", ""),
            ("www.example.com/", "www.example.com", ""),
            ("www.example.com/a/b/", "www.example.com", "/a/b/"),
            ("a.b.c.apps.foundry.test", "a.b.c.apps.foundry.test", ""),
            ("1.2.3.example.com", "1.2.3.example.com", ""),
            ("xn--bcher-kva.example", "xn--bcher-kva.example", ""),
        ] {
            let route = RouteUrl::parse(text).unwrap();
            assert_eq!((route.fqdn(), route.path()), (fqdn, path));
            assert_eq!(RouteUrl::parse(&route.to_string()), Ok(route));
        }
    }

    #[test]
    fn equal_as_a_router_sees_it() {
        for (one, other, same) in [
            ("A.example.com/Shop", "a.EXAMPLE.com/shop", true),
            ("a.example.com/", "a.example.com", true),
            ("a.example.com/shop", "a.example.com", false),
            ("a.example.com/shop", "a.example.com/shops", false),
            ("a.example.com", "a.example.com.au", false),
            ("*.example.com", "a.example.com", false),
        ] {
            let (route, also) = (RouteUrl::parse(one).unwrap(), RouteUrl::parse(other).unwrap());
            assert_eq!(route == also, same, "{one} {other}");
            assert_eq!((route.is_written(other), also.is_written(one)), (same, same), "{one} {other}");
        }
        assert!(!RouteUrl::parse("a.example.com").unwrap().is_written("a.exampleé.com"));
    }

    #[test]
    fn cut_into_host_and_domain() {
        let splits = |text| {
            let route = RouteUrl::parse(text).unwrap();
            route.splits().map(|(host, domain)| format!("{host}|{domain}")).collect::<Vec<_>>()
        };
        assert_eq!(splits("a.b.c"), ["|a.b.c", "a|b.c", "a.b|c"]);
        assert_eq!(splits("*.b.c/p"), ["*|b.c", "*.b|c"]);
    }

    #[test]
    fn routes_that_are_refused() {
        for (text, why) in [
            ("", "the route is empty"),
            ("https://www.example.com/", "the route `https://www.example.com/` has a scheme (`https://`)"),
            ("www.example.com:8080", "the route `www.example.com:8080` has a port (`8080`)"),
            ("www", "the route `www` has a host but no domain"),
            ("*", "the route `*` has a host but no domain"),
            ("/shop", "the route `/shop` has no host"),
            ("a..b", "the host `a..b` has an empty label"),
            (".a.b", "the host `.a.b` has an empty label"),
            ("a.b.", "the host `a.b.` ends with a dot"),
            ("my_app.example.com", "`my_app` in `my_app.example.com` is no DNS label: it holds `_`"),
            ("-a.example.com", "`-a` in `-a.example.com` is no DNS label: it begins or ends with `-`"),
            ("a*.example.com", "`a*` in `a*.example.com` is no DNS label: a `*` stands only alone and first"),
            ("a.*.com", "`*` in `a.*.com` is no DNS label: a `*` stands only alone and first"),
            ("bücher.example", "`bücher` in `bücher.example` is no DNS label: it holds `ü`"),
            ("a b.example.com", "the route `a b.example.com` holds a blank"),
            ("a\u{7}.example.com", "the route holds the character U+0007"),
            ("127.0.0.1", "the host `127.0.0.1` is an IP address or ends with a number"),
            ("a.example.com?x=1", "the host of the route `a.example.com?x=1` holds `?`"),
            ("a.example.com/p?x=1", "the path `/p?x=1` holds `?`"),
            ("u@a.example.com", "the host of the route `u@a.example.com` holds `@`"),
        ] {
            assert_eq!(RouteUrl::parse(text).map_err(|f| f.message), Err(why.to_owned()), "{text}");
        }
        let path = format!("a.example.com/{}", "p".repeat(128));
        assert_eq!(
            RouteUrl::parse(&path).map_err(|f| f.message),
            Err("the path has 129 characters; 128 are allowed".to_owned())
        );
        assert!(RouteUrl::parse(&format!("{}.example.com", "a".repeat(64))).is_err());
        assert!(RouteUrl::parse(&"a.".repeat(127)).is_err());
    }
}
