//! Whether the quotas hold at every point of a list of steps.
//!
//! Both colours run at once during a deployment; the guide warns of over-commitment. The Cloud Controller counts the
//! memory and the instances of all started apps, running or not (CC: organization and space quota usage), and every
//! route that exists, mapped or not.

use crate::space::{App, AppState, Quota, Space, Usage};

use super::refusal::{QuotaKind, Refusal};
use super::{Step, scope};

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

/// By how much more is used than at the start: at the most at any point of some steps, and after the last of them.
struct Growth {
    most: Usage,
    last: Usage,
}

impl Growth {
    fn of<'s>(space: &Space, steps: impl IntoIterator<Item = &'s Step>) -> Self {
        let steps: Vec<&Step> = steps.into_iter().collect();
        let mut model = scope::of_steps(space, &steps);
        let start = usage(&model);
        let mut growth = Self { most: Usage::default(), last: Usage::default() };
        for step in steps {
            step.facts().effect(&mut model);
            growth.last = usage(&model).each(start, u64::saturating_sub);
            growth.most = growth.most.each(growth.last, u64::max);
        }
        growth
    }

    fn of_each(space: &Space, apps: &[&[Step]]) -> Vec<Self> {
        apps.iter().map(|steps| Self::of(space, *steps)).collect()
    }
}

/// By how much more is used at the most of what is done to each of these apps, where so many of them are on their way at
/// the same time: all others are done or not begun.
fn together(growths: &[Growth], lanes: usize) -> Usage {
    let of = |part: fn(&Usage) -> u64| {
        let mut on_the_way: Vec<u64> =
            growths.iter().map(|growth| part(&growth.most).saturating_sub(part(&growth.last))).collect();
        on_the_way.sort_unstable_by(|one, other| other.cmp(one));
        growths.iter().map(|growth| part(&growth.last)).sum::<u64>() + on_the_way.iter().take(lanes).sum::<u64>()
    };
    Usage {
        memory_mb: of(|usage| usage.memory_mb),
        instances: of(|usage| usage.instances),
        routes: of(|usage| usage.routes),
    }
}

/// Whether the quotas let so many apps be on their way at the same time, with these steps for each.
pub(crate) fn fit_together(space: &Space, apps: &[&[Step]], lanes: usize) -> bool {
    let most = together(&Growth::of_each(space, apps), lanes);
    let fits = |limit: Option<u64>, used: u64, more: u64| more == 0 || limit.is_none_or(|limit| used + more <= limit);
    space.quotas.iter().all(|quota| {
        fits(quota.memory_mb, quota.used.memory_mb, most.memory_mb)
            && fits(quota.instances, quota.used.instances, most.instances)
            && fits(quota.routes, quota.used.routes, most.routes)
    })
}

/// For each of these apps, what the others may take while it is on its way.
pub(crate) fn taken_by_others(space: &Space, apps: &[&[Step]], lanes: usize) -> Vec<Usage> {
    let growths = Growth::of_each(space, apps);
    let most = together(&growths, lanes);
    growths.iter().map(|own| most.each(own.most, u64::saturating_sub)).collect()
}

/// The space, where of its quotas is used that much more.
pub(crate) fn with_more_used(space: &Space, more: Usage) -> Space {
    let mut used = space.clone();
    for quota in &mut used.quotas {
        quota.used = quota.used.each(more, u64::saturating_add);
    }
    used
}

/// The most that is used of each quota at any point of what is done to these apps, so many of them at the same time.
pub(crate) fn peaks<'a>(space: &'a Space, apps: &[&[Step]], lanes: usize) -> Vec<(&'a Quota, Usage)> {
    let most = if lanes > 1 {
        together(&Growth::of_each(space, apps), lanes)
    } else {
        Growth::of(space, apps.iter().copied().flatten()).most
    };
    space.quotas.iter().map(|quota| (quota, quota.used.each(most, u64::saturating_add))).collect()
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

fn usage(space: &Space) -> Usage {
    let started = || space.apps.iter().filter(|app| app.state == AppState::Started);
    Usage {
        memory_mb: started().map(App::memory_mb).sum(),
        instances: started().map(App::instances).sum(),
        routes: u64::try_from(space.routes.len()).unwrap_or(u64::MAX),
    }
}
