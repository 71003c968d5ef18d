//! What stands in a manifest and has no effect. It is told and not refused: cf takes such manifests, too.
//!
//! cf 8.17 (`manifestparser/manifest.go`) reads `applications` and `version` of a manifest and drops what else is there. Of
//! an application it passes everything on, and the Cloud Controller takes out what it knows
//! (`BaseMessage#initialize` sets the other keys aside, and `AppManifestMessage` does not refuse them).

use super::fields::{Fields, truth};
use super::keys::{OF_A_PROCESS, OF_AN_APPLICATION, OF_AN_ENTRY, underscored};
use crate::plan::diagnostics::Collector;
use crate::plan::did_you_mean::closest;
use crate::plan::route_url::{RouteUrl, without_scheme};
use crate::plan::value_error::ValueError;
use crate::plan::yaml::{Node, key_path};

/// Keys of earlier versions of cf, and of other tools, and what is written in their place.
const OTHER_WORDS: &[(&[&str], &str)] = &[
    (
        &["host", "hosts", "domain", "domains", "no-hostname", "hostname", "url", "urls", "route"],
        "cf has given it up: where the app is reached is said by the plan's `routes`",
    ),
    (&["inherit"], "cf has given it up: write what is wanted of the other manifest into this one"),
    (&["disk"], "did you mean `disk_quota`?"),
    (&["mem"], "did you mean `memory`?"),
    (&["cmd", "start_command"], "did you mean `command`?"),
    (&["environment", "env_vars", "environment_variables"], "did you mean `env`?"),
    (&["image", "docker_image"], "an image is named by `docker: {image: REGISTRY/NAME:TAG}`"),
    (&["health_check_timeout"], "how long an instance may take to become healthy is `timeout`"),
    (
        &["health_check", "health_check_endpoint"],
        "write `health-check-type: http` and `health-check-http-endpoint: /health`",
    ),
    (&["bound_services", "service_instances"], "did you mean `services`?"),
];

/// Tells of keys at the top of a manifest: what is meant for all applications is for none of them, unless it is an anchor
/// that they take over (`<<: *name`). Of other keys nobody expects an effect.
pub(super) fn tell_of_top(root: &Node, collector: &mut Collector<'_>) {
    for (key, value) in root.entries() {
        let name = key.text().unwrap_or_default();
        let hint = if let Some(hint) = other_word(name) {
            hint
        } else if known(&[OF_A_PROCESS, OF_AN_APPLICATION]).any(|known| is_same(known, name)) {
            "write it below each application, or in a mapping with an anchor that they take over: `<<: *name`"
        } else {
            continue;
        };
        if !collector.is_anchor(value) {
            let message = format!("cf drops `{name}`: it reads nothing at the top of a manifest but `applications`");
            collector.warn(key, name, ValueError::hinted(message, hint));
        }
    }
}

/// Tells of keys of an application that nobody reads, and of those in whose place the plan stands; `routes` are the plan's.
pub(super) fn tell_of_application(fields: &mut Fields<'_, '_, '_>, routes: &[String]) {
    tell_of_unknown(fields, &[OF_A_PROCESS, OF_AN_APPLICATION], OF_AN_ENTRY, "belongs to an entry of `processes`");
    tell_of_routes(fields, routes);
    if let (Some((key, _)), Some(_)) =
        (fields.entry("path").filter(|(_, path)| !path.is_null()), fields.value("docker"))
    {
        let warning = ValueError::hinted("`path` has no effect: nothing is uploaded for a docker image", "take it out");
        let path = fields.path_of("path");
        fields.collector.warn(key, &path, warning);
    }
}

/// Tells of keys of a process that nobody reads.
pub(super) fn tell_of_process(entry: &mut Fields<'_, '_, '_>) {
    tell_of_unknown(
        entry,
        &[OF_A_PROCESS, OF_AN_ENTRY],
        OF_AN_APPLICATION,
        "belongs to the application, not to a process",
    );
}

/// Tells of process keys at the top of an application that has an entry for web in its `processes`. (CC:
/// `AppManifestMessage#process_attributes`.)
pub(super) fn tell_of_what_web_replaces(fields: &mut Fields<'_, '_, '_>) {
    for name in OF_A_PROCESS {
        if let Some((key, _)) = fields.entry(name) {
            let written = key.text().unwrap_or_default();
            let message = format!(
                "`{written}` has no effect: the entry of `processes` for web takes the place of all such keys here"
            );
            let path = fields.path_of(written);
            fields.collector.warn(key, &path, ValueError::hinted(message, "write it into that entry"));
        }
    }
}

/// Tells of the routes that are none of the plan's: at the push none of a manifest's routes is mapped. Those that are the
/// plan's are mapped when it is their turn.
fn tell_of_routes(fields: &mut Fields<'_, '_, '_>, of_plan: &[String]) {
    let list = fields.path_of("routes");
    for (at, item) in fields.value("routes").map(Node::items).unwrap_or_default().iter().enumerate() {
        let Some((written, route)) = item.get("route").and_then(|node| Some((node, node.text()?))) else { continue };
        let bare = without_scheme(route);
        let is_of_plan = RouteUrl::parse(bare).is_ok_and(|route| of_plan.contains(&route.to_string()));
        if !is_of_plan {
            let hint = if bare.contains(':') {
                "cutover maps no route with a port: map it by hand (`cf map-route`), and take it out here"
            } else {
                "the routes are the plan's: name it in `routes.live` there, or take it out here"
            };
            let warning = ValueError::hinted("this route is not mapped: it is none of the plan's", hint);
            // The route itself is shown.
            fields.collector.warn(written, &format!("{list}[{at}].route"), warning);
        }
    }
    for name in ["no-route", "random-route", "default-route"] {
        if let Some((key, value)) = fields.entry(name)
            && truth(value, fields.collector) == Some(true)
        {
            let message = format!("`{name}` has no effect: where the app is reached is said by the plan's `routes`");
            let path = fields.path_of(name);
            fields.collector.warn(key, &path, ValueError::hinted(message, "take it out"));
        }
    }
}

fn tell_of_unknown(fields: &mut Fields<'_, '_, '_>, here: &[&[&'static str]], elsewhere: &[&str], there: &str) {
    for (key, _) in fields.node.entries() {
        let name = key.text().unwrap_or_default();
        if known(here).any(|known| is_same(known, name)) {
            continue;
        }
        let hint = if elsewhere.iter().any(|known| is_same(known, name)) {
            format!("it {there}")
        } else if let Some(hint) = other_word(name) {
            hint.to_owned()
        } else if let Some(close) = closest(name, known(here)) {
            format!("did you mean `{close}`?")
        } else if let Some(hint) =
            closest(name, OTHER_WORDS.iter().flat_map(|(words, _)| words.iter().copied())).and_then(other_word)
        {
            hint.to_owned()
        } else {
            "take it out".to_owned()
        };
        let message = format!("`{name}` has no effect: neither cf nor the Cloud Controller knows it");
        let path = key_path(&fields.path, name);
        fields.collector.warn(key, &path, ValueError::hinted(message, hint));
    }
}

fn known<'k>(lists: &'k [&'k [&'static str]]) -> impl Iterator<Item = &'static str> + 'k {
    lists.iter().flat_map(|list| list.iter().copied())
}

fn is_same(known: &str, name: &str) -> bool {
    underscored(known) == underscored(name)
}

fn other_word(name: &str) -> Option<&'static str> {
    OTHER_WORDS.iter().find(|(words, _)| words.iter().any(|word| is_same(word, name))).map(|(_, hint)| *hint)
}
