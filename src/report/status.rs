//! Where an app stands: which colour is live, what runs, what was deployed.

use std::fmt::Write as _;

use console::style;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::plan::{self, Plan};
use crate::space::{App, AppState, Space};
use crate::steps::annotations::{self, Role};
use crate::steps::refusal::Refusal;
use crate::steps::situation::Situation;

/// The status of all apps of a plan, as text.
pub fn text(plan: &Plan, space: &Space, now: Timestamp) -> String {
    let mut out = String::new();
    let target = format!("{} / {} / {}, cf {}", space.api, space.org.name, space.space.name, space.cf);
    let _ = writeln!(out, "{}", style(target).dim());
    for app in &plan.apps {
        let situation = Situation::of(app, space);
        let _ = writeln!(out, "\n{}", style(&app.name).bold());
        for url in &app.live {
            let holders = space.holders(url);
            let told = if holders.is_empty() { "nothing".to_owned() } else { holders.join(", ") };
            let _ = writeln!(out, "   live     {url} → {told}");
        }
        let holders = space.holders(&app.staging);
        let told = if holders.is_empty() { "nothing".to_owned() } else { holders.join(", ") };
        let _ = writeln!(out, "   staging  {} → {told}", app.staging);
        if let Some(lock) = space.lock(app.name.as_str()) {
            let _ = writeln!(out, "   {}", style(lock.story(now)).yellow());
        }
        for colour in &app.colours {
            write_colour(&mut out, colour, space, situation.as_ref().ok());
        }
        let _ = writeln!(out, "   {}", verdict(app, space, &situation));
    }
    out
}

fn write_colour(out: &mut String, colour: &plan::AppName, space: &Space, situation: Option<&Situation>) {
    let Some(app) = space.app(colour.as_str()) else {
        let _ = writeln!(out, "   {} {colour}: not there", style("·").dim());
        return;
    };
    let is_live = situation.and_then(Situation::live) == Some(colour);
    let mark = if is_live { style("●").green() } else { style("○").dim() };
    let state = match app.state {
        AppState::Started => {
            format!("started, {} of {} instances run", app.running(), app.web().map_or(0, |web| web.instances))
        }
        AppState::Stopped => "stopped".to_owned(),
    };
    let role = match Role::of(app) {
        _ if is_live => "live, ".to_owned(),
        // Routes are right where the annotation contradicts them.
        Some(Role::Live) => "live before, ".to_owned(),
        Some(role) => format!("{role}, "),
        None => String::new(),
    };
    let _ = writeln!(out, "   {mark} {colour}: {role}{state}");
    if let Some(deployed) = origin(app) {
        let _ = writeln!(out, "     {}", style(deployed).dim());
    }
}

fn origin(app: &App) -> Option<String> {
    let told = |key| app.annotations.get(key);
    Some(format!(
        "deployment {} at {} by {}",
        told(annotations::DEPLOYMENT)?,
        told(annotations::AT)?,
        told(annotations::BY)?
    ))
}

/// What can be done from here.
fn verdict(app: &plan::App, space: &Space, situation: &Result<Situation, Refusal>) -> String {
    match situation {
        Err(refusal) => style(format!("{refusal}\n   {}", refusal.hint().replace('\n', "\n   "))).red().to_string(),
        Ok(Situation::First { .. }) => "not deployed yet: cutover apply".to_owned(),
        Ok(Situation::Half { next, .. }) => style(format!(
            "the deployment of {next} was interrupted: cutover apply starts it anew, cutover rollback takes it back"
        ))
        .yellow()
        .to_string(),
        Ok(Situation::Settled { live, next }) => {
            let live_runs = space.app(live.as_str()).is_some_and(App::serves);
            match space.app(next.as_str()).and_then(Role::of) {
                _ if !live_runs => style(format!("{live} is live and does not run: cf app {live}")).red().to_string(),
                Some(Role::RollingBack) => style(format!(
                    "{next} is being rolled back, which did not come to its end: cutover resume or cutover rollback finishes it"
                ))
                .yellow()
                .to_string(),
                Some(Role::Next) => {
                    format!(
                        "the deployment of {next} did not come to its end: cutover apply starts it anew, cutover rollback clears it"
                    )
                }
                Some(Role::Live) if space.app(next.as_str()).is_some_and(App::serves) => style(format!(
                    "the deployment of {live} was interrupted after the switch, and {next} still runs: cutover rollback \
                     goes back to it, cutover apply deploys over it"
                ))
                .yellow()
                .to_string(),
                Some(Role::Previous | Role::Live) => format!("cutover rollback goes back to {next}"),
                Some(Role::RolledBack) | None => {
                    format!("a deployment would go to {next}; for {} there is no fallback", app.name)
                }
            }
        }
    }
}

/// The snapshot that `cutover plan --space FILE` reads, with the verdicts beside it.
pub fn json(plan: &Plan, space: &Space) -> serde_json::Result<Value> {
    let app = |app: &plan::App| match Situation::of(app, space) {
        Ok(situation) => json!({
            "name": app.name.as_str(),
            "live": situation.live().map(plan::AppName::as_str),
            "next": situation.next().as_str(),
            "interrupted": matches!(situation, Situation::Half { .. }),
        }),
        Err(refusal) => json!({ "name": app.name.as_str(), "refusal": refusal.to_string(), "hint": refusal.hint() }),
    };
    let mut value = serde_json::to_value(space)?;
    value["status"] = plan.apps.iter().map(app).collect();
    Ok(value)
}
