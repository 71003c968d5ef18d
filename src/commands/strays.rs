//! Files that would be uploaded with an app and hardly are meant to be: the plan with its overlays, files with secrets,
//! and what the run itself writes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::Common;
use crate::plan::{Disk, Files as _, Plan, overlaid};
use crate::run::upload::{OwnFiles, Stray};

/// The files that this run writes itself, as the command line has it.
pub(super) fn own_files(common: &Common) -> OwnFiles {
    OwnFiles::of(common.events.as_deref())
}

/// The files that are uploaded with an app, as far as the plan names them, and of `more`.
pub(super) fn named(plan: &Plan, more: &[PathBuf]) -> BTreeSet<Stray> {
    let mut files: Vec<PathBuf> = overlays(&plan.file);
    files.push(plan.file.clone());
    files.extend_from_slice(more);
    for app in &plan.apps {
        files.push(app.manifest.path.clone());
        files.extend(app.manifest.vars_files.iter().cloned());
    }
    let files: Vec<PathBuf> = files.iter().map(|file| Disk.real(file)).collect();
    plan.apps.iter().flat_map(|app| Stray::among(app, &files)).collect()
}

/// The overlays beside a plan: `deploy.NAME.yaml`.
fn overlays(plan: &Path) -> Vec<PathBuf> {
    let folder = plan.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let is_overlay = |path: &PathBuf| overlaid(path).is_some_and(|(base, _)| base.file_name() == plan.file_name());
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_overlay).collect();
    found.sort();
    found
}
