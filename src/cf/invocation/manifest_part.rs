//! A manifest less some of its lines, which is pushed in its place.

use std::fmt;

use crate::shell::quote;

/// A manifest less some of its lines: those of other applications. cf takes a file, so that it has to be written to one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ManifestPart {
    /// The app that is pushed with it.
    pub app: String,
    /// The manifest.
    pub file: String,
    /// The first and the last of lines that are left out, from 1; in order.
    pub without: Vec<(usize, usize)>,
    /// What is left. It may hold secrets.
    pub text: String,
}

impl fmt::Debug for ManifestPart {
    /// Apps that are pushed with different parts of a manifest are told apart by nothing else.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManifestPart").field("app", &self.app).field("file", &self.file).finish_non_exhaustive()
    }
}

impl ManifestPart {
    /// A POSIX shell command that writes the part to a file, and prints the file's name.
    pub(super) fn command(&self) -> String {
        let range = |(first, last): &(usize, usize)| {
            if first == last { format!("{first}d") } else { format!("{first},{last}d") }
        };
        let lines: Vec<String> = self.without.iter().map(range).collect();
        // The same file by a name that is no flag.
        let file = if self.file.starts_with('-') { format!("./{}", self.file) } else { self.file.clone() };
        format!("f=$(mktemp) && sed {} {} >\"$f\" && echo \"$f\"", quote(&lines.join(";")), quote(&file))
    }
}
