//! What the quotas would allow where they do not allow a deployment as it is asked for.
//!
//! Each answer was tried: the same deployment is compiled with it, and no quota refuses that.

use std::ops::RangeInclusive;

use crate::plan::{self, AppName, Instances, Plan};
use crate::settings::WEB;
use crate::space::{AppState, MemoryInUse, QuotaKind, Space};

use super::refusal::{Fit, PlatformRefusal, Refusal};
use super::standing::Standing;
use super::{Deployment, Request, Verb, quota};

/// The same refusal, with what would fit where it is a quota's.
pub(crate) fn with_what_fits(refusal: Refusal, plan: &Plan, space: &Space, request: &Request) -> Refusal {
    let Refusal::Platform(PlatformRefusal::Quota { quota, scope, app, step, needed, limit, what, .. }) = refusal else {
        return refusal;
    };
    let mut fits = Vec::new();
    if let Some(app) = plan.apps.iter().find(|one| one.name == app).filter(|_| request.verb == Verb::Apply) {
        let size = size(plan, app, space, request);
        fits.extend(size.and_then(|(instances, _)| fewer_instances(plan, app, space, request, instances)));
        fits.extend(size.and_then(|(_, memory_mb)| less_memory(plan, app, space, request, memory_mb)));
    }
    fits.extend(without(plan, space, request));
    fits.extend(larger(plan, space, request, &quota, what));
    Refusal::Platform(PlatformRefusal::Quota { quota, scope, app, step, needed, limit, what, fits })
}

/// How many web instances the new version of an app is to have, and the memory of each, in megabytes.
fn size(plan: &Plan, app: &plan::App, space: &Space, request: &Request) -> Option<(u32, u64)> {
    let without_quotas = Space { quotas: Vec::new(), ..space.clone() };
    let deployment = Deployment::compile(plan, &without_quotas, request).ok()?;
    let mut declared =
        deployment.steps().filter(|step| step.app == app.name).filter_map(|step| step.facts().declared());
    declared.next().map(|declared| (declared.size.instances, declared.size.memory_mb))
}

/// Whether the deployment is allowed if an app of the plan is changed so.
fn fits_with(
    plan: &Plan,
    app: &AppName,
    space: &Space,
    request: &Request,
    change: impl FnOnce(&mut plan::App),
) -> bool {
    let mut plan = plan.clone();
    if let Some(app) = plan.apps.iter_mut().find(|one| one.name == *app) {
        change(app);
    }
    Deployment::compile(&plan, space, request).is_ok()
}

/// The largest of these that fits, where a smaller one fits wherever a larger one does.
fn largest(among: RangeInclusive<u64>, fits: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut low, mut high) = (*among.start(), *among.end());
    if low > high || !fits(low) {
        return None;
    }
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if fits(middle) { low = middle } else { high = middle - 1 }
    }
    Some(low)
}

fn fewer_instances(plan: &Plan, app: &plan::App, space: &Space, request: &Request, wanted: u32) -> Option<Fit> {
    let with = |instances: u64| {
        fits_with(plan, &app.name, space, request, |app| {
            app.instances = Instances::Manifest;
            app.manifest.app.web.instances = u32::try_from(instances).ok();
        })
    };
    let most = largest(1..=u64::from(wanted).saturating_sub(1), with)?;
    Some(Fit::Instances { name: app.name.clone(), most: u32::try_from(most).ok()?, wanted })
}

fn less_memory(plan: &Plan, app: &plan::App, space: &Space, request: &Request, wanted: u64) -> Option<Fit> {
    let with = |memory_mb: u64| {
        fits_with(plan, &app.name, space, request, |app| app.manifest.app.web.memory_mb = Some(memory_mb))
    };
    let most = largest(1..=wanted.saturating_sub(1), with)?;
    let live = Standing::of(app, space).ok().and_then(|standing| standing.live().map(ToString::to_string));
    let is_live = |one: &&MemoryInUse| Some(&one.app) == live.as_ref() && one.process == WEB;
    let used = space.memory_in_use.iter().find(is_live).map(|one| one.most_mb);
    Some(Fit::Memory { name: app.name.clone(), most, wanted, used })
}

/// The versions that run and that no route leads to, each of which would be enough if it were stopped.
fn without(plan: &Plan, space: &Space, request: &Request) -> Vec<Fit> {
    let idle = plan.apps.iter().filter(|app| app.has_routes()).filter_map(|app| {
        let next = Standing::of(app, space).ok()?.next().clone();
        let there = space.app(next.as_str())?;
        (there.state == AppState::Started && space.routes_of(next.as_str()).is_empty()).then_some(next)
    });
    let fits = |app: &AppName| {
        let mut stopped = space.clone();
        if let Some(app) = stopped.app_mut(app.as_str()) {
            app.state = AppState::Stopped;
            app.processes.iter_mut().for_each(|process| process.states.clear());
        }
        quota::follow(space, &mut stopped);
        Deployment::compile(plan, &stopped, request).is_ok()
    };
    idle.filter(fits).map(|app| Fit::Without { app }).collect()
}

/// How large the quota would have to be, where it is the only one that is in the way. With one app after the other, which takes
/// least.
fn larger(plan: &Plan, space: &Space, request: &Request, name: &str, what: QuotaKind) -> Option<Fit> {
    let one_by_one = Plan { parallel: None, ..plan.clone() };
    let mut without_limit = space.clone();
    for quota in without_limit.quotas.iter_mut().filter(|quota| quota.name == name) {
        quota.lift(what);
    }
    let deployment = Deployment::compile(&one_by_one, &without_limit, request).ok()?;
    let courses = deployment.courses(&without_limit);
    let course = courses.iter().find(|course| course.quota.name == name)?;
    let needed = match what {
        QuotaKind::InstanceMemory => course.largest_instance_mb?,
        QuotaKind::Memory
        | QuotaKind::Instances
        | QuotaKind::Routes
        | QuotaKind::ReservedPorts
        | QuotaKind::LogRate => course.peak.of(what)?,
    };
    Some(Fit::Limit { needed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::own_commands::OwnCommands;
    use crate::space::{Quota, Usage};
    use crate::steps::annotations::Role;

    const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com], staging: shop-staging.example.com}
  - name: cart
    path: app
    manifest: manifest.yml
    routes: {live: [cart.example.com], staging: cart-staging.example.com}
";

    /// What would fit where so much is free of a quota that limits nothing else, in the order in which it is told. The shop has
    /// four instances of 256 MB, and the version of the cart before this one still runs.
    fn told(limit: impl FnOnce(&mut Quota)) -> String {
        told_of(PLAN, limit)
    }

    /// As above, of a plan of the same apps.
    fn told_of(plan: &str, limit: impl FnOnce(&mut Quota)) -> String {
        let plan = example::plan(plan);
        let apps = vec![
            example::app("shop_a", true, 4, Some(Role::Live)),
            example::app("cart_a", true, 2, Some(Role::Live)),
            example::app("cart_b", true, 2, Some(Role::Previous)),
        ];
        let mut space = example::space(apps, [("shop.example.com", "shop_a"), ("cart.example.com", "cart_a")]);
        let mut quota = Quota {
            used: Usage { memory_mb: 2048, instances: 8, routes: 2, ..Usage::default() },
            ..example::unlimited()
        };
        limit(&mut quota);
        let (app, process) = ("shop_a".to_owned(), "web".to_owned());
        space.memory_in_use = vec![MemoryInUse { app, process, most_mb: 93 }];
        space.quotas = vec![quota];
        space.sources = vec![example::source("shop"), example::source("cart")];
        let request = example::request(&plan, Verb::Apply);
        let refused = match Deployment::compile(&plan, &space, &request) {
            Ok(_) => return "it fits".to_owned(),
            Err(refusal) => with_what_fits(refusal, &plan, &space, &request),
        };
        format!("{refused}\n{}", refused.hint(&OwnCommands::default()))
    }

    #[test]
    fn what_would_fit_was_tried() {
        let memory = [0, 256, 768, 1023, 1024]
            .map(|free| (format!("{free} MB free"), told(|quota| quota.memory_mb = Some(2048 + free))));
        let others = [
            ("2 instances free".to_owned(), told(|quota| quota.instances = Some(10))),
            ("small instances".to_owned(), told(|quota| quota.instance_memory_mb = Some(200))),
            ("no route free".to_owned(), told(|quota| quota.routes = Some(2))),
        ];
        let out: Vec<String> =
            memory.into_iter().chain(others).map(|(title, told)| format!("# {title}\n{told}\n")).collect();
        let out = out.join("\n");
        insta::assert_snapshot!(out);
    }

    #[test]
    fn a_droplet_fits_as_files_do() {
        let of = |what: &str| told_of(&PLAN.replace("path: app", what), |quota| quota.memory_mb = Some(2304));
        for what in ["from: {app: shop, space: staging}", "droplet: out.tgz"] {
            assert_eq!(of(what), of("path: app"), "{what}");
        }
    }
}
