//! The buildpack for files that are served as they are.
//!
//! It moves what is to be served into the folder `public` and adds the script `boot.sh`, which the app is started with.
//! A real one adds nginx too; here the script asks the cell's own web server to serve the folder
//! (`runtime::web_server`). (`staticfile-buildpack` 1.6.40: `finalize`.)

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path};

use indexmap::IndexMap;

use crate::runtime::web_server::BOOT;

/// Files of a platform or of the buildpack itself, which nobody is to see.
const HIDDEN: [&str; 8] = [
    "Staticfile",
    "Staticfile.auth",
    "manifest.yml",
    ".profile",
    ".profile.d",
    "stackato.yml",
    ".cloudfoundry",
    "nginx",
];

/// What a `Staticfile` says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wishes {
    root: Option<String>,
    dot_files: bool,
}

/// Lays the files out and returns the process types. Fails with a reason for whoever pushed it.
pub(super) fn compile(directory: &Path) -> Result<IndexMap<String, String>, String> {
    let text = match fs::read(directory.join("Staticfile")) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(format!("Unable to load Staticfile: {error}")),
    };
    let wishes = wishes(&text)?;
    if directory.join("Staticfile.auth").exists() {
        return Err(not_implemented("Staticfile.auth"));
    }
    let root = wishes.root.as_deref().unwrap_or(".");
    let inside = Path::new(root).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let from = directory.join(root);
    if !inside || !from.is_dir() {
        return Err(format!("Invalid root directory: {root} of the Staticfile is no directory of the app"));
    }
    lay_out(directory, &from, wishes.dot_files).map_err(|error| format!("Unable to copy project files: {error}"))?;
    Ok(IndexMap::from([("web".to_owned(), "$HOME/boot.sh".to_owned())]))
}

/// Reads a `Staticfile`. What would change how files are served, and is not there, is refused.
fn wishes(text: &[u8]) -> Result<Wishes, String> {
    let read: Option<IndexMap<String, serde_yaml::Value>> =
        serde_yaml::from_slice(text).map_err(|error| format!("Unable to load Staticfile: {error}"))?;
    let mut wishes = Wishes::default();
    for (key, value) in read.unwrap_or_default() {
        let enabled = value.as_bool() == Some(true) || matches!(value.as_str(), Some("enabled" | "true"));
        match (key.as_str(), value.as_str()) {
            ("root", Some(root)) => wishes.root = Some(root.to_owned()),
            ("host_dot_files", _) => wishes.dot_files = enabled,
            ("directory" | "location_include" | "status_codes", _) => return Err(not_implemented(&key)),
            _ if enabled => return Err(not_implemented(&key)),
            _ => {}
        }
    }
    Ok(wishes)
}

fn not_implemented(what: &str) -> String {
    format!("{what} is not implemented by the static files of this embedded Cloud Foundry")
}

fn lay_out(directory: &Path, from: &Path, dot_files: bool) -> io::Result<()> {
    let public = directory.join("public");
    if from != public {
        let laid_out = tempfile::tempdir_in(directory)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_hidden =
                name.to_str().is_some_and(|name| HIDDEN.contains(&name) || (name.starts_with('.') && !dot_files));
            if !is_hidden && entry.path() != laid_out.path() {
                fs::rename(entry.path(), laid_out.path().join(name))?;
            }
        }
        match fs::remove_dir_all(&public) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::rename(laid_out.keep(), &public)?;
    }
    let boot = directory.join("boot.sh");
    fs::write(&boot, BOOT)?;
    fs::set_permissions(&boot, fs::Permissions::from_mode(0o755))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files of an app after staging, with a `Staticfile` of this text.
    fn staged(staticfile: &str, files: &[&str]) -> Result<Vec<String>, String> {
        let app = tempfile::tempdir().unwrap();
        fs::write(app.path().join("Staticfile"), staticfile).unwrap();
        for file in files {
            let file = app.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let types = compile(app.path())?;
        assert_eq!(types, IndexMap::from([("web".to_owned(), "$HOME/boot.sh".to_owned())]));
        let served = fs::read_dir(app.path().join("public")).unwrap();
        let mut served: Vec<String> = served.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        served.sort();
        Ok(served)
    }

    #[test]
    fn what_is_to_be_served_is_laid_out() {
        let files = ["index.html", ".secret", "nginx/conf/x", "manifest.yml", "dist/app.js", "dist/.note"];
        for (staticfile, served) in [
            ("", &["dist", "index.html"][..]),
            (
                "---
host_dot_files: enabled
",
                &[".secret", "dist", "index.html"],
            ),
            (
                "root: dist
pushstate: disabled
",
                &["app.js"],
            ),
            (
                "root: ./dist
host_dot_files: true
",
                &[".note", "app.js"],
            ),
        ] {
            assert_eq!(staged(staticfile, &files).unwrap(), served, "{staticfile:?}");
        }
        assert_eq!(staged("root: public", &["public/index.html"]).unwrap(), ["index.html"]);
    }

    #[test]
    fn what_cannot_be_served_as_asked_is_refused() {
        for (staticfile, reason) in [
            ("root: ../..", "Invalid root directory: ../.. of the Staticfile is no directory of the app"),
            ("root: index.html", "Invalid root directory: index.html of the Staticfile is no directory of the app"),
            ("pushstate: enabled", "pushstate is not implemented by the static files of this embedded Cloud Foundry"),
            ("directory: visible", "directory is not implemented by the static files of this embedded Cloud Foundry"),
        ] {
            assert_eq!(staged(staticfile, &["index.html"]).unwrap_err(), reason);
        }
        assert!(staged("a: [", &[]).unwrap_err().starts_with("Unable to load Staticfile: "));
    }
}
