//! What the tests of several crates share.
//!
//! | file | what it is |
//! |---|---|
//! | [`cf`] | the real cf in a home of its own |
//! | [`figures`] | what a whole run tells of itself |
//! | [`part`] | which part of what is too long for each run is tried |
//! | [`wait`] | waiting for what comes by itself |

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]
#![allow(clippy::missing_panics_doc, reason = "all of them panic where a test cannot go on")]

pub mod cf;
pub mod figures;
pub mod part;
pub mod wait;

use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub fn root() -> &'static Path {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates.and_then(Path::parent).unwrap()
}

/// The built example app: `$CUTOVER_APP`, else the one that `make` builds here.
pub fn sinatra() -> PathBuf {
    let path = std::env::var_os("CUTOVER_APP").map_or_else(|| root().join("target/app/sinatra"), PathBuf::from);
    assert!(path.is_file(), "{} is no file: `make app` builds it", path.display());
    path
}
