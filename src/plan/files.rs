//! The one seam between plans and the file system.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::fault::Fault;

/// The largest plan, manifest or vars file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Where plans, manifests and vars files are read from.
pub trait Files {
    /// Reads a file of at most 1 MiB; the fault says why that is not possible.
    fn read(&self, file: &Path) -> Result<Vec<u8>, Fault>;

    /// Whether there is a file or a folder of that name.
    fn exists(&self, path: &Path) -> bool;
}

/// The files of this machine, relative to the current folder.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, file: &Path) -> Result<Vec<u8>, Fault> {
        let failed = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => Fault::new("there is no such file"),
            ErrorKind::PermissionDenied => Fault::new("the file may not be read by this user"),
            _ => Fault::new(format!("the file cannot be read: {error}")),
        };
        // Looked at before it is opened: to open a named pipe would wait for a writer.
        let kind = std::fs::metadata(file).map_err(failed)?;
        if kind.is_dir() {
            return Err(Fault::new("this is a folder, not a file"));
        }
        if !kind.is_file() {
            return Err(Fault::new("this is no ordinary file"));
        }
        let mut bytes = Vec::new();
        File::open(file).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(failed)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Fault::new("the file is larger than 1 MiB"));
        }
        Ok(bytes)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }
}

/// As [`Disk`], where what is to be uploaded need not be there: to finish or to take back a deployment, another machine has
/// the plan and its manifests, and not what was built.
#[derive(Debug, Clone, Copy, Default)]
pub struct WithoutBits;

impl Files for WithoutBits {
    fn read(&self, file: &Path) -> Result<Vec<u8>, Fault> {
        Disk.read(file)
    }

    fn exists(&self, _: &Path) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ordinary_files_of_some_size() {
        let folder = tempfile::tempdir().unwrap();
        let message = |file: &Path| Disk.read(file).map_err(|fault| fault.message);
        let large = folder.path().join("large");
        std::fs::write(&large, vec![b'#'; 1024 * 1024]).unwrap();
        assert_eq!(message(&large).map(|bytes| bytes.len()), Ok(1024 * 1024));
        std::fs::write(&large, vec![b'#'; 1024 * 1024 + 1]).unwrap();
        assert_eq!(message(&large), Err("the file is larger than 1 MiB".to_owned()));
        assert_eq!(message(folder.path()), Err("this is a folder, not a file".to_owned()));
        assert_eq!(message(Path::new("/dev/zero")), Err("this is no ordinary file".to_owned()));
        assert_eq!(message(&folder.path().join("nowhere")), Err("there is no such file".to_owned()));
    }
}
