//! Settings in a snapshot of a space.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::is::Is;
use super::policy::Policy;
use super::setting::{ProcessSetting, Setting};
use super::settings::Settings;

/// Settings as a snapshot of a space has them: the names of what may be secret, and of the rest the values.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Written {
    env: Vec<String>,
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
    features: Map<String, Value>,
    processes: BTreeMap<String, Map<String, Value>>,
    sidecars: BTreeMap<String, WrittenSidecar>,
    bindings: Vec<String>,
    policies: Vec<Policy>,
}

#[derive(Serialize, Deserialize)]
struct WrittenSidecar {
    guid: String,
    is: Value,
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Written::deserialize(deserializer).map(Self::from)
    }
}

impl From<Settings> for Written {
    fn from(settings: Settings) -> Self {
        let Settings { all, sidecars } = settings;
        let mut written = Self::default();
        for (setting, is) in Arc::unwrap_or_clone(all) {
            let value = match is {
                Is::Set(value) => value,
                Is::Untold | Is::Unset => Value::Null,
            };
            match setting {
                Setting::Env(name) => written.env.push(name),
                Setting::Binding(service) => written.bindings.push(service),
                Setting::Policy(policy) => written.policies.push(policy),
                Setting::Label(name) => drop(written.labels.insert(name, value)),
                Setting::Annotation(name) => drop(written.annotations.insert(name, value)),
                Setting::Feature(name) => drop(written.features.insert(name, value)),
                Setting::Process(kind, of) => {
                    written.processes.entry(kind).or_default().insert(of.key().to_owned(), value);
                }
                Setting::Sidecar(name) => {
                    let guid = sidecars.get(&name).cloned().unwrap_or_default();
                    written.sidecars.insert(name, WrittenSidecar { guid, is: value });
                }
            }
        }
        written
    }
}

impl From<Written> for Settings {
    fn from(written: Written) -> Self {
        let set = |(setting, value)| (setting, Is::Set(value));
        let untold = |setting| (setting, Is::Untold);
        let of_key = |key: &str| ProcessSetting::ALL.into_iter().find(|setting| setting.key() == key);
        let processes = written.processes.into_iter().flat_map(|(kind, all)| {
            let of_one =
                move |(key, value): (String, Value)| Some((Setting::Process(kind.clone(), of_key(&key)?), value));
            all.into_iter().filter_map(of_one)
        });
        let (guids, sidecars): (BTreeMap<_, _>, Vec<_>) = written
            .sidecars
            .into_iter()
            .map(|(name, sidecar)| ((name.clone(), sidecar.guid), (Setting::Sidecar(name), sidecar.is)))
            .unzip();
        let named = |all: Map<String, Value>, of: fn(String) -> Setting| {
            all.into_iter().map(move |(name, value)| (of(name), value)).collect::<Vec<_>>()
        };
        let known = named(written.labels, Setting::Label)
            .into_iter()
            .chain(named(written.annotations, Setting::Annotation))
            .chain(named(written.features, Setting::Feature))
            .chain(processes)
            .chain(sidecars)
            .chain(written.policies.into_iter().map(|policy| (Setting::Policy(policy), true.into())));
        let secret =
            written.env.into_iter().map(Setting::Env).chain(written.bindings.into_iter().map(Setting::Binding));
        Self { all: Arc::new(known.map(set).chain(secret.map(untold)).collect()), sidecars: Arc::new(guids) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::settings::tests::shown;
    use super::*;

    #[test]
    fn a_snapshot_keeps_what_is_set_and_no_secret() {
        let mut settings = Settings::of_manifest(&json!({
            "env": {"PASSWORD": "hunter2"}, "services": [{"name": "db", "parameters": {"role": "hunter2"}}],
            "metadata": {"labels": {"team": "a"}, "annotations": {"owner": "b", "cutover-role": "live"}},
            "features": {"ssh": false}, "command": "run", "sidecars": [{"name": "agent", "command": "c", "process_types": ["web"]}],
        }));
        settings.of_users(BTreeMap::from([("agent".to_owned(), "guid-1".to_owned())]));
        let policy = Policy { outward: true, peer: None, protocol: "tcp".to_owned(), first: 1, last: 2 };
        settings.with_policies([policy]);
        let written = serde_json::to_string(&settings).unwrap();
        assert!(!written.contains("hunter2") && !format!("{settings:?}").contains("hunter2"), "{written}");
        let read: Settings = serde_json::from_str(&written).unwrap();
        assert_eq!(read.sidecar("agent"), Some("guid-1"));
        assert_eq!(
            shown(&read),
            [
                "variable PASSWORD: untold",
                "label team: \"a\"",
                "annotation owner: \"b\"",
                "feature ssh: false",
                "command of process web: \"run\"",
                "sidecar agent: {\"command\":\"c\",\"process_types\":[\"web\"],\"memory_in_mb\":null}",
                "binding of service instance db: untold",
                "network policy to itself, tcp 1-2: true",
            ]
        );
    }
}
