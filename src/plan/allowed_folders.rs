//! Where the paths of a plan may lead: below the folder of its file, and to what its key `outside` names.

use std::path::{Component, Path, PathBuf};

use super::files::Files;
use super::value_error::ValueError;
use super::yaml::flow_text;

/// The folders that paths may lead to; of the default, none.
#[derive(Debug, Default)]
pub(super) struct AllowedFolders {
    /// As they really are, the plan's own first.
    real: Vec<PathBuf>,
    /// What `outside` names, as it is written.
    written: Vec<String>,
}

impl AllowedFolders {
    /// The plan's folder, and other folders or files, as the plan names them.
    pub(super) fn new(files: &dyn Files, folder: &Path, outside: Vec<String>) -> Self {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let others = outside.iter().map(|path| files.real(&folder.join(path)));
        Self { real: std::iter::once(files.real(folder)).chain(others).collect(), written: outside }
    }

    /// What is wrong with a path that leads elsewhere, also through a link. The hint is the line of the plan that allows
    /// it, or its folder where that belongs to it.
    pub(super) fn error(&self, files: &dyn Files, path: &Path, with_folder: bool) -> Option<ValueError> {
        let real = files.real(path);
        if self.real.iter().any(|allowed| real.starts_with(allowed)) {
            return None;
        }
        let needed = real.parent().filter(|_| with_folder).unwrap_or(&real);
        let message = format!("`{}` leads out of the folder of the plan", path.display());
        let needed = from(self.real.first().map_or(Path::new(""), PathBuf::as_path), needed);
        let mut all = self.written.clone();
        all.push(needed.to_string_lossy().into_owned());
        let all: Vec<String> = all.iter().map(|path| flow_text(path)).collect();
        let line = format!("outside: [{}]", all.join(", "));
        let hint = format!(
            "allow it with the line `{line}` at the top of the plan, or put the plan at the root of all that it names"
        );
        Some(ValueError::hinted(message, hint))
    }
}

/// The way from a folder to a path, both absolute and without `..`; the path itself where they share nothing but the root.
fn from(folder: &Path, path: &Path) -> PathBuf {
    let shared = folder.components().zip(path.components()).take_while(|(one, other)| one == other).count();
    let is_named = |component: &Component<'_>| matches!(component, Component::Normal(_));
    if !folder.components().take(shared).any(|component| is_named(&component)) {
        return path.to_owned();
    }
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(path.components().skip(shared)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_from_one_folder_to_another() {
        for (folder, path, way) in [
            ("/srv/shop", "/srv/shared", "../shared"),
            ("/srv/shop/deploy", "/srv/shop/build/out.jar", "../build/out.jar"),
            ("/srv/shop", "/srv", ".."),
            ("/srv/shop", "/etc/passwd", "/etc/passwd"),
            ("/", "/etc", "/etc"),
        ] {
            assert_eq!(from(Path::new(folder), Path::new(path)), PathBuf::from(way), "{folder} → {path}");
        }
    }
}
