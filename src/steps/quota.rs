//! Whether the quotas hold at every point of a list of steps.
//!
//! Both colours run at once during a deployment; the guide warns of over-commitment. The Cloud Controller counts the
//! memory and the instances of all started apps, running or not (CC: organization and space quota usage), the memory of
//! tasks that have not ended, and every route that exists, mapped or not.

use crate::space::{App, AppState, Quota, Space, Usage};

use super::Step;
use super::refusal::{QuotaKind, Refusal};

/// Walks the steps on a copy of the space and refuses at the first point where a quota would be exceeded.
pub(crate) fn check<'s>(space: &Space, steps: impl IntoIterator<Item = &'s Step>) -> Result<(), Refusal> {
    let at_start = usage(space);
    let mut model = space.clone();
    for step in steps {
        step.facts().effect(&mut model);
        let now = meanwhile(step, usage(&model));
        let more = now.each(at_start, u64::saturating_sub);
        for quota in &space.quotas {
            let by_instance =
                || Excess::of(QuotaKind::InstanceMemory, quota.instance_memory_mb, step.facts().largest_instance_mb());
            if let Some(Excess { what, needed, limit }) = exceeded(quota, more).or_else(by_instance) {
                return Err(refusal(quota, step, what, needed, limit));
            }
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
    let used = quota.used;
    let grown = |used: u64, more: u64| (more > 0).then_some(used + more);
    Excess::of(QuotaKind::Memory, quota.memory_mb, grown(used.memory_mb, more.memory_mb))
        .or_else(|| Excess::of(QuotaKind::Instances, quota.instances, grown(used.instances, more.instances)))
        .or_else(|| Excess::of(QuotaKind::Routes, quota.routes, grown(used.routes, more.routes)))
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
    Refusal::Quota { quota: quota.name.clone(), scope: quota.scope, step: step.id.clone(), needed, limit, what }
}

/// What is used while a step is under way that leaves this behind it.
pub(super) fn meanwhile(step: &Step, left: Usage) -> Usage {
    Usage { memory_mb: left.memory_mb + step.facts().memory_meanwhile_mb(), ..left }
}

/// What a space uses.
pub(super) fn usage(space: &Space) -> Usage {
    let started = || space.apps.iter().filter(|app| app.state == AppState::Started);
    Usage {
        memory_mb: started().map(App::memory_mb).chain(space.apps.iter().map(App::tasks_memory_mb)).sum(),
        instances: started().map(App::instances).sum(),
        routes: u64::try_from(space.routes.len()).unwrap_or(u64::MAX),
    }
}
