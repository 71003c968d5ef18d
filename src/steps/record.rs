//! What a deployment has set on the app that it brought up, as it is written there: by it a later one tells what a manifest has
//! dropped from what nobody's manifest ever named, and what was changed by hand since.
//!
//! An annotation holds 5000 characters (CC API 3: metadata), so each setting is eight of them: five that stand for its name, one
//! that tells whether a manifest has named it, and two that stand for its value. Two do not give a secret away that somebody could
//! guess, and of what may be a secret there are none.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::settings::{Is, LONGEST_ANNOTATION, ProcessSetting, Setting, Settings};
use crate::space::App;

use super::wanted::Wanted;

/// The annotation.
pub(crate) const SETTINGS: &str = "cutover-settings";
/// How long what stands for a setting is, for its name, and for its value.
const LENGTH: usize = 8;
const NAME: usize = 5;
const VALUE: usize = 2;
/// What tells that a manifest has named it, and that it was carried.
const NAMED: char = '+';
const CARRIED: char = '-';
/// What stands for a value that is not told.
const UNTOLD: &str = "~~";
/// How many fit into an annotation.
const MOST: usize = LONGEST_ANNOTATION / LENGTH;

/// What a deployment has set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record(String);

impl Record {
    /// What is written on an app, where something is.
    pub(crate) fn of(app: &App) -> Option<Self> {
        let text = app.annotations.get(SETTINGS)?;
        (text.is_ascii() && text.len() % LENGTH == 0).then(|| Self(text.clone()))
    }

    /// What is to be written on an app whose manifest names these and to which those were carried. `None` where there is no room
    /// for it: then it is as if cutover had not deployed the app.
    pub(super) fn new(named: &Settings, carried: &Wanted) -> Option<Self> {
        let of =
            |by: char| move |(setting, is): (&Setting, &Is)| format!("{}{by}{}", name(setting), value(setting, is));
        let is_there = |(_, is): &(&Setting, &Is)| **is != Is::Unset;
        let all: Vec<String> =
            named.iter().map(of(NAMED)).chain(carried.iter().filter(is_there).map(of(CARRIED))).collect();
        (all.len() <= MOST).then(|| Self(all.concat()))
    }

    /// As it is written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the manifest named it.
    pub(super) fn names(&self, setting: &Setting) -> bool {
        self.find(setting).is_some_and(|(by, _)| by == NAMED)
    }

    /// What stands for how it was set, and for its value.
    fn find(&self, setting: &Setting) -> Option<(char, &str)> {
        let wanted = name(setting);
        let one = (0..self.0.len())
            .step_by(LENGTH)
            .map(|at| &self.0[at..at + LENGTH])
            .find(|one| one.starts_with(&wanted))?;
        Some((one[NAME..].chars().next()?, &one[NAME + 1..]))
    }

    /// Whether something of this app was changed by somebody else since, as far as that can be told.
    pub(crate) fn is_changed(&self, setting: &Setting, is: &Is) -> bool {
        match (self.find(setting), setting) {
            // An autoscaler does that, too; and of what a droplet, or the platform, has brought since nobody's hand can be told.
            (_, Setting::Process(_, ProcessSetting::Instances)) | (None, Setting::Feature(_)) => false,
            (Some((_, was)), _) => was != UNTOLD && was != value(setting, is),
            // What is so by default is not among what an app is set to.
            (None, Setting::Process(kind, of)) => of.default_of(kind).is_some(),
            (None, _) => true,
        }
    }
}

fn name(setting: &Setting) -> String {
    digest(&setting.key(), NAME)
}

fn value(setting: &Setting, is: &Is) -> String {
    match is {
        Is::Set(value) if !setting.is_secret() && !value.is_null() => digest(&value.to_string(), VALUE),
        Is::Set(_) | Is::Untold | Is::Unset => UNTOLD.to_owned(),
    }
}

fn digest(text: &str, length: usize) -> String {
    let mut digest = URL_SAFE_NO_PAD.encode(Sha256::digest(text));
    digest.truncate(length);
    digest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    fn record(named: &Value, carried: &[(Setting, Is)]) -> Record {
        Record::new(&Settings::of_manifest(named), &carried.iter().cloned().collect()).unwrap()
    }

    #[test]
    fn what_a_manifest_named_is_told_from_what_was_carried_and_from_what_came_since() {
        let label = Setting::Label("team".to_owned());
        let env = |name: &str| Setting::Env(name.to_owned());
        let carried = [(label.clone(), Is::Set("blue".into())), (env("TOKEN"), Is::Set("hunter2".into()))];
        let record = record(&json!({"env": {"MODE": "fast"}, "memory": "64M"}), &carried);
        assert!(record.names(&env("MODE")) && !record.names(&env("TOKEN")) && !record.names(&env("NEW")));
        let memory = |mb: u64| (Setting::Process("web".to_owned(), ProcessSetting::Memory), Is::Set(mb.into()));
        let of_worker = |of, value: Value| (Setting::Process("worker".to_owned(), of), Is::Set(value));
        for ((setting, is), expected) in [
            ((label.clone(), Is::Set("blue".into())), false),
            ((label, Is::Set("red".into())), true),
            // Nothing that stands for a secret is written.
            ((env("TOKEN"), Is::Set("another".into())), false),
            ((env("NEW"), Is::Set("x".into())), true),
            (memory(64), false),
            (memory(128), true),
            (of_worker(ProcessSetting::Health, json!("http")), true),
            (of_worker(ProcessSetting::Command, json!("run")), true),
            (of_worker(ProcessSetting::Disk, json!(2048)), false),
            (of_worker(ProcessSetting::Instances, json!(7)), false),
        ] {
            assert_eq!(record.is_changed(&setting, &is), expected, "{setting}");
        }
    }

    #[test]
    fn a_record_fits_into_an_annotation_and_is_read_back() {
        let all = |count: usize| -> Wanted {
            (0..count).map(|number| (Setting::Env(format!("VARIABLE_{number}")), Is::Set("x".into()))).collect()
        };
        let fits = Record::new(&Settings::default(), &all(MOST)).unwrap();
        assert!(fits.as_str().len() <= 5000);
        assert_eq!(Record::new(&Settings::default(), &all(MOST + 1)), None);
        let mut app = App::new("guid", "shop_a");
        assert_eq!(Record::of(&app), None);
        app.annotations = BTreeMap::from([(SETTINGS.to_owned(), fits.as_str().to_owned())]);
        assert_eq!(Record::of(&app), Some(fits));
        for broken in ["1234567", "äääääääää", "123456789"] {
            app.annotations = BTreeMap::from([(SETTINGS.to_owned(), broken.to_owned())]);
            assert_eq!(Record::of(&app), None, "{broken}");
        }
    }
}
