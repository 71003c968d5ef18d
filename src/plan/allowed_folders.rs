//! Where the paths of a plan may lead: below the folder of its file, and to what its key `outside` names.

use std::path::{Path, PathBuf};

use super::files::Files;
use super::value_error::ValueError;

/// The folders that paths may lead to; of the default, none.
#[derive(Debug, Default)]
pub(super) struct AllowedFolders(Vec<PathBuf>);

impl AllowedFolders {
    /// The plan's folder, and other folders or files, as they are named.
    pub(super) fn new(files: &dyn Files, folder: &Path, outside: &[PathBuf]) -> Self {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        Self(std::iter::once(folder).chain(outside.iter().map(PathBuf::as_path)).map(|path| files.real(path)).collect())
    }

    /// What is wrong with a path that leads elsewhere, also through a link.
    pub(super) fn error(&self, files: &dyn Files, path: &Path) -> Option<ValueError> {
        let real = files.real(path);
        if self.0.iter().any(|allowed| real.starts_with(allowed)) {
            return None;
        }
        Some(ValueError::hinted(
            format!("`{}` leads out of the folder of the plan", path.display()),
            "put it below the folder of the plan file, or name the folder where it is in the plan's `outside`",
        ))
    }
}
