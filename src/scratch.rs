//! Files without a name, for what a child prints.
//!
//! Nobody else can open one or plant a link in its place, and nothing is left of it, whatever ends this process. On
//! Linux it lies in memory: a disk that is full never costs an answer of cf.

use std::fs::File;
use std::io;

/// Makes an empty file to write and read, closed on exec. Fails where the system has neither memory nor a place for
/// temporary files.
pub(crate) fn file() -> io::Result<File> {
    #[cfg(target_os = "linux")]
    if let Ok(file) = rustix::fs::memfd_create("cutover", rustix::fs::MemfdFlags::CLOEXEC) {
        return Ok(File::from(file));
    }
    tempfile::tempfile()
}
