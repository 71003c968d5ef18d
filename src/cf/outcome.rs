//! What the output of a run confirms: the exit code first, then the lines that name the object, never `OK` alone.

use serde_json::Value;

use super::dialect::Dialect;
use super::output::{Exit, Output};
use super::parse::{self, failure};
use crate::text::harmless;

pub use super::expectation::Expectation;
pub use super::reason::Reason;
pub use super::verdict::{Refusal, Verdict};

/// Says what a run confirms.
///
/// Output that is not recognised is [`Verdict::Unknown`] and carries the text; it is never taken for success, and
/// neither is exit code 0. The texts of a verdict may be shown: they hold no secret of the session and no control
/// characters.
pub fn confirm(expected: &Expectation, dialect: Dialect, output: &Output) -> Verdict {
    let shown = |text: &str| output.redactor.shown(&harmless(text)).into_owned();
    match judge(expected, dialect, output) {
        Verdict::Refused(Refusal { reason, words }) => Verdict::Refused(Refusal { reason, words: shown(&words) }),
        Verdict::Unknown { why } => Verdict::Unknown { why: shown(&why) },
        verdict @ (Verdict::Done | Verdict::AlreadyDone) => verdict,
    }
}

fn judge(expected: &Expectation, dialect: Dialect, output: &Output) -> Verdict {
    match output.exit {
        Exit::Code(0) => success(expected, output),
        Exit::Code(_) => refusal(expected, dialect, output),
        Exit::Signal(_) | Exit::TimedOut | Exit::Interrupted => {
            Verdict::Unknown { why: format!("cf: {}", output.exit) }
        }
    }
}

fn success(expected: &Expectation, output: &Output) -> Verdict {
    let out = parse::Lines::of(&output.stdout);
    let err = parse::Lines::of(&output.stderr);
    let found = match expected {
        Expectation::Pushed { app } => parse::pushed(&out, app),
        Expectation::Staged { app } => parse::staged(&out, app),
        Expectation::Stopped { app } => parse::stopped(&out, app),
        Expectation::Mapped { app, route, protocol } => parse::mapped(&out, app, &route.url(), *protocol),
        Expectation::Unmapped { app, route } => parse::unmapped(&out, app, &route.url()),
        Expectation::RouteCreated { route } => parse::route_created(&out, &err, &route.url()),
        Expectation::Deleted { app } => parse::deleted(&out, &err, app),
        Expectation::Bound { app, service } => parse::bound(&out, &err, app, service),
        Expectation::Unbound { app, service } => parse::unbound(&out, &err, app, service),
        Expectation::Scaled { app, instances } => parse::scaled(&out, app, *instances),
        Expectation::TaskSubmitted { app, task } => parse::task_submitted(&out, app, task),
        Expectation::TaskTerminated { app, id } => parse::task_terminated(&out, app, *id),
        Expectation::DropletSet => {
            let missing = |body: &Value| match body["data"]["guid"].as_str() {
                None | Some("") => Some("the answer does not tell the droplet".to_owned()),
                Some(_) => None,
            };
            return answer(&output.stdout, output, missing);
        }
        Expectation::DestinationAdded { protocol } => {
            let has_it = |to: &Value| to["protocol"].as_str() == Some(protocol.as_str());
            return answer(&output.stdout, output, |body| match body["destinations"].as_array() {
                Some(all) if all.iter().any(has_it) => None,
                Some(_) | None => Some(format!("no destination is reached by {}", protocol.as_str())),
            });
        }
        Expectation::DropletCopied => {
            return answer(&output.stdout, output, |body| {
                let guid = body["guid"].as_str().filter(|guid| !guid.is_empty());
                guid.map_or_else(
                    || Some("the answer does not tell the droplet".to_owned()),
                    |_| state(body, &["COPYING", "STAGED"]),
                )
            });
        }
        Expectation::ManifestApplied { app } => parse::manifest_applied(&out, app),
        Expectation::StartRequested { app } => {
            return answer(&output.stdout, output, |body| named(body, app).or_else(|| state(body, &["STARTED"])));
        }
        Expectation::Annotated { app, annotations } => {
            return answer(&output.stdout, output, |body| named(body, app).or_else(|| annotated(body, annotations)));
        }
        Expectation::Created { app, annotations } => {
            return answer(&output.stdout, output, |body| {
                named(body, app).or_else(|| state(body, &["STOPPED"])).or_else(|| annotated(body, annotations))
            });
        }
        Expectation::DeletionAccepted => return accepted(output),
        Expectation::Json => return answer(&output.stdout, output, |_| None),
        Expectation::Manifest => return body(parse::manifest(&output.stdout), output, |_| None),
    };
    match found {
        Ok(parse::Said::Done) => Verdict::Done,
        Ok(parse::Said::AlreadyDone) => Verdict::AlreadyDone,
        Err(missing) => Verdict::Unknown { why: format!("{missing}; cf printed: {}", parse::excerpt(output)) },
    }
}

/// Judges the body of a `cf curl`; `missing` says what a well-formed one lacks.
fn answer(text: &str, output: &Output, missing: impl Fn(&Value) -> Option<String>) -> Verdict {
    body(parse::json(text), output, missing)
}

fn body(read: Result<Value, parse::NoJson>, output: &Output, missing: impl Fn(&Value) -> Option<String>) -> Verdict {
    let body = match read {
        Ok(body) => body,
        Err(parse::NoJson::Errors { reason: Some(reason), words }) => {
            return Verdict::Refused(Refusal { reason, words });
        }
        Err(parse::NoJson::Errors { reason: None, words }) => return Verdict::Unknown { why: words },
        Err(parse::NoJson::Empty) => {
            return Verdict::Unknown {
                why: format!(
                    "the answer is empty, as when the platform cannot be reached; cf printed: {}",
                    parse::excerpt(output)
                ),
            };
        }
        Err(parse::NoJson::CutShort) => {
            return Verdict::Unknown { why: "the answer breaks off in the midst of its JSON".to_owned() };
        }
        Err(parse::NoJson::NotAnObject { what }) => {
            return Verdict::Unknown { why: format!("the answer is no JSON object: {what}") };
        }
    };
    // What else the answer holds is for programs.
    missing(&body).map_or(Verdict::Done, |why| Verdict::Unknown { why })
}

/// Judges the answer of a `cf curl -i` that is to be 202: every other one says in its body what is wrong.
fn accepted(output: &Output) -> Verdict {
    match parse::head(&output.stdout) {
        Some((202 | 204, _)) => Verdict::Done,
        Some((_, body)) => answer(body, output, |_| Some("the deletion is not taken in".to_owned())),
        None => Verdict::Unknown { why: format!("the answer has no head: {}", parse::excerpt(output)) },
    }
}

fn named(body: &Value, app: &str) -> Option<String> {
    (body["name"] != app).then(|| format!("the answer does not name app '{app}'"))
}

fn state(body: &Value, any_of: &[&str]) -> Option<String> {
    let found = body["state"].as_str().unwrap_or_default();
    (!any_of.contains(&found)).then(|| format!("the state is '{found}', not {}", any_of.join(" or ")))
}

fn annotated(body: &Value, annotations: &[(String, Option<String>)]) -> Option<String> {
    let found = &body["metadata"]["annotations"];
    annotations.iter().find(|(name, value)| found[name].as_str() != value.as_deref()).map(|(name, value)| match value {
        Some(_) => format!("annotation '{name}' is not what was set"),
        None => format!("annotation '{name}' is still there"),
    })
}

fn refusal(expected: &Expectation, dialect: Dialect, output: &Output) -> Verdict {
    let text = failure::text(dialect, output);
    let lines = parse::Lines::of(&text);
    if let Expectation::Unmapped { route, .. } = expected
        && parse::route_not_found(&lines, route)
    {
        // A route that does not exist is mapped to nothing.
        return Verdict::AlreadyDone;
    }
    if failure::is_crash_of_curl(&output.argv, &lines) {
        let words = "the API gave no answer (cf itself crashes on that)".to_owned();
        return Verdict::Refused(Refusal { reason: Reason::Connection, words });
    }
    if let Some((reason, words)) = failure::recognise(&lines) {
        let log = if let (Expectation::Staged { app }, Reason::StagingFailed) = (expected, reason) {
            parse::end_of_staging_log(&parse::Lines::of(&output.stdout), app)
        } else {
            Vec::new()
        };
        return Verdict::Refused(Refusal {
            reason,
            words: std::iter::once(words).chain(log).collect::<Vec<_>>().join("\n"),
        });
    }
    let services = matches!(expected, Expectation::Bound { .. } | Expectation::Unbound { .. });
    // 7.8: `FAILED`, and an empty line in the place of a message.
    let hint = if services && dialect.fails_on_stdout() && lines.iter().next().is_none() {
        " (cf 7 binds services by the platform's v2 API, which may be switched off)"
    } else {
        ""
    };
    Verdict::Unknown { why: format!("{}; cf printed: {}{hint}", output.exit, parse::excerpt(output)) }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
