//! Where an app stands: which colour is live, what runs, what was deployed, and which ways lead on.

use std::fmt::Write as _;

use console::style;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::own_commands::OwnCommands;
use crate::plan;
use crate::proof::offer::Offer;
use crate::proof::status::{AppStatus, Does, LeftBy, NotBegun, NotServing, Reached, Stands, Status, Typed, Way};
use crate::shell;
use crate::space::lock::{Lock, LockState};
use crate::space::{App, AppState, Space, Verb};
use crate::steps::annotations::{self, Identity, Role};
use crate::steps::standing::{Standing, is_on_live};

use super::preview::{instances, other_droplet};

/// The status of all apps of a plan, as text.
pub(crate) fn text(status: &Status<'_>, space: &Space, now: Timestamp, own: &OwnCommands) -> String {
    let typing = Typing::new(status, own);
    let mut out = String::new();
    let target = format!("{} / {} / {}, cf {}", space.api, space.org.name, space.space.name, space.cf);
    let _ = writeln!(out, "{}", style(target).dim());
    for of_app in &status.apps {
        let app = of_app.app;
        let _ = writeln!(out, "\n{}", style(&app.name).bold());
        let live = app.live.iter().map(|url| ("live    ", url));
        for (what, url) in live.chain(app.staging.iter().map(|url| ("staging ", url))) {
            let holders = space.holders(url);
            let told = if holders.is_empty() { "nothing".to_owned() } else { holders.join(", ") };
            let _ = writeln!(out, "   {what} {url} → {told}");
        }
        if let Some((lock, state)) = space.lock(app.name.as_str()).zip(of_app.lock) {
            let _ = writeln!(out, "   {}", style(lock.story(now, state)).yellow());
        }
        for colour in &app.colours {
            write_colour(&mut out, colour, space, of_app);
        }
        let _ = writeln!(out, "   {}", where_it_stands(of_app, typing));
    }
    let not_begun = status.not_begun.as_ref().map(|what| told_not_begun(what, own));
    let not_taken_back = (!status.not_taken_back.is_empty()).then(|| told_not_taken_back(&status.not_taken_back, own));
    for told in [not_begun, not_taken_back].into_iter().flatten() {
        let _ = writeln!(out, "\n{}", style(told).yellow());
    }
    out
}

/// A deployment that did not come to all of its apps.
fn told_not_begun(what: &NotBegun, own: &OwnCommands) -> String {
    let resume = own.verb("resume");
    let on = if what.is_of_plan {
        format!("{resume} deploys what was to follow")
    } else {
        format!("{resume} is refused: that deployment comes from another plan or manifest than this one")
    };
    let Identity { id, by, at } = &what.identity;
    format!(
        "deployment {id} at {at} by {by} was interrupted before it came to {}\n   {on}\n   {} takes back what it has deployed",
        listed(&what.to_follow),
        own.verb("rollback")
    )
}

/// A rollback that did not come to all of its apps.
fn told_not_taken_back(apps: &[plan::AppName], own: &OwnCommands) -> String {
    format!(
        "a rollback was interrupted before it came to {}\n   {} goes on with it\n   {} does the same",
        listed(apps),
        own.verb("rollback"),
        own.verb("resume")
    )
}

fn listed(apps: &[plan::AppName]) -> String {
    apps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn write_colour(out: &mut String, colour: &plan::AppName, space: &Space, of_app: &AppStatus<'_>) {
    let Some(app) = space.app(colour.as_str()) else {
        let _ = writeln!(out, "   {} {colour}: not there", style("·").dim());
        return;
    };
    let is_live = of_app.standing.as_ref().ok().and_then(Standing::live) == Some(colour);
    let mark = if is_live { style("●").green() } else { style("○").dim() };
    let state = match app.state {
        AppState::Started => format!("started, {}", instances(of_app.app, app)),
        AppState::Stopped => "stopped".to_owned(),
    };
    let role = match Role::of(app) {
        _ if is_live => "live, ".to_owned(),
        // Routes are right where the annotation contradicts them.
        Some(Role::Live) if is_on_live(of_app.app, colour, space) => "on the live routes, ".to_owned(),
        Some(Role::Live) => "live before, ".to_owned(),
        Some(role) => format!("{role}, "),
        None => String::new(),
    };
    let _ = writeln!(out, "   {mark} {colour}: {role}{state}");
    if let Some(deployed) = origin(app) {
        let _ = writeln!(out, "     {}", style(deployed).dim());
    }
    if of_app.changed.contains(colour) {
        let _ = writeln!(out, "     {}", style(other_droplet(app)).yellow());
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

/// How the ways of a plan's apps are typed.
#[derive(Clone, Copy)]
struct Typing<'a> {
    own: &'a OwnCommands,
    /// Whether the plan has no other app.
    is_one: bool,
}

impl<'a> Typing<'a> {
    fn new(status: &Status<'_>, own: &'a OwnCommands) -> Self {
        Self { own, is_one: status.apps.len() == 1 }
    }

    fn command(self, app: &plan::App, way: &Way) -> String {
        let typed = way.typed.as_str();
        // Whoever ends a run ends it for all of its apps, so that all of them are taken back.
        if way.does == Does::EndsThatRun { self.own.verb(typed) } else { self.typed(app, typed) }
    }

    /// Words that are typed about an app.
    fn typed(self, app: &plan::App, words: &str) -> String {
        if self.is_one { self.own.verb(words) } else { self.own.about(words, [app.name.as_str()]) }
    }

    /// What a way asks a person, and how that is answered where there is no terminal.
    fn asked(self, app: &plan::App, way: &Way, questions: &[String]) -> String {
        let asks = questions.iter().map(|question| format!("\n     it asks a person: {question}"));
        let yes = (way.typed == Typed::Verb(Verb::Resume) && !questions.is_empty()).then(|| {
            format!("\n     the answer yes, where there is no terminal: {}", self.typed(app, "resume --approve --yes"))
        });
        asks.chain(yes).collect()
    }

    /// What a way would do, or why it would be refused.
    fn way(self, app: &plan::App, way: &Way) -> String {
        let typed = self.command(app, way);
        let does = does(&way.does);
        match &way.offer {
            None => format!("{typed} {does}"),
            Some(Offer::Steps { count, questions }) => {
                let steps = if *count == 1 { "step" } else { "steps" };
                let asked = self.asked(app, way, questions);
                format!("{typed} {does} ({count} {steps}){asked}")
            }
            Some(Offer::Refused(refusal)) => {
                let hint = refusal.hint(self.own).replace('\n', "\n     ");
                format!("{typed} is refused: {refusal}\n     {hint}")
            }
            Some(Offer::Unsafe(counterexample)) => {
                format!("{typed} is refused, it would not be safe: {}", counterexample.seen)
            }
        }
    }
}

/// What a way does, behind what is typed.
fn does(does: &Does) -> String {
    let told = match does {
        Does::Deploys => "deploys it",
        Does::DeploysOver => "deploys over it",
        Does::StartsAnew => "starts anew",
        Does::Finishes => "finishes it",
        Does::FinishesThat => "finishes that",
        Does::TakesBack => "takes it back",
        Does::GoesBackTo(colour) => return format!("goes back to {colour}"),
        Does::GoesOn => "goes on with it",
        Does::GoesOnWithRollback => "goes on with the rollback that has left its lock",
        Does::TheSame => "does the same",
        Does::LikeApply => "does what apply does",
        Does::ClearsLock => "clears its lock away",
        Does::EndsThatRun => "ends that run and takes it back",
        Does::FindsOut => "finds out whether that run is at work, and goes on from here where it is not",
        Does::BreaksLock => "breaks the lock, where nobody is at work any more",
    };
    told.to_owned()
}

/// Where an app stands, and which ways lead on from there.
fn where_it_stands(of_app: &AppStatus<'_>, typing: Typing<'_>) -> String {
    let AppStatus { app, stands, ways, .. } = of_app;
    let commands = || ways.iter().map(|way| typing.command(app, way)).collect::<Vec<_>>();
    let ways = || ways.iter().map(|way| typing.way(app, way));
    let with_ways = |told: String| [told].into_iter().chain(ways()).collect::<Vec<_>>().join("\n   ");
    let yellow = |told: String| style(with_ways(told)).yellow().to_string();
    match stands {
        // The story of the lock tells of that app.
        Stands::AppInLocksPlace => Lock::free_its_name(app.name.as_str()),
        Stands::AtWork(state) => while_at_work(*state, &commands()),
        Stands::Refused(refusal) => {
            let told = format!("{refusal}\n   {}", refusal.hint(typing.own).replace('\n', "\n   "));
            style(with_ways(told)).red().to_string()
        }
        Stands::HalfWay { app, reached, put_back } => {
            let put_back = put_back.as_ref().map(|put_back| put_back.told().replace('\n', "\n   "));
            let told = put_back.map_or_else(String::new, |told| format!("\n   nobody serves the app; {told}"));
            yellow(format!("{}{told}", half_way(app, *reached)))
        }
        Stands::LockLeft(left_by) => yellow(lock_left(*left_by).to_owned()),
        Stands::NotDeployed => format!("not deployed yet; {}", ways().collect::<Vec<_>>().join("\n   ")),
        Stands::OffRoutes { put_back } => {
            yellow(format!("no app is on the live routes; {}", put_back.told().replace('\n', "\n   ")))
        }
        Stands::NotServing { live, why } => style(with_ways(not_serving(live, *why))).red().to_string(),
        Stands::BothRun { live, before } => yellow(format!("{before} was live before {live} and still runs")),
        Stands::Live => ways().collect::<Vec<_>>().join("\n   "),
        Stands::NoFallback { next } => {
            with_ways(format!("a deployment would go to {next}; for {} there is no fallback", app.name))
        }
    }
}

/// What is told while a run is at work, or may be, with what can be typed.
fn while_at_work(state: LockState, commands: &[String]) -> String {
    let typed = commands.join("\n   ");
    match state {
        LockState::AtWork | LockState::Dead => {
            format!("it goes on by itself; to end that run and take it back: {typed}")
        }
        LockState::Silent => {
            format!("if that run was killed or hangs, these find it out and go on from here:\n   {typed}")
        }
        LockState::Unreadable => format!("where nobody is at work any more: {typed}"),
    }
}

/// Where an interrupted deployment stands.
fn half_way(colour: &plan::AppName, reached: Reached) -> String {
    match reached {
        Reached::WayBack => format!("{colour} is being rolled back, and that did not come to its end"),
        Reached::Unrouted => format!("the deployment of {colour} did not come to its end"),
        Reached::Upload => format!("the deployment of {colour} did not come to its end; it is not on the live routes"),
        Reached::Switch => format!("the deployment of {colour} was interrupted at the switch; it serves, too"),
        Reached::BehindSwitch => {
            format!("the deployment of {colour} was interrupted after the switch; it is alone on the live routes")
        }
    }
}

fn lock_left(left_by: LeftBy) -> &'static str {
    match left_by {
        LeftBy::RollbackOfNothing => "that rollback had nothing to take back here",
        LeftBy::Rollback => "that rollback ended before it came to this app",
        LeftBy::Deployment => "that run ended before it came to this app",
    }
}

/// Why a live colour serves nobody, and the command that tells more or mends it.
fn not_serving(live: &plan::AppName, why: NotServing) -> String {
    match why {
        NotServing::Stopped => format!("{live} is live and stopped: {}", cf(&["start", live.as_str()])),
        NotServing::NoInstances => {
            let scale = cf(&["scale", live.as_str(), "-i", "1"]);
            format!("{live} is live and has 0 web instances: give it as many as it needs, such as {scale}")
        }
        NotServing::DoesNotRun => {
            let (look, logs) = (cf(&["app", live.as_str()]), cf(&["logs", live.as_str(), "--recent"]));
            format!("{live} is live and does not run: {look}; {logs}")
        }
    }
}

/// A command of cf's, as a shell reads it.
fn cf(words: &[&str]) -> String {
    shell::command(["cf"].iter().chain(words))
}

/// The snapshot that `cutover plan --space FILE` reads, and beside it where the apps stand and which ways lead on.
pub(crate) fn json(status: &Status<'_>, space: &Space, own: &OwnCommands) -> serde_json::Result<Value> {
    let typing = Typing::new(status, own);
    let app = |of_app: &AppStatus<'_>| {
        let name = of_app.app.name.as_str();
        let mut told = match &of_app.standing {
            Ok(standing) => json!({
                "name": name,
                "live": standing.live().map(plan::AppName::as_str),
                "next": standing.next().as_str(),
                "interrupted": of_app.is_under_way,
                "other_droplet": standing.live().is_some_and(|live| of_app.changed.contains(live)),
            }),
            Err(refusal) => json!({ "name": name, "refusal": refusal.to_string(), "hint": refusal.hint(own) }),
        };
        told["ways"] = of_app.ways.iter().map(|way| way_json(&typing.command(of_app.app, way), way, own)).collect();
        told
    };
    let mut value = serde_json::to_value(space)?;
    value["status"] = status.apps.iter().map(app).collect();
    Ok(value)
}

/// One way: what is typed, and what it does in how many steps, or why it would be refused.
fn way_json(command: &str, way: &Way, own: &OwnCommands) -> Value {
    let does = does(&way.does);
    match &way.offer {
        None => json!({ "command": command, "does": does }),
        Some(Offer::Steps { count, questions }) => {
            let mut told = json!({ "command": command, "does": does, "steps": count });
            if !questions.is_empty() {
                told["asks"] = json!(questions);
            }
            told
        }
        Some(Offer::Refused(refusal)) => {
            json!({ "command": command, "refusal": refusal.to_string(), "hint": refusal.hint(own) })
        }
        Some(Offer::Unsafe(counterexample)) => {
            json!({ "command": command, "refusal": format!("it would not be safe: {}", counterexample.seen) })
        }
    }
}

#[cfg(test)]
mod laws;
