//! One application of a manifest, read and checked. (`cloud_controller_ng`: `app_manifest_message.rb` and the messages
//! that it is made of.)

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::controller::apps::variable_problems;
use crate::controller::body::{Field, Message, MetadataChange, humanize};
use crate::controller::manifests::routes::{self, RouteWanted};
use crate::controller::processes::{HealthChange, Scale, is_path};
use crate::controller::route_options::Known;
use crate::controller::sidecars::SidecarWanted;
use crate::state::{HealthCheckKind, LifecycleKind, WEB};

/// How many instances a process may have. (`manifest_process_scale_message.rb`.)
const MOST_INSTANCES: i64 = 2_000_000;

/// The longest command, and the longest name of a buildpack.
const MOST_CHARACTERS: usize = 4096;

/// An application of a manifest.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) lifecycle: Option<LifecycleKind>,
    pub(super) buildpacks: Option<Vec<String>>,
    /// What it says that not every lifecycle goes with.
    pub(super) source: Option<Source>,
    pub(super) stack: Option<String>,
    pub(super) environment: Option<IndexMap<String, String>>,
    pub(super) metadata: Option<MetadataChange>,
    pub(super) processes: Vec<ProcessWanted>,
    pub(super) sidecars: Vec<SidecarWanted>,
    pub(super) routes: Option<Vec<RouteWanted>>,
    pub(super) no_route: bool,
    pub(super) random_route: bool,
    pub(super) default_route: bool,
    pub(super) services: Vec<ServiceWanted>,
    pub(super) features: IndexMap<String, bool>,
}

/// What a manifest names for apps of one lifecycle alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// An image.
    Docker,
    /// Buildpacks, by the key of this name.
    Buildpacks(&'static str),
}

/// A process of a manifest.
#[derive(Debug, Default, Clone)]
pub(super) struct ProcessWanted {
    pub(super) kind: String,
    /// Null goes back to the droplet's.
    pub(super) command: Field<String>,
    pub(super) health: HealthChange,
    pub(super) readiness: HealthChange,
    pub(super) scale: Scale,
}

/// A service of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServiceWanted {
    pub(super) name: String,
    pub(super) binding_name: Option<String>,
}

/// Keys are the same with hyphens, underscores and capitals, and the last of several counts.
/// (`AppManifestMessage.underscore_keys`)
fn underscored(fields: &Map<String, Value>) -> Map<String, Value> {
    fields.iter().map(|(key, value)| (underscore(key), value.clone())).collect()
}

/// Rails' `String#underscore`.
fn underscore(key: &str) -> String {
    let chars: Vec<char> = key.chars().collect();
    let mut spelled = String::new();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let begins_a_word = c.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && chars.get(at + 1).is_some_and(char::is_ascii_lowercase))
            });
        if begins_a_word {
            spelled.push('_');
        }
        spelled.push(if *c == '-' { '_' } else { c.to_ascii_lowercase() });
    }
    spelled
}

/// Reads an application, and says what is wrong with it. `known` are the options that routes may have.
pub(super) fn manifest(app: &Value, known: Known) -> (Manifest, Vec<String>) {
    let fields = app.as_object().map(underscored).unwrap_or_default();
    let mut problems = Vec::new();
    let mut manifest = Manifest::default();
    match fields.get("name") {
        Some(Value::String(name)) if !name.trim().is_empty() => manifest.name.clone_from(name),
        Some(Value::Number(number)) => {
            problems.push("Name must be a string".to_owned());
            manifest.name = number.to_string();
        }
        _ => problems.push("Name must not be empty".to_owned()),
    }
    read_processes(&fields, &mut manifest, &mut problems);
    read_sidecars(&fields, &mut manifest, &mut problems);
    read_lifecycle(&fields, &mut manifest, &mut problems);
    read_metadata(&fields, &mut manifest, &mut problems);
    read_services(&fields, &mut manifest, &mut problems);
    read_environment(&fields, &mut manifest, &mut problems);
    routes::read(&fields, known, &mut manifest, &mut problems);
    read_features(&fields, &mut manifest, &mut problems);
    (manifest, problems)
}

fn read_processes(fields: &Map<String, Value>, manifest: &mut Manifest, problems: &mut Vec<String>) {
    let top = process(fields, WEB, problems);
    let mut processes: Vec<ProcessWanted> = Vec::new();
    let mut web = None;
    match fields.get("processes") {
        None => {}
        Some(Value::Array(listed)) => {
            let mut seen: Vec<String> = Vec::new();
            for one in listed {
                let one = one.as_object().map(underscored).unwrap_or_default();
                let Some(kind) = one.get("type").and_then(Value::as_str).filter(|kind| !kind.is_empty()) else {
                    let text = "All Processes must specify a type".to_owned();
                    if !problems.contains(&text) {
                        problems.push(text);
                    }
                    continue;
                };
                if seen.iter().any(|known| known == kind) {
                    problems.push(format!("Process \"{kind}\" may only be present once"));
                    continue;
                }
                seen.push(kind.to_owned());
                if one.contains_key("health_check_timeout") {
                    problems.push(format!("Process \"{kind}\": Unknown field(s): 'health_check_timeout'"));
                }
                let wanted = process(&one, kind, problems);
                if kind == WEB {
                    web = Some(wanted);
                } else {
                    processes.push(wanted);
                }
            }
        }
        Some(_) => problems.push("Processes must be an array of process configurations".to_owned()),
    }
    // A web process in the list stands in place of all that the app's own level says about it.
    processes.insert(0, web.unwrap_or(top));
    manifest.processes = processes;
}

fn process(fields: &Map<String, Value>, kind: &str, problems: &mut Vec<String>) -> ProcessWanted {
    let mut wrong = Vec::new();
    let mut wanted = ProcessWanted { kind: kind.to_owned(), ..ProcessWanted::default() };
    let size = |key: &str, wrong: &mut Vec<String>| -> Option<u64> {
        match megabytes(fields.get(key)?) {
            Ok(None) => None,
            Ok(Some(size)) if size > 0 => Some(size),
            Ok(Some(_)) => {
                wrong.push(format!("{} must be greater than 0MB", humanize(key)));
                None
            }
            Err(problem) => {
                wrong.push(format!("{} {problem}", humanize(key)));
                None
            }
        }
    };
    wanted.scale.memory_in_mb = size("memory", &mut wrong);
    wanted.scale.disk_in_mb = size("disk_quota", &mut wrong);
    match fields.get("log_rate_limit_per_second").map(log_rate) {
        None | Some(Ok(None)) => {}
        Some(Ok(Some(rate))) => wanted.scale.log_rate_limit = Some(rate),
        Some(Err(problem)) => wrong.push(format!("Log rate limit per second {problem}")),
    }
    match fields.get("instances") {
        None | Some(Value::Null) => {}
        Some(value) => match whole(value) {
            Some(number) if number > MOST_INSTANCES => {
                wrong.push(format!("Instances must be less than or equal to {MOST_INSTANCES}"));
            }
            Some(number) if number >= 0 => wanted.scale.instances = u32::try_from(number).ok(),
            Some(_) => wrong.push("Instances must be greater than or equal to 0".to_owned()),
            None if value.is_f64() => wrong.push("Instances must be an integer".to_owned()),
            None => wrong.push("Instances is not a number".to_owned()),
        },
    }
    match fields.get("command") {
        None => {}
        Some(Value::Null) => wanted.command = Field::Null,
        Some(Value::String(command)) if command == "null" || command == "default" => wanted.command = Field::Null,
        Some(Value::String(command)) if (1..=MOST_CHARACTERS).contains(&command.chars().count()) => {
            wanted.command = Field::Is(command.clone());
        }
        Some(Value::String(_)) => wrong.push("Command must be between 1 and 4096 characters".to_owned()),
        Some(_) => wrong.push("Command must be a string".to_owned()),
    }
    wanted.health = check(fields, "health_check", &mut wrong);
    wanted.health.timeout = seconds(fields, "timeout", &mut wrong);
    wanted.readiness = check(fields, "readiness_health_check", &mut wrong);
    problems.extend(wrong.into_iter().map(|text| format!("Process \"{kind}\": {text}")));
    wanted
}

fn read_sidecars(fields: &Map<String, Value>, manifest: &mut Manifest, problems: &mut Vec<String>) {
    let listed = match fields.get("sidecars") {
        None => return,
        Some(Value::Array(listed)) => listed,
        Some(_) => return problems.push("Sidecars must be an array of sidecar configurations".to_owned()),
    };
    for one in listed {
        let one = one.as_object().map(underscored).unwrap_or_default();
        let mut message = Map::new();
        for key in ["name", "command", "process_types", "memory"] {
            let Some(value) = one.get(key).filter(|value| !value.is_null()) else { continue };
            if key == "memory" {
                // What is no size is taken as it is: a bare number is one of megabytes.
                let size = megabytes(value).ok().flatten().map(Value::from);
                message.insert("memory_in_mb".to_owned(), size.unwrap_or_else(|| value.clone()));
            } else {
                message.insert(key.to_owned(), value.clone());
            }
        }
        let mut message = Message::of(message);
        let wanted = SidecarWanted::read(&mut message, false);
        let whose = wanted.name.as_ref().filter(|name| !name.trim().is_empty());
        problems.extend(message.into_problems().into_iter().map(|problem| match whose {
            Some(name) => format!("Sidecar \"{name}\": {problem}"),
            None => format!("Sidecar {}", problem.to_lowercase()),
        }));
        manifest.sidecars.push(wanted);
    }
}

fn check(fields: &Map<String, Value>, prefix: &str, wrong: &mut Vec<String>) -> HealthChange {
    let mut change = HealthChange::default();
    let spoken = humanize(prefix);
    if let Some(kind) = fields.get(&format!("{prefix}_type")) {
        change.kind = match kind.as_str() {
            // The old word for it.
            Some("none") => Some(HealthCheckKind::Process),
            word => word.and_then(HealthCheckKind::named),
        };
        if change.kind.is_none() {
            wrong.push(format!("{spoken} type must be \"port\", \"process\", or \"http\""));
        }
    }
    if let Some(endpoint) = fields.get(&format!("{prefix}_http_endpoint")) {
        match endpoint {
            Value::Null => change.endpoint = Field::Null,
            Value::String(path) if is_path(path) => change.endpoint = Field::Is(path.clone()),
            _ => wrong.push(format!("{spoken} http endpoint must be a valid URI path")),
        }
        if change.kind.is_some_and(|kind| kind != HealthCheckKind::Http) {
            wrong.push(format!("{spoken} type must be \"http\" to set a health check HTTP endpoint"));
        }
    }
    change.invocation_timeout = seconds(fields, &format!("{prefix}_invocation_timeout"), wrong);
    change.interval = seconds(fields, &format!("{prefix}_interval"), wrong);
    change
}

fn seconds(fields: &Map<String, Value>, key: &str, wrong: &mut Vec<String>) -> Field<u32> {
    match fields.get(key) {
        None => return Field::Absent,
        Some(Value::Null) => return Field::Null,
        Some(value) => match whole(value) {
            Some(number) if number >= 1 => return u32::try_from(number).map_or(Field::Absent, Field::Is),
            Some(_) => wrong.push(format!("{} must be greater than or equal to 1", humanize(key))),
            None if value.is_f64() => wrong.push(format!("{} must be an integer", humanize(key))),
            None => wrong.push(format!("{} is not a number", humanize(key))),
        },
    }
    Field::Absent
}

/// A whole number, which may be one within a text. (Rails' `numericality: { only_integer: true }`)
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}

const UNITS: &str = "must use a supported unit: B, K, KB, M, MB, G, GB, T, or TB";

/// Bytes of a size such as `1.5G`. (`byte_converter.rb`, `byte_quantity.rb`: blanks may stand behind it, and nowhere else.)
fn bytes(value: &Value) -> Result<Option<u64>, &'static str> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    let text = text.trim_end();
    let digits = number_of(text).ok_or("is not a number")?;
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| "is not a number")?;
    let factor: u64 = match unit.to_uppercase().as_str() {
        "B" => 1,
        "K" | "KB" | "KI" | "KIB" => 1 << 10,
        "M" | "MB" | "MI" | "MIB" => 1 << 20,
        "G" | "GB" | "GI" | "GIB" => 1 << 30,
        "T" | "TB" | "TI" | "TIB" => 1 << 40,
        _ => return Err(UNITS),
    };
    #[expect(clippy::cast_precision_loss, reason = "a power of two is exact")]
    let size = number * factor as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a negative size becomes 0, which is refused; one beyond u64 the greatest"
    )]
    Ok(Some(size as u64))
}

/// How many bytes of a text are a number: `-`, digits, and a fraction.
fn number_of(text: &str) -> Option<usize> {
    let digits = |from: usize| text[from..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |at| from + at);
    let start = usize::from(text.starts_with('-'));
    let whole = digits(start);
    let with_fraction = text[whole..].starts_with('.').then(|| digits(whole + 1)).filter(|end| *end > whole + 1);
    (whole > start).then(|| with_fraction.unwrap_or(whole))
}

fn megabytes(value: &Value) -> Result<Option<u64>, &'static str> {
    Ok(bytes(value)?.map(|bytes| bytes >> 20))
}

fn log_rate(value: &Value) -> Result<Option<i64>, &'static str> {
    match value {
        Value::Number(number) if matches!(number.as_i64(), Some(-1 | 0)) => Ok(number.as_i64()),
        Value::String(text) if text == "-1" => Ok(Some(-1)),
        Value::String(text) if text == "0" => Ok(Some(0)),
        other => Ok(bytes(other)?.and_then(|bytes| i64::try_from(bytes).ok())),
    }
}

fn read_lifecycle(fields: &Map<String, Value>, manifest: &mut Manifest, problems: &mut Vec<String>) {
    let given = |key: &str| fields.get(key).is_some_and(|value| !value.is_null());
    let keys = [
        ("docker", Source::Docker),
        ("buildpacks", Source::Buildpacks("Buildpacks")),
        ("buildpack", Source::Buildpacks("Buildpack")),
    ];
    manifest.source = keys.into_iter().find_map(|(key, source)| given(key).then_some(source));
    if fields.contains_key("docker") {
        if fields.contains_key("buildpack") || fields.contains_key("buildpacks") {
            problems.push("Cannot specify both buildpack(s) and docker keys".to_owned());
        }
        manifest.lifecycle = Some(LifecycleKind::Docker);
    }
    match fields.get("lifecycle").map(Value::as_str) {
        None => {}
        Some(word) => match LifecycleKind::ALL.into_iter().find(|kind| Some(kind.as_str()) == word) {
            // An image is named by its own key only.
            Some(LifecycleKind::Docker) => {}
            Some(kind) => manifest.lifecycle = Some(kind),
            None => problems.push("Lifecycle type is not included in the list: buildpack, docker, cnb".to_owned()),
        },
    }
    if fields.contains_key("cnb_credentials") {
        problems.push("Credentials of buildpacks are not implemented by this embedded Cloud Foundry".to_owned());
    }
    if fields.contains_key("buildpack") && fields.contains_key("buildpacks") {
        problems.push("Buildpack and Buildpacks fields cannot be used together.".to_owned());
    }
    match fields.get("buildpack") {
        None => {}
        Some(Value::Null) => manifest.buildpacks = Some(Vec::new()),
        Some(Value::String(name)) if name == "default" || name == "null" => manifest.buildpacks = Some(Vec::new()),
        Some(Value::String(name)) if (1..=MOST_CHARACTERS).contains(&name.chars().count()) => {
            manifest.buildpacks = Some(vec![name.clone()]);
        }
        Some(Value::String(_)) => problems.push("Buildpack must be between 1 and 4096 characters".to_owned()),
        Some(_) => problems.push("Buildpack must be a string".to_owned()),
    }
    match fields.get("buildpacks") {
        None | Some(Value::Null) => {}
        Some(Value::Array(names)) => {
            let names: Option<Vec<String>> = names.iter().map(|name| name.as_str().map(ToOwned::to_owned)).collect();
            if names.is_none() {
                problems.push("Buildpacks can only contain strings".to_owned());
            }
            let is_wrong = |name: &String| name.trim().is_empty() || name.chars().count() > MOST_CHARACTERS;
            if names.iter().flatten().any(is_wrong) {
                problems.push("Buildpacks entries must be between 1 and 4096 characters".to_owned());
            }
            manifest.buildpacks = names;
        }
        Some(_) => problems.push("Buildpacks must be an array".to_owned()),
    }
    match fields.get("stack") {
        None | Some(Value::Null) => {}
        Some(Value::String(stack)) => manifest.stack = Some(stack.clone()),
        Some(_) => problems.push("Stack must be a string".to_owned()),
    }
}

fn read_metadata(fields: &Map<String, Value>, manifest: &mut Manifest, problems: &mut Vec<String>) {
    // Null is none. (`AppManifestMessage#app_lifecycle_hash`: `compact`)
    if let Some(metadata) = fields.get("metadata").filter(|metadata| !metadata.is_null()) {
        let mut change = MetadataChange::default();
        problems.extend(change.read(metadata).into_iter().map(|problem| format!("Metadata {problem}")));
        manifest.metadata = Some(change);
    }
}

fn read_services(fields: &Map<String, Value>, manifest: &mut Manifest, problems: &mut Vec<String>) {
    let wrong = || "Services must be a list of service instances".to_owned();
    match fields.get("services") {
        None => {}
        Some(Value::Array(services)) => {
            for service in services {
                match service {
                    Value::String(name) => {
                        manifest.services.push(ServiceWanted { name: name.clone(), binding_name: None });
                    }
                    Value::Object(service) if is_service(service) => {
                        let text = |key: &str| service.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
                        let name = service
                            .get("name")
                            .map(|name| name.as_str().map_or_else(|| name.to_string(), ToOwned::to_owned));
                        manifest
                            .services
                            .push(ServiceWanted { name: name.unwrap_or_default(), binding_name: text("binding_name") });
                    }
                    _ => {
                        problems.push(wrong());
                        return;
                    }
                }
            }
        }
        Some(_) => problems.push(wrong()),
    }
}

/// (`manifest_service_binding_create_message.rb`)
fn is_service(service: &Map<String, Value>) -> bool {
    service.contains_key("name")
        && service.iter().all(|(key, value)| match key.as_str() {
            "name" => true,
            "parameters" => value.is_object(),
            "binding_name" => value.is_string(),
            _ => false,
        })
}

fn read_environment(fields: &Map<String, Value>, manifest: &mut Manifest, problems: &mut Vec<String>) {
    match fields.get("env") {
        None => {}
        Some(Value::Object(variables)) => {
            for key in variables.keys() {
                problems.extend(variable_problems(key).into_iter().map(|problem| format!("Env {problem}")));
            }
            let text = |value: &Value| match value {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            manifest.environment = Some(variables.iter().map(|(key, value)| (key.clone(), text(value))).collect());
        }
        Some(_) => problems.push("Env must be an object of keys and values".to_owned()),
    }
}

/// (`manifest_features_update_message.rb`)
fn read_features(fields: &Map<String, Value>, manifest: &mut Manifest, problems: &mut Vec<String>) {
    let Some(features) = fields.get("features") else { return };
    let known = ["ssh", "revisions", "service-binding-k8s", "file-based-vcap-services"];
    let read =
        |(name, on): (&String, &Value)| Some((name.clone(), on.as_bool().filter(|_| known.contains(&name.as_str()))?));
    match features.as_object().filter(|features| !features.is_empty()) {
        Some(features) if features.iter().all(|feature| read(feature).is_some()) => {
            manifest.features = features.iter().filter_map(read).collect();
        }
        Some(_) | None => problems.push(
            "Features must be a map of valid feature names to booleans (true = enabled, false = disabled)".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Known = Known { hashes: true };

    #[test]
    fn problems_are_those_of_the_cloud_controller() {
        let cases = [
            ("{}", vec!["Name must not be empty"]),
            (
                "{name: a, memory: 1}",
                vec!["Process \"web\": Memory must use a supported unit: B, K, KB, M, MB, G, GB, T, or TB"],
            ),
            ("{name: a, memory: big}", vec!["Process \"web\": Memory is not a number"]),
            (
                "{name: a, memory: 64 M}",
                vec!["Process \"web\": Memory must use a supported unit: B, K, KB, M, MB, G, GB, T, or TB"],
            ),
            ("{name: a, memory: 1.5GiB}", vec![]),
            ("{name: a, memory: '1G '}", vec![]),
            ("{name: a, memory: ' 1G'}", vec!["Process \"web\": Memory is not a number"]),
            (
                "{name: a, memory: 1.G}",
                vec!["Process \"web\": Memory must use a supported unit: B, K, KB, M, MB, G, GB, T, or TB"],
            ),
            ("{name: a, instances: '2', health-check-interval: '5'}", vec![]),
            (
                "{name: a, health-check-interval: 1.5}",
                vec!["Process \"web\": Health check interval must be an integer"],
            ),
            ("{name: a, Memory: big}", vec!["Process \"web\": Memory is not a number"]),
            (
                "{name: a, health-check-type: port, health-check-http-endpoint: null}",
                vec!["Process \"web\": Health check type must be \"http\" to set a health check HTTP endpoint"],
            ),
            (
                "{name: a, health-check-http-endpoint: //x}",
                vec!["Process \"web\": Health check http endpoint must be a valid URI path"],
            ),
            (
                "{name: a, health-check-timeout: 5, processes: [{type: w, health-check-timeout: 5}]}",
                vec!["Process \"w\": Unknown field(s): 'health_check_timeout'"],
            ),
            ("{name: a, buildpack: ''}", vec!["Buildpack must be between 1 and 4096 characters"]),
            ("{name: a, buildpacks: [b, ' ']}", vec!["Buildpacks entries must be between 1 and 4096 characters"]),
            ("{name: a, services: [{name: db, parameters: {}, binding_name: b}]}", vec![]),
            (
                "{name: a, services: [{name: db, binding_name: null}]}",
                vec!["Services must be a list of service instances"],
            ),
            ("{name: a, services: [{name: db, params: {}}]}", vec!["Services must be a list of service instances"]),
            ("{name: a, services: null}", vec!["Services must be a list of service instances"]),
            ("{name: a, routes: null}", vec!["Routes must be a list of route objects"]),
            (
                "{name: a, features: {}}",
                vec!["Features must be a map of valid feature names to booleans (true = enabled, false = disabled)"],
            ),
            ("{name: a, features: {ssh: false}}", vec![]),
            ("{name: a, metadata: null}", vec![]),
            ("{name: a, metadata: [a]}", vec!["Metadata must be an object"]),
            ("{name: a, env: {VMCX: 1}}", vec!["Env cannot start with VMC_"]),
            ("{name: a, instances: 2000001}", vec!["Process \"web\": Instances must be less than or equal to 2000000"]),
            ("{name: a, processes: null}", vec!["Processes must be an array of process configurations"]),
            ("{name: a, memory: 0M}", vec!["Process \"web\": Memory must be greater than 0MB"]),
            ("{name: a, instances: -1}", vec!["Process \"web\": Instances must be greater than or equal to 0"]),
            ("{name: a, processes: [{memory: 1M}]}", vec!["All Processes must specify a type"]),
            ("{name: a, processes: [{type: w}, {type: w}]}", vec!["Process \"w\" may only be present once"]),
            (
                "{name: a, health-check-type: ping}",
                vec!["Process \"web\": Health check type must be \"port\", \"process\", or \"http\""],
            ),
            ("{name: a, sidecars: x}", vec!["Sidecars must be an array of sidecar configurations"]),
            (
                "{name: a, sidecars: [{command: c, process_types: [web]}]}",
                vec!["Sidecar name can't be blank", "Sidecar name must be a string"],
            ),
            (
                "{name: a, sidecars: [{name: s, command: '', process_types: [], memory: big}]}",
                vec![
                    "Sidecar \"s\": Command can't be blank",
                    "Sidecar \"s\": Process types must have at least 1 process_type",
                    "Sidecar \"s\": Memory in mb is not a number",
                ],
            ),
            ("{name: a, sidecars: [{name: s, command: c, process_types: [web], memory: 1G}]}", vec![]),
            ("{name: a, routes: [x]}", vec!["Routes must be a list of route objects"]),
            ("{name: a, routes: [{route: 'ftp://x.y'}]}", vec!["The route 'ftp://x.y' is not a properly formed URL"]),
            ("{name: a, no-route: maybe}", vec!["No-route must be a boolean"]),
            (
                "{name: a, random-route: true, default-route: true}",
                vec!["Random-route and default-route may not be used together"],
            ),
            ("{name: a, env: [1]}", vec!["Env must be an object of keys and values"]),
            ("{name: a, env: {PORT: 1}}", vec!["Env cannot set PORT"]),
            ("{name: a, lifecycle: x}", vec!["Lifecycle type is not included in the list: buildpack, docker, cnb"]),
            ("{name: a, docker: {image: i}, buildpack: b}", vec!["Cannot specify both buildpack(s) and docker keys"]),
            ("{name: a, services: db}", vec!["Services must be a list of service instances"]),
            ("{name: a, unknown: 1, memory: 1.5G, log-rate-limit-per-second: -1}", vec![]),
        ];
        for (yaml, expected) in cases {
            let app: Value = serde_yaml::from_str(yaml).unwrap();
            assert_eq!(manifest(&app, ALL).1, expected, "{yaml}");
        }
    }

    #[test]
    fn an_image_is_a_lifecycle() {
        let cases = [
            ("{name: a}", None),
            ("{name: a, docker: {image: i}}", Some(LifecycleKind::Docker)),
            ("{name: a, lifecycle: docker}", None),
            ("{name: a, lifecycle: cnb}", Some(LifecycleKind::Cnb)),
        ];
        for (yaml, expected) in cases {
            let app: Value = serde_yaml::from_str(yaml).unwrap();
            assert_eq!(manifest(&app, ALL).0.lifecycle, expected, "{yaml}");
        }
    }

    #[test]
    fn a_listed_web_process_stands_in_place_of_the_apps_level() {
        let app = serde_yaml::from_str(
            "{name: a, memory: 1G, instances: 3, processes: [{type: worker, disk_quota: 2G}, {type: web, instances: 2}]}",
        )
        .unwrap();
        let (manifest, problems) = manifest(&app, ALL);
        assert!(problems.is_empty());
        let seen: Vec<_> = manifest
            .processes
            .iter()
            .map(|one| (one.kind.as_str(), one.scale.instances, one.scale.memory_in_mb, one.scale.disk_in_mb))
            .collect();
        assert_eq!(seen, [("web", Some(2), None, None), ("worker", None, None, Some(2048))]);
    }
}
