//! What an app is set to, beside what is uploaded to it: what a second version of it must have, too, to be equal.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde_json::json;

use super::is::Is;
use super::policy::Policy;
use super::setting::WEB;
use super::setting::{ProcessSetting, Setting};

/// What an app is set to, without how many instances its processes have and how large they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Shared by the many spaces that a proof walks through: most of them differ in something else.
    pub(super) all: Arc<BTreeMap<Setting, Is>>,
    /// The guids of the sidecars that users have made, by their names.
    pub(super) sidecars: Arc<BTreeMap<String, String>>,
}

impl Hash for Settings {
    /// Hashes the count alone: cheap, and enough to tell most apart.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.all.len().hash(state);
    }
}

impl Settings {
    /// What a new app has (CC: `app_model.rb`, and the defaults of its table): whether there is a way in by ssh is up to the
    /// platform, and nearly everywhere there is.
    pub(crate) fn of_new_app() -> Self {
        let features =
            [("ssh", true), ("revisions", true), ("service-binding-k8s", false), ("file-based-vcap-services", false)];
        let feature = |(name, on): (&str, bool)| (Setting::Feature(name.to_owned()), Is::Set(on.into()));
        let mut new = Self { all: Arc::new(features.into_iter().map(feature).collect()), ..Self::default() };
        new.add_process(WEB);
        new
    }

    /// Adds what a new process has that nobody has set, and that cannot be taken back to nothing.
    pub(crate) fn add_process(&mut self, kind: &str) {
        for (setting, value) in [(ProcessSetting::Disk, json!(1024)), (ProcessSetting::LogRate, json!(-1))] {
            Arc::make_mut(&mut self.all).entry(Setting::Process(kind.to_owned(), setting)).or_insert(Is::Set(value));
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

    /// Sets something. What is so by default is not set: older platforms do not tell it.
    pub(crate) fn set(&mut self, setting: Setting, is: Is) {
        let all = Arc::make_mut(&mut self.all);
        match is {
            Is::Unset => all.remove(&setting),
            Is::Set(ref value) if setting.is_default(value) => all.remove(&setting),
            is => all.insert(setting, is),
        };
    }

    /// Takes in what the platform tells of its sidecars: those that buildpacks bring come with the droplet.
    pub(crate) fn of_users(&mut self, sidecars: BTreeMap<String, String>) {
        Arc::make_mut(&mut self.all)
            .retain(|setting, _| if let Setting::Sidecar(name) = setting { sidecars.contains_key(name) } else { true });
        self.sidecars = Arc::new(sidecars);
    }

    /// Takes in the network policies of the app.
    pub(crate) fn with_policies(&mut self, policies: impl IntoIterator<Item = Policy>) {
        let all = Arc::make_mut(&mut self.all);
        all.retain(|setting, _| !matches!(setting, Setting::Policy(_)));
        all.extend(policies.into_iter().map(|policy| (Setting::Policy(policy), Is::Set(true.into()))));
    }

    /// The network policies of the app.
    pub(crate) fn policies(&self) -> Vec<Policy> {
        let policy =
            |setting: &Setting| if let Setting::Policy(policy) = setting { Some(policy.clone()) } else { None };
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
    pub(in crate::settings) fn shown(settings: &Settings) -> Vec<String> {
        let shown = |(setting, is): (&Setting, &Is)| match is {
            Is::Set(value) => format!("{setting}: {value}"),
            Is::Untold => format!("{setting}: untold"),
            Is::Unset => format!("{setting}: unset"),
        };
        settings.iter().map(shown).collect()
    }
}
