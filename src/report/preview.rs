//! Steps before they run.

use std::fmt::Write as _;

use console::style;
use serde_json::{Value, json};

use crate::plan::{self, Plan};
use crate::proof::Proof;
use crate::space::{AppState, Space};
use crate::steps::situation::Situation;
use crate::steps::{Heading, Step};

/// What will be done to one app, and what is there now.
#[derive(Debug)]
pub struct AppPreview<'a> {
    /// The app, as the plan has it.
    pub app: &'a plan::App,
    /// Where its colours stand.
    pub situation: Situation,
    /// What will be done, in order.
    pub steps: Vec<Step>,
}

/// The preview as text. Each cf invocation stands on a line of its own and can be copied into a shell.
pub fn text(plan: &Plan, space: &Space, apps: &[AppPreview<'_>]) -> String {
    let mut out = String::new();
    let target = format!("{} / {} / {}, cf {}", plan.target.api, space.org.name, space.space.name, space.cf);
    let _ = writeln!(out, "{}", style(target).dim());
    for app in apps {
        let _ = writeln!(out, "\n{}", style(headline(app, space)).bold());
        let mut heading = None;
        for step in &app.steps {
            if heading != Some(step.heading) {
                let begins = heading.is_none_or(|before| before < Heading::Live);
                if begins && step.heading > Heading::Live && step.heading != Heading::FallBack {
                    write_live_heading(&mut out, app, space);
                }
                let _ = writeln!(out, "\n{}", title(step.heading));
                heading = Some(step.heading);
            }
            write_step(&mut out, step);
        }
        if app.steps.is_empty() {
            let _ = writeln!(out, "\n   nothing to do");
        }
    }
    out
}

/// The guide's first step: there is nothing to do for it, it is where a deployment begins.
pub fn live_heading(app: &AppPreview<'_>) -> String {
    let told = match app.situation.live() {
        Some(live) => format!("{live} serves {}", routes(&app.app.live)),
        None => format!("nothing serves {} yet: this is the first deployment", routes(&app.app.live)),
    };
    format!("{}\n   {told}", title(Heading::Live))
}

fn write_live_heading(out: &mut String, app: &AppPreview<'_>, space: &Space) {
    let _ = writeln!(out, "\n{}", live_heading(app));
    for url in app.situation.live().map(|live| space.routes_of(live.as_str())).unwrap_or_default() {
        if !app.app.live.iter().any(|known| known.to_string() == url) && app.app.staging.to_string() != url {
            let note = format!("note: {url} leads to it, too, and is not in the plan: it stays where it is");
            let _ = writeln!(out, "   {}", style(note).yellow());
        }
    }
}

fn title(heading: Heading) -> String {
    let number = heading.number().map_or_else(|| " ".to_owned(), |number| number.to_string());
    style(format!("{number}  {heading}")).bold().to_string()
}

fn write_step(out: &mut String, step: &Step) {
    let _ = writeln!(out, "   {} {}", style("•").dim(), step.action.purpose());
    if let Some(invocation) = &step.invocation {
        let _ = writeln!(out, "     {}", style(invocation.shell()).cyan());
    }
    let confirmed = format!("confirmed by {}", step.action.confirmations().join("; "));
    let _ = writeln!(out, "     {}", style(confirmed).dim());
}

/// One line on where an app stands.
pub fn headline(app: &AppPreview<'_>, space: &Space) -> String {
    let name = &app.app.name;
    let state = |colour: &plan::AppName| match space.app(colour.as_str()) {
        None => "not there".to_owned(),
        Some(app) if app.state == AppState::Stopped => "stopped".to_owned(),
        Some(app) => format!("{} of {} instances run", app.running(), app.web().map_or(0, |web| web.instances)),
    };
    match &app.situation {
        Situation::First { next } => format!("{name}: no version is live, {next} is next ({})", state(next)),
        Situation::Settled { live, next } => {
            format!("{name}: {live} is live ({}), {next} is next ({})", state(live), state(next))
        }
        Situation::Half { live, next } => format!(
            "{name}: an earlier deployment was interrupted: {live} was live ({}), {next} was being deployed ({})",
            state(live),
            state(next)
        ),
    }
}

fn routes(urls: &[plan::RouteUrl]) -> String {
    urls.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// One line on what was proved.
pub fn proof_line(proof: &Proof) -> String {
    format!(
        "\n{}\n",
        style(format!(
            "proved: {} cases of what can go wrong; in each the live routes are served, and it can be finished or taken back",
            proof.cases
        ))
        .green()
    )
}

/// The preview as one JSON object, as the contract of the command line has it.
pub fn json(plan: &Plan, space: &Space, apps: &[AppPreview<'_>]) -> Value {
    let app = |app: &AppPreview<'_>| {
        json!({
            "name": app.app.name.as_str(),
            "strategy": "blue-green",
            "live": app.situation.live().map(plan::AppName::as_str),
            "next": app.situation.next().as_str(),
        })
    };
    let step = |step: &Step| {
        json!({
            "id": step.id,
            "app": step.app.as_str(),
            "heading": step.heading.number(),
            "action": step.action.kind(),
            "argv": step.invocation.as_ref().map_or_else(Vec::new, crate::cf::invocation::Invocation::argv),
            "after": step.after,
            "confirm": step.action.confirmations(),
            "undo": step.undo.as_ref().map(crate::cf::invocation::Invocation::argv),
        })
    };
    json!({
        "version": 1,
        "target": { "api": plan.target.api.to_string(), "org": space.org.name, "space": space.space.name },
        "cf": { "version": space.cf },
        "apps": apps.iter().map(app).collect::<Vec<_>>(),
        "steps": apps.iter().flat_map(|app| &app.steps).map(step).collect::<Vec<_>>(),
    })
}
