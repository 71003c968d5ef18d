//! What came of a rehearsal, as a person reads it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use console::style;

use crate::plan::Plan;
use crate::shell;

use super::load::LoadReport;
use super::stage::Stage;

/// The closing table. `names` are the apps by their guids.
pub(crate) fn table(report: &LoadReport, names: &BTreeMap<String, String>) -> String {
    let mut rows: Vec<(String, String)> = vec![("requests sent".to_owned(), report.sent.to_string())];
    rows.push(("requests failed".to_owned(), report.failed.to_string()));
    for (app, count) in &report.by_app {
        let who = match app {
            Some(guid) => format!("given to {}", names.get(guid).unwrap_or(guid)),
            None => "given to no app".to_owned(),
        };
        rows.push((who, count.to_string()));
    }
    if let Some(slowest) = &report.slowest {
        rows.push(("slowest".to_owned(), format!("{} ({})", millis(slowest.took), slowest.kind)));
    }
    let latency = report.latency;
    let percentiles = format!("{} / {} / {}", millis(latency.p50), millis(latency.p95), millis(latency.p99));
    rows.push(("p50 / p95 / p99".to_owned(), percentiles));

    let width = rows.iter().map(|(what, _)| what.chars().count()).max().unwrap_or(0);
    let mut out = String::from("\n");
    for (what, value) in rows {
        let _ = writeln!(out, "   {what:width$}   {}", style(value).bold());
    }
    for group in &report.failures {
        let router = group.router_error.as_ref().map(|error| format!(", router: {error}")).unwrap_or_default();
        let line = format!(
            "   ✗ {} × {} on {}{}: {}{router}",
            group.count, group.kind, group.url.host, group.url.path, group.cause
        );
        let _ = writeln!(out, "{}", style(line).red());
    }
    let verdict = if report.failed == 0 {
        style(format!("0 failed requests of {}", report.sent)).green().bold()
    } else {
        style(format!("{} failed requests of {}", report.failed, report.sent)).red().bold()
    };
    let _ = writeln!(out, "\n   {verdict}");
    out
}

/// How to use a foundry that is left up.
pub(crate) fn how_to_log_in(stage: &Stage, plan: &Plan) -> String {
    let settings = stage.foundry().settings();
    let mut out = String::from("\nThe embedded Cloud Foundry stays up. In another terminal:\n\n");
    let _ = writeln!(out, "   export CF_HOME=$(mktemp -d) CUTOVER_ROUTER={}", stage.router());
    let _ = writeln!(out, "   cf api {}", stage.api());
    let _ = writeln!(
        out,
        "   {}",
        shell::command([
            "cf",
            "login",
            "-u",
            &settings.user,
            "-p",
            &settings.password,
            "-o",
            &settings.org,
            "-s",
            &settings.space
        ])
    );
    // An overlay gives the plan its other target; it may be removed afterwards.
    let overlay = plan.file.with_extension("rehearsal.yaml");
    let target = format!("target: {{api: {}}}", plan.target.api);
    let _ = writeln!(out, "   echo {} > {}", shell::quote(&target), shell::quote(&overlay.to_string_lossy()));
    let file = plan.file.to_string_lossy();
    let _ = writeln!(out, "   {}", shell::command(["cutover", "plan", "-f", &file, "-e", "rehearsal"]));
    if let Some(url) = plan.apps.first().and_then(|app| app.live.first()) {
        let (host, address) = (format!("Host: {}", url.fqdn()), format!("{}{}", stage.router(), url.path()));
        let _ = writeln!(out, "   {}", shell::command(["curl", "-H", &host, &address]));
    }
    out.push('\n');
    out
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
