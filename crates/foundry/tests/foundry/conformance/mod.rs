//! The embedded Cloud Foundry, judged by the specs with which the authors of the official cf CLI judge real ones.
//!
//! - `commands`: which commands are judged, and what is asked of each
//! - `suite`: a binary of specs: what is in it, and a run of some of them, bounded in time
//! - `report`: what a run says of each spec
//! - `excluded`: specs about what no local foundry can have, and what this one does not support, each with its reason
//! - `table`: what came of it, as `docs/conformance.md` keeps it
//!
//! Each command's specs run on a fresh foundry, so what comes of one does not depend on others; several commands are at
//! it side by side. The spec binaries are built by `make conformance`, from the release of cf that `cf-cli/go.mod`
//! pins.
//!
//! | variable | what |
//! |---|---|
//! | `CUTOVER_SPECS` | which specs `make conformance` judges: `all` (and `docs/conformance.md` is written), `fast`, or names of commands |
//! | `CUTOVER_SPECS_JOBS` | how many commands are at it side by side; 4 without it |

mod commands;
mod excluded;
mod report;
mod suite;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use commands::{COMMANDS, Command, Suite};
use excluded::Excluded;
use report::{Outcome, Spec};
use testkit::{figures, root};

/// How many commands are at it side by side: most specs wait for the platform.
const JOBS: usize = 4;

/// What must pass, in percent, of the specs of commands that are not asked for as a whole; excluded ones count against
/// it.
const SHARE: usize = 90;

/// What came of one command's specs.
struct Judged {
    command: &'static Command,
    specs: Vec<Spec>,
    time: Duration,
}

/// Where the binaries of the specs are, and what runs leave.
fn workshop() -> PathBuf {
    root().join("target/conformance")
}

fn tell(line: &str) {
    io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// The commands that are asked for.
fn chosen(asked: &str) -> Vec<&'static Command> {
    match asked {
        "all" => COMMANDS.iter().collect(),
        "fast" => COMMANDS.iter().filter(|command| command.fast).collect(),
        names => {
            let names: BTreeSet<&str> = names.split([' ', ',']).filter(|name| !name.is_empty()).collect();
            let found: Vec<_> = COMMANDS.iter().filter(|command| names.contains(command.name)).collect();
            let known: BTreeSet<&str> = found.iter().map(|command| command.name).collect();
            let unknown: Vec<_> = names.difference(&known).collect();
            assert!(unknown.is_empty(), "these are no commands of the table: {unknown:?}");
            found
        }
    }
}

/// Judges the commands, those with most specs first, several side by side.
fn judge(commands: Vec<&'static Command>, all: &BTreeMap<Suite, Vec<Spec>>, excluded: &Excluded) -> Vec<Judged> {
    let jobs = std::env::var("CUTOVER_SPECS_JOBS").map_or(JOBS, |jobs| jobs.parse().unwrap());
    let mut left: Vec<(&'static Command, Vec<Spec>)> =
        commands.into_iter().map(|command| (command, command.specs(&all[&command.suite]))).collect();
    left.sort_by_key(|(_, specs)| specs.len());
    let (left, judged) = (Mutex::new(left), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                let next = || left.lock().unwrap().pop();
                while let Some((command, specs)) = next() {
                    let begun = Instant::now();
                    let specs = suite::run(command, specs, excluded);
                    let one = Judged { command, specs, time: begun.elapsed() };
                    tell(&table::line(&one));
                    judged.lock().unwrap().push(one);
                }
            });
        }
    });
    let mut judged = judged.into_inner().unwrap();
    judged.sort_by_key(|one| COMMANDS.iter().position(|command| command.name == one.command.name));
    judged
}

/// What is asked for and was not reached.
fn missed(judged: &[Judged]) -> Vec<String> {
    let mut missed = Vec::new();
    let (mut passed, mut all) = (0, 0);
    for Judged { command, specs, .. } in judged {
        let failed: Vec<_> = specs.iter().filter(|spec| matches!(spec.outcome, Outcome::Failed(_))).collect();
        if command.whole {
            missed.extend(failed.into_iter().map(|spec| format!("{}: {}", command.name, spec.name)));
        } else {
            passed += specs.iter().filter(|spec| spec.outcome == Outcome::Passed).count();
            all += specs.iter().filter(|spec| !matches!(spec.outcome, Outcome::Skipped(_))).count();
        }
    }
    if passed * 100 < all * SHARE {
        missed.push(format!("of the other commands {passed} specs of {all} pass, which is less than {SHARE} %"));
    }
    missed
}

#[test]
#[ignore = "`make conformance` runs it: it takes minutes"]
fn the_specs_of_cf_pass() {
    let asked = std::env::var("CUTOVER_SPECS").unwrap_or_else(|_| "all".to_owned());
    pass(&asked);
}

/// Judges what is asked for. Panics where less passes than must.
fn pass(asked: &str) {
    let begun = Instant::now();
    let all: BTreeMap<Suite, Vec<Spec>> = Suite::ALL.into_iter().map(|suite| (suite, suite::list(suite))).collect();
    let excluded =
        Excluded::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foundry/conformance/excluded.yaml"));
    let named: BTreeSet<&str> =
        COMMANDS.iter().flat_map(|command| command.of(&all[&command.suite])).map(|spec| spec.name.as_str()).collect();
    excluded.must_exist(&named);
    let judged = judge(chosen(asked), &all, &excluded);
    tell(&table::text(&judged));
    tell(&format!("{} s", begun.elapsed().as_secs()));
    if asked == "all" {
        std::fs::write(root().join("docs/conformance.md"), table::markdown(&judged)).unwrap();
    }
    let missed = missed(&judged);
    let of = |counts: fn(&Outcome) -> bool| {
        judged.iter().flat_map(|one| &one.specs).filter(|one| counts(&one.outcome)).count()
    };
    let (passed, failed) = (of(|one| *one == Outcome::Passed), of(|one| matches!(one, Outcome::Failed(_))));
    assert!(
        missed.is_empty(),
        "{}\nWhat each run printed is in {}",
        missed.join("\n"),
        workshop().join("logs").display()
    );
    let figures = format!("specs of the official cf CLI: {passed} pass, {failed} fail (conformance.md tells which)");
    figures::note("specs of cf", &figures);
}
