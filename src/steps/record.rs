//! What a deployment has set on the app that it brought up, as it is written there: by it a later one tells what a manifest has
//! dropped from what nobody's manifest ever named, and what was changed by hand since.
//!
//! An annotation holds 5000 characters (CC API 3: metadata), so each setting is eight of them: five that stand for its name, one
//! that tells whether a manifest has named it, and two that stand for its value. Two do not give a secret away that somebody could
//! guess, and of what may be a secret there are none.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::space::{App, Is, Setting, Settings};

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
/// How many fit into an annotation.
const MOST: usize = 5000 / LENGTH;

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
        let of = |by: char| move |(setting, is): (&Setting, &Is)| format!("{}{by}{}", name(setting), value(setting, is));
        let is_there = |(_, is): &(&Setting, &Is)| **is != Is::Unset;
        let all: Vec<String> =
            named.iter().map(of(NAMED)).chain(carried.iter().filter(is_there).map(of(CARRIED))).collect();
        (all.len() <= MOST).then(|| Self(all.concat()))
    }

    /// As it is written.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the manifest named it.
    pub(super) fn names(&self, setting: &Setting) -> bool {
        self.find(setting).is_some_and(|(by, _)| by == NAMED)
    }

    /// What stands for how it was set, and for its value.
    fn find(&self, setting: &Setting) -> Option<(char, &str)> {
        let wanted = name(setting);
        let one = (0..self.0.len()).step_by(LENGTH).map(|at| &self.0[at..at + LENGTH]).find(|one| one.starts_with(&wanted))?;
        Some((one[NAME..].chars().next()?, &one[NAME + 1..]))
    }

    /// Whether something of this app was changed by somebody else since, as far as that can be told.
    pub(crate) fn is_changed(&self, setting: &Setting, is: &Is) -> bool {
        self.find(setting).is_none_or(|(_, was)| was != value(setting, is))
    }
}

fn name(setting: &Setting) -> String {
    digest(&setting.key(), NAME)
}

fn value(setting: &Setting, is: &Is) -> String {
    match is {
        Is::Set(value) if !setting.is_secret() && !value.is_null() => digest(&value.to_string(), VALUE),
        Is::Set(_) | Is::Untold | Is::Unset => "~".repeat(VALUE),
    }
}

fn digest(text: &str, length: usize) -> String {
    let mut digest = URL_SAFE_NO_PAD.encode(Sha256::digest(text));
    digest.truncate(length);
    digest
}
