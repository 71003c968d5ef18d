//! Reads a check.

use std::path::{Path, PathBuf};

use super::mapping::Mapping;
use super::scalars::{any, whole};
use crate::plan::check::{BodyPattern, Check, CommandCheck, CommandLine, HttpCheck};
use crate::plan::diagnostics::Collector;
use crate::plan::duration::parse_duration;
use crate::plan::schema::{COMMAND_CHECK, HTTP};
use crate::plan::value_error::ValueError;
use crate::plan::yaml::Value;

pub(crate) fn read_check(check: &Mapping<'_>, folder: &Path, collector: &mut Collector<'_>) -> Option<Check> {
    if check.node("http").is_some() {
        let http = check.table("http", &HTTP);
        let within = http.parse("within", parse_duration)?;
        let successes = http.parse("successes", whole::<u32>)?;
        let interval = http.parse("interval", parse_duration)?;
        let pauses = interval.value.saturating_mul(successes.value.saturating_sub(1));
        if pauses >= within.value && !within.value.is_zero() {
            collector.at(
                within.place.clone(),
                &within.path,
                ValueError::hinted(
                    format!("{} successes cannot be had within this time", successes.value),
                    "make `within` longer than `interval` times the number of pauses between `successes`",
                ),
            );
        }
        // A body that does not compile has been noted; it must not become a check without one.
        let body = match http.node("body") {
            Some(_) => Some(http.parse("body", BodyPattern::parse)?.value),
            None => None,
        };
        return Some(Check::Http(HttpCheck {
            path: http.parse("path", any)?.value,
            status: http.parse_list("status", whole::<u16>).into_iter().map(|at| at.value).collect(),
            body,
            within: within.value,
            successes: successes.value,
            interval: interval.value,
        }));
    }
    let command = check.table("command", &COMMAND_CHECK);
    let words = command.parse_list("run", any);
    if let Some(program) = words.first().filter(|word| word.value.trim().is_empty()) {
        let error = ValueError::hinted("there is no command to run", "`sh` takes an empty line for a success");
        collector.at(program.place.clone(), &program.path, error);
    }
    let words: Vec<String> = words.into_iter().map(|at| at.value).collect();
    let run = match command.node("run")?.value {
        Value::List(_) => CommandLine::Argv(words),
        Value::Scalar(_) | Value::Map(_) => CommandLine::Shell(words.into_iter().next()?),
    };
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() };
    Some(Check::Command(CommandCheck { run, folder, within: command.parse("within", parse_duration)?.value }))
}
