//! Whether the quotas hold at every point of a list of steps.
//!
//! Both colours run at once during a deployment; the guide warns of over-commitment. The Cloud Controller counts the
//! memory and the instances of all started apps, running or not (CC: organization and space quota usage), the memory of
//! tasks that have not ended, and every route that exists, mapped or not.

use crate::settings::{Is, ProcessSetting, Setting};
use crate::space::{App, AppState, Quota, QuotaKind, Space, Usage};

use super::Step;
use super::action::Action;
use super::phase::Phase;
use super::refusal::{PlatformRefusal, Refusal};

/// Walks the steps on a copy of the space and refuses at the first point where a quota would be exceeded.
pub(crate) fn check<'s>(space: &Space, steps: impl IntoIterator<Item = &'s Step>) -> Result<(), Refusal> {
    let at_start = usage(space);
    let mut model = space.clone();
    let steps: Vec<&Step> = steps.into_iter().collect();
    for (position, step) in steps.iter().enumerate() {
        step.facts().effect(&mut model);
        let now = meanwhile(step, usage(&model));
        let more = now.each(at_start, u64::saturating_sub);
        for quota in &space.quotas {
            let by_instance =
                || Excess::of(QuotaKind::InstanceMemory, quota.instance_memory_mb, step.facts().largest_instance_mb());
            if let Some(Excess { what, needed, limit }) = exceeded(quota, more).or_else(by_instance) {
                return Err(refusal(quota, step, what, needed, limit));
            }
            unlimited_logs(quota, space, &steps[..=position], &model)?;
        }
    }
    Ok(())
}

/// What of a quota is exceeded.
pub(super) struct Excess {
    what: QuotaKind,
    needed: u64,
    limit: u64,
}

impl Excess {
    fn of(what: QuotaKind, limit: Option<u64>, needed: Option<u64>) -> Option<Self> {
        let (limit, needed) = (limit?, needed?);
        (needed > limit).then_some(Self { what, needed, limit })
    }
}

/// What of a quota is exceeded first where that much more is used. Only what grows can be: an organization over its quota may
/// still shrink.
pub(super) fn exceeded(quota: &Quota, more: Usage) -> Option<Excess> {
    let grown = |what: QuotaKind| Some(quota.used.of(what)? + more.of(what).filter(|more| *more > 0)?);
    QuotaKind::ALL.into_iter().find_map(|what| Excess::of(what, quota.limit(what), grown(what)))
}

/// Refuses a new version that may log without a limit where the quota has one (CC: `max_log_rate_limit_policy.rb`, when an app
/// is started): the last of these steps starts it. What a new app has that nobody has named is up to the platform.
fn unlimited_logs(quota: &Quota, space: &Space, steps: &[&Step], model: &Space) -> Result<(), Refusal> {
    let (Some(limit), Some(step)) = (quota.log_rate, steps.last()) else { return Ok(()) };
    if !step.starts() || step.phase != Phase::Start {
        return Ok(());
    }
    let Some(app) = model.app(step.facts().app()) else { return Ok(()) };
    let is_known = |kind: &str| {
        let rate = Setting::Process(kind.to_owned(), ProcessSetting::LogRate);
        let own = steps.iter().filter(|step| step.facts().app() == app.name);
        space.app(&app.name).is_some_and(|app| app.has_process(kind))
            || own.into_iter().any(|step| match &step.action {
                Action::Set(set) => set.settings.contains_key(&rate),
                _ => step.facts().declared().is_some_and(|declared| declared.settings.names(&rate)),
            })
    };
    let is_unlimited = |kind: &str| log_rate(app, kind).is_some_and(|rate| rate < 0) && is_known(kind);
    match app.processes.iter().find(|process| process.instances > 0 && is_unlimited(&process.kind)) {
        Some(process) => Err(Refusal::Platform(PlatformRefusal::UnlimitedLogs {
            app: app.name.clone(),
            process: process.kind.clone(),
            quota: quota.name.clone(),
            scope: quota.scope,
            limit,
        })),
        None => Ok(()),
    }
}

/// How much one instance of a process may log, in bytes a second, as far as it is known; -1 is without a limit.
fn log_rate(app: &App, kind: &str) -> Option<i64> {
    match app.setting(&Setting::Process(kind.to_owned(), ProcessSetting::LogRate)) {
        Is::Set(rate) => rate.as_i64(),
        Is::Untold | Is::Unset => None,
    }
}

/// The space, where of its quotas is used that much more.
pub(crate) fn with_more_used(space: &Space, more: Usage) -> Space {
    let mut used = space.clone();
    for quota in &mut used.quotas {
        quota.used = quota.used.each(more, u64::saturating_add);
    }
    used
}

/// Brings what is used of the quotas up to date after a change of the space.
pub(crate) fn follow(before: &Space, after: &mut Space) {
    let (was, is) = (usage(before), usage(after));
    for quota in &mut after.quotas {
        quota.used = quota.used.each(is, u64::saturating_add).each(was, u64::saturating_sub);
    }
}

fn refusal(quota: &Quota, step: &Step, what: QuotaKind, needed: u64, limit: u64) -> Refusal {
    Refusal::Platform(PlatformRefusal::Quota {
        quota: quota.name.clone(),
        scope: quota.scope,
        app: step.app.clone(),
        step: step.id.clone(),
        needed,
        limit,
        what,
        fits: Vec::new(),
    })
}

/// What is used while a step is under way that leaves this behind it.
pub(super) fn meanwhile(step: &Step, left: Usage) -> Usage {
    Usage { memory_mb: left.memory_mb + step.facts().memory_meanwhile_mb(), ..left }
}

/// What a space uses, as far as its apps are known.
pub(crate) fn usage(space: &Space) -> Usage {
    let started = || space.apps.iter().filter(|app| app.state == AppState::Started);
    // Few quotas limit it, and it is asked at every point of what is proved.
    let counts_logs = space.quotas.iter().any(|quota| quota.log_rate.is_some());
    Usage {
        memory_mb: started().map(App::memory_mb).chain(space.apps.iter().map(App::tasks_memory_mb)).sum(),
        instances: started().map(App::instances).sum(),
        routes: u64::try_from(space.routes.len()).unwrap_or(u64::MAX),
        // No step makes a route with a port.
        reserved_ports: 0,
        log_rate: if counts_logs { started().map(logs).sum() } else { 0 },
    }
}

/// What all instances of an app may log when it is started, in bytes a second, as far as it is known.
fn logs(app: &App) -> u64 {
    let of = |kind: &str| log_rate(app, kind).and_then(|rate| u64::try_from(rate).ok()).unwrap_or(0);
    app.processes.iter().map(|process| of(&process.kind) * u64::from(process.instances)).sum()
}
