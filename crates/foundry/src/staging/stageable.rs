//! Whether files can be staged here, told before anything is started.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use crate::staging::{Known, detects};
use crate::state::BUILDPACKS;

/// Why files cannot be staged here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unstageable {
    /// No buildpack of a fresh foundation finds its files. The one for binaries never does: it must be named.
    #[error("no buildpack detects the files")]
    NotDetected,
    /// This buildpack, named or detected, is not there.
    #[error("{name} is not implemented by the embedded Cloud Foundry")]
    NotImplemented {
        /// The buildpack.
        name: String,
        /// Whether it was detected, and not named.
        detected: bool,
    },
}

/// Tells whether what is uploaded from a path (a folder, or an archive such as a jar) can be staged on a fresh foundry,
/// with the buildpacks that are named, or else with the one that is detected.
///
/// Fails where the path cannot be read; the inner result says why it cannot be staged.
pub fn check_stageable(named: &[String], path: &Path) -> io::Result<Result<(), Unstageable>> {
    if let Some(name) = named.iter().find(|name| Known::named(name).is_none()) {
        return Ok(Err(Unstageable::NotImplemented { name: name.clone(), detected: false }));
    }
    if !named.is_empty() {
        return Ok(Ok(()));
    }
    let found = if path.is_dir() {
        detected(|file| path.join(file).exists())
    } else {
        let archive = zip::ZipArchive::new(File::open(path)?).map_err(io::Error::other)?;
        let files: BTreeSet<String> = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
        let has = |file: &str| files.iter().any(|name| name == file || name.starts_with(&format!("{file}/")));
        detected(has)
    };
    Ok(match found {
        None => Err(Unstageable::NotDetected),
        Some(name) if Known::named(name).is_none() => {
            Err(Unstageable::NotImplemented { name: name.to_owned(), detected: true })
        }
        Some(_) => Ok(()),
    })
}

fn detected(has: impl Fn(&str) -> bool) -> Option<&'static str> {
    BUILDPACKS.into_iter().find(|name| detects(name, &has))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_will_be_staged_is_known_beforehand() {
        let folder = tempfile::tempdir().unwrap();
        let staged = |named: &[&str]| {
            let named: Vec<String> = named.iter().map(|&name| name.to_owned()).collect();
            check_stageable(&named, folder.path()).unwrap()
        };
        let missing = |name: &str, detected| Err(Unstageable::NotImplemented { name: name.to_owned(), detected });
        std::fs::write(folder.path().join("run"), "").unwrap();
        assert_eq!(staged(&[]), Err(Unstageable::NotDetected));
        assert_eq!(staged(&["binary_buildpack"]), Ok(()));
        assert_eq!(staged(&["binary_buildpack", "go_buildpack"]), missing("go_buildpack", false));
        std::fs::write(folder.path().join("package.json"), "{}").unwrap();
        assert_eq!(staged(&[]), missing("nodejs_buildpack", true));
        // It is asked before that one.
        std::fs::write(folder.path().join("Staticfile"), "").unwrap();
        assert_eq!(staged(&[]), Ok(()));
        assert!(check_stageable(&[], &folder.path().join("nowhere")).is_err());
    }
}
