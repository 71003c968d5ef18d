//! The directory of an instance or a task.

use std::fs;
use std::path::{Path, PathBuf};

/// A directory that is removed when it is dropped.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) path: PathBuf,
}

impl Container {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // What cannot be removed now goes with the cell's directory.
        let _ = fs::remove_dir_all(&self.path);
    }
}
