//! Keys that a plan does not have, and what whoever wrote them means: keys of a newer cutover, of a cf manifest, of other
//! tools, and the old words for things that have another name here.

use super::keys::{APP, CHECK, COMMAND_CHECK, HTTP, PLAN, ROUTES, TARGET, TASK_CHECK, WATCH};
use super::table::Table;
use crate::plan::yaml::{Node, Value};

/// Keys that are to come: this version does not know them yet.
const NOT_YET: &[(&Table, &[&str])] =
    &[(&PLAN, &["cutover", "strategy"]), (&APP, &["depends_on", "strategy", "tasks"])];

/// Keys of an application of a cf manifest (docs.cloudfoundry.org: app manifest attribute reference), other than those
/// that a plan has as well.
const OF_A_MANIFEST: &[&str] = &[
    "buildpack",
    "buildpacks",
    "cnb-credentials",
    "command",
    "default-route",
    "disk-quota",
    "disk_quota",
    "docker",
    "env",
    "features",
    "health-check-http-endpoint",
    "health-check-interval",
    "health-check-invocation-timeout",
    "health-check-type",
    "lifecycle",
    "log-rate-limit-per-second",
    "memory",
    "metadata",
    "no-route",
    "random-route",
    "readiness-health-check-http-endpoint",
    "readiness-health-check-interval",
    "readiness-health-check-invocation-timeout",
    "readiness-health-check-type",
    "sidecars",
    "stack",
    "timeout",
];

/// Words for what has another name here.
const OTHER_WORDS: &[(&Table, &[&str], &str)] = &[
    (
        &PLAN,
        &["api", "org", "organization", "organisation", "space"],
        "it belongs in `target: {api: …, org: …, space: …}`",
    ),
    (&PLAN, &["app", "application"], "what belongs to one app is an item of `apps`"),
    (
        &APP,
        &["domain", "domains", "host", "hostname", "hosts", "route", "url", "urls", "live", "staging"],
        "write `routes: {live: [www.example.com], staging: www-staging.example.com}`",
    ),
    (
        &APP,
        &["health", "health_check", "health-check", "healthcheck", "smoke_test", "smoke-test", "smoke_tests", "test"],
        "write `checks: [{http: {path: /health}}]`, or a command of your own: `checks: [{command: ./smoke-test.sh}]`",
    ),
    (&APP, &["blue", "green"], "the two apps that take turns are `colours: [shop_blue, shop_green]`"),
    (&APP, &["application"], "which application of the manifest it is, where that has several, is `app: NAME`"),
    (&APP, &["image"], "a docker image belongs in the app's cf manifest: `docker: {image: …}`"),
    (&APP, &["disk"], "how much disk an instance has is said in the app's cf manifest: `disk_quota: 512M`"),
    (&APP, &["replicas", "scale"], "how many instances run is said in the app's cf manifest: `instances: 2`"),
    (
        &ROUTES,
        &["host", "hosts", "production", "prod", "route", "url"],
        "the routes that users know are `live: [www.example.com]`",
    ),
    (
        &ROUTES,
        &["green", "next", "temp", "test", "temporary"],
        "the route at which the new version is checked is `staging`",
    ),
    (&HTTP, &["endpoint", "uri", "url"], "write the path below the staging route: `path: /health`"),
    (&HTTP, &["code", "expect", "expected", "status_code"], "the status that is success is `status: 200`"),
    (&HTTP, &["timeout", "deadline"], "the time after which the check has failed is `within: 60s`"),
    (
        &HTTP,
        &["retries", "threshold"],
        "the request is repeated until `within` is over; `successes` in a row are asked for",
    ),
    (
        &HTTP,
        &["header"],
        "what is sent is `headers: {X-Tenant: acme}`; what must come is `response_headers: {Content-Type: json}`",
    ),
    (
        &HTTP,
        &["expect_headers", "response_header"],
        "what headers of the answer must match is `response_headers: {Content-Type: json}`",
    ),
    (
        &HTTP,
        &["json_path", "json_pointer", "jsonpath"],
        "what must stand in the body is `json: {/status: UP}`, by JSON pointers",
    ),
    (
        &HTTP,
        &["duration", "faster_than", "max_latency", "response_time"],
        "what an answer must take less than is `latency: 500ms`",
    ),
    (
        &CHECK,
        &["approve", "confirm", "manual", "pause", "prompt"],
        "a question to a person is `- approval: Does it look right?`",
    ),
    (&HTTP, &["verb"], "how it asks is `method: POST`"),
    (&TASK_CHECK, &["timeout", "deadline"], "the time after which the task is terminated is `within: 5m`"),
    (
        &TASK_CHECK,
        &["run", "cmd", "script", "shell"],
        "what is run is `command: bin/smoke`, a line for the shell of the container",
    ),
    (&COMMAND_CHECK, &["timeout", "deadline"], "the time after which the command has failed is `within: 60s`"),
    (
        &COMMAND_CHECK,
        &["args", "argv", "cmd", "script", "shell"],
        "write `run: ./smoke-test.sh --fast`, or `run: [./smoke-test.sh, --fast]`",
    ),
];

/// Files of other tools, by keys at their top.
const OTHER_FILES: &[(&[&str], &str)] = &[
    (&["applications"], "a cf manifest"),
    (&["_schema-version"], "a descriptor of a multitarget application"),
    (&["apiVersion", "kind"], "a Kubernetes resource"),
    (&["service", "image"], "a configuration of Kamal"),
    (&["service", "servers"], "a configuration of Kamal"),
    (&["resources", "jobs"], "a Concourse pipeline"),
    (&["on", "jobs"], "a GitHub Actions workflow"),
];

/// What a file is if it is no plan: one that has the keys of another tool's, and no `apps`.
pub(crate) fn kind_of_file(top: &Node) -> Option<&'static str> {
    if top.get("apps").is_some() {
        // Whatever a plan is, it says for which space.
        let is_part = ["version", "target"].iter().all(|key| top.get(key).is_none());
        return is_part.then_some("a part of a plan, such as an overlay, which is laid over its plan by --env NAME,");
    }
    OTHER_FILES.iter().find(|(keys, _)| keys.iter().all(|key| top.get(key).is_some())).map(|(_, kind)| *kind)
}

/// What a key means that its mapping does not have, where that is known.
pub(crate) fn hint_for_key(name: &str, table: &Table) -> Option<String> {
    let is_here = |one: &&Table| std::ptr::eq(*one, table);
    if NOT_YET.iter().any(|(of, keys)| is_here(of) && keys.contains(&name)) {
        return Some(format!("this version of cutover does not know `{name}` yet"));
    }
    if let Some((_, _, hint)) = OTHER_WORDS.iter().find(|(of, words, _)| is_here(of) && words.contains(&name)) {
        return Some((*hint).to_owned());
    }
    if is_here(&&CHECK) {
        let kind =
            [(&HTTP, "http"), (&COMMAND_CHECK, "command")].into_iter().find(|(kind, _)| kind.key(name).is_some());
        return kind.map(|(_, kind)| format!("it belongs below the kind of the check: `- {kind}: {{{name}: …}}`"));
    }
    let of_an_app = [&PLAN, &APP].into_iter().any(|of| std::ptr::eq(of, table));
    (of_an_app && OF_A_MANIFEST.contains(&name))
        .then(|| format!("`{name}` belongs in the app's cf manifest, the file that `manifest` names"))
}

/// How a value is written that stands for a whole mapping, such as `http: /health`.
pub(crate) fn hint_for_value(table: &Table, node: &Node) -> Option<String> {
    let is = |one: &Table| std::ptr::eq(one, table);
    let text = match &node.value {
        Value::Scalar(scalar) if !scalar.text.is_empty() => scalar.text.as_str(),
        Value::List(_) if is(&ROUTES) => {
            return Some("write {live: [www.example.com], staging: www-staging.example.com}".to_owned());
        }
        Value::Scalar(_) | Value::List(_) | Value::Map(_) => return None,
    };
    if is(&HTTP) && text.starts_with('/') {
        Some(format!("write {{path: {text}}}"))
    } else if is(&HTTP) {
        Some("write the path below the staging route: {path: /health}".to_owned())
    } else if is(&WATCH) {
        Some(format!("write {{for: {text}}}"))
    } else if is(&CHECK) && text.starts_with('/') {
        Some(format!("write http: {{path: {text}}}"))
    } else if is(&ROUTES) {
        Some(format!("write {{live: [{text}], staging: …}}; the new version is checked at a staging route of its own"))
    } else if is(&TARGET) {
        Some("write {api: https://api.example.com, org: acme, space: production}".to_owned())
    } else if is(&APP) {
        Some("an app needs more than its name: - {name: …, manifest: …, routes: {…}}".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::TABLES;
    use super::*;

    #[test]
    fn no_key_of_a_plan_is_taken_for_a_foreign_one() {
        for table in TABLES {
            for key in table.keys {
                assert_eq!(hint_for_key(key.name, table), None, "{} of {}", key.name, table.noun);
            }
        }
    }
}
