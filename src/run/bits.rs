//! The digest of what is uploaded for an app: it tells, on another machine too, whether the files there are those that
//! an interrupted deployment has begun to upload.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base16ct::lower;
use sha2::{Digest as _, Sha256};

use crate::plan;

/// What cf 8.17 never uploads, whatever `.cfignore` says (`actor/sharedaction`: `DefaultIgnoreLines`).
const IGNORED: [&str; 9] =
    [".cfignore", ".DS_Store", ".git", ".gitignore", ".hg", ".svn", "_darcs", "manifest.yaml", "manifest.yml"];

/// The SHA-256 (64 lower-case hex digits) of the names, the permission to execute and the contents of what is uploaded
/// for an app. Empty for a docker image, of which nothing is uploaded. Fails where a file cannot be read.
pub fn digest(app: &plan::App) -> io::Result<String> {
    match app.path.as_ref().or(app.manifest.app.path.as_ref()) {
        Some(path) => of(path),
        None => Ok(String::new()),
    }
}

fn of(root: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    collect(root, Path::new(""), &mut files)?;
    files.sort();
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    for name in files {
        let path = if name.as_os_str().is_empty() { root.to_owned() } else { root.join(&name) };
        let mut file = File::open(&path)?;
        let metadata = file.metadata()?;
        let executable = metadata.permissions().mode() & 0o100 != 0;
        let name = name.as_os_str().as_encoded_bytes();
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name);
        hash.update([u8::from(executable)]);
        hash.update(metadata.len().to_be_bytes());
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
        }
    }
    Ok(lower::encode_string(&hash.finalize()))
}

/// Notes the files below a folder by their path within it; the file itself by an empty one.
fn collect(root: &Path, within: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let path = if within.as_os_str().is_empty() { root.to_owned() } else { root.join(within) };
    if !path.is_dir() {
        files.push(within.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let kind = entry.file_type()?;
        if IGNORED.iter().any(|ignored| name == *ignored) {
            continue;
        }
        // cf 8.17 uploads links as links; where one leads does not count. A socket or a pipe cannot be uploaded.
        if kind.is_dir() {
            collect(root, &within.join(name), files)?;
        } else if kind.is_file() {
            files.push(within.join(name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_contents_and_the_permission_to_execute_count() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("a", "1");
        fs::create_dir(folder.path().join("sub")).unwrap();
        write("sub/b", "2");
        let first = of(folder.path()).unwrap();
        assert_eq!(of(folder.path()).unwrap(), first);
        write(".gitignore", "target");
        assert_eq!(of(folder.path()).unwrap(), first, "what cf ignores does not count");
        write("sub/b", "3");
        let second = of(folder.path()).unwrap();
        assert_ne!(second, first);
        fs::set_permissions(folder.path().join("a"), fs::Permissions::from_mode(0o755)).unwrap();
        let third = of(folder.path()).unwrap();
        assert_ne!(third, second);
        fs::rename(folder.path().join("a"), folder.path().join("c")).unwrap();
        assert_ne!(of(folder.path()).unwrap(), third);
        assert!(of(&folder.path().join("nowhere")).is_err());
        assert!(of(&folder.path().join("sub/b")).is_ok(), "a file, such as a jar");
    }
}
