//! Where cf is.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::{env, io};

use super::error::SpawnError;

/// Finds the program: a path as it is, made absolute; a bare name on `search`, the value of PATH.
pub(super) fn find(asked: Option<&Path>, search: Option<&OsStr>) -> Result<PathBuf, SpawnError> {
    let name = asked.unwrap_or(Path::new("cf"));
    if name.components().count() > 1 || name.is_absolute() || name.is_dir() {
        return check(name).and_then(|()| {
            std::path::absolute(name).map_err(|source| SpawnError::NotStarted { path: name.to_owned(), source })
        });
    }
    let candidates = search.map(env::split_paths).into_iter().flatten().map(|directory| directory.join(name));
    let mut found = candidates.filter(|path| path.is_file()).peekable();
    let first = found.peek().cloned();
    match (found.find(|path| check(path).is_ok()), first) {
        (Some(path), _) => std::path::absolute(&path).map_err(|source| SpawnError::NotStarted { path, source }),
        (None, Some(path)) => Err(SpawnError::NotExecutable { path }),
        (None, None) if asked.is_some() => Err(SpawnError::NotFound { path: name.to_owned() }),
        (None, None) => Err(SpawnError::NotOnPath),
    }
}

/// Says why a file cannot be run.
pub(super) fn check(path: &Path) -> Result<(), SpawnError> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(SpawnError::NotFound { path: path.to_owned() });
        }
        Err(source) => return Err(SpawnError::NotStarted { path: path.to_owned(), source }),
    };
    if metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 {
        Ok(())
    } else {
        Err(SpawnError::NotExecutable { path: path.to_owned() })
    }
}
