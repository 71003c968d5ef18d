//! Files that hold tokens: written so that nobody else reads them, and nobody ever sees half of one.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use serde_json::Value;
use tempfile::NamedTempFile;

/// Writes the private copy, below a directory that only the user can read. It takes the place of what `cf version` has
/// left there. Fails where something else than a directory is in the way, such as a link.
pub(super) fn write_private(path: &Path, config: &Value) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        match fs::DirBuilder::new().mode(0o700).create(directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !fs::symlink_metadata(directory)?.is_dir() {
                    return Err(io::Error::new(io::ErrorKind::NotADirectory, "a link or a file is in its place"));
                }
                fs::set_permissions(directory, Permissions::from_mode(0o700))?;
            }
            made => made?,
        }
    }
    replace(path, config)
}

/// Replaces a file at one stroke, as cf itself does: nobody ever sees half of it.
pub(super) fn replace(path: &Path, config: &Value) -> io::Result<()> {
    written_beside(path, config)?.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Writes what is to take the place of a file.
pub(super) fn written_beside(path: &Path, config: &Value) -> io::Result<NamedTempFile> {
    let directory = path.parent().unwrap_or(Path::new("."));
    // cf 8.17 sweeps files of this name that a killed one left.
    let mut file = tempfile::Builder::new()
        .prefix("temp-config")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(directory)?;
    file.write_all(&bytes(config)?)?;
    Ok(file)
}

/// Two blanks of indentation, as cf 8.17 writes it.
fn bytes(config: &Value) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec_pretty(config)?)
}
