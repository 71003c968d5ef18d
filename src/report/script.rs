//! Steps as a shell script: the same invocations, stopped at the first that fails.

use std::fmt::Write as _;

use crate::plan::Plan;
use crate::shell::{self, quote};
use crate::steps::action::question::RouterQuestion;
use crate::steps::{Deployment, Step, strategy};

/// What the script needs besides cf: waits are bounded, and the router is asked as `cutover apply` asks it, but once.
const PRELUDE: &str = r#"set -eu

# The route is asked at https://HOST, or at the router's address in CUTOVER_ROUTER with the route's Host header.
ask() { # ask ROUTE CURL_ARGUMENTS...
  route=$1; shift
  host=${route%%/*}; path=${route#"$host"}; path=${path:-/}
  case $host in \*.*) host=cutover-probe${host#\*} ;; esac
  curl -sS -m 10 -o /dev/null -w '%{http_code}' -H "Host: $host" "$@" "${CUTOVER_ROUTER:-https://$host}$path" || echo 000
}
wait_for() { # wait_for SECONDS WHAT COMMAND...
  left=$1; what=$2; shift 2
  until "$@"; do
    left=$((left - 1))
    if [ "$left" -le 0 ]; then echo "not confirmed: $what" >&2; exit 1; fi
    sleep 1
  done
}
status() { # status ROUTE CODE...
  answer=$(ask "$1"); shift
  for code in "$@"; do if [ "$answer" = "$code" ]; then return 0; fi; done
  return 1
}
# gorouter answers 400 where the instance is not in the route's pool.
reached() { answer=$(ask "$2" -H "X-Cf-App-Instance: $(cf app "$1" --guid):0"); [ "$answer" != 400 ] && [ "$answer" != 502 ] && [ "$answer" != 000 ]; }
gone() { answer=$(ask "$2" -H "X-Cf-App-Instance: $(cf app "$1" --guid):0"); [ "$answer" = 400 ]; }
"#;

/// The script. It compiles nothing by itself: it fits the space as it was when it was written.
pub(crate) fn script(plan: &Plan, deployment: &Deployment<'_>) -> String {
    let mut out = String::from("#!/bin/sh\n");
    let _ = writeln!(out, "# {}: what `cutover apply` would run now.", plan.file.display());
    let _ = writeln!(out, "# It does not look at the space again, does not roll back, and cannot be resumed.");
    out.push_str(PRELUDE);
    for part in &deployment.apps {
        let mut under = None;
        for step in &part.steps {
            let title = strategy::of(&part.app).title(step.phase);
            if under != Some(title) {
                let numbers = if title.numbers.is_empty() { String::new() } else { format!("{} ", title.numbers) };
                let _ = write!(out, "\n# {}: {numbers}{}\n", part.app.name, title.text);
                under = Some(title);
            }
            write_step(&mut out, step);
        }
    }
    out
}

fn write_step(out: &mut String, step: &Step) {
    let within = step.limits.within;
    let line = step.facts().script(within).or_else(|| Some(step.invocation()?.shell_of_script()));
    if let Some(line) = line {
        let _ = writeln!(out, "{line}");
    }
    let within = shell::seconds(within);
    match step.facts().router_question() {
        Some(RouterQuestion::Reached { app, url }) => {
            let (app, url) = (quote(app.as_str()), quote(&url.to_string()));
            let _ = writeln!(out, "wait_for {within} {url} reached {app} {url}");
        }
        Some(RouterQuestion::Gone { app, url }) => {
            let (app, url) = (quote(app.as_str()), quote(&url.to_string()));
            let _ = writeln!(out, "wait_for {within} {url} gone {app} {url}");
        }
        None => {}
    }
}
