//! The paths of a plan: relative to its file, and handed to cf from the folder that the command is run in.

use std::path::{Path, PathBuf};

use super::located::Located;
use crate::plan::diagnostics::Collector;

pub(crate) fn existing(given: Located<String>, folder: &Path, collector: &mut Collector<'_>) -> Option<PathBuf> {
    let path = joined(folder, &given.value);
    let hint = "paths are relative to the plan file, not to the folder that you are in";
    collector.exists(&path, given.place, &given.path, hint).then_some(path)
}

/// A path of the plan as it is handed to cf: from the folder that the command is run in. Never begins with `-`.
pub(crate) fn joined(folder: &Path, path: &str) -> PathBuf {
    let path = folder.join(path);
    if path.as_os_str().to_string_lossy().starts_with('-') { Path::new(".").join(path) } else { path }
}

pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}
