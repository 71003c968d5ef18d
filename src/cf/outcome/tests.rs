//! Every expectation against every captured output: so each also proves what it rejects.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::cf::dialect::CfVersion;
use crate::cf::invocation::RouteParts;
use crate::plan::Protocol;
use crate::secret::{Redactor, Sensitive};

pub(super) const APP: &str = "sinatra_b";

/// An output as it was captured, and what it says (see `fixtures/cf-output/README.md`).
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) dialect: Dialect,
    pub(super) output: Output,
    pub(super) says: Vec<(String, String)>,
}

fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, if character == '\\' { characters.next() } else { None }) {
            ('\\', Some('r')) => plain.push('\r'),
            ('\\', Some('e')) => plain.push('\u{1b}'),
            ('\\', Some('s')) => plain.push(' '),
            ('\\', Some('t')) => plain.push('\t'),
            // Also swallows the line break behind it.
            ('\\', Some('c')) => drop(characters.next()),
            (_, Some(other)) => plain.push(other),
            (plain_one, None) => plain.push(plain_one),
        }
    }
    plain
}

fn read(path: &Path, dialect: Dialect) -> Sample {
    let text = fs::read_to_string(path).unwrap();
    let (head, streams) = text.split_once("--- out\n").unwrap();
    let (out, err) = streams.split_once("--- err\n").unwrap();
    let mut argv = Vec::new();
    let mut exit = None;
    let mut says = Vec::new();
    for line in head.lines() {
        if let Some(command) = line.strip_prefix("$ cf ") {
            argv = shlex::split(command).unwrap();
        } else if let Some(code) = line.strip_prefix("exit ") {
            exit = Some(Exit::Code(code.parse().unwrap()));
        } else {
            let (what, verdict) = line.strip_prefix("says ").unwrap().split_once(": ").unwrap_or(("unknown", ""));
            says.push((what.to_owned(), verdict.to_owned()));
        }
    }
    let output = Output {
        argv,
        exit: exit.unwrap(),
        stdout: unescaped(out),
        stderr: unescaped(err),
        redactor: Redactor::default(),
    };
    let name = path.iter().rev().take(2).map(|part| part.to_string_lossy()).collect::<Vec<_>>().join(" of ");
    Sample { name, dialect, output, says }
}

pub(super) fn samples() -> Vec<Sample> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cf-output");
    let files = |version: &str| {
        let mut files: Vec<PathBuf> =
            fs::read_dir(root.join(version)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    };
    let versions = [("7.8.0", Dialect::V7), ("8.17.0", Dialect::V8), ("8.18.3", Dialect::V8), ("9.0.0", Dialect::V9)];
    let samples: Vec<Sample> = versions
        .iter()
        .flat_map(|(version, dialect)| files(version).into_iter().map(|path| read(&path, *dialect)))
        .collect();
    assert!(samples.len() > 100, "the samples are there");
    samples
}

fn route(host: &str) -> RouteParts {
    RouteParts { host: Some(host.to_owned()), domain: "example.com".to_owned(), path: None }
}

/// Every kind of expectation, about these objects.
pub(super) fn expectations(app: &str, host: &str, service: &str) -> BTreeMap<&'static str, Expectation> {
    let app = app.to_owned();
    let service = service.to_owned();
    let annotations = vec![("cutover/role".to_owned(), Some("next".to_owned())), ("cutover/old".to_owned(), None)];
    BTreeMap::from([
        ("pushed", Expectation::Pushed { app: app.clone() }),
        ("staged", Expectation::Staged { app: app.clone() }),
        ("droplet", Expectation::DropletSet),
        ("copied", Expectation::DropletCopied),
        ("applied", Expectation::ManifestApplied { app: app.clone() }),
        ("stopped", Expectation::Stopped { app: app.clone() }),
        ("mapped", Expectation::Mapped { app: app.clone(), route: route(host), protocol: Protocol::Http1 }),
        ("mapped-http2", Expectation::Mapped { app: app.clone(), route: route(host), protocol: Protocol::Http2 }),
        ("destination", Expectation::DestinationAdded { protocol: Protocol::Http2 }),
        ("unmapped", Expectation::Unmapped { app: app.clone(), route: route(host) }),
        ("created", Expectation::RouteCreated { route: route(host) }),
        ("deleted", Expectation::Deleted { app: app.clone() }),
        ("bound", Expectation::Bound { app: app.clone(), service: service.clone() }),
        ("unbound", Expectation::Unbound { app: app.clone(), service }),
        ("scaled", Expectation::Scaled { app: app.clone(), instances: 2 }),
        ("start", Expectation::StartRequested { app: app.clone() }),
        ("annotated", Expectation::Annotated { app: app.clone(), annotations: annotations.clone() }),
        ("submitted", Expectation::TaskSubmitted { app: app.clone(), task: "check-1-id".to_owned() }),
        ("terminated", Expectation::TaskTerminated { app: app.clone(), id: 1 }),
        ("marker", Expectation::Created { app, annotations }),
        ("deletion", Expectation::DeletionAccepted),
        ("json", Expectation::Json),
    ])
}

fn said(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Done => "done".to_owned(),
        Verdict::AlreadyDone => "already".to_owned(),
        Verdict::Refused(refusal) => format!("{:?}", refusal.reason),
        Verdict::Unknown { .. } => "unknown".to_owned(),
    }
}

pub(super) fn confirmed(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Done | Verdict::AlreadyDone)
}

/// What the sample's head says of an expectation.
fn declared(sample: &Sample, key: &str) -> String {
    let named = |what: &str| sample.says.iter().find(|(of, _)| of == what).map(|(_, verdict)| verdict.clone());
    let listed = sample
        .says
        .iter()
        .find(|(of, _)| of.strip_prefix("refused ").is_some_and(|keys| keys.split(' ').any(|one| one == key)))
        .map(|(_, verdict)| verdict.clone());
    named(key).or(listed).or_else(|| named("refused")).unwrap_or_else(|| "unknown".to_owned())
}

#[test]
fn every_expectation_says_of_every_sample_what_is_written_there() {
    let mut wrong = Vec::new();
    for sample in samples() {
        for (key, expected) in expectations(APP, "sinatralive", "db") {
            let verdict = confirm(&expected, sample.dialect, &sample.output);
            let declared = declared(&sample, key);
            if said(&verdict) != declared {
                wrong.push(format!("{}: {key}: {declared} is written, but {verdict:?}", sample.name));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_kind_of_expectation_is_confirmed_by_some_sample() {
    let samples = samples();
    for key in expectations(APP, "sinatralive", "db").keys() {
        let done = samples.iter().any(|sample| sample.says.contains(&((*key).to_owned(), "done".to_owned())));
        assert!(done, "no sample confirms {key}");
    }
}

#[test]
fn a_name_that_is_only_like_it_is_never_confirmed() {
    let cases = [
        ("sinatra", "sinatralive", "db"),
        ("sinatra_", "sinatralive", "db"),
        ("sinatra_b2", "sinatralive", "db"),
        ("inatra_b", "sinatralive", "db"),
        ("SINATRA_B", "sinatralive", "db"),
        ("sinatra_b", "sinatraliv", "db"),
        ("sinatra_b", "inatralive", "db"),
        ("sinatra_b", "sinatralive2", "db"),
        ("sinatra_b", "*", "db"),
        ("sinatra_b", "sinatralive", "d"),
        ("sinatra_b", "sinatralive", "db2"),
    ];
    for sample in samples() {
        for (app, host, service) in cases {
            for (key, expected) in expectations(app, host, service) {
                let concerns = match key {
                    // Their answers name no app.
                    "json" | "deletion" | "droplet" | "copied" | "destination" => false,
                    "mapped" | "mapped-http2" => (app, host) != (APP, "sinatralive"),
                    // A route that is not there is mapped to no app.
                    "unmapped" => host != "sinatralive" || (app != APP && !sample.name.contains("no-route")),
                    "created" => host != "sinatralive",
                    "bound" => (app, service) != (APP, "db"),
                    _ => app != APP,
                };
                let verdict = confirm(&expected, sample.dialect, &sample.output);
                assert!(!concerns || !confirmed(&verdict), "{}: {key} of {app}, {host}, {service}", sample.name);
            }
        }
    }
}

#[test]
fn capitals_of_hosts_do_not_count() {
    let expected = Expectation::Mapped { app: APP.to_owned(), route: route("SinatraLive"), protocol: Protocol::Http1 };
    let sample = samples().into_iter().find(|sample| sample.name.starts_with("map-route.existing")).unwrap();
    assert_eq!(confirm(&expected, sample.dialect, &sample.output), Verdict::Done);
}

/// Where to cut a text: at the ends and in the middle of its lines.
fn cuts(text: &str) -> impl Iterator<Item = usize> {
    let mut start = 0;
    text.split_inclusive('\n').flat_map(move |line| {
        let at = start;
        start += line.len();
        [at, at + line.len() / 2, at + line.trim_end().len().saturating_sub(1)]
    })
}

#[test]
fn an_output_that_is_cut_short_confirms_nothing_else() {
    for sample in samples().iter().filter(|sample| sample.output.exit.is_success()) {
        for (key, expected) in expectations(APP, "sinatralive", "db") {
            let whole = confirm(&expected, sample.dialect, &sample.output);
            let text = &sample.output.stdout;
            // A trace of some hundred lines is cut only for what it confirms.
            if text.len() > 4000 && !confirmed(&whole) {
                continue;
            }
            for at in cuts(text).filter(|at| text.is_char_boundary(*at)) {
                let output = Output { stdout: text[..at].to_owned(), ..sample.output.clone() };
                let verdict = confirm(&expected, sample.dialect, &output);
                assert!(
                    !confirmed(&verdict) || verdict == whole,
                    "{}: {key}: {verdict:?} of {:?}",
                    sample.name,
                    output.stdout
                );
            }
        }
    }
}

#[test]
fn nothing_is_confirmed_by_no_output() {
    let output = |exit| Output {
        argv: Vec::new(),
        exit,
        stdout: String::new(),
        stderr: String::new(),
        redactor: Redactor::default(),
    };
    for (key, expected) in expectations(APP, "sinatralive", "db") {
        for exit in [Exit::Code(0), Exit::Code(1), Exit::Signal(9), Exit::TimedOut, Exit::Interrupted] {
            let verdict = confirm(&expected, Dialect::V8, &output(exit));
            assert!(matches!(verdict, Verdict::Unknown { .. }), "{key}: {exit}: {verdict:?}");
        }
    }
}

#[test]
fn a_failed_staging_says_what_the_stager_said() {
    let output = |stdout: &str| Output {
        argv: Vec::new(),
        exit: Exit::Code(1),
        stdout: stdout.to_owned(),
        stderr: "Error staging application: StagingError - Staging error: staging failed\n".to_owned(),
        redactor: Redactor::default(),
    };
    let words = |stdout: &str| match confirm(&Expectation::Staged { app: APP.to_owned() }, Dialect::V8, &output(stdout))
    {
        Verdict::Refused(Refusal { reason: Reason::StagingFailed, words }) => words,
        other => panic!("{other:?}"),
    };
    let log = format!(
        "Staging package for {APP} in org acme / space production as ada...\n   Cell 7 creating container for instance i\n   \
         Staging...\n   Staging process failed: failed to fetch metadata from [team/shop] due to unauthorized\n   Exit \
         status 2\n   Cell 7 stopping instance i\n\nFAILED\n"
    );
    assert_eq!(
        words(&log),
        "Error staging application: StagingError - Staging error: staging failed\nStaging...\nStaging process failed: \
         failed to fetch metadata from [team/shop] due to unauthorized"
    );
    assert_eq!(words("FAILED\n"), "Error staging application: StagingError - Staging error: staging failed");
}

#[test]
fn ok_alone_confirms_nothing() {
    let stdout = "OK\n\nOK\n".to_owned();
    let output =
        Output { argv: Vec::new(), exit: Exit::Code(0), stdout, stderr: String::new(), redactor: Redactor::default() };
    for (key, expected) in expectations(APP, "sinatralive", "db") {
        let verdict = confirm(&expected, Dialect::V8, &output);
        assert!(matches!(verdict, Verdict::Unknown { .. }), "{key}: {verdict:?}");
    }
}

#[test]
fn the_words_of_success_count_only_with_exit_code_0() {
    for sample in samples() {
        for (key, expected) in expectations(APP, "sinatralive", "db") {
            for exit in [Exit::Code(1), Exit::Code(22), Exit::Signal(15), Exit::TimedOut, Exit::Interrupted] {
                let output = Output { exit, ..sample.output.clone() };
                let verdict = confirm(&expected, sample.dialect, &output);
                let no_route = key == "unmapped" && sample.name.contains("no-route") && exit.code().is_some();
                assert!(no_route || !confirmed(&verdict), "{}: {key}: {exit}: {verdict:?}", sample.name);
            }
        }
    }
}

/// The same output in another guise says the same.
fn says_the_same(guise: impl Fn(&Sample) -> Output) {
    for sample in samples() {
        let other = guise(&sample);
        for (key, expected) in expectations(APP, "sinatralive", "db") {
            assert_eq!(
                said(&confirm(&expected, sample.dialect, &other)),
                said(&confirm(&expected, sample.dialect, &sample.output)),
                "{}: {key}: {other:?}",
                sample.name
            );
        }
    }
}

#[test]
fn line_ends_of_windows_say_the_same() {
    says_the_same(|sample| Output {
        stdout: sample.output.stdout.replace('\n', "\r\n"),
        stderr: sample.output.stderr.replace('\n', "\r\n"),
        ..sample.output.clone()
    });
}

#[test]
fn colours_say_the_same() {
    says_the_same(|sample| {
        let coloured = |text: &str| {
            if text.starts_with('{') {
                return text.to_owned();
            }
            text.replace("sinatra_b", "\u{1b}[36;1msinatra_b\u{1b}[0m")
                .replace("OK\n", "\u{1b}[32;1mOK\u{1b}[0;22m\n")
                .replace("FAILED", "\u{1b}[31;1mFAILED\u{1b}[0m")
        };
        Output {
            stdout: coloured(&sample.output.stdout),
            stderr: coloured(&sample.output.stderr),
            ..sample.output.clone()
        }
    });
}

#[test]
fn warnings_before_the_message_say_the_same() {
    says_the_same(|sample| {
        let warning = "Failed to retrieve logs from Log Cache: Get \"x\": dial tcp: connection refused\n\
                       You are not authorized to perform the requested action on logs\n";
        let stderr = if sample.output.stderr.is_empty() && !sample.output.exit.is_success() {
            // With nothing behind it, it is the message.
            String::new()
        } else if said(&confirm(&Expectation::Json, sample.dialect, &sample.output)) == "unknown" {
            sample.output.stderr.clone()
        } else {
            format!("{warning}{}", sample.output.stderr)
        };
        Output { stderr, ..sample.output.clone() }
    });
}

#[test]
fn every_dialect_understands_what_is_the_same_in_all() {
    for sample in samples() {
        for (key, expected) in expectations(APP, "sinatralive", "db") {
            let own = confirm(&expected, sample.dialect, &sample.output);
            for dialect in [Dialect::V7, Dialect::V8, Dialect::V9] {
                let verdict = confirm(&expected, dialect, &sample.output);
                let legacy = sample.dialect == Dialect::V7 && sample.output.stderr.is_empty();
                assert!(legacy || said(&verdict) == said(&own), "{}: {key} as {dialect:?}", sample.name);
            }
        }
    }
}

#[test]
fn what_is_unknown_carries_the_text() {
    let sample = samples().into_iter().find(|sample| sample.name.starts_with("set-droplet.refused")).unwrap();
    let verdict = confirm(&Expectation::DropletSet, sample.dialect, &sample.output);
    let Verdict::Unknown { why } = verdict else { panic!("{verdict:?}") };
    assert_eq!(
        why,
        "exit code 1; cf printed: Unable to assign droplet: Unable to assign current droplet. Ensure the droplet exists and belongs to this \
         app. | Setting app sinatra_b to droplet 55555555-5555-4555-8555-555555555555 in org acme / space production as \
         admin... | FAILED"
    );
}

#[test]
fn a_refusal_has_the_words_of_cf() {
    let words = |name: &str| {
        let sample = samples().into_iter().find(|sample| sample.name.starts_with(name)).unwrap();
        match confirm(&Expectation::Json, sample.dialect, &sample.output) {
            Verdict::Refused(refusal) => refusal.words,
            other => panic!("{name}: {other:?}"),
        }
    };
    assert_eq!(words("push.job-quota"), "For application 'sinatra_b': memory space_quota_exceeded");
    assert_eq!(
        words("stage-package.timeout"),
        "Error staging application sinatra_b: timed out after 0.016666666666666666 minute(s)"
    );
    assert_eq!(words("curl.not-found.txt of 8"), "App not found (CF-ResourceNotFound)");
    assert_eq!(words("session.unreachable"), "the API http://127.0.0.1:1 cannot be reached (connection refused)");
    assert_eq!(words("curl.unreachable-fail.txt of 8"), "the API gave no answer (cf itself crashes on that)");
    assert_eq!(words("session.unknown-flag"), "Incorrect Usage: unknown flag `gently'");
}

#[test]
fn the_versions_are_read() {
    for sample in samples().iter().filter(|sample| sample.name.starts_with("version.txt")) {
        let version = CfVersion::parse(&sample.output.stdout).unwrap();
        assert_eq!(version.dialect(), sample.dialect);
    }
}

#[test]
fn a_job_of_a_broker_that_goes_on_is_not_done() {
    let stdout = "Binding service instance db to app sinatra_b in org acme / space production as admin...\nOK\n\n\
                  Binding in progress. Use 'cf service db' to check operation status.\n";
    let output = Output {
        argv: Vec::new(),
        exit: Exit::Code(0),
        stdout: stdout.to_owned(),
        stderr: String::new(),
        redactor: Redactor::default(),
    };
    let expected = Expectation::Bound { app: APP.to_owned(), service: "db".to_owned() };
    assert!(matches!(confirm(&expected, Dialect::V8, &output), Verdict::Unknown { .. }));
}

#[test]
fn what_is_shown_of_an_output_holds_no_secret_and_no_control_characters() {
    let redactor = Redactor::default();
    redactor.learn(&Sensitive::new("hunter2"));
    let texts = [
        "hunter2 is no domain",
        "Domain 'hunter2' not found.\u{9b}2J",
        r#"{"errors":[{"title":"CF-X","detail":"hunter2\u001b[2J\u202e"}]}"#,
    ];
    for text in texts {
        for exit in [Exit::Code(0), Exit::Code(1)] {
            let output = Output {
                argv: Vec::new(),
                exit,
                stdout: text.to_owned(),
                stderr: text.to_owned(),
                redactor: redactor.clone(),
            };
            assert!(!format!("{output:?}").contains("hunter2"));
            for (key, expected) in expectations(APP, "sinatralive", "db") {
                let told = match confirm(&expected, Dialect::V7, &output) {
                    Verdict::Refused(refusal) => refusal.words,
                    Verdict::Unknown { why } => why,
                    verdict @ (Verdict::Done | Verdict::AlreadyDone) => format!("{verdict:?}"),
                };
                assert!(!told.contains("hunter2") && !told.contains(char::is_control), "{key}: {told:?}");
            }
        }
    }
}
