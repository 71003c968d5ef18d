//! The layers of the design, kept by tests: what is pure imports nothing that acts, what runs nothing that reports, and no two
//! files or rooms import each other.
//!
//! - `imports`: which file imports which

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use imports::{Imports, circles};

/// Files and folders of `src`, what they may not name, and why.
const LAYERS: [(&[&str], &[&str], &str); 4] = [
    (
        &[
            "plan",
            "settings",
            "space",
            "steps",
            "proof",
            "event.rs",
            "byte_size.rs",
            "init",
            "own_commands.rs",
            "own_output.rs",
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
    (
        &["report"],
        &[
            "crate::run",
            "crate::commands",
            "crate::cli",
            "crate::rehearse",
            "proof::prove",
            "offer::offer",
            "Status::of",
            "steps::compile",
            "Deployment::compile",
            "peak::",
        ],
        "it is told what to show",
    ),
    (
        &["commands/apply.rs", "commands/asking.rs", "commands/holding.rs", "commands/operate.rs"],
        &["super::terminal"],
        "what is told of a run is an event",
    ),
];

/// The one file of the plan's room that reads files.
const READS_FILES: &str = "plan/files.rs";

/// Files that are not built into the library, or with tests only.
const NOT_OF_THE_LIBRARY: [&str; 6] =
    ["arbitrary.rs", "example.rs", "layers.rs", "layers/imports.rs", "main.rs", "run/doubles.rs"];

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

#[test]
fn no_circle_of_imports() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut imports = Imports::default();
    for path in sources(&root) {
        let file = path.strip_prefix(&root).unwrap().to_str().unwrap();
        if !NOT_OF_THE_LIBRARY.contains(&file) {
            let text = fs::read_to_string(&path).unwrap();
            imports.add(file, &code(&text).map(|(_, line)| line).collect::<Vec<_>>());
        }
    }
    let files = imports.by_file();
    assert_eq!(circles(&files), BTreeSet::new(), "put what both need of each other into a file of its own");

    for floor in ["", "run/"] {
        let mut rooms: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (file, imported) in &files {
            let Some(own) = room(floor, file) else { continue };
            let others = imported.iter().filter_map(|other| room(floor, other)).filter(|other| *other != own);
            rooms.entry(own).or_default().extend(others);
        }
        assert_eq!(circles(&rooms), BTreeSet::new(), "src/{floor}: a room does not know those that know it");
    }
}

/// The room of a floor that a file is in, or is.
fn room<'f>(floor: &str, file: &'f str) -> Option<&'f str> {
    Some(file.strip_prefix(floor)?.split('/').next()?.trim_end_matches(".rs"))
}

/// The number of the first line of some code that names one of these words, and the word.
fn named<'w>(text: &str, words: &[&'w str]) -> Option<(usize, &'w str)> {
    code(text).find_map(|(number, line)| Some((number, *words.iter().find(|word| line.contains(**word))?)))
}

/// The lines of some code, less comments, with their numbers. What tests stand on is their own affair: what is behind
/// `#[cfg(test)]`, one line or a module up to its closing brace.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_tests = false;
    let mut is_test = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        let code = line.trim();
        let is_of_product = !is_test && !in_tests;
        if is_test {
            in_tests = code.ends_with('{');
        } else if in_tests {
            in_tests = line != "}";
        }
        // An attribute may stand between the two.
        is_test = code == "#[cfg(test)]" || (is_test && code.starts_with("#["));
        (is_of_product && !is_test && !code.starts_with("//")).then_some((at + 1, code))
    })
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
