//! The lines that confirm a verb, each function quoting what it matches. Every one wants the line that names the object
//! *and* the line that says that it is done, in that order.

use std::sync::LazyLock;

use regex::Regex;
use thiserror::Error;

use super::super::invocation::RouteParts;
use super::lines::Lines;
use crate::plan::Protocol;

/// What cf said, in good order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// It was done.
    Done,
    /// It was so already.
    AlreadyDone,
}

/// What the output lacks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no line says {0:?}")]
pub(crate) struct Missing(String);

type Found = Result<Said, Missing>;

fn missing(line: impl Into<String>) -> Missing {
    Missing(line.into())
}

/// Wants a line that begins with `heading`, followed anywhere by one that satisfies `done`.
fn heading_then(out: &Lines, heading: &str, done: &[(&str, Said)]) -> Found {
    let rest = out.after(|line| line.starts_with(heading)).ok_or_else(|| missing(heading))?;
    for line in rest {
        if let Some((_, said)) = done.iter().find(|(text, _)| line == text) {
            return Ok(*said);
        }
    }
    Err(missing(done.first().map_or("OK", |(text, _)| text)))
}

/// The value of a key row: `requested state:   started`.
fn value<'a>(lines: &'a [String], key: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix(':').map(str::trim))
}

fn wants(lines: &[String], key: &str, expected: &str) -> Result<(), Missing> {
    if value(lines, key) == Some(expected) { Ok(()) } else { Err(missing(format!("{key}: {expected}"))) }
}

/// `Pushing app APP to org ORG / space SPACE as USER...`, and the summary at the end: `name:   APP`, `requested state:
/// stopped`. There is no `OK` in a push.
pub(crate) fn pushed(out: &Lines, app: &str) -> Found {
    let heading = format!("Pushing app {app} to org ");
    let rest = out.after(|line| line.starts_with(&heading)).ok_or_else(|| missing(heading.as_str()))?;
    wants(rest, "name", app)?;
    wants(rest, "requested state", "stopped")?;
    Ok(Said::Done)
}

/// `Applying manifest PATH in org ORG / space SPACE as USER...`, what is different, with `- name: APP`, and `OK` at the end.
/// Where the name is one that YAML quotes, or the platform tells no difference, nothing names the app.
pub(crate) fn manifest_applied(out: &Lines, app: &str) -> Found {
    let heading = "Applying manifest ";
    let rest = out.after(|line| line.starts_with(heading)).ok_or_else(|| missing(heading))?;
    let named = format!("- name: {app}");
    if !rest.iter().any(|line| line.trim() == named) {
        return Err(missing(named));
    }
    let last = rest.iter().rfind(|line| !line.is_empty());
    if last.is_some_and(|line| line == "OK") { Ok(Said::Done) } else { Err(missing("OK")) }
}

/// `Staging package for APP in org ORG / space SPACE as USER...`, the staging log, `Package staged`, `droplet guid:
/// GUID`, `state:   staged`.
pub(crate) fn staged(out: &Lines, app: &str) -> Found {
    let heading = format!("Staging package for {app} in org ");
    let rest = out.after(|line| line.starts_with(&heading)).ok_or_else(|| missing(heading.as_str()))?;
    let at = rest.iter().rposition(|line| line == "Package staged").ok_or_else(|| missing("Package staged"))?;
    let rest = rest.get(at..).unwrap_or_default();
    if value(rest, "droplet guid").is_none_or(str::is_empty) {
        return Err(missing("droplet guid:"));
    }
    wants(rest, "state", "staged")?;
    Ok(Said::Done)
}

/// The last lines that the stager itself wrote, before a staging that has failed: the platform's error says no more than
/// `StagingError - Staging error: staging failed`, and why (an image that cannot be read, a compiler's words) stands in
/// the log alone. What the cell writes of its container, and exit statuses, are no reasons.
pub(crate) fn end_of_staging_log(out: &Lines, app: &str) -> Vec<String> {
    const SHOWN: usize = 5;
    let heading = format!("Staging package for {app} in org ");
    let of_cell = |line: &&String| {
        ["Cell ", "Exit status ", "FAILED", "OK"].iter().any(|word| line.trim_start().starts_with(word))
    };
    let Some(log) = out.after(|line| line.starts_with(&heading)) else { return Vec::new() };
    let mut told: Vec<String> = log
        .iter()
        .rev()
        .filter(|line| !line.trim().is_empty() && !of_cell(line))
        .take(SHOWN)
        .map(|line| line.trim().to_owned())
        .collect();
    told.reverse();
    told
}

/// `Stopping app APP in org ORG / space SPACE as USER...`, `OK`; or `App APP is already stopped.`, `OK`.
pub(crate) fn stopped(out: &Lines, app: &str) -> Found {
    let already = format!("App {app} is already stopped.");
    if out.any(|line| line == already) {
        return heading_then(out, &already, &[("OK", Said::AlreadyDone)]);
    }
    heading_then(out, &format!("Stopping app {app} in org "), &[("OK", Said::Done)])
}

/// The route and what follows it in a line such as `Mapping route URL to app APP in org ORG / space SPACE as USER...`.
fn parse_route_of_app(line: &str) -> Option<(&str, &str, &str)> {
    static LINE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^(Mapping|Removing) route (\S+) (?:to|from) app (.+\.\.\.)$").ok());
    let found = LINE.as_ref()?.captures(line)?;
    Some((found.get(1)?.as_str(), found.get(2)?.as_str(), found.get(3)?.as_str()))
}

fn route_line(line: &str, verb: &str, app: &str, url: &str) -> bool {
    let tail = |rest: &str| rest.strip_prefix(app).is_some_and(|rest| rest.starts_with(" in org "));
    // Hosts and domains do not tell capitals apart; the platform prints them as it stored them.
    parse_route_of_app(line)
        .is_some_and(|(found, route, rest)| found == verb && route.eq_ignore_ascii_case(url) && tail(rest))
}

/// `Mapping route URL to app APP in org ORG / space SPACE as USER...`, `OK`; between them, where it was so already,
/// `App 'APP' is already mapped to route 'URL'. Nothing has been updated.` (7.x ends at the route). A run that creates
/// the route prints `Creating route URL …` and an `OK` of its own before. With `--app-protocol` the app's name is followed by `with
/// protocol PROTOCOL`.
pub(crate) fn mapped(out: &Lines, app: &str, url: &str, protocol: Protocol) -> Found {
    let how = if protocol.is_usual() { String::new() } else { format!(" with protocol {}", protocol.as_str()) };
    let named = format!("{app}{how}");
    let rest = out
        .after(|line| route_line(line, "Mapping", &named, url))
        .ok_or_else(|| missing(format!("Mapping route {url} to app {named} in org …")))?;
    let at = rest.iter().position(|line| line == "OK").ok_or_else(|| missing("OK"))?;
    let already = format!("App '{app}' is already mapped to route '");
    let said = rest.iter().take(at).any(|line| line.starts_with(&already));
    Ok(if said { Said::AlreadyDone } else { Said::Done })
}

/// `Removing route URL from app APP in org ORG / space SPACE as USER...`, `OK`; between them, where it was not mapped,
/// `Route to be unmapped is not currently mapped to the application.`
pub(crate) fn unmapped(out: &Lines, app: &str, url: &str) -> Found {
    let rest = out
        .after(|line| route_line(line, "Removing", app, url))
        .ok_or_else(|| missing(format!("Removing route {url} from app {app} in org …")))?;
    let at = rest.iter().position(|line| line == "OK").ok_or_else(|| missing("OK"))?;
    let already = "Route to be unmapped is not currently mapped to the application.";
    Ok(if rest.iter().take(at).any(|line| line == already) { Said::AlreadyDone } else { Said::Done })
}

/// `Route with host 'H', domain 'D', and path 'P' not found.`, where P is `/` without a path. 7.x names only what there
/// is: `Route with host 'H' and domain 'D' not found.`, `Route with domain 'D' and path 'P' not found.`, `Route with
/// domain 'D' not found.`
pub(crate) fn route_not_found(err: &Lines, route: &RouteParts) -> bool {
    let host = route.host.as_deref().unwrap_or_default();
    let path = format!("/{}", route.path.as_deref().unwrap_or_default().trim_start_matches('/'));
    let domain = &route.domain;
    let older = match (host, path.as_str()) {
        ("", "/") => format!("Route with domain '{domain}' not found."),
        ("", _) => format!("Route with domain '{domain}' and path '{path}' not found."),
        (_, "/") => format!("Route with host '{host}' and domain '{domain}' not found."),
        (_, _) => String::new(),
    };
    let newer = format!("Route with host '{host}', domain '{domain}', and path '{path}' not found.");
    err.any(|line| line.eq_ignore_ascii_case(&newer) || line.eq_ignore_ascii_case(&older))
}

/// `Creating route URL for org ORG / space SPACE as USER...`, `Route URL has been created.`, `OK`; where the route
/// exists, on standard error the platform's `Route already exists …`. It may exist in another space: only the space can
/// tell.
pub(crate) fn route_created(out: &Lines, err: &Lines, url: &str) -> Found {
    let heading = format!("Creating route {url} for org ");
    let rest = out
        .after(|line| line.get(..heading.len()).is_some_and(|start| start.eq_ignore_ascii_case(&heading)))
        .ok_or_else(|| missing(heading.as_str()))?;
    if !rest.iter().any(|line| line == "OK") {
        return Err(missing("OK"));
    }
    let created = format!("Route {url} has been created.");
    if rest.iter().any(|line| line.eq_ignore_ascii_case(&created)) {
        Ok(Said::Done)
    } else if err.any(|line| line.contains("Route already exists")) {
        Ok(Said::AlreadyDone)
    } else {
        Err(missing(created))
    }
}

/// `Deleting app APP in org ORG / space SPACE as USER...`, `OK`; where it was gone, on standard error `App 'APP' does
/// not exist.`
pub(crate) fn deleted(out: &Lines, err: &Lines, app: &str) -> Found {
    let done = heading_then(out, &format!("Deleting app {app} in org "), &[("OK", Said::Done)])?;
    let gone = format!("App '{app}' does not exist.");
    Ok(if err.any(|line| line == gone) { Said::AlreadyDone } else { done })
}

/// `Binding service instance SERVICE to app APP in org ORG / space SPACE as USER...` (7.x: `Binding service SERVICE to
/// app APP …`), `OK`, and `TIP: Use 'cf restage APP' to ensure your env variable changes take effect`. Where it was so
/// already, no TIP but `App APP is already bound to service instance SERVICE.` (7.x: `… already bound to SERVICE.`, on
/// standard error). `Binding in progress.` with an `OK` before it is no confirmation.
pub(crate) fn bound(out: &Lines, err: &Lines, app: &str, service: &str) -> Found {
    let heading = format!("Binding service instance {service} to app {app} in org ");
    let older = format!("Binding service {service} to app {app} in org ");
    let rest = out
        .after(|line| line.starts_with(&heading) || line.starts_with(&older))
        .ok_or_else(|| missing(heading.as_str()))?;
    finished(rest, "Binding in progress.")?;
    let already = format!("App {app} is already bound to service instance {service}.");
    let older = format!("App {app} is already bound to {service}.");
    if rest.contains(&already) || err.any(|line| line == older) {
        return Ok(Said::AlreadyDone);
    }
    // The `OK` of a binding that is still in progress looks the same up to here.
    let tip = "TIP: Use '";
    if rest.iter().any(|line| line.starts_with(tip)) { Ok(Said::Done) } else { Err(missing(tip)) }
}

/// `Unbinding app APP from service SERVICE in org ORG / space SPACE as USER...` and `OK`; where it was not bound, `Binding
/// between SERVICE and APP did not exist` before that (8.18: `does not exist`, and `Deleting service binding GUID...` and `OK`
/// for each that there was). `Unbinding in progress.` behind an `OK` is no confirmation. 7.x reads as 8.17.
pub(crate) fn unbound(out: &Lines, err: &Lines, app: &str, service: &str) -> Found {
    let heading = format!("Unbinding app {app} from service {service} in org ");
    let rest = out.after(|line| line.starts_with(&heading)).ok_or_else(|| missing(heading.as_str()))?;
    finished(rest, "Unbinding in progress.")?;
    let gone = ["did", "does"].map(|tense| format!("Binding between {service} and {app} {tense} not exist"));
    let says_so = |line: &str| gone.iter().any(|gone| gone == line);
    let was_gone = rest.iter().any(|line| says_so(line)) || err.any(says_so);
    Ok(if was_gone { Said::AlreadyDone } else { Said::Done })
}

fn finished(rest: &[String], in_progress: &str) -> Result<(), Missing> {
    if rest.iter().any(|line| line.starts_with(in_progress)) {
        return Err(missing(format!("that it is finished, only \"{in_progress}\"")));
    }
    if rest.iter().any(|line| line == "OK") { Ok(()) } else { Err(missing("OK")) }
}

/// `Scaling app APP in org ORG / space SPACE as USER...`, and the summary at the end: `Showing current scale of app APP
/// in org …`, `name:   APP`, `type:   web`, `instances:   1/N`. Of a stopped app, N may be 0 there, since it is counted
/// in the statistics of instances.
pub(crate) fn scaled(out: &Lines, app: &str, instances: u32) -> Found {
    let heading = format!("Scaling app {app} in org ");
    out.after(|line| line.starts_with(&heading)).ok_or_else(|| missing(heading.as_str()))?;
    let summary = format!("Showing current scale of app {app} in org ");
    let rest = out.after(|line| line.starts_with(&summary)).ok_or_else(|| missing(summary.as_str()))?;
    wants(rest, "name", app)?;
    let is_web = |line: &String| line.split_whitespace().eq(["type:", "web"]);
    let web = rest.iter().position(is_web).ok_or_else(|| missing("type: web"))?;
    let shown = value(rest.get(web..).unwrap_or_default(), "instances").and_then(|shown| shown.split_once('/'));
    let wanted = instances.to_string();
    match (shown, value(rest, "requested state")) {
        (Some(_), Some("stopped")) => Ok(Said::Done),
        (Some((_, of)), Some("started")) if of == wanted => Ok(Said::Done),
        _ => Err(missing(format!("instances: …/{wanted}"))),
    }
}

/// `Creating task for app APP in org ORG / space SPACE as USER...`, `Task has been submitted successfully for execution.`, `OK`,
/// and `task name:   NAME`, `task id:     1`. Whether it succeeds is another matter.
pub(crate) fn task_submitted(out: &Lines, app: &str, task: &str) -> Found {
    let heading = format!("Creating task for app {app} in org ");
    let rest = out.after(|line| line.starts_with(&heading)).ok_or_else(|| missing(heading.as_str()))?;
    let at = rest.iter().position(|line| line == "OK").ok_or_else(|| missing("OK"))?;
    let rest = rest.get(at..).unwrap_or_default();
    wants(rest, "task name", task)?;
    let has_id = value(rest, "task id").is_some_and(|id| id.parse::<u64>().is_ok());
    if has_id { Ok(Said::Done) } else { Err(missing("task id:")) }
}

/// `Terminating task 1 of app APP in org ORG / space SPACE as USER...`, `OK`.
pub(crate) fn task_terminated(out: &Lines, app: &str, id: u64) -> Found {
    heading_then(out, &format!("Terminating task {id} of app {app} in org "), &[("OK", Said::Done)])
}
