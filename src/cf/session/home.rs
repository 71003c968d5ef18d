//! The private directory of a session.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use guard::Guard;
use guard::private::{PrivateDirectory, Purpose};
use tempfile::NamedTempFile;

use crate::cf::config;
use crate::secret::{Redactor, Sensitive};

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

    /// A file with this text for one call of cf, which no other user can read and no other process sees among the arguments. It is
    /// gone when it is dropped, and with the directory.
    pub(crate) fn secret_file(&self, text: &Sensitive) -> io::Result<NamedTempFile> {
        // Of mode 0600.
        let mut file = NamedTempFile::new_in(self.path())?;
        file.write_all(text.expose().as_bytes())?;
        file.flush()?;
        Ok(file)
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
