//! How many instances the processes of a version are to have that have none as long as another version runs them.
//!
//! It is written on the version itself: on the next one before anything of it is changed, and on the one before it before its
//! processes end. So a rollback brings them back days later, whatever machine it runs on, and no size is read off a
//! process that was handed over.

use std::collections::BTreeMap;

use serde_json::json;

use crate::space::App;

/// The annotation.
pub(crate) const HELD: &str = "cutover-processes";

/// How many instances processes are to have, by their types; none of them is to have none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProcessCounts(BTreeMap<String, u32>);

impl ProcessCounts {
    /// What an app carries of it.
    pub(crate) fn of(app: &App) -> Self {
        let text = app.annotations.get(HELD).map(String::as_str).unwrap_or_default();
        Self(serde_json::from_str(text).unwrap_or_default())
    }

    /// As it is written; `None` where there is nothing to write.
    pub(crate) fn write(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| json!(self.0).to_string())
    }

    /// Each type of process with how many instances it is to have.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.iter().map(|(kind, count)| (kind.as_str(), *count))
    }
}

impl FromIterator<(String, u32)> for ProcessCounts {
    fn from_iter<I: IntoIterator<Item = (String, u32)>>(all: I) -> Self {
        Self(all.into_iter().filter(|(_, count)| *count > 0).collect())
    }
}

/// How many instances a process of an app has, or is to have again.
pub(crate) fn count(app: &App, kind: &str) -> u32 {
    let has = app.instances_of(kind);
    let held = || ProcessCounts::of(app).0.get(kind).copied();
    if has > 0 { has } else { held().unwrap_or(0) }
}

/// The app with as many instances of each process as it has, or is to have again.
pub(crate) fn whole(app: &App) -> App {
    let (mut whole, held) = (app.clone(), ProcessCounts::of(app));
    for process in whole.processes.iter_mut().filter(|process| process.instances == 0) {
        process.instances = held.0.get(&process.kind).copied().unwrap_or(0);
    }
    for (kind, count) in held.iter().filter(|(kind, _)| !app.has_process(kind)) {
        whole.make_process(kind).instances = count;
    }
    whole
}
