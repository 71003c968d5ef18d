//! Whether the quotas hold at every point of a list of steps.
//!
//! Both colours run at once during a deployment; the guide warns of over-commitment. The Cloud Controller counts the
//! memory and the instances of all started apps, running or not (CC: organization and space quota usage), and every
//! route that exists, mapped or not.

use crate::space::{App, AppState, Quota, Space, Usage};

use super::Step;
use super::refusal::{QuotaKind, Refusal};

/// Walks the steps on a copy of the space and refuses at the first point where a quota would be exceeded.
pub(crate) fn check<'s>(space: &Space, steps: impl IntoIterator<Item = &'s Step>) -> Result<(), Refusal> {
    let at_start = usage(space);
    let mut model = space.clone();
    for step in steps {
        step.facts().effect(&mut model);
        let now = usage(&model);
        for quota in &space.quotas {
            // Only what grows can be refused: an organization over its quota may still shrink.
            let grown = |used: u64, now: u64, start: u64| (now > start).then(|| used + now - start);
            let checks = [
                (QuotaKind::Memory, quota.memory_mb, grown(quota.used.memory_mb, now.memory_mb, at_start.memory_mb)),
                (QuotaKind::Instances, quota.instances, grown(quota.used.instances, now.instances, at_start.instances)),
                (QuotaKind::Routes, quota.routes, grown(quota.used.routes, now.routes, at_start.routes)),
                (QuotaKind::InstanceMemory, quota.instance_memory_mb, step.facts().largest_instance_mb()),
            ];
            for (what, limit, needed) in checks {
                if let (Some(limit), Some(needed)) = (limit, needed)
                    && needed > limit
                {
                    return Err(refusal(quota, step, what, needed, limit));
                }
            }
        }
    }
    Ok(())
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

/// What a space uses.
pub(super) fn usage(space: &Space) -> Usage {
    let started = || space.apps.iter().filter(|app| app.state == AppState::Started);
    Usage {
        memory_mb: started().map(App::memory_mb).sum(),
        instances: started().map(App::instances).sum(),
        routes: u64::try_from(space.routes.len()).unwrap_or(u64::MAX),
    }
}
