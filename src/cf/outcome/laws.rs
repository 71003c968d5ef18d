//! What holds for any output: it is judged without a panic, and what was done to it never makes a success of it.

use proptest::prelude::*;
use serde_json::json;

use super::tests::{APP, Sample, confirmed, expectations, samples};
use super::*;
use crate::arbitrary;
use crate::cf::dialect::CfVersion;
use crate::secret::Redactor;
use crate::text::without_escapes;

/// Something that happens to an output on its way.
#[derive(Debug, Clone)]
enum Harm {
    /// It is cut short, at so many thousandths of its length.
    Cut(usize),
    /// A line is told in another language, or loses its words otherwise.
    Translate(usize),
    /// A line is lost.
    Lose(usize),
    /// Colours and other control sequences stand somewhere.
    Colour(usize),
    /// A notice of an update stands between two lines.
    Notice(usize),
    /// A trace stands between two lines.
    Trace(usize),
    /// Bytes that are no text stand somewhere.
    Garbage(usize),
}

const NOTICE: &str = "Cloud Foundry API version 3.200.0 requires CLI version 8.18.0. You are currently on version 8.17.0. To upgrade your \
                      CLI, please visit: https://github.com/cloudfoundry/cli#downloads\n";
const TRACE: &str = "\nREQUEST: [2026-11-24T10:00:00Z]\nGET /v3/apps?names=sinatra_b HTTP/1.1\nHost: api.example.com\nAuthorization: [PRIVATE \
                     DATA HIDDEN]\n\nRESPONSE: [2026-11-24T10:00:00Z]\nHTTP/1.1 200 OK\nContent-Type: application/json\n{\n  \"resources\": [{ \"name\": \
                     \"sinatra_b\" }]\n}\n\n";

fn harm() -> impl Strategy<Value = Harm> {
    let at = 0_usize..1000;
    prop_oneof![
        at.clone().prop_map(Harm::Cut),
        at.clone().prop_map(Harm::Translate),
        at.clone().prop_map(Harm::Lose),
        at.clone().prop_map(Harm::Colour),
        at.clone().prop_map(Harm::Notice),
        at.clone().prop_map(Harm::Trace),
        at.prop_map(Harm::Garbage),
    ]
}

/// A place in the text, at so many thousandths of it, between two characters.
fn place(text: &str, thousandths: usize) -> usize {
    let at = text.len() * thousandths / 1000;
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn suffer(text: &str, harm: &Harm) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let line = |thousandths: &usize, lines: &[String]| lines.len() * thousandths / 1000;
    match harm {
        Harm::Cut(at) => return text[..place(text, *at)].to_owned(),
        Harm::Translate(at) if !lines.is_empty() => {
            let at = line(at, &lines);
            lines[at] = "L'opération a été effectuée avec succès...\n".to_owned();
        }
        Harm::Lose(at) if !lines.is_empty() => {
            lines.remove(line(at, &lines));
        }
        Harm::Translate(_) | Harm::Lose(_) => {}
        Harm::Notice(at) => lines.insert(line(at, &lines), NOTICE.to_owned()),
        Harm::Trace(at) => lines.insert(line(at, &lines), TRACE.to_owned()),
        Harm::Colour(at) | Harm::Garbage(at) => {
            let at = place(text, *at);
            let put = if matches!(harm, Harm::Colour(_)) { "\u{1b}[31;1m\u{1b}[K" } else { "\u{fffd}\0\u{7}" };
            return format!("{}{put}{}", &text[..at], &text[at..]);
        }
    }
    lines.concat()
}

fn sample() -> impl Strategy<Value = Sample> {
    prop::sample::select(samples())
}

fn suffered(sample: &Sample, out: &[Harm], err: &[Harm]) -> Output {
    let apply = |text: &str, harms: &[Harm]| harms.iter().fold(text.to_owned(), |text, harm| suffer(&text, harm));
    Output {
        stdout: apply(&sample.output.stdout, out),
        stderr: apply(&sample.output.stderr, err),
        ..sample.output.clone()
    }
}

/// Every line that holds one of the words is lost, also where colours stand in it.
fn without(output: &Output, words: &[&str]) -> Output {
    let holds = |line: &str| words.iter().any(|word| without_escapes(line).contains(word));
    let keep = |text: &str| text.split_inclusive('\n').filter(|line| !holds(line)).collect::<String>();
    Output { stdout: keep(&output.stdout), stderr: keep(&output.stderr), ..output.clone() }
}

/// Whether an expectation is about an app; what answers to the others is not named by one.
fn names_the_app(key: &str) -> bool {
    // A deletion that is taken in is a status, and a droplet that is set its guid: which app it is about, the path of the call has
    // said.
    !matches!(key, "json" | "created" | "deletion" | "droplet" | "copied" | "destination")
}

/// What the platform, or whoever stands before it, answers instead of what it was asked for.
fn error_answer() -> impl Strategy<Value = String> {
    let title =
        prop::sample::select(vec!["", "CF-UnprocessableEntity", "CF-NotAuthenticated", "UnknownError", "CF-ToCome"]);
    let words = prop_oneof![Just(String::new()), "[a-zA-Z ]{1,20}\\.?"];
    let error = |detail: BoxedStrategy<String>| {
        (title.clone(), detail, any::<bool>()).prop_map(|(title, detail, of_v3)| {
            if of_v3 {
                json!({ "errors": [{ "code": 10008, "title": title, "detail": detail }] })
            } else {
                json!({ "code": 10008, "error_code": title, "description": detail })
            }
        })
    };
    let plain = error(words.clone().boxed());
    // A broker's answer, for one, stands in the detail of the platform's.
    let inner = (words, plain.clone()).prop_map(|(words, inner)| format!("{words}: {inner}"));
    let nested = error(inner.boxed());
    let of_uaa = Just(json!({ "error": "invalid_token", "error_description": "The token expired" }));
    let several = prop::collection::vec(plain.clone(), 0..3)
        .prop_map(|all| json!({ "errors": all.iter().flat_map(|one| one["errors"].as_array().cloned().unwrap_or_default()).collect::<Vec<_>>() }));
    let body = prop_oneof![plain, nested, several, of_uaa, arbitrary::json()];
    let json =
        (body, any::<bool>()).prop_map(|(body, pretty)| if pretty { format!("{body:#}") } else { body.to_string() });
    let pages = prop::sample::select(vec![
        "",
        "\n",
        "<html>\n<body>502</body>\n</html>\n",
        "<!DOCTYPE html><html>",
        "Bad Gateway",
    ]);
    (prop_oneof![8 => json, 1 => pages.prop_map(str::to_owned)], prop_oneof![Just(1000), 0_usize..1000])
        .prop_map(|(text, cut)| text[..place(&text, cut)].to_owned())
}

/// How cf passes an answer on: exit code, standard output, standard error.
fn passed_on(answer: &str) -> Vec<(i32, String, String)> {
    let err = |text: String| (1, "FAILED\n".to_owned(), text);
    let unexpected = |status| {
        format!("Unexpected Response\nResponse Code: {status}\nRequest ID: 1\nCode: 0, Title: , Detail: {answer}\n")
    };
    vec![
        (0, answer.to_owned(), String::new()),
        (22, answer.to_owned(), "The requested URL returned error: 418\n".to_owned()),
        (1, format!("FAILED\n{answer}\n"), String::new()),
        (0, format!("HTTP/1.1 422 Unprocessable Entity\n\n{answer}"), String::new()),
        err(unexpected(500)),
        err(unexpected(418)),
        err(format!("Code: 10008, Title: CF-UnprocessableEntity, Detail: {answer}\n")),
        err(format!("Error unmarshalling the following into a cloud controller error: {answer}\n")),
        err(format!("Job (1) failed: {answer}\n")),
        err(format!("{answer}\n")),
    ]
}

proptest! {
    #[test]
    fn the_last_words_of_a_failure_are_words(answer in error_answer()) {
        for (code, stdout, stderr) in passed_on(&answer) {
            let output = Output {
                argv: vec!["curl".to_owned()],
                exit: Exit::Code(code),
                stdout,
                stderr,
                redactor: Redactor::default(),
            };
            for dialect in [Dialect::V7, Dialect::V8, Dialect::V9] {
                for (key, expected) in expectations(APP, "sinatralive", "db") {
                    let words = match confirm(&expected, dialect, &output) {
                        Verdict::Refused(Refusal { words, .. }) | Verdict::Unknown { why: words } => words,
                        Verdict::Done | Verdict::AlreadyDone => continue,
                    };
                    let close: String = words.to_lowercase().split_whitespace().collect();
                    let raw = ["{\"", "[{", "<html", "<!doctype", "code:0,"].into_iter().find(|raw| close.contains(raw));
                    prop_assert!(raw.is_none() && !close.is_empty(), "{key}: {words:?} of {output:?}");
                }
            }
        }
    }

    #[test]
    fn what_was_no_success_does_not_become_one(
        sample in sample(),
        out in prop::collection::vec(harm(), 1..4),
        err in prop::collection::vec(harm(), 0..2),
    ) {
        let output = suffered(&sample, &out, &err);
        for (key, expected) in expectations(APP, "sinatralive", "db") {
            let before = confirm(&expected, sample.dialect, &sample.output);
            let after = confirm(&expected, sample.dialect, &output);
            prop_assert!(confirmed(&before) || !confirmed(&after), "{}: {key}: {after:?} of {output:?}", sample.name);
        }
    }

    #[test]
    fn without_the_line_that_names_the_object_nothing_is_confirmed(
        sample in sample(),
        out in prop::collection::vec(harm(), 0..3),
    ) {
        let output = suffered(&sample, &out, &[]);
        for (key, expected) in expectations(APP, "sinatralive", "db") {
            let names = if key == "created" { "sinatralive" } else { APP };
            // A route that is not there is mapped to no app.
            if matches!(key, "json" | "deletion" | "droplet" | "copied" | "destination") || (key == "unmapped" && sample.name.contains("no-route")) {
                continue;
            }
            let verdict = confirm(&expected, sample.dialect, &without(&output, &[names]));
            prop_assert!(!confirmed(&verdict), "{}: {key}: {verdict:?}", sample.name);
        }
    }

    #[test]
    fn what_was_done_to_another_object_confirms_nothing(
        sample in sample(),
        out in prop::collection::vec(harm(), 0..3),
        other in "[a-z_]{1,12}",
    ) {
        prop_assume!(!other.contains(APP));
        let swap = |text: &str| text.replace(APP, &other);
        let output = Output {
            stdout: swap(&sample.output.stdout),
            stderr: swap(&sample.output.stderr),
            ..sample.output.clone()
        };
        let output = suffered(&Sample { output, ..sample.clone() }, &out, &[]);
        prop_assume!(!without_escapes(&output.stdout).contains(APP));
        for (key, expected) in expectations(APP, "sinatralive", "db") {
            if !names_the_app(key) || (key == "unmapped" && sample.name.contains("no-route")) {
                continue;
            }
            let verdict = confirm(&expected, sample.dialect, &output);
            prop_assert!(!confirmed(&verdict), "{}: {key}: {verdict:?}", sample.name);
        }
    }

    #[test]
    fn without_the_line_that_says_ok_no_ok_is_heard(sample in sample(), out in prop::collection::vec(harm(), 0..3)) {
        let output = without(&suffered(&sample, &out, &[]), &["OK"]);
        for (key, expected) in expectations(APP, "sinatralive", "db") {
            // These have none (cf 8.17), or are an answer of the platform.
            let has_none = matches!(key, "pushed" | "staged" | "scaled" | "start" | "annotated" | "marker" | "json" | "deletion" | "droplet" | "copied" | "destination");
            let no_route = key == "unmapped" && sample.name.contains("no-route");
            let verdict = confirm(&expected, sample.dialect, &output);
            prop_assert!(has_none || no_route || !confirmed(&verdict), "{}: {key}: {verdict:?}", sample.name);
        }
    }

    #[test]
    fn any_output_is_judged(
        words in prop::collection::vec(prop::sample::select(vec![
            "OK", "FAILED", "\n", "\r\n", " ", "sinatra_b", "'", "...", " in org acme / space production as admin...", "Mapping route ",
            "Starting app ", "name:   ", "requested state:   ", "started", "instances:   1/", "Response Code: 5", "\u{1b}[", "é", "\0",
            "{\"errors\":", "[", "]", "}", "Job (", "Route with host '", "not found.", "sinatralive.example.com", " to app ",
        ]), 0..24),
        code in prop::sample::select(vec![0, 1, 22, 130]),
    ) {
        let text = words.concat();
        let output = Output {
            argv: Vec::new(),
            exit: Exit::Code(code),
            stdout: text.clone(),
            stderr: text,
            redactor: Redactor::default(),
        };
        for dialect in [Dialect::V7, Dialect::V8, Dialect::V9] {
            for (_, expected) in expectations(APP, "sinatralive", "db") {
                confirm(&expected, dialect, &output);
            }
        }
        let _ = CfVersion::parse(&output.stdout);
        parse::excerpt(&output);
    }

    #[test]
    fn any_answer_of_the_platform_is_judged(body in arbitrary::json(), cut in 0_usize..1000) {
        let text = body.to_string();
        for text in [text.as_str(), &text[..place(&text, cut)]] {
            let output = Output {
                argv: Vec::new(),
                exit: Exit::Code(0),
                stdout: text.to_owned(),
                stderr: String::new(),
                redactor: Redactor::default(),
            };
            for (key, expected) in expectations(APP, "sinatralive", "db") {
                let verdict = confirm(&expected, Dialect::V8, &output);
                let answers = matches!(
                    key,
                    "json" | "start" | "annotated" | "marker" | "destination" | "droplet" | "copied"
                );
                prop_assert!(!confirmed(&verdict) || (answers && body.is_object()), "{key}: {verdict:?} of {text}");
            }
        }
    }
}
