//! The fingerprint of what a plan does.

use std::path::{Path, PathBuf};

use base16ct::lower;
use sha2::{Digest as _, Sha256};

use super::check::{Check, LocalCheck};
use super::manifest::{ManifestApp, ManifestProcess};
use super::model::Plan;

/// The SHA-256 of a plan's values and of the manifests that it has read, independent of the folder that the plan was
/// named from. Of what variables were filled in with only the sizes count, which the platform shows anyway.
pub(super) fn of(plan: &Plan, folder: &Path, contents: &[Vec<u8>]) -> String {
    let mut plan = plan.clone();
    plan.file = PathBuf::new();
    plan.digest = String::new();
    let strip = |path: &mut PathBuf| {
        if let Ok(inner) = path.strip_prefix(folder) {
            *path = inner.to_owned();
        }
    };
    for app in &mut plan.apps {
        app.path.as_mut().map(strip);
        app.droplet.as_mut().map(strip);
        strip(&mut app.manifest.path);
        app.manifest.vars_files.iter_mut().for_each(strip);
        app.manifest.app = sizes(&app.manifest.app);
        for check in &mut app.checks {
            match check {
                Check::Local(LocalCheck::Http(_) | LocalCheck::Approval(_)) | Check::Task(_) => {}
                Check::Local(LocalCheck::Command(command)) => command.folder = PathBuf::new(),
            }
        }
    }
    let mut hash = Sha256::new();
    // A plan is made of texts and numbers, so that it always can be written as JSON.
    let values = serde_json::to_vec(&plan).unwrap_or_default();
    for part in std::iter::once(&values).chain(contents) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    lower::encode_string(&hash.finalize())
}

fn sizes(app: &ManifestApp) -> ManifestApp {
    let process = |process: &ManifestProcess| ManifestProcess {
        instances: process.instances,
        memory_mb: process.memory_mb,
        disk_mb: process.disk_mb,
        ..ManifestProcess::default()
    };
    ManifestApp { web: process(&app.web), others: app.others.iter().map(process).collect(), ..ManifestApp::default() }
}
