//! The private directory of a session.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use guard::Guard;
use guard::private::{PrivateDirectory, Purpose};

use crate::cf::config;
use crate::secret::Redactor;

/// A [private directory](PrivateDirectory) for the configuration of a cf, and the secrets that are hidden in what that
/// cf prints.
#[derive(Debug)]
pub struct PrivateHome {
    directory: PrivateDirectory,
    guard: Arc<Guard>,
    redactor: Redactor,
}

impl PrivateHome {
    /// Makes the directory. Fails where there is no place for it that can be written and is safe.
    pub fn create(guard: &Arc<Guard>) -> io::Result<Self> {
        let directory = PrivateDirectory::create(Purpose::Cf, guard)?;
        Ok(Self { directory, guard: Arc::clone(guard), redactor: Redactor::default() })
    }

    /// The directory, for `CF_HOME`.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The guard that knows of the directory.
    pub(crate) fn guard(&self) -> &Arc<Guard> {
        &self.guard
    }

    /// What hides the secrets of the session.
    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    pub(super) fn config(&self) -> PathBuf {
        config::file_below(self.path())
    }
}
