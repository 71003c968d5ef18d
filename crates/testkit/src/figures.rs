//! Figures of a whole run, for `docs/figures.md`: `make verify` says where they are gathered.

use std::fs;
use std::path::PathBuf;

/// Keeps what came of something, in place of what came of it before; nothing where nobody gathers.
pub fn note(what: &str, figures: &str) {
    let Some(folder) = std::env::var_os("CUTOVER_FIGURES").map(PathBuf::from) else { return };
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{}.md", what.replace(' ', "-"))), format!("- {figures}\n")).unwrap();
}
