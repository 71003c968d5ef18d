//! The routes of an application of a manifest. (`manifest_routes_update_message.rb`, `manifest_route.rb`)

use serde_json::{Map, Value};

use crate::controller::body::humanize;
use crate::controller::manifests::read::Manifest;
use crate::controller::route_options::{self, Known, OptionChanges};

/// A route of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RouteWanted {
    /// As it was written.
    pub(super) text: String,
    pub(super) host: String,
    pub(super) path: String,
    pub(super) port: Option<u16>,
    pub(super) protocol: Option<String>,
    pub(super) options: OptionChanges,
}

/// Reads the routes of an application and its switches for routes, and notes what is wrong.
pub(super) fn read(fields: &Map<String, Value>, known: Known, manifest: &mut Manifest, problems: &mut Vec<String>) {
    let mut switch = |key: &str| match fields.get(key) {
        None | Some(Value::Null) => false,
        Some(Value::Bool(on)) => *on,
        Some(_) => {
            problems.push(format!("{} must be a boolean", humanize(&key.replace("_route", "-route"))));
            false
        }
    };
    manifest.no_route = switch("no_route");
    manifest.default_route = switch("default_route");
    manifest.random_route = switch("random_route");
    if manifest.random_route && manifest.default_route {
        problems.push("Random-route and default-route may not be used together".to_owned());
    }
    let wrong = || "Routes must be a list of route objects".to_owned();
    match fields.get("routes") {
        None => {}
        Some(Value::Array(routes)) => {
            let mut read = Vec::new();
            for route in routes {
                let text =
                    route.get("route").map(|text| text.as_str().map_or_else(|| text.to_string(), ToOwned::to_owned));
                let Some(text) = text.filter(|text| !text.is_empty()) else {
                    problems.push(wrong());
                    return;
                };
                let protocol = route.get("protocol").and_then(Value::as_str).map(ToOwned::to_owned);
                if protocol.as_deref().is_some_and(|word| !matches!(word, "http1" | "http2" | "tcp")) {
                    problems.push("Route protocol must be 'http1', 'http2' or 'tcp'.".to_owned());
                }
                let options = read_options(&text, route.get("options"), known, problems);
                match parse_route(&text) {
                    Some((host, path, port)) => {
                        read.push(RouteWanted { text, host, path, port, protocol, options });
                    }
                    None => problems.push(format!("The route '{text}' is not a properly formed URL")),
                }
            }
            manifest.routes = Some(read);
        }
        Some(_) => problems.push(wrong()),
    }
}

fn read_options(route: &str, options: Option<&Value>, known: Known, problems: &mut Vec<String>) -> OptionChanges {
    match options {
        None => OptionChanges::new(),
        Some(Value::Object(options)) => {
            problems.extend(known.faults_in_manifest(route, options));
            route_options::changes(options)
        }
        Some(_) => {
            problems.push(format!("Route '{route}': options must be an object"));
            OptionChanges::new()
        }
    }
}

/// Host with domain, path and port of a route. (`manifest_route.rb`)
fn parse_route(text: &str) -> Option<(String, String, Option<u16>)> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (place, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let (host, port) = match place.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (place, None),
    };
    let known = if port.is_some() { matches!(scheme, "" | "tcp") } else { matches!(scheme, "" | "http" | "https") };
    let good = !host.is_empty() && !host.chars().any(|c| c.is_whitespace() || matches!(c, '?' | '#' | '@' | '\\'));
    (known && good).then(|| (host.to_owned(), path.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_have_host_path_and_port() {
        let cases = [
            ("a.example.com", Some(("a.example.com", "", None))),
            ("https://a.example.com/shop/x", Some(("a.example.com", "/shop/x", None))),
            ("*.example.com", Some(("*.example.com", "", None))),
            ("tcp.example.com:1234", Some(("tcp.example.com", "", Some(1234)))),
            ("a b.example.com", None),
            ("/path", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(host, path, port)| (host.to_owned(), path.to_owned(), port));
            assert_eq!(parse_route(text), expected, "{text}");
        }
    }
}
