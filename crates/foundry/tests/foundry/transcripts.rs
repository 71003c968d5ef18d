//! Every file under `fixtures` is a session with the official cf on a fresh foundry: `fixtures/COMMAND/CASE.txt`, with
//! the files it needs in `fixtures/COMMAND/CASE/`.
//!
//! `SNAPSHOTS=overwrite cargo test --test foundry -- --ignored transcripts` writes down what happens now;
//! `CASE=routes/ cargo test --test foundry transcripts` runs only the files whose path contains that.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use snapbox::Data;
use snapbox::assert::{Assert, DEFAULT_ACTION_ENV};
use testkit::part;

use crate::support::session;

/// Into how many parts the transcripts of these commands are cut.
const PARTS: usize = 4;

/// The commands that cutover itself uses, and those with which its users and its tests look at what it did.
const USED: &[&str] = &[
    "api",
    "app",
    "apps",
    "auth",
    "bind-service",
    "create-app",
    "curl",
    "delete",
    "env",
    "events",
    "login",
    "logs",
    "map-route",
    "push",
    "restart",
    "routes",
    "run-task",
    "scale",
    "services",
    "set-env",
    "start",
    "stop",
    "target",
    "unbind-service",
    "unmap-route",
];

#[test]
fn cf_prints_what_the_transcripts_say() {
    let wanted = std::env::var("CASE").ok();
    let used = files().into_iter().filter(|file| USED.contains(&command(file).as_str()));
    replay_all(match &wanted {
        Some(wanted) => files().into_iter().filter(|file| file.to_string_lossy().contains(wanted)).collect(),
        None => used.skip(part::of(PARTS)).step_by(PARTS).collect(),
    });
}

#[test]
#[ignore = "`make verify` runs it: a part of those that cutover uses is replayed each time"]
fn cf_prints_what_all_transcripts_say() {
    replay_all(files());
}

/// The command that a transcript is of: the folder that it is in.
fn command(file: &Path) -> String {
    file.parent().and_then(Path::file_name).unwrap().to_string_lossy().into_owned()
}

fn replay_all(files: Vec<PathBuf>) {
    assert!(!files.is_empty(), "there is no such transcript");

    // cf is started often and waits a lot: more sessions than cores keep them busy.
    let workers = 4 * std::thread::available_parallelism().map_or(2, usize::from);
    let queue = Mutex::new(files.into_iter());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(file) = queue.lock().unwrap().next() else { return };
                    if let Err(failure) = std::panic::catch_unwind(|| check(&file))
                        .unwrap_or_else(|_| Err(format!("{}: the session could not be run, see above", file.display())))
                    {
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} transcripts differ:\n{}", failures.len(), failures.join("\n"));
}

/// All transcripts, in the order of their paths.
pub(crate) fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), &mut files);
    files.sort();
    files
}

fn check(file: &Path) -> Result<(), String> {
    let script = std::fs::read_to_string(file).unwrap();
    let actual = session::replay(&script, &file.with_extension(""));
    Assert::new()
        .action_env(DEFAULT_ACTION_ENV)
        .try_eq(Some(&file.display()), Data::text(actual).raw(), Data::read_from(file, None).raw())
        .map_err(|difference| difference.to_string())
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            files.push(path);
        } else if !path.with_extension("txt").is_file() {
            collect(&path, files);
        }
    }
}
