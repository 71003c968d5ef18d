//! Droplets as files that go out and come in: a gzipped tar archive with the folders `app`, `deps`, `logs`, `profile.d`
//! and `tmp`, and with `staging_info.yml`, which says how the app is started. (`buildpackapplifecycle`: the builder
//! writes it, the launcher reads it.)

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base16ct::lower;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Blobs;
use crate::state::Guid;

/// What a droplet says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StagingInfo {
    /// What the buildpack calls itself.
    #[serde(default)]
    pub detected_buildpack: String,
    /// How the app is started where nobody says it.
    #[serde(default)]
    pub start_command: String,
}

/// Folders of a droplet that buildpacks fill. Nothing here sets up what is in them.
const UNSERVED: [&str; 2] = ["deps", "profile.d"];

impl Blobs {
    /// Packs a droplet. Fails where a file cannot be read.
    pub(crate) fn pack_droplet(&self, droplet: &Guid, info: &StagingInfo) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        archive.follow_symlinks(false);
        archive.append_dir_all("./app", self.droplet(droplet))?;
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_size(0);
        header.set_entry_type(tar::EntryType::Directory);
        for folder in ["deps", "logs", "profile.d", "tmp"] {
            archive.append_data(&mut header.clone(), format!("./{folder}/"), io::empty())?;
        }
        let info = serde_json::to_vec(info)?;
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(info.len() as u64);
        archive.append_data(&mut header, "./staging_info.yml", info.as_slice())?;
        archive.into_inner()?.finish()
    }

    /// Unpacks an uploaded droplet, and returns what it says of itself and its SHA-256. Fails where it is no droplet,
    /// or one that cannot run here.
    pub(crate) fn unpack_droplet(&self, droplet: &Guid, upload: &[u8]) -> io::Result<(StagingInfo, String)> {
        let unpacked = tempfile::tempdir_in(&self.root)?;
        tar::Archive::new(GzDecoder::new(upload)).unpack(unpacked.path())?;
        for folder in UNSERVED {
            if let Some(file) = first_file(&unpacked.path().join(folder))? {
                let file = file.strip_prefix(unpacked.path()).unwrap_or(&file).display().to_string();
                let text =
                    format!("'{file}', which a buildpack left, is not implemented by this embedded Cloud Foundry");
                return Err(io::Error::new(io::ErrorKind::Unsupported, text));
            }
        }
        let info = match fs::read_to_string(unpacked.path().join("staging_info.yml")) {
            Ok(text) => serde_yaml::from_str(&text).map_err(io::Error::other)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => StagingInfo::default(),
            Err(error) => return Err(error),
        };
        fs::rename(unpacked.path().join("app"), self.droplet(droplet))?;
        Ok((info, lower::encode_string(&Sha256::digest(upload))))
    }
}

/// A file below a folder, where there is one. A buildpack's `config.yml` does not count: it tells of the buildpack
/// alone.
fn first_file(folder: &Path) -> io::Result<Option<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let found = if entry.file_type()?.is_dir() {
            first_file(&entry.path())?
        } else {
            (entry.file_name() != "config.yml").then(|| entry.path())
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_goes_out_comes_in() {
        let root = tempfile::tempdir().unwrap();
        let blobs = Blobs::below(root.path()).unwrap();
        let (first, second) = (Guid::random(), Guid::random());
        let bin = blobs.droplet(&first).join("bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join("run"), "#!/bin/sh").unwrap();
        fs::set_permissions(bin.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("bin/run", blobs.droplet(&first).join("link")).unwrap();
        let info = StagingInfo { detected_buildpack: "binary".to_owned(), start_command: "bin/run".to_owned() };
        let packed = blobs.pack_droplet(&first, &info).unwrap();
        let (read, checksum) = blobs.unpack_droplet(&second, &packed).unwrap();
        assert_eq!((read, checksum.len()), (info, 64));
        let run = blobs.droplet(&second).join("bin/run");
        assert_eq!(fs::read_to_string(&run).unwrap(), "#!/bin/sh");
        assert_eq!(fs::metadata(&run).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_link(blobs.droplet(&second).join("link")).unwrap(), Path::new("bin/run"));
    }

    #[test]
    fn what_cannot_run_here_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let blobs = Blobs::below(root.path()).unwrap();
        let packed = |files: &[&str]| {
            let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
            for file in files {
                let mut header = tar::Header::new_gnu();
                header.set_mode(0o644);
                header.set_size(0);
                archive.append_data(&mut header, file, io::empty()).unwrap();
            }
            archive.into_inner().unwrap().finish().unwrap()
        };
        let refused =
            |upload: &[u8]| blobs.unpack_droplet(&Guid::random(), upload).err().map(|error| error.to_string());
        assert!(refused(b"no archive").is_some());
        assert!(refused(&packed(&["index.html"])).is_some(), "there is no folder app");
        assert_eq!(refused(&packed(&["app/run", "deps/0/config.yml"])), None);
        let unserved = refused(&packed(&["app/run", "deps/0/bin/ruby"])).unwrap();
        assert!(unserved.starts_with("'deps/0/bin/ruby', which a buildpack left, is not"), "{unserved}");
    }
}
