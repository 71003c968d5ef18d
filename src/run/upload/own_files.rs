//! The files that a run writes itself, wherever they are: those that it was told to write, and what its output goes to.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{FileType, fstat};

/// The files that this run writes itself: they grow while the rest is read, and are none of the app's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnFiles(BTreeSet<(u64, u64)>);

impl OwnFiles {
    /// The files of these names, and those that standard output and standard error are redirected to, be it by a program
    /// behind a pipe, as `| tee run.log` does.
    pub(crate) fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let streams: Vec<_> = [fstat(io::stdout()), fstat(io::stderr())].into_iter().flatten().collect();
        let are = |kind: FileType| {
            let of_kind = move |stat: &&rustix::fs::Stat| FileType::from_raw_mode(stat.st_mode) == kind;
            streams.iter().filter(of_kind).map(|stat| (stat.st_dev, stat.st_ino)).collect::<BTreeSet<_>>()
        };
        let named = paths.into_iter().filter_map(|path| fs::metadata(path).ok()).map(|found| id(&found));
        let behind = written_behind(&are(FileType::Fifo));
        Self(are(FileType::RegularFile).into_iter().chain(named).chain(behind).collect())
    }

    pub(super) fn has(&self, metadata: &Metadata) -> bool {
        self.0.contains(&id(metadata))
    }
}

/// The device and the number of a file, which tell it from all others.
fn id(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// The files that are written by those who have one of these pipes open, as far as the system tells (Linux: `/proc`).
fn written_behind(pipes: &BTreeSet<(u64, u64)>) -> BTreeSet<(u64, u64)> {
    let mut written = BTreeSet::new();
    if pipes.is_empty() {
        return written;
    }
    let own = std::process::id().to_string();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten().filter(|entry| *entry.file_name() != *own) {
        let open: Vec<_> = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten().collect();
        let of = |entry: &fs::DirEntry| fs::metadata(entry.path()).ok();
        if !open.iter().filter_map(of).any(|found| pipes.contains(&id(&found))) {
            continue;
        }
        let is_written = |entry: &&fs::DirEntry| {
            let told = fs::read_to_string(process.path().join("fdinfo").join(entry.file_name())).unwrap_or_default();
            let flags = told.lines().find_map(|line| u32::from_str_radix(line.strip_prefix("flags:")?.trim(), 8).ok());
            // `O_WRONLY` or `O_RDWR`.
            flags.is_some_and(|flags| flags & 0o3 != 0)
        };
        written.extend(open.iter().filter(is_written).filter_map(of).filter(Metadata::is_file).map(|found| id(&found)));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_behind_a_pipe_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("run.log");
        #[expect(clippy::disallowed_methods, reason = "no cf is started")]
        let mut tee = std::process::Command::new("tee")
            .arg(&log)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let pipe = fstat(tee.stdin.as_ref().unwrap()).unwrap();
        let pipes = BTreeSet::from([(pipe.st_dev, pipe.st_ino)]);
        testkit::wait::wait_until("it writes", || log.exists());
        // Whatever another test starts just now has our pipe, too, for a moment.
        let is_found = || written_behind(&pipes).contains(&id(&fs::metadata(&log).unwrap()));
        assert!(is_found());
        drop(tee.stdin.take());
        assert!(tee.wait().unwrap().success());
        assert!(!is_found());
        assert_eq!(written_behind(&BTreeSet::new()), BTreeSet::new());
    }
}
