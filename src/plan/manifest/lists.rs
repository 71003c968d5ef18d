//! The lists of an application other than its processes and buildpacks: `services`, `routes`, `sidecars`.

use super::fields::Fields;
use super::size;
use super::variables::is_unfilled;
use crate::plan::template;
use crate::plan::value_error::ValueError;
use crate::plan::yaml::{Node, Scalar, ScalarKind, Value};

const SERVICES: &str = "write `services: [NAME]`, or take the key out";
const ROUTES: &str = "write `routes: [{route: www.example.com}]`, or take the key out: the routes are the plan's";
const SIDECARS: &str = "write `sidecars: [{name: NAME, command: COMMAND, process_types: [web]}]`";

/// The names of the services.
///
/// CC (`manifest_service_binding_create_message.rb`): each is a text, or a mapping with `name`, and `parameters` (a mapping)
/// and `binding_name` (a text) where they are there, and nothing else.
pub(super) fn read_services(fields: &mut Fields<'_, '_, '_>) -> Vec<String> {
    let list = fields.path_of("services");
    let mut names = Vec::new();
    for (at, item) in fields.list("services", "services", SERVICES).iter().enumerate() {
        let path = format!("{list}[{at}]");
        match service(item) {
            Ok(name) => names.push(name),
            Err((node, error)) => fields.collector.node(node, &path, error),
        }
    }
    names
}

fn service(item: &Node) -> Result<String, (&Node, ValueError)> {
    let of_name = |node: &Node| match node.text().and_then(template::error_in) {
        Some(error) => Err(error),
        None => Ok(node.text().unwrap_or_default().to_owned()),
    };
    let entries = match &item.value {
        Value::Scalar(Scalar { kind: ScalarKind::Text, .. }) => return of_name(item).map_err(|error| (item, error)),
        Value::Map(entries) => entries,
        Value::Scalar(_) | Value::List(_) => {
            let message = format!("expected a service, found {}", item.type_name());
            return Err((item, ValueError::hinted(message, "write its name, in quotes if it is a number")));
        }
    };
    for (key, value) in entries {
        let error = match key.text().unwrap_or_default() {
            "name" => continue,
            "parameters" if matches!(value.value, Value::Map(_)) => continue,
            "parameters" => ValueError::hinted(
                format!("expected a mapping, found {}", value.type_name()),
                "write `parameters: {NAME: VALUE}`, or take the key out",
            ),
            "binding_name" if value.scalar().is_some_and(|scalar| scalar.kind == ScalarKind::Text) => continue,
            "binding_name" => ValueError::hinted(
                format!("expected a text, found {}", value.type_name()),
                "put it in quotes, or take the key out",
            ),
            other => {
                let message = format!("a service has no key `{other}`");
                return Err((key, ValueError::hinted(message, "its keys are name, parameters, binding_name")));
            }
        };
        return Err((value, error));
    }
    match item.get("name") {
        Some(name) if name.text().is_some() => of_name(name).map_err(|error| (name, error)),
        Some(_) | None => Err((item, ValueError::hinted("a service has no name", "write `- name: NAME`"))),
    }
}

/// The routes as they are written.
///
/// CC (`manifest_routes_update_message.rb`): each is a mapping with `route`. They are checked though none of them is mapped.
pub(super) fn read_routes(fields: &mut Fields<'_, '_, '_>) -> Vec<String> {
    let list = fields.path_of("routes");
    let mut routes = Vec::new();
    for (at, item) in fields.list("routes", "routes", ROUTES).iter().enumerate() {
        let path = format!("{list}[{at}]");
        let Some(route) = item.get("route").and_then(Node::text).filter(|route| !route.trim().is_empty()) else {
            let hint = match item.text() {
                Some(_) => "write `- route: www.example.com`",
                None => ROUTES,
            };
            fields.collector.node(item, &path, ValueError::hinted("a route is a mapping with the key `route`", hint));
            continue;
        };
        if let Some((node, error)) = route_error(item, route) {
            fields.collector.node(node, &path, error);
        }
        routes.push(route.to_owned());
    }
    routes
}

/// CC (`manifest_route.rb`, `manifest_routes_update_message.rb`).
fn route_error<'n>(item: &'n Node, route: &str) -> Option<(&'n Node, ValueError)> {
    let (scheme, rest) = route.split_once("://").unwrap_or(("", route));
    let host = rest.split('/').next().unwrap_or_default();
    let known: &[&str] = if host.contains(':') { &["", "tcp"] } else { &["", "http", "https"] };
    if host.is_empty() || !known.contains(&scheme) {
        let error =
            ValueError::hinted("the platform takes this for no route", "write host and domain: www.example.com");
        return Some((item.get("route")?, error));
    }
    if let Some(protocol) = item.get("protocol").filter(|protocol| !protocol.is_null())
        && !protocol.text().is_some_and(|word| ["http1", "http2", "tcp"].contains(&word) || is_unfilled(word))
    {
        return Some((
            protocol,
            ValueError::hinted("this is no protocol of a route", "write one of http1, http2, tcp"),
        ));
    }
    let options = item.get("options").filter(|options| !matches!(options.value, Value::Map(_)))?;
    let message = format!("expected a mapping, found {}", options.type_name());
    Some((options, ValueError::hinted(message, "write `options: {loadbalancing: round-robin}`")))
}

/// CC (`sidecar_create_message.rb`): each has a name, a command and at least one type of process. Their keys have one spelling.
pub(super) fn check_sidecars(fields: &mut Fields<'_, '_, '_>) {
    let list = fields.path_of("sidecars");
    for (at, item) in fields.list("sidecars", "sidecars", SIDECARS).iter().enumerate() {
        for (key, error) in sidecar_errors(item) {
            let node = item.get(key).unwrap_or(item);
            fields.collector.node(node, &format!("{list}[{at}].{key}"), error);
        }
    }
}

fn sidecar_errors(item: &Node) -> Vec<(&'static str, ValueError)> {
    let mut errors = Vec::new();
    for key in ["name", "command"] {
        let is_text = |scalar: &Scalar| scalar.kind == ScalarKind::Text && !scalar.text.trim().is_empty();
        if !item.get(key).and_then(Node::scalar).is_some_and(is_text) {
            errors.push((key, ValueError::hinted(format!("a sidecar needs a text for its {key}"), SIDECARS)));
        }
    }
    if item.get("process_types").is_none_or(|types| types.items().is_empty()) {
        let message = "a sidecar needs a list of the types of processes that it runs beside";
        errors.push(("process_types", ValueError::hinted(message, SIDECARS)));
    }
    let memory = item.get("memory").and_then(Node::text).filter(|text| !is_unfilled(text));
    errors.extend(memory.and_then(size::sidecar_error).map(|error| ("memory", error)));
    errors
}
