//! What is pushed, and how large it will be.

use std::path::Path;

use crate::cf::invocation::{ManifestPart, Push, PushedManifest};
use crate::plan::{self, Alone, AppName, Carried, Instances, ManifestProcess};
use crate::settings::Settings;
use crate::space::{App, DEFAULT_MEMORY_MB, Process, Space};

use super::process_counts::whole;

/// How large an app is when it is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Instances of the web process.
    pub(crate) instances: u32,
    /// Memory of one of them, in megabytes.
    pub(crate) memory_mb: u64,
}

/// What a manifest makes of an app.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declared {
    /// The web process.
    pub(crate) size: Size,
    /// The other processes that the manifest names.
    pub(crate) others: Vec<Process>,
    /// What it names beside that.
    pub(crate) settings: Settings,
}

impl Declared {
    /// All processes: how many instances each is to have, and the memory of one of them, in megabytes.
    pub(crate) fn processes(&self) -> impl Iterator<Item = (u32, u64)> {
        let others = self.others.iter().map(|other| (other.instances, other.memory_mb));
        others.chain([(self.size.instances, self.size.memory_mb)])
    }
}

/// What is pushed, and what becomes of the app.
#[derive(Debug, Clone)]
pub(super) struct Sizing {
    /// What is pushed.
    pub(crate) push: Push,
    /// What the manifest makes of the app.
    pub(crate) declared: Declared,
}

/// Reads off manifest and space how large the next colour will be.
pub(super) fn of(app: &plan::App, space: &Space, live: Option<&AppName>, next: &AppName) -> Sizing {
    let web = |name: &AppName| space.app(name.as_str()).and_then(|app| app.web());
    let manifest = &app.manifest;
    // Where the manifest is silent an existing app keeps what it has, and a new one gets the platform's defaults.
    let unforced = manifest.app.web.instances.or(web(next).map(|web| web.instances)).unwrap_or(1);
    let live_instances = live.and_then(|live| space.app(live.as_str())).map_or(0, |live| whole(live).web_instances());
    let instances = match app.instances {
        Instances::AtLeastLive => unforced.max(live_instances),
        Instances::Manifest => manifest.app.web_instances(),
    };
    let has = web(next).map(|web| web.memory_mb);
    let carried = live.and_then(web).map(|web| web.memory_mb).filter(|_| app.carry.has(Carried::Processes));
    let memory_mb = manifest.app.web.memory_mb.or(carried).or(has).unwrap_or(DEFAULT_MEMORY_MB);
    // What a new app gets where nobody says is up to the platform.
    let is_so = manifest.app.web.memory_mb.or(has) == Some(memory_mb) || carried.is_none();
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let file = text(&manifest.path);
    let pushed = match &manifest.alone {
        None => PushedManifest::File(file),
        Some(Alone { without, text }) => PushedManifest::Part(ManifestPart {
            app: next.to_string(),
            file,
            without: without.clone(),
            text: text.clone(),
        }),
    };
    // cf looks for the path of a manifest beside the file that it is given.
    let of_manifest = manifest.app.path.as_ref().filter(|_| manifest.alone.is_some() && manifest.app.docker.is_none());
    let push = Push {
        app: next.to_string(),
        manifest: Some(pushed),
        path: app.path.as_ref().or(of_manifest).map(|path| text(path)),
        vars: manifest.vars.clone(),
        vars_files: manifest.vars_files.iter().map(|file| text(file)).collect(),
        instances: (instances != unforced).then_some(instances),
        memory_mb: (!is_so).then_some(memory_mb),
    };
    let others = other_processes(app, space.app(next.as_str()));
    let settings = app.manifest.app.whole.settings.clone();
    Sizing { push, declared: Declared { size: Size { instances, memory_mb }, others, settings } }
}

/// The processes beside `web` that the manifest names, as large as they will be.
fn other_processes(app: &plan::App, existing: Option<&App>) -> Vec<Process> {
    let process = |process: &ManifestProcess| {
        let before = existing.and_then(|app| app.process(&process.process_type));
        Process {
            guid: before.map_or_else(|| format!("new {}", process.process_type), |before| before.guid.clone()),
            kind: process.process_type.clone(),
            // CC: a new process has no instances unless it is `web`.
            instances: process.instances.or(before.map(|before| before.instances)).unwrap_or(0),
            memory_mb: process.memory_mb.or(before.map(|before| before.memory_mb)).unwrap_or(DEFAULT_MEMORY_MB),
            states: Vec::new(),
            ends_unseen: false,
        }
    };
    app.manifest.app.others.iter().map(process).collect()
}

#[cfg(test)]
#[cfg(feature = "rehearse")]
mod laws;
