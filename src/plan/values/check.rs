//! Reads a check.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::mapping::Mapping;
use super::scalars::{any, whole};
use crate::plan::check::{
    Approval, At, Check, CommandCheck, CommandLine, HttpCheck, LocalCheck, Method, Pattern, Status, TaskCheck,
    TaskCommand,
};
use crate::plan::diagnostics::Collector;
use crate::plan::duration::parse_duration;
use crate::plan::manifest::megabytes;
use crate::plan::schema::{COMMAND_CHECK, HTTP, TASK_CHECK};
use crate::plan::value_error::ValueError;
use crate::plan::yaml::{Node, Value};

pub(crate) fn read_check(check: &Mapping<'_>, folder: &Path, collector: &mut Collector<'_>) -> Option<Check> {
    if check.node("http").is_some() {
        read_http(&check.table("http", &HTTP), collector).map(|http| Check::Local(LocalCheck::Http(http)))
    } else if check.node("approval").is_some() {
        let question = check.parse("approval", any)?.value;
        Some(Check::Local(LocalCheck::Approval(Approval { question })))
    } else if check.node("task").is_some() {
        read_task(&check.table_or("task", &TASK_CHECK, "command"), collector).map(Check::Task)
    } else {
        let command = read_command(&check.table_or("command", &COMMAND_CHECK, "run"), folder, collector)?;
        Some(Check::Local(LocalCheck::Command(command)))
    }
}

/// What is wrong with one value has been noted; the check is not there then, and never one that asks for less.
fn read_http(http: &Mapping<'_>, collector: &mut Collector<'_>) -> Option<HttpCheck> {
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
    let method = http.parse("method", Method::parse)?.value;
    for of_body in ["body", "json"].into_iter().filter(|_| method == Method::Head) {
        if let Some(node) = http.node(of_body) {
            let error = ValueError::hinted("an answer to HEAD has no body", "leave it out, or ask by another method");
            collector.node(node, &http.path_of(of_body), error);
        }
    }
    let body = match http.node("body") {
        Some(_) => Some(http.parse("body", Pattern::parse)?.value),
        None => None,
    };
    let latency = match http.node("latency") {
        Some(_) => Some(http.parse("latency", parse_duration)?.value),
        None => None,
    };
    Some(HttpCheck {
        at: read_at(http),
        method,
        path: http.parse("path", any)?.value,
        headers: entries(http, "headers", |value| value.text().map(ToOwned::to_owned))?,
        status: http.parse_list("status", Status::parse).into_iter().map(|at| at.value).collect(),
        response_headers: entries(http, "response_headers", |value| Pattern::parse(value.text()?).ok())?,
        body,
        json: entries(http, "json", |value| Some(value.to_json()))?,
        latency,
        within: within.value,
        successes: successes.value,
        interval: interval.value,
    })
}

fn read_at(check: &Mapping<'_>) -> At {
    At::all(check.parse_list("at", At::parse).into_iter().map(|word| word.value))
}

/// The entries of a mapping with keys of the user's own; `None` where one of them cannot be read.
fn entries<T>(http: &Mapping<'_>, key: &str, read: impl Fn(&Node) -> Option<T>) -> Option<BTreeMap<String, T>> {
    let all = http.node(key).map(Node::entries).unwrap_or_default();
    all.iter().map(|(name, value)| Some((name.text()?.to_owned(), read(value)?))).collect()
}

fn read_command(command: &Mapping<'_>, folder: &Path, collector: &mut Collector<'_>) -> Option<CommandCheck> {
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
    Some(CommandCheck { at: read_at(command), run, folder, within: command.parse("within", parse_duration)?.value })
}

/// A task runs a command of its own or that of a process, and one of them.
fn read_task(task: &Mapping<'_>, collector: &mut Collector<'_>) -> Option<TaskCheck> {
    let (command, process) = (task.parse("command", any), task.parse("process", any));
    let run = match (command, process) {
        (Some(command), None) => TaskCommand::Command(command.value),
        (None, Some(process)) => TaskCommand::Process(process.value),
        (Some(_), Some(process)) => {
            let hint = "leave one of them out: `process` runs the command of that process";
            let error = ValueError::hinted("a task runs a command of its own, or that of a process, not both", hint);
            collector.at(process.place.clone(), &process.path, error);
            return None;
        }
        (None, None) => {
            let is_missing = ["command", "process"].into_iter().all(|key| task.node(key).is_none());
            if is_missing {
                let error =
                    ValueError::hinted("there is nothing to run", "give `command: bin/smoke`, or `process: smoke`");
                collector.node(task.whole(), task.path(), error);
            }
            return None;
        }
    };
    let size = |key| match task.node(key) {
        // An empty one counts as absent, as in a manifest.
        Some(_) => task.parse(key, megabytes).map(|size| size.value),
        None => Some(None),
    };
    Some(TaskCheck {
        run,
        name: task.parse("name", any)?.value,
        memory_mb: size("memory")?,
        disk_mb: size("disk")?,
        within: task.parse("within", parse_duration)?.value,
    })
}
