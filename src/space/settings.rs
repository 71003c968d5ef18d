//! What an app is set to, beside what is uploaded to it: what a second version of it must have, too, to be equal.

mod manifest;
mod written;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::is::Is;
use super::policy::Policy;
use super::setting::{ProcessSetting, Setting};

/// The type of the process that routes lead to.
const WEB: &str = "web";

/// What an app is set to, without how many instances its processes have and how large they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    all: BTreeMap<Setting, Is>,
    /// The guids of the sidecars that users have made, by their names.
    sidecars: BTreeMap<String, String>,
}

impl Settings {
    /// What a new app has (CC: `app_model.rb`, and the defaults of its table): whether there is a way in by ssh is up to the
    /// platform, and nearly everywhere there is.
    pub(crate) fn of_new_app() -> Self {
        let features =
            [("ssh", true), ("revisions", true), ("service-binding-k8s", false), ("file-based-vcap-services", false)];
        let feature = |(name, on): (&str, bool)| (Setting::Feature(name.to_owned()), Is::Set(on.into()));
        let mut new = Self { all: features.into_iter().map(feature).collect(), sidecars: BTreeMap::new() };
        new.add_process(WEB);
        new
    }

    /// Adds what a new process has that nobody has set.
    pub(super) fn add_process(&mut self, kind: &str) {
        let defaults = [
            (ProcessSetting::Health, json!(if kind == WEB { "port" } else { "process" })),
            (ProcessSetting::Readiness, json!("process")),
            (ProcessSetting::Disk, json!(1024)),
            (ProcessSetting::LogRate, json!(-1)),
        ];
        for (setting, value) in defaults {
            self.all.entry(Setting::Process(kind.to_owned(), setting)).or_insert(Is::Set(value));
        }
    }

    /// Each with what it is set to.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Setting, &Is)> {
        self.all.iter()
    }

    /// What something is set to.
    pub(crate) fn get(&self, setting: &Setting) -> &Is {
        self.all.get(setting).unwrap_or(&Is::Unset)
    }

    /// Whether something is named at all, be it with null.
    pub(crate) fn names(&self, setting: &Setting) -> bool {
        self.all.contains_key(setting)
    }

    /// Sets something.
    pub(crate) fn set(&mut self, setting: Setting, is: Is) {
        match is {
            Is::Unset => self.all.remove(&setting),
            Is::Set(Value::Null) if !setting.is_secret() => self.all.remove(&setting),
            is => self.all.insert(setting, is),
        };
    }

    /// Takes in what the platform tells of its sidecars: those that buildpacks bring come with the droplet.
    pub(crate) fn of_users(&mut self, sidecars: BTreeMap<String, String>) {
        self.all.retain(|setting, _| match setting {
            Setting::Sidecar(name) => sidecars.contains_key(name),
            _ => true,
        });
        self.sidecars = sidecars;
    }

    /// Takes in the network policies of the app.
    pub(crate) fn with_policies(&mut self, policies: impl IntoIterator<Item = Policy>) {
        self.all.retain(|setting, _| !matches!(setting, Setting::Policy(_)));
        self.all.extend(policies.into_iter().map(|policy| (Setting::Policy(policy), Is::Set(true.into()))));
    }

    /// The network policies of the app.
    pub(crate) fn policies(&self) -> Vec<Policy> {
        let policy = |setting: &Setting| match setting {
            Setting::Policy(policy) => Some(policy.clone()),
            _ => None,
        };
        self.all.keys().filter_map(policy).collect()
    }

    /// The guid of the sidecar of that name.
    pub(crate) fn sidecar(&self, name: &str) -> Option<&str> {
        self.sidecars.get(name).map(String::as_str)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Each setting with its value.
    pub(in crate::space) fn shown(settings: &Settings) -> Vec<String> {
        let shown = |(setting, is): (&Setting, &Is)| match is {
            Is::Set(value) => format!("{setting}: {value}"),
            Is::Untold => format!("{setting}: untold"),
            Is::Unset => format!("{setting}: unset"),
        };
        settings.iter().map(shown).collect()
    }
}
