//! Directories that only the user can read, of which nothing stays behind.
//!
//! A directory goes when it is dropped, and by the [guard](crate::Guard) when this process is killed. Where the guard
//! was killed as well, the next run removes it: a file in it is locked as long as its owner lives, and the kernel lets
//! go of the lock however the owner ends. So a directory is never taken from a process that lives, and no number of a
//! process has to be trusted.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;
use rustix::process::geteuid;

use crate::{Guard, GuardedDirectory};

/// The locked file.
const OWNER: &str = "owner";
/// How the names of directories of ours begin.
const PREFIXES: [&str; 2] = ["cutover-", "foundry-"];

/// What a directory is for; its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The configuration of a cf.
    Cf,
    /// The cell of an embedded foundry.
    Cell,
}

impl Purpose {
    fn prefix(self) -> &'static str {
        match self {
            Self::Cf => PREFIXES[0],
            Self::Cell => PREFIXES[1],
        }
    }
}

/// A fresh directory that only the user can read (mode 0700).
#[derive(Debug)]
pub struct PrivateDirectory {
    // In this order: nobody takes the directory for one that is left behind while it is removed.
    directory: GuardedDirectory,
    _owner: File,
}

impl PrivateDirectory {
    /// Makes the directory below the system's one for temporary files, and removes what runs that were killed have left
    /// there. Fails where that place cannot be written, and where others could replace what lies in it.
    pub fn create(purpose: Purpose, guard: &Arc<Guard>) -> io::Result<Self> {
        let place = std::env::temp_dir();
        refuse_unsafe(&place)?;
        sweep(&place);
        let permissions = Permissions::from_mode(0o700);
        let directory = tempfile::Builder::new().prefix(purpose.prefix()).permissions(permissions).tempdir_in(place)?;
        let owner = take(directory.path())?;
        let guarded = guard.directory(directory.path())?;
        // From here on the guard removes it.
        let _ = directory.keep();
        Ok(Self { directory: guarded, _owner: owner })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// Refuses a place for temporary files where another user could put something else in the place of a directory of ours.
fn refuse_unsafe(place: &Path) -> io::Result<()> {
    let metadata = fs::metadata(place)?;
    let owner = metadata.uid();
    let everybody_writes = metadata.mode() & 0o002 != 0 && metadata.mode() & 0o1000 == 0;
    let why = if owner != 0 && owner != geteuid().as_raw() {
        "it belongs to another user"
    } else if everybody_writes {
        "every user can replace what lies there (it has no sticky bit)"
    } else {
        return Ok(());
    };
    let message =
        format!("'{}' is no safe place for it: {why}; name a folder of your own with TMPDIR", place.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

/// Marks a directory as ours. The file gets its name only when it is locked: before that, nobody takes the directory
/// for one that is left behind.
fn take(directory: &Path) -> io::Result<File> {
    let unlocked = directory.join("owner.new");
    let mut owner = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unlocked)?;
    owner.lock()?;
    // For a person who finds it.
    writeln!(owner, "{}", std::process::id())?;
    fs::rename(unlocked, directory.join(OWNER))?;
    Ok(owner)
}

/// Removes the directories of ours whose owners are dead. One that cannot be removed is left to the next run.
fn sweep(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if PREFIXES.iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes())) {
            let _ = remove_abandoned(&entry.path());
        }
    }
}

fn remove_abandoned(directory: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(directory)?;
    let ours = metadata.is_dir() && metadata.uid() == geteuid().as_raw() && metadata.mode() & 0o7777 == 0o700;
    if !ours {
        return Ok(());
    }
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let owner = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(directory.join(OWNER))?;
    if !owner.metadata()?.is_file() || owner.try_lock().is_err() {
        return Ok(());
    }
    // The mark goes last: what is left of an attempt that failed half-way is recognised again.
    for entry in fs::read_dir(directory)?.flatten().filter(|entry| entry.file_name() != OWNER) {
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
    }
    fs::remove_dir_all(directory)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn directory(place: &Path, name: &str, mode: u32) -> std::path::PathBuf {
        let path = place.join(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn only_what_is_ours_and_dead_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let place = place.path();
        let dead = directory(place, "cutover-dead", 0o700);
        drop(take(&dead).unwrap());
        fs::create_dir(dead.join(".cf")).unwrap();
        fs::write(dead.join(".cf/config.json"), "secret").unwrap();
        let dead_cell = directory(place, "foundry-dead", 0o700);
        drop(take(&dead_cell).unwrap());

        let alive = directory(place, "cutover-alive", 0o700);
        let _lock = take(&alive).unwrap();
        let unmarked = directory(place, "cutover-unmarked", 0o700);
        let open = directory(place, "cutover-open", 0o755);
        drop(take(&open).unwrap());
        let other = directory(place, "elsewhere", 0o700);
        drop(take(&other).unwrap());
        let planted = place.join("cutover-planted");
        std::os::unix::fs::symlink(&other, &planted).unwrap();
        let tricky = directory(place, "cutover-tricky", 0o700);
        std::os::unix::fs::symlink(other.join(OWNER), tricky.join(OWNER)).unwrap();

        // What another test starts just now holds what is open here, for a moment: between its fork and its exec.
        let end = Instant::now() + Duration::from_secs(30);
        while (dead.exists() || dead_cell.exists()) && Instant::now() < end {
            sweep(place);
        }
        assert!(!dead.exists() && !dead_cell.exists());
        for left in [&alive, &unmarked, &open, &other.join(OWNER), &planted, &tricky] {
            assert!(left.exists(), "{}", left.display());
        }
    }

    #[test]
    fn a_place_where_others_can_replace_it_is_refused() {
        let place = tempfile::tempdir().unwrap();
        for (mode, why) in [(0o700, None), (0o1777, None), (0o777, Some("every user can replace")), (0o775, None)] {
            fs::set_permissions(place.path(), Permissions::from_mode(mode)).unwrap();
            let refused = refuse_unsafe(place.path()).err().map(|error| error.to_string());
            assert_eq!(refused.is_some(), why.is_some(), "{mode:o}: {refused:?}");
            assert!(why.is_none_or(|why| refused.is_some_and(|text| text.contains(why) && text.contains("TMPDIR"))));
        }
    }
}
