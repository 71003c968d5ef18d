//! Where an app stands: which colour is live, what runs, what was deployed.

use std::fmt::Write as _;

use console::style;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cf::invocation::{Invocation, RouteParts};
use crate::own_commands::OwnCommands;
use crate::plan::{self, Plan};
use crate::proof::offer::{Offer, offer};
use crate::shell;
use crate::space::lock::{Lock, LockState};
use crate::space::{App, AppState, Space};
use crate::steps::Verb;
use crate::steps::annotations::{self, Identity, Role};
use crate::steps::deployed::has_other_droplet;
use crate::steps::interrupted::{Interrupted, live_origin, to_take_back};
use crate::steps::origins::has_begun;
use crate::steps::refusal::Refusal;
use crate::steps::standing::{Standing, UnderWay};

/// The status of all apps of a plan, as text.
pub(crate) fn text(
    plan: &Plan,
    space: &Space,
    now: Timestamp,
    state: &dyn Fn(&Lock) -> LockState,
    own: &OwnCommands,
) -> String {
    let ways = Ways { plan, space, own };
    let mut out = String::new();
    let target = format!("{} / {} / {}, cf {}", space.api, space.org.name, space.space.name, space.cf);
    let _ = writeln!(out, "{}", style(target).dim());
    for app in &plan.apps {
        let standing = Standing::of(app, space);
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
            let _ = writeln!(out, "   {}", style(lock.story(now, state(lock))).yellow());
        }
        for colour in &app.colours {
            write_colour(&mut out, colour, space, standing.as_ref().ok());
        }
        let at_work = space.lock(app.name.as_str()).map(state).filter(|state| *state != LockState::Dead);
        let told = at_work.map_or_else(|| ways.verdict(app, &standing), |state| ways.while_at_work(app, state));
        let _ = writeln!(out, "   {told}");
    }
    let is_at_work = |app: &plan::App| space.lock(app.name.as_str()).is_some_and(|lock| state(lock) != LockState::Dead);
    let at_work = plan.apps.iter().any(is_at_work);
    if !at_work {
        for told in [not_begun(plan, space, own), not_taken_back(plan, space, own)].into_iter().flatten() {
            let _ = writeln!(out, "\n{}", style(told).yellow());
        }
    }
    out
}

/// A deployment that did not come to all of its apps.
fn not_begun(plan: &Plan, space: &Space, own: &OwnCommands) -> Option<String> {
    let interrupted = Interrupted::of_any_plan(plan, space)?;
    let resume = own.verb("resume");
    let on = if interrupted.plan == plan.digest {
        format!("{resume} deploys what was to follow")
    } else {
        format!("{resume} is refused: that deployment comes from another plan or manifest than this one")
    };
    let Identity { id, by, at } = interrupted.identity;
    Some(format!(
        "deployment {id} at {at} by {by} was interrupted before it came to {}\n   {on}\n   {} takes back what it has deployed",
        listed(&interrupted.to_follow),
        own.verb("rollback")
    ))
}

/// A rollback that did not come to all of its apps; those that it came to tell of themselves.
fn not_taken_back(plan: &Plan, space: &Space, own: &OwnCommands) -> Option<String> {
    let is_left = |app: &&plan::App| {
        UnderWay::of(app, space).is_none()
            && matches!(offer(plan, app, Verb::Rollback, space), Offer::Steps(count) if count > 0)
    };
    let apps: Vec<plan::AppName> =
        to_take_back(plan, space).into_iter().filter(is_left).map(|app| app.name.clone()).collect();
    (!apps.is_empty()).then(|| {
        format!(
            "a rollback was interrupted before it came to {}\n   {} goes on with it\n   {} does the same",
            listed(&apps),
            own.verb("rollback"),
            own.verb("resume")
        )
    })
}

fn listed(apps: &[plan::AppName]) -> String {
    apps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn write_colour(out: &mut String, colour: &plan::AppName, space: &Space, standing: Option<&Standing>) {
    let Some(app) = space.app(colour.as_str()) else {
        let _ = writeln!(out, "   {} {colour}: not there", style("·").dim());
        return;
    };
    let is_live = standing.and_then(Standing::live) == Some(colour);
    let mark = if is_live { style("●").green() } else { style("○").dim() };
    let state = match app.state {
        AppState::Started => {
            format!("started, {} of {} instances run", app.running(), app.web_instances())
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
    if is_live && has_other_droplet(app) {
        let droplet = app.droplet.as_ref().map_or_else(|| "none".to_owned(), |guid| format!("droplet {guid}"));
        let told =
            format!("it has {droplet} now, which is not what that deployment made live: somebody has changed it since");
        let _ = writeln!(out, "     {}", style(told).yellow());
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
struct Ways<'a> {
    plan: &'a Plan,
    space: &'a Space,
    own: &'a OwnCommands,
}

impl Ways<'_> {
    /// What a verb is typed as that is about this app.
    fn command(&self, app: &plan::App, verb: &str) -> String {
        match self.plan.apps.as_slice() {
            [_] => self.own.verb(verb),
            _ => self.own.about(verb, [app.name.as_str()]),
        }
    }

    /// What can be done while a run is at work, or may be.
    fn while_at_work(&self, app: &plan::App, state: LockState) -> String {
        let cutover = |verb: &str| self.command(app, verb);
        match state {
            LockState::AtWork | LockState::Dead => {
                format!("it goes on by itself; to end that run and take it back: {}", cutover("rollback --take-over"))
            }
            LockState::Silent => format!(
                "if that run was killed or hangs, these find it out and go on from here:\n   {}\n   {}",
                cutover("resume"),
                cutover("rollback")
            ),
            LockState::Unreadable => format!("where nobody is at work any more: {}", cutover("lock break")),
        }
    }

    /// What can be done where no run is at work.
    fn verdict(&self, app: &plan::App, standing: &Result<Standing, Refusal>) -> String {
        let Self { space, own, .. } = *self;
        if let (Ok(_), Some(under_way)) = (standing, UnderWay::of(app, space)) {
            return style(self.half_way(app, &under_way)).yellow().to_string();
        }
        if let (Ok(_), Some(lock)) = (standing, space.lock(app.name.as_str()).filter(|lock| !lock.is_an_app)) {
            let identity = Identity { id: lock.deployment.clone(), by: lock.by.clone(), at: lock.at.clone() };
            if !has_begun(app, &identity, space) {
                let apply = self.offer(app, Verb::Apply, "deploys it");
                let [resume, rollback] = ["resume", "rollback"].map(|verb| self.command(app, verb));
                let serves = live_origin(app, space).is_some_and(|own| own.deployment.id == lock.deployment);
                let told = if lock.is_of_rollback() && !serves {
                    format!(
                        "that rollback had nothing to take back here\n   {rollback} clears its lock away\n   {apply}"
                    )
                } else if lock.is_of_rollback() {
                    format!(
                        "that rollback ended before it came to this app\n   {rollback} goes on with it\n   {resume} does the same"
                    )
                } else {
                    format!(
                        "that run ended before it came to this app\n   {resume} does what apply does\n   {rollback} clears its lock away\n   {apply}"
                    )
                };
                return style(told).yellow().to_string();
            }
        }
        match standing {
            Err(refusal) => {
                style(format!("{refusal}\n   {}", refusal.hint(own).replace('\n', "\n   "))).red().to_string()
            }
            Ok(Standing::First { .. }) => {
                let apply = self.offer(app, Verb::Apply, "deploys it");
                let was_live =
                    |colour: &&plan::AppName| space.app(colour.as_str()).and_then(Role::of) == Some(Role::Live);
                match app.colours.iter().find(was_live) {
                    None => format!("not deployed yet; {apply}"),
                    Some(colour) => {
                        let url = &app.live[0];
                        let map = space.address(url).map(|route| cf_map(colour, &route));
                        let map = map.map(|map| format!("\n   {map} puts it back on {url}")).unwrap_or_default();
                        let told = format!("no app is on the live routes; {colour} was live before{map}\n   {apply}");
                        style(told).yellow().to_string()
                    }
                }
            }
            Ok(Standing::Settled { live, next } | Standing::Half { live, next }) => {
                let live_runs = space.app(live.as_str()).is_some_and(App::serves);
                let rollback = || self.offer(app, Verb::Rollback, &format!("goes back to {next}"));
                match space.app(next.as_str()).and_then(Role::of) {
                    role if !live_runs => {
                        let back = match role {
                            Some(Role::Previous | Role::Live) => format!("\n   {}", rollback()),
                            Some(Role::RolledBack | Role::Next | Role::RollingBack) | None => String::new(),
                        };
                        style(format!("{}{back}", not_running(live, space))).red().to_string()
                    }
                    Some(Role::Live) if space.app(next.as_str()).is_some_and(App::serves) => {
                        let apply = self.offer(app, Verb::Apply, "deploys over it");
                        style(format!("{next} was live before {live} and still runs\n   {}\n   {apply}", rollback()))
                            .yellow()
                            .to_string()
                    }
                    Some(Role::Previous | Role::Live) => rollback(),
                    Some(Role::RolledBack | Role::Next | Role::RollingBack) | None => {
                        format!("a deployment would go to {next}; for {} there is no fallback", app.name)
                    }
                }
            }
        }
    }

    /// What a verb would do, or why it would be refused: nothing is offered here that is refused there.
    fn offer(&self, app: &plan::App, verb: Verb, does: &str) -> String {
        self.offer_as(app, verb, verb, does)
    }

    /// As [`Self::offer`], of a verb that does what another one does.
    fn offer_as(&self, app: &plan::App, verb: Verb, acts_as: Verb, does: &str) -> String {
        let Self { plan, space, own } = *self;
        let typed = self.command(app, verb.as_str());
        match offer(plan, app, acts_as, space) {
            Offer::Steps(1) => format!("{typed} {does} (1 step)"),
            Offer::Steps(count) => format!("{typed} {does} ({count} steps)"),
            Offer::Refused(refusal) => {
                let hint = refusal.hint(own).replace('\n', "\n     ");
                format!("{typed} is refused: {refusal}\n     {hint}")
            }
            Offer::Unsafe(counterexample) => {
                format!("{typed} is refused, it would not be safe: {}", counterexample.seen)
            }
        }
    }

    /// Where an interrupted deployment stands, and which ways lead on from there.
    fn half_way(&self, app: &plan::App, under_way: &UnderWay) -> String {
        let space = self.space;
        let colour = &under_way.app;
        let on = app.live.iter().filter(|url| space.is_mapped(colour.as_str(), url)).count();
        let alone = app.live.iter().all(|url| space.holders(url) == [colour.as_str()]);
        let stands = match (under_way.back, on, alone) {
            (true, _, _) => format!("{colour} is being rolled back, and that did not come to its end"),
            (false, 0, _) => {
                format!("the deployment of {colour} did not come to its end; it is not on the live routes")
            }
            (false, _, false) => format!("the deployment of {colour} was interrupted at the switch; it serves, too"),
            (false, _, true) => format!("the deployment of {colour} was interrupted after the switch; it serves alone"),
        };
        let way = |verb: Verb, does: &str| self.offer(app, verb, does);
        // A rollback that was killed before its first change is told by its lock alone.
        let resume = if space.lock(app.name.as_str()).is_some_and(Lock::is_of_rollback) {
            self.offer_as(app, Verb::Resume, Verb::Rollback, "goes on with the rollback that has left its lock")
        } else {
            way(Verb::Resume, if under_way.back { "finishes that" } else { "finishes it" })
        };
        let rollback = way(Verb::Rollback, if under_way.back { "does the same" } else { "takes it back" });
        let apply = way(Verb::Apply, "starts anew");
        // Nothing that is compiled begins by starting what is live and was stopped by hand.
        let stopped = app
            .live
            .iter()
            .flat_map(|url| space.holders(url))
            .find(|holder| alone && space.app(holder).is_some_and(|app| app.state == AppState::Stopped));
        let start = stopped.map(|holder| format!("\n   it is stopped: {} first", cf(&["start", holder])));
        format!("{stands}{}\n   {resume}\n   {rollback}\n   {apply}", start.unwrap_or_default())
    }
}

/// Why a live colour serves nobody, and the command that tells more or mends it.
fn not_running(live: &plan::AppName, space: &Space) -> String {
    let app = space.app(live.as_str());
    if app.is_some_and(|app| app.state == AppState::Stopped) {
        format!("{live} is live and stopped: {}", cf(&["start", live.as_str()]))
    } else if app.is_some_and(|app| app.web().is_some() && app.web_instances() == 0) {
        let scale = cf(&["scale", live.as_str(), "-i", "1"]);
        format!("{live} is live and has 0 web instances: give it as many as it needs, such as {scale}")
    } else {
        let (look, logs) = (cf(&["app", live.as_str()]), cf(&["logs", live.as_str(), "--recent"]));
        format!("{live} is live and does not run: {look}; {logs}")
    }
}

/// What puts an app on a route.
fn cf_map(app: &plan::AppName, route: &RouteParts) -> String {
    Invocation::map_route(app.as_str(), route).shell()
}

/// A command of cf's, as a shell reads it.
fn cf(words: &[&str]) -> String {
    shell::command(["cf"].iter().chain(words))
}

/// The snapshot that `cutover plan --space FILE` reads, with the verdicts beside it.
pub(crate) fn json(plan: &Plan, space: &Space, own: &OwnCommands) -> serde_json::Result<Value> {
    let app = |app: &plan::App| match Standing::of(app, space) {
        Ok(standing) => json!({
            "name": app.name.as_str(),
            "live": standing.live().map(plan::AppName::as_str),
            "next": standing.next().as_str(),
            "interrupted": UnderWay::of(app, space).is_some(),
            "other_droplet": standing.live().and_then(|live| space.app(live.as_str())).is_some_and(has_other_droplet),
        }),
        Err(refusal) => json!({ "name": app.name.as_str(), "refusal": refusal.to_string(), "hint": refusal.hint(own) }),
    };
    let mut value = serde_json::to_value(space)?;
    value["status"] = plan.apps.iter().map(app).collect();
    Ok(value)
}

#[cfg(test)]
mod laws;
