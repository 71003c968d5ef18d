//! Settings as a manifest names them, whether a team has written it or the platform (CC: `app_manifest_message.rb`,
//! `app_manifest_presenter.rb`). Routes, names of files and the like are none.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::is::Is;
use super::setting::WEB;
use super::setting::{ProcessSetting, Setting};
use super::settings::Settings;
use crate::byte_size;

/// What keys of annotations begin with that are cutover's own.
const OWN: &str = "cutover-";
impl Settings {
    /// What the one application of a manifest names.
    pub(crate) fn of_manifest(application: &Value) -> Self {
        let mut all = BTreeMap::new();
        let metadata = get(application, "metadata");
        for (name, value) in entries(get(application, "env")) {
            all.insert(Setting::Env(name.clone()), Is::Set(text(value)));
        }
        for (name, value) in entries(metadata.and_then(|metadata| get(metadata, "labels"))) {
            all.insert(Setting::Label(name.clone()), Is::Set(text(value)));
        }
        for (name, value) in entries(metadata.and_then(|metadata| get(metadata, "annotations"))) {
            if !name.starts_with(OWN) {
                all.insert(Setting::Annotation(name.clone()), Is::Set(text(value)));
            }
        }
        for (name, value) in entries(get(application, "features")) {
            all.insert(Setting::Feature(name.clone()), Is::Set(value.clone()));
        }
        for (kind, process) in processes(application) {
            all.extend(process_settings(&kind, process));
        }
        for sidecar in items(get(application, "sidecars")) {
            if let Some(name) = sidecar["name"].as_str() {
                let memory = get(sidecar, "memory").and_then(sidecar_memory);
                let kinds = get(sidecar, "process_types").cloned().unwrap_or_default();
                let value = json!({"command": sidecar["command"], "process_types": kinds, "memory_in_mb": memory});
                all.insert(Setting::Sidecar(name.to_owned()), Is::Set(value));
            }
        }
        for service in items(get(application, "services")) {
            let detailed = service["name"].as_str();
            if let Some(name) = service.as_str().or(detailed) {
                let name_of_it = get(service, "binding_name").cloned().unwrap_or_default();
                let value = json!({"name": name_of_it, "parameters": service["parameters"]});
                all.insert(Setting::Binding(name.to_owned()), Is::Set(value));
            }
        }
        Self { all: Arc::new(all), ..Self::default() }
    }

    /// What the platform's manifest of an app tells of it; its bindings are told elsewhere.
    pub(crate) fn of_app(application: &Value) -> Self {
        let mut settings = Self::of_manifest(application);
        Arc::make_mut(&mut settings.all).retain(|setting, is| {
            let is_elsewhere = matches!(
                setting,
                Setting::Binding(_) | Setting::Process(_, ProcessSetting::Instances | ProcessSetting::Memory)
            );
            let is_default = matches!(is, Is::Set(value) if setting.is_default(value));
            !is_elsewhere && !is_default
        });
        settings
    }
}

/// The processes of an application by their types. CC (`AppManifestMessage#process_attributes`): what is at its top makes a web
/// process, and an entry of `processes` for web takes its place as a whole.
fn processes(application: &Value) -> Vec<(String, &Value)> {
    let listed = items(get(application, "processes"));
    let named = |process: &'_ Value| Some(process["type"].as_str()?.to_owned());
    let mut all: Vec<_> = listed.iter().filter_map(|process| Some((named(process)?, process))).collect();
    if all.iter().all(|(kind, _)| kind != WEB) {
        all.push((WEB.to_owned(), application));
    }
    all
}

fn process_settings(kind: &str, process: &Value) -> BTreeMap<Setting, Is> {
    let mut all = BTreeMap::new();
    for setting in ProcessSetting::ALL {
        let Some(value) = get(process, setting.key()) else { continue };
        let value = match setting {
            ProcessSetting::Memory | ProcessSetting::Disk => megabytes(value).map_or(Value::Null, Value::from),
            ProcessSetting::LogRate => bytes(value).map_or(Value::Null, Value::from),
            // CC: another word for it.
            ProcessSetting::Health if value == "none" => "process".into(),
            _ => value.clone(),
        };
        all.insert(Setting::Process(kind.to_owned(), setting), Is::Set(value));
    }
    // What is asked goes with how it is asked: of a new type the platform decides.
    for (how, at) in [
        (ProcessSetting::Health, ProcessSetting::HealthEndpoint),
        (ProcessSetting::Readiness, ProcessSetting::ReadinessEndpoint),
    ] {
        if all.contains_key(&Setting::Process(kind.to_owned(), how)) {
            all.entry(Setting::Process(kind.to_owned(), at)).or_insert(Is::Set(Value::Null));
        }
    }
    all
}

/// The value of a key. CC (`AppManifestMessage.underscore_keys`): hyphens and underscores are the same, and of both the one with
/// underscores counts.
fn get<'v>(of: &'v Value, key: &str) -> Option<&'v Value> {
    of.get(key.replace('-', "_")).or_else(|| of.get(key.replace('_', "-"))).or_else(|| of.get(key))
}

fn entries(of: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    of.and_then(Value::as_object).into_iter().flatten()
}

fn items(of: Option<&Value>) -> &[Value] {
    of.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The platform keeps texts.
fn text(value: &Value) -> Value {
    match value {
        Value::String(_) | Value::Null => value.clone(),
        other => other.to_string().into(),
    }
}

/// A size in megabytes.
fn megabytes(value: &Value) -> Option<u64> {
    u64::try_from(bytes(value)? >> 20).ok()
}

/// The memory of a sidecar, in megabytes. (CC: `AppManifestMessage#sidecar_create_attributes`: so is a number without a unit.)
fn sidecar_memory(value: &Value) -> Option<u64> {
    plain(value).and_then(|number| u64::try_from(number).ok()).or_else(|| megabytes(value))
}

/// A size, or a rate, in bytes; -1 stands for no limit.
fn bytes(value: &Value) -> Option<i64> {
    plain(value).or_else(|| byte_size::bytes(value.as_str()?.trim()))
}

/// A number without a unit.
fn plain(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::super::settings::tests::shown;
    use super::*;

    /// What teams write and what the platform writes say the same.
    #[test]
    fn a_manifest_of_whichever_hand_tells_the_same_settings() {
        let of_a_team = json!({
            "name": "shop", "memory": "256M", "health_check_type": "http", "health-check-http-endpoint": "/health",
            "env": {"MODE": "fast", "LIMIT": 3, "ON": true}, "disk_quota": "1G",
            "log-rate-limit-per-second": "16K", "instances": 2,
            "services": ["db", {"name": "cache", "parameters": {"size": 1}, "binding_name": "c"}],
        });
        let by_the_platform = json!({
            "name": "shop", "env": {"MODE": "fast", "LIMIT": "3", "ON": "true"}, "services": ["cache", "db"],
            "processes": [{
                "type": "web", "memory": "256M", "disk_quota": "1024M", "instances": 2,
                "log-rate-limit-per-second": "16K", "health-check-type": "http",
                "health-check-http-endpoint": "/health",
            }],
        });
        let without_bindings = |settings: &Settings| -> Vec<String> {
            shown(settings).into_iter().filter(|one| !one.starts_with("binding")).collect()
        };
        let (team, platform) = (Settings::of_manifest(&of_a_team), Settings::of_manifest(&by_the_platform));
        assert_eq!(without_bindings(&team), without_bindings(&platform));
        assert_eq!(
            without_bindings(&team),
            [
                "variable LIMIT: \"3\"",
                "variable MODE: \"fast\"",
                "variable ON: \"true\"",
                "instances of process web: 2",
                "memory of process web: 256",
                "disk_quota of process web: 1024",
                "log-rate-limit-per-second of process web: 16384",
                "health-check-type of process web: \"http\"",
                "health-check-http-endpoint of process web: \"/health\"",
            ]
        );
    }

    /// An older platform does not tell of readiness, and what is so by default is so there, too.
    #[test]
    fn what_is_so_by_default_is_not_set() {
        let told = json!({"processes": [
            {"type": "web", "disk_quota": "1G", "health-check-type": "port", "readiness-health-check-type": "process"},
            {"type": "worker", "disk_quota": "1G", "health-check-type": "process"},
        ]});
        let untold =
            json!({"processes": [{"type": "web", "disk_quota": "1G"}, {"type": "worker", "disk_quota": "1G"}]});
        assert_eq!(Settings::of_app(&told), Settings::of_app(&untold));
        let other = json!({"processes": [{"type": "web", "disk_quota": "1G", "health-check-type": "process"}]});
        assert_eq!(
            shown(&Settings::of_app(&other)),
            ["disk_quota of process web: 1024", "health-check-type of process web: \"process\""]
        );
    }

    #[test]
    fn a_listed_web_process_takes_the_place_of_what_is_at_the_top() {
        let settings = Settings::of_manifest(&json!({
            "command": "ignored", "processes": [{"type": "web", "health-check-type": "none"}, {"type": "worker", "command": "work"}],
        }));
        assert_eq!(
            shown(&settings),
            [
                "health-check-type of process web: \"process\"",
                "health-check-http-endpoint of process web: null",
                "command of process worker: \"work\"",
            ]
        );
    }

    #[test]
    fn the_memory_of_a_sidecar_may_do_without_a_unit() {
        for memory in [json!(64), json!("64"), json!("64M"), json!("65536K")] {
            assert_eq!(sidecar_memory(&memory), Some(64), "{memory}");
        }
    }

    #[test]
    fn sizes_and_rates_are_read_as_the_platform_writes_them() {
        for (text, expected) in [
            (json!("1G"), Some(1 << 30)),
            (json!(" 512mb "), Some(512 << 20)),
            (json!("16K"), Some(16 << 10)),
            (json!("0B"), Some(0)),
            (json!(-1), Some(-1)),
            (json!("-1"), Some(-1)),
            (json!(100), Some(100)),
            (json!("1.5g"), Some(3 << 29)),
            (json!("much"), None),
            (json!(null), None),
        ] {
            assert_eq!(bytes(&text), expected, "{text}");
        }
    }
}
