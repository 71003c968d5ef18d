//! Which files a restore may remove. Until then nothing is removed: a package that is deleted may come back.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::{Blobs, copy};
use crate::platform::lock;
use crate::state::{Guid, State};

/// How many snapshots refer to a package or a droplet.
pub(super) type Counts = Arc<Mutex<HashMap<Guid, usize>>>;

/// Keeps the files of the packages and droplets of a state for as long as it lives.
#[derive(Debug)]
pub(crate) struct RetainedBlobs {
    root: PathBuf,
    counts: Counts,
    guids: Vec<Guid>,
}

impl Blobs {
    /// Keeps the files that a state refers to.
    pub(crate) fn retain(&self, state: &State) -> RetainedBlobs {
        let guids: Vec<Guid> = state.packages.keys().chain(state.droplets.keys()).cloned().collect();
        let mut counts = lock(&self.kept);
        for guid in &guids {
            *counts.entry(guid.clone()).or_default() += 1;
        }
        RetainedBlobs { root: self.root.clone(), counts: Arc::clone(&self.kept), guids }
    }

    /// Whether these files are kept here.
    pub(crate) fn own(&self, kept: &RetainedBlobs) -> bool {
        self.root == kept.root
    }

    /// Takes copies of files that are kept elsewhere. Fails where they cannot be copied.
    pub(crate) fn adopt(&self, kept: &RetainedBlobs) -> io::Result<()> {
        let theirs = Self { root: kept.root.clone(), kept: Arc::clone(&kept.counts) };
        for guid in &kept.guids {
            let (package, droplet) = (theirs.package(guid), theirs.droplet(guid));
            if package.exists() {
                fs::copy(package, self.package(guid))?;
            }
            if droplet.exists() && !self.droplet(guid).exists() {
                copy(&droplet, &self.droplet(guid))?;
            }
        }
        Ok(())
    }

    /// Removes the files of packages and droplets that nobody keeps. What cannot be removed goes with the foundry.
    pub(crate) fn sweep(&self) {
        let kept: HashSet<String> = lock(&self.kept).keys().map(ToString::to_string).collect();
        let swept = |path: &Path| path.file_stem().and_then(OsStr::to_str).is_some_and(|guid| !kept.contains(guid));
        for folder in ["packages", "droplets"] {
            for entry in fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten() {
                let path = entry.path();
                if swept(&path) {
                    let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                }
            }
        }
    }
}

impl Drop for RetainedBlobs {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        for guid in &self.guids {
            if let Some(count) = counts.get_mut(guid) {
                *count -= 1;
            }
        }
        counts.retain(|_, count| *count > 0);
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use jiff::Timestamp;

    use super::*;
    use crate::state::{Droplet, DropletState, Metadata};

    fn droplet() -> Droplet {
        let now = Timestamp::now();
        Droplet {
            guid: Guid::random(),
            app: Guid::random(),
            package: None,
            process_types: IndexMap::new(),
            buildpacks: Vec::new(),
            stack: None,
            lifecycle: crate::state::LifecycleKind::Buildpack,
            image: None,
            stand_in: false,
            checksum: None,
            state: DropletState::Staged,
            own_command: None,
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn what_no_snapshot_refers_to_is_swept() {
        let root = tempfile::tempdir().unwrap();
        let blobs = Blobs::below(root.path()).unwrap();
        let (kept, other) = (droplet(), droplet());
        for one in [&kept, &other] {
            fs::create_dir(blobs.droplet(&one.guid)).unwrap();
            fs::write(blobs.package(&one.guid), "package").unwrap();
        }
        let mut state = State::default();
        state.droplets.insert(kept.guid.clone(), kept.clone());
        let (first, second) = (blobs.retain(&state), blobs.retain(&state));
        let there = || [&kept, &other].map(|one| blobs.droplet(&one.guid).exists());
        blobs.sweep();
        assert_eq!(there(), [true, false]);
        assert!(!blobs.package(&other.guid).exists());
        drop(first);
        blobs.sweep();
        assert_eq!(there(), [true, false]);
        drop(second);
        blobs.sweep();
        assert_eq!(there(), [false, false]);
    }
}
