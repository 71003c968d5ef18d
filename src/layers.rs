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
            "own_commands.rs",
            "shell.rs",
            "text.rs",
            "cf/dialect.rs",
            "cf/expectation.rs",
            "cf/ignore.rs",
            "cf/invocation",
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
            "crate::bounded",
            "crate::scratch",
            "rustix::",
            "tempfile::",
            "ureq::",
            "duct::",
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
                let found = named(&text, forbidden);
                assert_eq!(found, None, "{}: {why}", file.display());
            }
        }
    }
}

/// The number of the first line of some code that names one of these words, and the word. What tests stand on is their own
/// affair: what is behind `#[cfg(test)]`, one line or a module up to its closing brace.
fn named<'w>(text: &str, words: &[&'w str]) -> Option<(usize, &'w str)> {
    let mut in_tests = false;
    let mut is_test = false;
    for (at, line) in text.lines().enumerate() {
        let code = line.trim();
        if is_test {
            in_tests = code.ends_with('{');
        } else if in_tests {
            in_tests = line != "}";
        } else if let Some(word) = words.iter().find(|word| code.contains(**word) && !code.starts_with("//")) {
            return Some((at + 1, word));
        }
        // An attribute may stand between the two.
        is_test = code == "#[cfg(test)]" || (is_test && code.starts_with("#["));
    }
    None
}

#[test]
fn code_behind_a_test_is_read() {
    let text = "use a;\n#[cfg(test)]\nmod tests;\nuse b;\n#[cfg(test)]\n#[path = \"x\"]\nmod more {\n    use c;\n}\n// use d\nuse e;\n";
    let cases = [("use a", Some(1)), ("use b", Some(4)), ("use c", None), ("use d", None), ("use e", Some(11))];
    for (word, line) in cases {
        assert_eq!(named(text, &[word]).map(|(line, _)| line), line, "{word}");
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
