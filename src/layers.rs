//! The layers of the design, kept by a test: what is pure imports nothing that acts, and what runs nothing that reports.

use std::fs;
use std::path::{Path, PathBuf};

/// Files and folders of `src`, what they may not name, and why.
const LAYERS: [(&[&str], &[&str], &str); 3] = [
    (
        &[
            "plan",
            "space",
            "steps",
            "proof",
            "event.rs",
            "shell.rs",
            "text.rs",
            "cf/dialect.rs",
            "cf/expectation.rs",
            "cf/ignore.rs",
            "cf/invocation.rs",
            "cf/outcome.rs",
            "cf/output.rs",
            "cf/parse",
            "cf/reason.rs",
            "cf/verdict.rs",
        ],
        &[
            "crate::run",
            "crate::commands",
            "crate::cli",
            "crate::report",
            "crate::rehearse",
            "cf::spawn",
            "cf::session",
            "std::fs",
            "std::net::Tcp",
            "std::process",
            "std::thread",
            "std::env",
            "SystemTime",
            "Instant",
            "Timestamp::now",
        ],
        "it is pure: what it needs of the world comes in as a value",
    ),
    (
        &["run", "cf"],
        &["crate::report", "crate::commands", "crate::cli", "crate::rehearse"],
        "it acts, and tells what happens by events only",
    ),
    (&["report"], &["crate::commands", "crate::cli", "crate::rehearse"], "it is told what to show"),
];

/// The one file of the plan's room that reads files.
const READS_FILES: &str = "plan/files.rs";

#[test]
fn every_layer_knows_only_those_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (rooms, forbidden, why) in LAYERS {
        for room in rooms {
            let files = sources(&root.join(room));
            assert!(!files.is_empty(), "there is no src/{room} any more: name the room that has its place");
            for file in files.iter().filter(|file| !file.ends_with(READS_FILES)) {
                let text = fs::read_to_string(file).unwrap();
                // What tests stand on is their own affair.
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                for (at, line) in code.lines().enumerate() {
                    let named = forbidden.iter().find(|word| line.contains(**word) && !line.trim().starts_with("//"));
                    assert_eq!(named, None, "{}:{}: {why}", file.display(), at + 1);
                }
            }
        }
    }
}

/// All sources in a folder, less those of tests; a file is its own.
fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let is_test = |path: &Path| path.file_stem().is_some_and(|stem| stem == "tests" || stem == "laws");
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| !is_test(path)) {
        found.extend(if path.is_dir() {
            sources(&path)
        } else {
            path.extension().filter(|end| *end == "rs").map(|_| path.clone()).into_iter().collect()
        });
    }
    found
}
