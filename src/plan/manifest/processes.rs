//! Reads the processes of an application.

use super::fields::Fields;
use super::process::{HealthCheck, ManifestProcess};
use super::size;
use super::variables::is_unfilled;
use super::{ignored, spelling};
use crate::plan::value_error::ValueError;
use crate::plan::yaml::{Node, Scalar, ScalarKind, Value};
use crate::settings::WEB;

/// How many instances a process may have. (CC: `manifest_process_scale_message.rb`.)
const MOST_INSTANCES: u32 = 2_000_000;

/// The longest command, in characters. (CC: `manifest_process_update_message.rb`.)
const LONGEST_COMMAND: usize = 4096;

/// The web process and the other ones.
///
/// CC (`AppManifestMessage#process_attributes`): what is at the top of the application makes a web process, and an entry
/// of `processes` for web takes its place as a whole; other entries get nothing from the top. cf 8.17
/// (`manifestparser`): a list that is null is none.
pub(super) fn read_processes(fields: &mut Fields<'_, '_, '_>) -> (ManifestProcess, Vec<ManifestProcess>) {
    let top = read_process(fields, WEB);
    let (mut web, mut others): (Option<ManifestProcess>, Vec<ManifestProcess>) = (None, Vec::new());
    let listed = match fields.value("processes") {
        None => &[],
        Some(_) => fields.list("processes", "processes", "begin each with `- type: web` or another type"),
    };
    for (at, node) in listed.iter().enumerate() {
        let path = format!("{}[{at}]", fields.path_of("processes"));
        let mut entry = fields.below(node, path);
        if !node.is_null() && !matches!(node.value, Value::Map(_)) {
            let error = ValueError::hinted(
                format!("a process is a mapping, not {}", node.type_name()),
                "begin it with `- type: web` or another type",
            );
            entry.collector.node(node, &entry.path, error);
            continue;
        }
        let Some(kind) = entry.text("type").filter(|kind| !kind.is_empty()) else {
            entry.problem(
                "type",
                ValueError::hinted("a process has no type", "begin it with `- type: web` or another type"),
            );
            continue;
        };
        if web.iter().chain(&others).any(|known| known.process_type == kind) {
            entry.problem(
                "type",
                ValueError::hinted(format!("the process `{kind}` is given twice"), "keep one of them"),
            );
            continue;
        }
        spelling::check(&mut entry, &["instances", "type"]);
        refuse_health_check_timeout(&mut entry);
        ignored::tell_of_process(&mut entry);
        let process = read_process(&mut entry, &kind);
        if kind == WEB {
            web = Some(process);
        } else {
            others.push(process);
        }
    }
    if web.is_some() {
        ignored::tell_of_what_web_replaces(fields);
    }
    (web.unwrap_or(top), others)
}

/// The process keys of an application or of an entry of its `processes`.
fn read_process(fields: &mut Fields<'_, '_, '_>, kind: &str) -> ManifestProcess {
    if let Some(error) =
        fields.literal("log-rate-limit-per-second").as_deref().filter(is_filled_in).and_then(size::rate_error)
    {
        fields.problem("log-rate-limit-per-second", error);
    }
    for key in ["health-check-interval", "health-check-invocation-timeout"] {
        check_seconds(fields, key);
        check_seconds(fields, &format!("readiness-{key}"));
    }
    read_health_check(fields, "readiness-");
    ManifestProcess {
        process_type: kind.to_owned(),
        command: read_command(fields),
        instances: read_instances(fields),
        memory_mb: fields.megabytes("memory"),
        disk_mb: fields.megabytes("disk_quota"),
        health_check: HealthCheck {
            // cf 8.17: a timeout of 0 is not sent.
            timeout_seconds: fields.whole("timeout", 0).filter(|seconds| *seconds > 0),
            ..read_health_check(fields, "")
        },
    }
}

/// CC (`manifest_process_update_message.rb`): a text of 1 to 4096 characters; null, `null` and `default` stand for the
/// droplet's own. It is a line for a shell, in which `${NAME}` means something.
fn read_command(fields: &mut Fields<'_, '_, '_>) -> Option<String> {
    let command = fields.string("command")?;
    let problem = if command.is_empty() {
        ValueError::hinted("the command is empty", "take the key out: the droplet brings one of its own")
    } else if command.chars().count() > LONGEST_COMMAND {
        let hint = "put it into a script, and write the script's name";
        ValueError::hinted(format!("the command has more than {LONGEST_COMMAND} characters"), hint)
    } else {
        return Some(command).filter(|command| !matches!(command.as_str(), "default" | "null"));
    };
    fields.problem("command", problem);
    None
}

fn read_instances(fields: &mut Fields<'_, '_, '_>) -> Option<u32> {
    let instances = fields.whole("instances", 0)?;
    if instances > MOST_INSTANCES {
        fields.problem("instances", ValueError::new(format!("there can be {MOST_INSTANCES} instances at the most")));
        return None;
    }
    Some(instances)
}

/// CC (`manifest_process_update_message.rb`): types are `port`, `process` and `http`, and `none` is an older word for
/// `process`; an endpoint is a path, and beside a type goes with `http` alone. cf 8.17: what is empty is not sent.
fn read_health_check(fields: &mut Fields<'_, '_, '_>, prefix: &str) -> HealthCheck {
    let (of_type, of_endpoint) = (format!("{prefix}health-check-type"), format!("{prefix}health-check-http-endpoint"));
    let kind = fields.text(&of_type).filter(|kind| !kind.is_empty());
    if kind.as_deref().filter(is_filled_in).is_some_and(|kind| !["port", "process", "http", "none"].contains(&kind)) {
        let error = ValueError::hinted("this is no type of health check", "write one of port, process, http");
        fields.problem(&of_type, error);
    }
    let endpoint = fields.text(&of_endpoint).filter(|endpoint| !endpoint.is_empty());
    if let Some(endpoint) = endpoint.as_deref().filter(is_filled_in) {
        let is_path =
            endpoint.starts_with('/') && !endpoint.starts_with("//") && !endpoint.contains(char::is_whitespace);
        if !is_path {
            let error = ValueError::hinted("this is no path", "write what follows the host: /health");
            fields.problem(&of_endpoint, error);
        }
        if kind.as_deref().filter(is_filled_in).is_some_and(|kind| kind != "http") {
            let message = "an endpoint goes with the type `http` alone";
            let hint = format!("write `{of_type}: http`, or take the endpoint out");
            fields.problem(&of_endpoint, ValueError::hinted(message, hint));
        }
    }
    HealthCheck { kind, endpoint, timeout_seconds: None }
}

/// CC (`manifest_process_update_message.rb`): a whole number of 1 or more, which may stand in quotes here.
fn check_seconds(fields: &mut Fields<'_, '_, '_>, key: &str) {
    let in_quotes = match fields.value(key).and_then(Node::scalar) {
        Some(Scalar { kind: ScalarKind::Text, text }) => text.parse::<u32>().is_ok_and(|seconds| seconds > 0),
        Some(_) | None => false,
    };
    if !in_quotes {
        fields.whole(key, 1);
    }
}

/// CC (`AppManifestMessage#process_update_attributes_from_process`): below a process it is passed on to what does not know
/// it, which refuses it; at the top of an application it is ignored.
fn refuse_health_check_timeout(entry: &mut Fields<'_, '_, '_>) {
    if entry.get("health-check-timeout").is_some() {
        let hint = "`timeout` is how long an instance may take to become healthy";
        entry.problem("health-check-timeout", ValueError::hinted("a process has no key `health-check-timeout`", hint));
    }
}

/// Whether a text has all its variables: those without a value have been noted.
fn is_filled_in(text: &&str) -> bool {
    !is_unfilled(text)
}
