//! The files of the foundry: packages as they were uploaded, droplets as they are run, and single files that uploads
//! need not send again.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base16ct::lower;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::state::Guid;

pub(crate) use droplets::StagingInfo;
pub(crate) use retained::RetainedBlobs;

use retained::Counts;

mod droplets;
mod retained;

/// Files smaller or larger than this are not kept for later uploads.
/// (`cloud_controller_ng`: `resource_pool.minimum_size` 65536, `maximum_size` 536870912.)
const KEPT: std::ops::RangeInclusive<u64> = 65_536..=536_870_912;

/// The files of packages and droplets, and the cache.
#[derive(Debug)]
pub(crate) struct Blobs {
    root: PathBuf,
    /// What snapshots refer to.
    kept: Counts,
}

/// A file that a client has, and that the cache may have too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// In hex.
    pub sha1: String,
    /// In bytes.
    pub size: u64,
    /// Its path in the package.
    pub path: String,
    /// Its permission bits.
    pub mode: u32,
}

impl Blobs {
    /// Makes the folders below a directory. Fails where that cannot be done.
    pub(crate) fn below(root: &Path) -> io::Result<Self> {
        let root = root.to_owned();
        for folder in ["packages", "droplets", "resources"] {
            fs::create_dir(root.join(folder))?;
        }
        Ok(Self { root, kept: Counts::default() })
    }

    /// The zip file of a package.
    pub(crate) fn package(&self, package: &Guid) -> PathBuf {
        self.root.join("packages").join(format!("{package}.zip"))
    }

    /// The directory of a droplet's files.
    pub(crate) fn droplet(&self, droplet: &Guid) -> PathBuf {
        self.root.join("droplets").join(droplet.as_str())
    }

    /// Whether the cache has a file.
    pub(crate) fn has(&self, sha1: &str, size: u64) -> bool {
        KEPT.contains(&size) && fs::metadata(self.resource(sha1)).is_ok_and(|file| file.len() == size)
    }

    fn resource(&self, sha1: &str) -> PathBuf {
        // A name from outside must not leave the folder.
        let name: String = sha1.chars().filter(char::is_ascii_hexdigit).collect();
        self.root.join("resources").join(format!("sha1-{name}"))
    }

    /// Makes a package of an uploaded zip file and of files that the cache has, keeps its files for later uploads, and
    /// returns its SHA-256. Fails where the zip file is broken or a file is not in the cache.
    pub(crate) fn assemble(&self, package: &Guid, upload: Option<&[u8]>, known: &[Fingerprint]) -> io::Result<String> {
        let unpacked = tempfile::tempdir_in(&self.root)?;
        if let Some(upload) = upload {
            let mut archive = zip::ZipArchive::new(io::Cursor::new(upload)).map_err(io::Error::other)?;
            archive.extract(unpacked.path()).map_err(io::Error::other)?;
            self.remember(unpacked.path())?;
        }
        for file in known {
            let target = inside(unpacked.path(), &file.path).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidInput, format!("'{}' leaves the app", file.path))
            })?;
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::copy(self.resource(&file.sha1), &target)?;
            fs::set_permissions(&target, fs::Permissions::from_mode(file.mode | 0o600))?;
        }
        let path = self.package(package);
        pack(unpacked.path(), &path)?;
        sha256(&path)
    }

    /// Unpacks a package into a directory. Fails where its file is broken or gone.
    pub(crate) fn unpack(&self, package: &Guid, directory: &Path) -> io::Result<()> {
        let file = File::open(self.package(package))?;
        zip::ZipArchive::new(file).and_then(|mut archive| archive.extract(directory)).map_err(io::Error::other)
    }

    fn remember(&self, directory: &Path) -> io::Result<()> {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                self.remember(&entry.path())?;
            } else if metadata.is_file() && KEPT.contains(&metadata.len()) {
                let content = fs::read(entry.path())?;
                fs::write(self.resource(&lower::encode_string(&Sha1::digest(&content))), content)?;
            }
        }
        Ok(())
    }
}

/// The path below a directory that a relative path leads to, unless it leads out of it.
fn inside(directory: &Path, path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let plain =
        path.components().all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
    plain.then(|| directory.join(path))
}

/// Zips a directory.
fn pack(directory: &Path, target: &Path) -> io::Result<()> {
    let mut archive = zip::ZipWriter::new(File::create(target)?);
    pack_below(&mut archive, directory, "")?;
    archive.finish().map_err(io::Error::other)?;
    Ok(())
}

fn pack_below(archive: &mut zip::ZipWriter<File>, directory: &Path, prefix: &str) -> io::Result<()> {
    let mut entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let metadata = entry.metadata()?;
        let options = zip::write::SimpleFileOptions::default()
            .unix_permissions(metadata.permissions().mode())
            .compression_method(zip::CompressionMethod::Stored);
        if metadata.is_dir() {
            archive.add_directory(&name, options).map_err(io::Error::other)?;
            pack_below(archive, &entry.path(), &format!("{name}/"))?;
        } else if metadata.is_symlink() {
            let to = fs::read_link(entry.path())?;
            archive.add_symlink(&name, to.to_string_lossy(), options).map_err(io::Error::other)?;
        } else {
            archive.start_file(&name, options).map_err(io::Error::other)?;
            io::copy(&mut File::open(entry.path())?, archive)?;
        }
    }
    Ok(())
}

/// Copies a directory with all that is in it. Fails where something cannot be read or written.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The SHA-256 of a file, in hex. Fails where it cannot be read.
fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut part = vec![0; 65_536];
    loop {
        let count = file.read(&mut part)?;
        if count == 0 {
            return Ok(lower::encode_string(&digest.finalize()));
        }
        digest.update(&part[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_made_of_what_comes_and_what_is_known() {
        let root = tempfile::tempdir().unwrap();
        let blobs = Blobs::below(root.path()).unwrap();
        let source = tempfile::tempdir().unwrap();
        fs::create_dir(source.path().join("bin")).unwrap();
        fs::write(source.path().join("bin/run"), vec![b'x'; 70_000]).unwrap();
        fs::set_permissions(source.path().join("bin/run"), fs::Permissions::from_mode(0o755)).unwrap();
        let zipped = root.path().join("upload.zip");
        pack(source.path(), &zipped).unwrap();
        let first = Guid::random();
        blobs.assemble(&first, Some(&fs::read(&zipped).unwrap()), &[]).unwrap();

        let sha1 = lower::encode_string(&Sha1::digest(vec![b'x'; 70_000]));
        assert!(blobs.has(&sha1, 70_000));
        assert!(!blobs.has(&sha1, 70_001));
        let known = Fingerprint { sha1, size: 70_000, path: "run".to_owned(), mode: 0o755 };
        let second = Guid::random();
        let checksum = blobs.assemble(&second, None, std::slice::from_ref(&known)).unwrap();
        assert_eq!(checksum.len(), 64);
        let unpacked = tempfile::tempdir().unwrap();
        blobs.unpack(&second, unpacked.path()).unwrap();
        let run = unpacked.path().join("run");
        assert_eq!(fs::metadata(&run).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read(&run).unwrap().len(), 70_000);

        let outside = Fingerprint { path: "../run".to_owned(), ..known };
        assert!(blobs.assemble(&Guid::random(), None, &[outside]).is_err());
    }

    #[test]
    fn a_broken_upload_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let blobs = Blobs::below(root.path()).unwrap();
        assert!(blobs.assemble(&Guid::random(), Some(b"no zip"), &[]).is_err());
    }
}
