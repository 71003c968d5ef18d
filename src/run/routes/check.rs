//! The plan's checks of the new version at the staging route.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::Arc;
use std::time::Duration;

use guard::Guard;
use rustix::process::Signal;

use crate::plan::{Check, CommandCheck, CommandLine, HttpCheck, RouteUrl, format_duration};
use crate::run::waiting::clock::{Clock, Stop};
use crate::scratch;

use super::http::{self, Answer, Client};

/// How often a command that runs is looked at.
const TICK: Duration = Duration::from_millis(50);
/// How long a request has at the least, also where the time of the check is nearly over.
const LEAST: Duration = Duration::from_secs(1);
/// How much of a failed command's output is told, in bytes.
const TOLD: u64 = 4000;

/// How many lines of the body of a wrong answer are told, and how many characters of each.
const LINES: usize = 5;
const WIDTH: usize = 200;

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has passed; with a note for the reader.
    Passed(String),
    /// It has not: why.
    Failed(String),
    /// The run is to stop, and did before it was known.
    Interrupted(Stop),
}

/// What runs checks.
pub trait Checks: Sync {
    /// Runs one check of the app at its staging route.
    fn run(&self, check: &Check, app: &str, staging: &RouteUrl, clock: &dyn Clock) -> Outcome;
}

/// Runs checks as they are meant.
#[derive(Debug)]
pub struct Checker<'a> {
    /// The client for routes.
    pub client: &'a Client,
    /// What knows of a command as long as it runs.
    pub guard: &'a Arc<Guard>,
}

impl Checks for Checker<'_> {
    fn run(&self, check: &Check, app: &str, staging: &RouteUrl, clock: &dyn Clock) -> Outcome {
        match check {
            Check::Http(http) => ask(http, staging, self.client, clock),
            Check::Command(command) => execute(command, app, &http::url(staging, ""), clock, self.guard)
                .unwrap_or_else(|error| Outcome::Failed(format!("the command could not be run: {error}"))),
        }
    }
}

fn ask(check: &HttpCheck, staging: &RouteUrl, client: &Client, clock: &dyn Clock) -> Outcome {
    let until = clock.now() + check.within;
    let url = http::url(staging, &check.path);
    let (mut tries, mut in_a_row) = (0, 0);
    loop {
        let asked = clock.now();
        let (to, route, path, left) =
            (client.clone(), staging.clone(), check.path.clone(), until.duration_since(asked));
        let answer = match http::unless_stopped(clock, move || to.get(&route, &path, left.max(LEAST))) {
            Ok(answer) => answer,
            Err(stop) => return Outcome::Interrupted(stop),
        };
        let took = clock.now().duration_since(asked);
        tries += 1;
        let fault = fault(check, &answer);
        in_a_row = if fault.is_none() { in_a_row + 1 } else { 0 };
        if in_a_row >= check.successes {
            return Outcome::Passed(match answer {
                Ok(answer) => format!("{url}: HTTP {}, {in_a_row} in a row", answer.status),
                Err(_) => url,
            });
        }
        if clock.now() >= until {
            let why =
                fault.unwrap_or_else(|| format!("only {in_a_row} of {} answers in a row are right", check.successes));
            let body = answer.map(|answer| beginning(&answer.body)).unwrap_or_default();
            return Outcome::Failed(format!(
                "GET {url}: {why}\nthe last of {tries} requests within {} took {}{body}",
                format_duration(check.within),
                told(took)
            ));
        }
        if let Err(stop) = clock.pause(check.interval) {
            return Outcome::Interrupted(stop);
        }
    }
}

fn told(took: Duration) -> String {
    if took < Duration::from_secs(1) {
        format!("{} ms", took.as_millis())
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}

/// What is wrong with an answer, or that there is none.
fn fault(check: &HttpCheck, answer: &Result<Answer, String>) -> Option<String> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(why) => return Some(format!("no answer: {why}")),
    };
    if !check.status.contains(&answer.status) {
        let of_router =
            answer.router_error.as_ref().map(|error| format!(" from the router ({error})")).unwrap_or_default();
        let wanted = check.status.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        return Some(format!("HTTP {}{of_router}, and {wanted} is wanted", answer.status));
    }
    let pattern = check.body.as_ref().filter(|pattern| !pattern.is_match(&answer.body))?;
    Some(format!("HTTP {}, but the body does not match /{}/", answer.status, pattern.as_str()))
}

/// The first lines of a body, each on a line of its own behind a mark.
fn beginning(body: &str) -> String {
    let mut lines = body.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let shown: Vec<String> = lines.by_ref().take(LINES).map(shortened).collect();
    if shown.is_empty() {
        return "; its body is empty".to_owned();
    }
    let more = if lines.next().is_some() { "\n  | …" } else { "" };
    format!("; its body begins:\n  | {}{more}", shown.join("\n  | "))
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(WIDTH) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

/// Runs the command with its output in a file: a pipe that a grandchild keeps open would block the wait. What it leaves
/// behind in its process group ends with it.
fn execute(check: &CommandCheck, app: &str, url: &str, clock: &dyn Clock, guard: &Arc<Guard>) -> io::Result<Outcome> {
    let argv = match &check.run {
        CommandLine::Shell(line) => vec!["/bin/sh".to_owned(), "-c".to_owned(), line.clone()],
        CommandLine::Argv(argv) => argv.clone(),
    };
    let mut output = scratch::file()?;
    let (stdout, stderr) = (output.try_clone()?, output.try_clone()?);
    let folder = if check.folder.as_os_str().is_empty() { ".".as_ref() } else { check.folder.as_path() };
    let group = guard.spawn(&argv, |command| {
        command.current_dir(folder).env("CUTOVER_STAGING_URL", url).env("CUTOVER_APP", app);
        command.stdout(stdout).stderr(stderr);
    })?;
    let until = clock.now() + check.within;
    let mut in_time = true;
    while in_time && !group.has_ended() {
        in_time = clock.now() < until && clock.pause(TICK).is_ok();
    }
    if !in_time {
        group.signal(Signal::KILL);
        group.wait()?;
        return Ok(match clock.stop() {
            Some(stop) => Outcome::Interrupted(stop),
            None => Outcome::Failed(format!("the command did not end within {}", format_duration(check.within))),
        });
    }
    let status = group.wait()?;
    if status.success() {
        return Ok(Outcome::Passed(format!("the command ended with {status}")));
    }
    let mut last = Vec::new();
    let length = output.metadata()?.len();
    output.seek(SeekFrom::Start(length.saturating_sub(TOLD)))?;
    output.take(TOLD).read_to_end(&mut last)?;
    Ok(Outcome::Failed(format!("the command ended with {status}\n{}", String::from_utf8_lossy(&last).trim_end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: &str) -> HttpCheck {
        let text = format!(
            "version: 1\ntarget: {{api: https://api.example.com, org: acme, space: production}}\napps:\n  - name: shop\n    path: app\n    \
             manifest: manifest.yml\n    routes: {{live: [shop.example.com], staging: shop-staging.example.com}}\n    checks:\n      - \
             http: {{{keys}}}\n"
        );
        match &crate::example::plan(&text).apps[0].checks[0] {
            Check::Http(http) => http.clone(),
            Check::Command(_) => panic!("a command"),
        }
    }

    #[test]
    fn what_is_wrong_with_an_answer() {
        let answer = |status, router_error: Option<&str>, body: &str| {
            Ok(Answer { status, router_error: router_error.map(ToOwned::to_owned), body: body.to_owned() })
        };
        let (plain, several) = (check("path: /health"), check("status: [200, 204], body: ^ok"));
        let cases = [
            (&plain, answer(200, None, ""), None),
            (&plain, answer(500, None, ""), Some("HTTP 500, and 200 is wanted")),
            (
                &several,
                answer(502, Some("endpoint_failure (EOF)"), ""),
                Some("HTTP 502 from the router (endpoint_failure (EOF)), and 200 or 204 is wanted"),
            ),
            (&several, answer(204, None, "no"), Some("HTTP 204, but the body does not match /^ok/")),
            (&plain, Err("connection refused".to_owned()), Some("no answer: connection refused")),
        ];
        for (check, answer, expected) in cases {
            assert_eq!(fault(check, &answer).as_deref(), expected);
        }
    }

    #[test]
    fn how_long_a_request_took() {
        assert_eq!(told(Duration::from_micros(3400)), "3 ms");
        assert_eq!(told(Duration::from_millis(1250)), "1.2 s");
    }

    #[test]
    fn the_first_lines_of_a_body() {
        assert_eq!(beginning(" \n\n"), "; its body is empty");
        assert_eq!(beginning("{\"error\":\"no db\"}\n"), "; its body begins:\n  | {\"error\":\"no db\"}");
        assert_eq!(beginning("1\r\n2\n\n3\n4\n5\n6\n"), "; its body begins:\n  | 1\n  | 2\n  | 3\n  | 4\n  | 5\n  | …");
        let long = beginning(&"é".repeat(WIDTH + 1));
        assert!(long.ends_with("é…") && long.chars().count() < WIDTH + 40, "{long}");
    }
}
