//! The one seam between plans and the file system.

use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use crate::bounded;

/// The largest plan, manifest or vars file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Where plans, manifests and vars files are read from.
pub trait Files {
    /// Reads a file of at most 1 MiB.
    fn read(&self, file: &Path) -> io::Result<Vec<u8>>;

    /// Whether there is a file or a folder of that name.
    fn exists(&self, path: &Path) -> bool;

    /// Where a path leads: absolute, with links followed as far as there are files, and without `..`.
    fn real(&self, path: &Path) -> PathBuf;
}

/// The files of this machine, relative to the current folder.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        bounded::read(file, MAX_BYTES)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn real(&self, path: &Path) -> PathBuf {
        let mut real = PathBuf::new();
        for component in std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
            match component {
                // What comes before is real, so that its parent is the one that is meant.
                Component::ParentDir => drop(real.pop()),
                Component::CurDir => {}
                Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                    real.push(component);
                    real = real.canonicalize().unwrap_or(real);
                }
            }
        }
        real
    }
}

/// Why a file cannot be read, in words for the writer of a plan.
pub(super) fn why_unreadable(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "the file may not be read by this user".to_owned(),
        ErrorKind::IsADirectory | ErrorKind::InvalidInput | ErrorKind::FileTooLarge => error.to_string(),
        _ => format!("the file cannot be read: {error}"),
    }
}

/// As [`Disk`], where what is to be uploaded need not be there: to finish or to take back a deployment, another machine
/// has the plan and its manifests, and not what was built.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WithoutAppFiles;

impl Files for WithoutAppFiles {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        Disk.read(file)
    }

    fn exists(&self, _: &Path) -> bool {
        true
    }

    fn real(&self, path: &Path) -> PathBuf {
        Disk.real(path)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn why_a_file_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let message = |file: &Path| Disk.read(file).map_err(|error| why_unreadable(&error));
        let large = folder.path().join("large");
        std::fs::write(&large, vec![b'#'; 1024 * 1024 + 1]).unwrap();
        assert_eq!(message(&large), Err("the file is larger than 1 MiB".to_owned()));
        assert_eq!(message(folder.path()), Err("this is a folder, not a file".to_owned()));
        assert_eq!(message(Path::new("/dev/zero")), Err("this is no ordinary file".to_owned()));
        assert_eq!(message(&folder.path().join("nowhere")), Err("there is no such file".to_owned()));
    }

    #[test]
    fn where_a_path_leads() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(folder.join("a/b")).unwrap();
        symlink(folder.join("a/b"), folder.join("link")).unwrap();
        symlink("loop", folder.join("loop")).unwrap();
        for (path, leads_to) in [
            ("a/./b/../b", "a/b"),
            ("link", "a/b"),
            ("link/../c", "a/c"),
            ("link/none/../x", "a/b/x"),
            ("none/../../a", "../a"),
            ("loop/x", "loop/x"),
        ] {
            let expected = match leads_to.strip_prefix("../") {
                Some(beside) => folder.parent().unwrap().join(beside),
                None => folder.join(leads_to),
            };
            assert_eq!(Disk.real(&folder.join(path)), expected, "{path}");
        }
    }
}
