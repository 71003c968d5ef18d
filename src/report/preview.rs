//! Steps before they run.

use std::fmt::Write as _;
use std::time::Duration;

use console::style;
use serde_json::{Value, json};

use crate::cf::invocation::Invocation;
use crate::plan::{self, Plan, format_duration};
use crate::proof::Proof;
use crate::settings::{Is, Setting};
use crate::shell;
use crate::space::rules::Stack;
use crate::space::{App, AppState, MemoryInUse, Process, Space};
use crate::steps::changes::{Change, Changes, RouteChange, StackChange};
use crate::steps::course::Course;
use crate::steps::deaf::Deaf;
use crate::steps::deployed::GoneBackTo;
use crate::steps::preflight::WhyStack;
use crate::steps::routers::{RouteProbe, Routers};
use crate::steps::standing::Standing;
use crate::steps::strategy::{self, Title};
use crate::steps::{AppDeployment, Deployment, Phase, Step};

use super::quotas;

/// The preview as text. Each cf invocation stands on a line of its own and can be copied into a shell.
pub(crate) fn text(plan: &Plan, space: &Space, deployment: &Deployment<'_>) -> String {
    let mut out = String::new();
    let target = format!("{} / {} / {}, cf {}", plan.target.api, space.org.name, space.space.name, space.cf);
    let _ = writeln!(out, "{}", style(target).dim());
    if plan.tls.insecure {
        let _ =
            writeln!(out, "{}", style("WARNING: no certificate of a route is verified (tls.insecure)").red().bold());
    }
    for note in notes_of_rollback(deployment, space) {
        let _ = writeln!(out, "{}", style(note).yellow());
    }
    for part in &deployment.apps {
        let _ = writeln!(out, "\n{}", style(headline(part, space)).bold());
        if part.steps.first().is_some_and(|step| step.phase != Phase::FallBack) {
            write_opening(&mut out, part, space);
        }
        let mut under = None;
        for step in &part.steps {
            let title = strategy::of(&part.app).title(step.phase);
            if under != Some(title) {
                let _ = writeln!(out, "\n{}", numbered(title, ""));
                under = Some(title);
            }
            write_step(&mut out, step);
        }
        if part.steps.is_empty() {
            let _ = writeln!(out, "\n   nothing to do");
        }
    }
    for (app, why) in &deployment.left_alone {
        let _ = writeln!(out, "\n{}\n   it is left as it is: {why}", style(app).bold());
    }
    out
}

/// Where a deployment begins, and what it leaves alone there.
fn write_opening(out: &mut String, part: &AppDeployment<'_>, space: &Space) {
    let (title, told) = strategy::of(&part.app).opening(&part.app, &part.standing);
    let _ = writeln!(out, "\n{}\n   {told}", numbered(title, ""));
    for MemoryInUse { process, most_mb, .. } in in_use(part, space) {
        let reserved = reserved_mb(part, space, process);
        let _ = writeln!(out, "   {process} uses up to {most_mb} MB of {reserved} MB an instance");
    }
    write_changes(out, &Changes::of(part, space));
    for note in tasks_left(part, space) {
        let _ = writeln!(out, "   {}", style(note).yellow());
    }
    for url in part.standing.live().map(|live| space.routes_of(live.as_str())).unwrap_or_default() {
        let becomes = match part.app.routes().find(|known| known.is_written(url)) {
            Some(known) if part.app.extra.contains(known) => "it is moved as the live routes are",
            Some(_) => continue,
            None => "it stays where it is",
        };
        let note = format!("note: {url} leads to it, too, and is not in the plan: {becomes}");
        let _ = writeln!(out, "   {}", style(note).yellow());
    }
}

/// What a person should know of a rollback: that it goes back to something else than what was deployed, or to less.
pub(crate) fn notes_of_rollback(deployment: &Deployment<'_>, space: &Space) -> Vec<String> {
    let of = |back: &GoneBackTo<'_>| {
        let changed = back.is_changed.then(|| format!("note: {}", other_droplet(back.app)));
        let smaller = back.smaller_than.as_ref().map(|(other, serves, has)| {
            let name = back.app.name.as_str();
            let scale = shell::command(["cf", "scale", name, "-i", &serves.to_string()]);
            format!("note: {name} is to serve with {has} of web, where {other} has {serves}; to have as many: {scale}")
        });
        [changed, smaller]
    };
    GoneBackTo::of(deployment, space).iter().flat_map(of).flatten().collect()
}

/// Tells that somebody has given a version another droplet since it was deployed.
pub(super) fn other_droplet(app: &App) -> String {
    let has = app.droplet.as_ref().map_or_else(|| "no droplet".to_owned(), |guid| format!("droplet {guid}"));
    format!("{} has {has} now, which is not the one that was deployed there: somebody has changed it since", app.name)
}

/// What becomes of the tasks that run on apps which are stopped or deleted.
fn tasks_left(part: &AppDeployment<'_>, space: &Space) -> Vec<String> {
    let becomes = |app: &App| {
        let mut of_app = part.steps.iter().rev().filter(|step| step.facts().app() == app.name);
        of_app.find_map(|step| step.facts().becomes_of_tasks())
    };
    let told = |app: &App| Some(format!("note: {} runs {}: {}", app.name, app.open_tasks()?, becomes(app)?));
    space.apps.iter().filter_map(told).collect()
}

/// How much memory the live version uses.
fn in_use<'s>(part: &AppDeployment<'_>, space: &'s Space) -> impl Iterator<Item = &'s MemoryInUse> {
    let live = part.standing.live().map(plan::AppName::to_string);
    space.memory_in_use.iter().filter(move |one| Some(&one.app) == live.as_ref())
}

/// The memory that an instance of a process of the live version may use, in megabytes.
fn reserved_mb(part: &AppDeployment<'_>, space: &Space, kind: &str) -> u64 {
    let live = part.standing.live().and_then(|live| space.app(live.as_str()));
    live.and_then(|live| live.process(kind)).map_or(0, |process| process.memory_mb)
}

/// What the new version has otherwise than the live one, what it gets from it, and what somebody has changed by hand.
fn write_changes(out: &mut String, changes: &Changes) {
    let Changes { routes, differing, carried, by_hand, stack, stack_that_goes, untold } = changes;
    let mut tell = |what: &str, all: Vec<String>| {
        if !all.is_empty() {
            let _ = writeln!(out, "   {what}: {}", all.join(", "));
        }
    };
    let names = |all: &[Setting]| all.iter().map(ToString::to_string).collect();
    let of_route = |one: &RouteChange| format!("{}: {} → {}", one.what, one.live, one.next);
    let of_versions = stack.iter().map(stack_change).chain(differing.iter().map(change));
    tell("what will be otherwise", of_versions.chain(routes.iter().map(of_route)).collect());
    tell("carried over, since no manifest names it", names(carried));
    tell("changed by hand since the last deployment", names(by_hand));
    if let Some(stack) = stack_that_goes {
        let note = format!("note: {}", stack_note(stack));
        let _ = writeln!(out, "   {}", style(note).yellow());
    }
    for service in untold {
        let note = format!(
            "note: nobody tells the parameters that {service} is bound with: it is bound without any; the manifest can name them"
        );
        let _ = writeln!(out, "   {}", style(note).yellow());
    }
}

/// A stack that is another one, in words.
fn stack_change(StackChange { live, next, why }: &StackChange) -> String {
    let why = match why {
        WhyStack::Manifest => "",
        WhyStack::Droplet => " (the droplet that is copied was staged on it)",
        WhyStack::Kept => " (the manifest names none, and the app has this one from before)",
        WhyStack::Default => " (the manifest names none, and this is the platform's default now)",
    };
    format!("stack: {live} → {next}{why}")
}

/// What the platform says of a stack on which it stages for the time being.
fn stack_note(Stack { name, state, reason, .. }: &Stack) -> String {
    let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("stack {name} is {state} and will be removed from the platform{reason}; see cf stacks")
}

/// One thing that is otherwise, in words; what may be a secret is not shown.
fn change(change: &Change) -> String {
    let Change { setting, live, next } = change;
    let shown = |is: &Is| match is {
        Is::Set(Value::String(text)) => text.clone(),
        Is::Set(value) => value.to_string(),
        Is::Untold => "not known".to_owned(),
        Is::Unset => "nothing".to_owned(),
    };
    match (live, next) {
        (_, Is::Unset) => format!("{setting} goes"),
        (Is::Unset, _) if setting.is_secret() => format!("{setting} is new"),
        (_, _) if setting.is_secret() => format!("{setting} changes"),
        (live, next) => format!("{setting}: {} → {}", shown(live), shown(next)),
    }
}

/// A title behind the numbers of the guide's steps that it stands for; `of` stands before its text.
pub(crate) fn numbered(title: Title, of: &str) -> String {
    let numbers = if title.numbers.is_empty() { " " } else { title.numbers };
    style(format!("{numbers}  {of}{}", title.text)).bold().to_string()
}

fn write_step(out: &mut String, step: &Step) {
    let _ = writeln!(out, "   {} {}", style("•").dim(), step.facts().purpose());
    if let Some(invocation) = step.invocation() {
        let _ = writeln!(out, "     {}", style(invocation.shell()).cyan());
    }
    let confirmed = format!("confirmed by {}", step.confirmations().join("; "));
    let _ = writeln!(out, "     {}", style(confirmed).dim());
}

/// How many instances of a version run: those that routes lead to, or else all.
pub(super) fn instances(app: &plan::App, there: &App) -> String {
    let (running, wanted) = if app.has_routes() {
        (there.running(), there.web_instances())
    } else {
        let of = |count: fn(&Process) -> u32| there.processes.iter().map(count).sum::<u32>();
        (of(Process::running), of(|process| process.instances))
    };
    format!("{running} of {wanted} instances run")
}

/// One line on where an app stands.
fn headline(app: &AppDeployment<'_>, space: &Space) -> String {
    let name = &app.app.name;
    let state = |colour: &plan::AppName| match space.app(colour.as_str()) {
        None => "not there".to_owned(),
        Some(app) if app.state == AppState::Stopped => "stopped".to_owned(),
        Some(there) => instances(&app.app, there),
    };
    match &app.standing {
        Standing::First { next } => format!("{name}: no version is live, {next} is next ({})", state(next)),
        Standing::Settled { live, next } => {
            format!("{name}: {live} is live ({}), {next} is next ({})", state(live), state(next))
        }
        Standing::Half { live, next } => format!(
            "{name}: an earlier deployment was interrupted: {live} was live ({}), {next} was being deployed ({})",
            state(live),
            state(next)
        ),
    }
}

/// What a person should know of the routers before a run, as it is shown.
pub(crate) fn routers_shown(routers: &Routers) -> Vec<String> {
    self::routers(routers).into_iter().map(|note| style(note).yellow().to_string()).collect()
}

/// What a person should know of the routers before a run: one note for all routes that cannot be asked about for the
/// same reason.
pub(crate) fn routers(routers: &Routers) -> Vec<String> {
    let mut notes: Vec<(&Deaf, Duration, Vec<&RouteProbe>)> = Vec::new();
    for asked in routers.iter() {
        let Some(deaf) = &asked.deaf else { continue };
        match notes.iter_mut().find(|(why, settle, _)| *why == deaf && *settle == asked.settle) {
            Some((_, _, same)) => same.push(asked),
            None => notes.push((deaf, asked.settle, vec![asked])),
        }
    }
    let deaf = notes.into_iter().map(|(why, settle, same)| deaf_note(why, settle, &same));
    let behind = routers.iter().filter_map(|asked| Some(service_note(asked, asked.service.as_deref()?)));
    deaf.chain(behind).collect()
}

/// What a route service in between leaves of what the router can be asked. gorouter (`handlers/lookup.go`,
/// `handlers/routeservice.go`) looks for the instance that is asked for before it sends a request to the route service, and not
/// when it comes back from there.
fn service_note(asked: &RouteProbe, service: &str) -> String {
    let RouteProbe { url, deaf, checked, .. } = asked;
    let mut lines = vec![format!("note: requests to {url} go through the route service {service} first")];
    if deaf.is_none() {
        lines.push(
            "the router is asked which instances the route leads to; that they answer, it cannot be asked there"
                .to_owned(),
        );
    }
    if *checked {
        lines
            .push(format!("what answers a check there is what {service} makes of whichever instance the router takes"));
    }
    lines.join("\n      ")
}

fn deaf_note(why: &Deaf, settle: Duration, routes: &[&RouteProbe]) -> String {
    let urls = routes.iter().map(|asked| asked.url.to_string()).collect::<Vec<_>>().join(", ");
    let mut lines = vec![
        format!("note: the router cannot be asked who answers on {urls} ({why})"),
        format!("after each change of a route the plan's settle time, {}, is waited instead", format_duration(settle)),
    ];
    match why {
        Deaf::Internal | Deaf::ForAppsOnly => {}
        Deaf::Unheard { .. } => lines.push("if the router has another address, name it with --router URL".to_owned()),
        Deaf::Unreachable { .. } => {
            if let Some(checked) = routes.iter().find(|asked| asked.checked) {
                lines.push(format!("the plan's checks ask {}, too, and would fail", checked.url));
            }
            lines.push("if the router has another address, name it with --router URL".to_owned());
        }
    }
    lines.join("\n      ")
}

/// The same for programs.
pub(crate) fn routers_json(routers: &Routers) -> Value {
    let route = |asked: &RouteProbe| {
        json!({
            "route": asked.url.to_string(),
            "asked": asked.deaf.is_none(),
            "why": asked.deaf.as_ref().map(ToString::to_string),
            "settle_seconds": asked.settle.as_secs_f64(),
            "route_service": asked.service,
        })
    };
    routers.iter().map(route).collect()
}

/// One line on what was proved.
pub(crate) fn proof_line(proof: &Proof) -> String {
    format!(
        "\n{}\n",
        style(format!(
            "proved: {} cases of what can go wrong; in each what is served stays served, and it can be finished or taken back",
            proof.cases
        ))
        .green()
    )
}

/// The preview as one JSON object, as the contract of the command line has it; `courses` are what is used of each quota.
pub(crate) fn json(plan: &Plan, space: &Space, deployment: &Deployment<'_>, courses: &[Course<'_>]) -> Value {
    let app = |app: &AppDeployment<'_>| {
        let changes = Changes::of(app, space);
        let memory = |one: &MemoryInUse| {
            let MemoryInUse { process, most_mb, .. } = one;
            json!({"process": process, "most_used_mb": most_mb, "reserved_mb": reserved_mb(app, space, process)})
        };
        let mut told = json!({
            "name": app.app.name.as_str(),
            "strategy": strategy::of(&app.app).name(),
            "live": app.standing.live().map(plan::AppName::as_str),
            "next": app.standing.next().as_str(),
            "memory": in_use(app, space).map(memory).collect::<Vec<_>>(),
            "differences": changes.json(),
            "stack_to_be_removed": changes.stack_that_goes,
        });
        // The droplet of another app, where one is deployed.
        if let Some(source) = space.sources.iter().find(|source| source.plan_app == app.app.name.as_str()) {
            told["from"] = json!(source);
        }
        told
    };
    let step = |step: &Step| {
        json!({
            "id": step.id,
            "app": step.app.as_str(),
            "phase": step.phase.as_str(),
            "action": step.facts().kind(),
            "argv": step.invocation().as_ref().map_or_else(Vec::new, Invocation::argv),
            "after": step.after,
            "confirm": step.confirmations(),
            "undo": step.undo().as_ref().map(Invocation::argv),
        })
    };
    json!({
        "version": 1,
        "target": { "api": plan.target.api.to_string(), "org": space.org.name, "space": space.space.name },
        "cf": { "version": space.cf },
        "apps": deployment.apps.iter().map(app).collect::<Vec<_>>(),
        "steps": deployment.steps().map(step).collect::<Vec<_>>(),
        "quota": quotas::json(courses),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::plan::RouteUrl;
    use crate::steps::Verb;
    use crate::steps::annotations::{DROPLET, Role};
    use crate::steps::instance_header::InstanceHeader;

    const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com], staging: shop-staging.example.com}
";

    #[test]
    fn a_rollback_tells_that_somebody_has_changed_the_version_that_it_goes_back_to() {
        console::set_colors_enabled(false);
        let plan = example::plan(PLAN);
        let told = |runs: bool, droplet: &str, verb: Verb| {
            let mut previous = example::app("shop_a", runs, 2, Some(Role::Previous));
            previous.droplet = Some(droplet.to_owned());
            previous.annotations.insert(DROPLET.to_owned(), "deployed".to_owned());
            let live = example::app("shop_b", true, 2, Some(Role::Live));
            let space = example::space(vec![previous, live], [("shop.example.com", "shop_b")]);
            let deployment = Deployment::compile(&plan, &space, &example::request(&plan, verb)).unwrap();
            text(&plan, &space, &deployment).contains("note: shop_a has droplet pushed now")
        };
        for runs in [false, true] {
            assert!(told(runs, "pushed", Verb::Rollback), "{runs}");
            assert!(!told(runs, "deployed", Verb::Rollback), "{runs}");
            assert!(!told(runs, "pushed", Verb::Apply), "{runs}");
        }
    }

    #[test]
    fn routes_that_cannot_be_asked_about_are_told_together() {
        let asked = |url: &str, settle, deaf| RouteProbe {
            url: RouteUrl::parse(url).unwrap(),
            settle: Duration::from_secs(settle),
            checked: url.starts_with("www"),
            deaf,
            service: url.contains("sso").then(|| "sso".to_owned()),
        };
        let refused = || Some(Deaf::Unreachable { why: "connection refused".to_owned() });
        let found: Routers = [
            asked("shop.example.com", 60, refused()),
            asked("www.example.com/shop", 60, refused()),
            asked("api.example.com", 60, None),
            asked("other.example.com", 5, refused()),
            asked("lb.example.com", 60, Some(Deaf::Unheard { header: InstanceHeader::App, status: 404 })),
            asked("shop.apps.internal", 60, Some(Deaf::Internal)),
            asked("shop.mesh.example.com", 60, Some(Deaf::ForAppsOnly)),
            asked("sso.example.com", 60, None),
            asked("www.example.com/sso", 60, None),
        ]
        .into_iter()
        .collect();
        console::set_colors_enabled(false);
        insta::assert_snapshot!(routers(&found).join("\n"));
        insta::assert_snapshot!(serde_json::to_string(&routers_json(&found)).unwrap());
        assert!(routers(&Routers::default()).is_empty());
    }
}
