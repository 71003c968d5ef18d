//! What came of it: as a person reads it, and as `docs/conformance.md` keeps it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Judged;
use super::report::{Outcome, Spec};

/// How many specs there are of each kind.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
    excluded: usize,
}

impl Counts {
    fn of<'a>(specs: impl IntoIterator<Item = &'a Spec>) -> Self {
        let mut counts = Self::default();
        for spec in specs {
            *match spec.outcome {
                Outcome::Passed => &mut counts.passed,
                Outcome::Failed(_) | Outcome::NotRun => &mut counts.failed,
                Outcome::Skipped(_) => &mut counts.skipped,
                Outcome::Excluded(_) => &mut counts.excluded,
            } += 1;
        }
        counts
    }
}

/// How one command did, in a line.
pub(super) fn line(one: &Judged) -> String {
    let Counts { passed, failed, skipped, excluded } = Counts::of(&one.specs);
    let (name, seconds) = (one.command.name, one.time.as_secs_f64());
    format!("{name:28} {passed:4} passed {failed:4} failed {skipped:4} skipped {excluded:4} excluded {seconds:7.1} s")
}

/// How all did, with what was wrong, and why some were left out.
pub(super) fn text(judged: &[Judged]) -> String {
    let mut text = String::new();
    for one in judged {
        for spec in &one.specs {
            let (word, why) = match &spec.outcome {
                Outcome::Failed(why) => ("FAILED", why),
                Outcome::Excluded(why) => ("EXCLUDED", why),
                _ => continue,
            };
            let why: Vec<&str> = why.lines().map(str::trim).filter(|line| !line.is_empty()).take(8).collect();
            writeln!(text, "{word} {}: {}\n       {}", one.command.name, spec.name, why.join("\n       ")).unwrap();
        }
    }
    for one in judged {
        writeln!(text, "{}", line(one)).unwrap();
    }
    let Counts { passed, failed, skipped, excluded } = Counts::of(judged.iter().flat_map(|one| &one.specs));
    write!(text, "{passed} passed, {failed} failed, {skipped} skipped, {excluded} excluded").unwrap();
    text
}

/// The page of the documentation.
pub(super) fn markdown(judged: &[Judged]) -> String {
    let mut page = "\
# The embedded Cloud Foundry, judged by cf's own specs

The authors of the official cf CLI judge it and real platforms with integration specs. `make conformance` builds those of the
pinned release and runs them, with the pinned cf, against the embedded Cloud Foundry; this page is what came of the last whole
run. Each command has a fresh foundry. A spec is *skipped* where it says itself that it cannot be run, and *excluded* where it
is about what no local foundry can have, or what this one does not support because no deployment meets it;
`crates/foundry/tests/foundry/conformance/excluded.yaml` is the list. Of the commands marked with ● every other spec must pass, of
the rest 90 % of all.

| command | passed | failed | skipped | excluded |
|---|---:|---:|---:|---:|
"
    .to_owned();
    for one in judged {
        let Counts { passed, failed, skipped, excluded } = Counts::of(&one.specs);
        let mark = if one.command.whole { " ●" } else { "" };
        writeln!(page, "| {}{mark} | {passed} | {failed} | {skipped} | {excluded} |", one.command.name).unwrap();
    }
    let Counts { passed, failed, skipped, excluded } = Counts::of(judged.iter().flat_map(|one| &one.specs));
    writeln!(page, "| **all** | **{passed}** | **{failed}** | **{skipped}** | **{excluded}** |").unwrap();
    reasons(&mut page, "Excluded", judged, |outcome| match outcome {
        Outcome::Excluded(reason) => Some(reason),
        _ => None,
    });
    reasons(&mut page, "Skipped", judged, |outcome| match outcome {
        Outcome::Skipped(reason) => Some(reason),
        _ => None,
    });
    let mut failed = String::new();
    for one in judged {
        for spec in one.specs.iter().filter(|spec| matches!(spec.outcome, Outcome::Failed(_))) {
            writeln!(failed, "- {}", escaped(&spec.name)).unwrap();
        }
    }
    if !failed.is_empty() {
        write!(page, "\n## Failed\n\n{failed}").unwrap();
    }
    page
}

fn reasons(page: &mut String, title: &str, judged: &[Judged], reason: impl Fn(&Outcome) -> Option<&String>) {
    let mut specs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for spec in judged.iter().flat_map(|one| &one.specs) {
        if let Some(reason) = reason(&spec.outcome) {
            specs.entry(reason).or_default().push(&spec.name);
        }
    }
    if !specs.is_empty() {
        write!(page, "\n## {title}\n").unwrap();
    }
    for (reason, specs) in specs {
        write!(page, "\n{} ({}):\n\n", escaped(reason), specs.len()).unwrap();
        for spec in specs {
            writeln!(page, "- {}", escaped(spec)).unwrap();
        }
    }
}

/// A text of somebody else's on one line, without what Markdown takes for its own.
fn escaped(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().flat_map(|c| "\\`*_<>[]|#".contains(c).then_some('\\').into_iter().chain([c])).collect()
}
