//! How much of the quotas is used on the way, also of several apps side by side: what may run in lanes, and what a preview tells.

use std::collections::BTreeMap;

use crate::space::{Quota, QuotaKind, Space, Usage};

use super::course::Course;
use super::quota::{exceeded, meanwhile, usage};
use super::{Step, scope};

/// By how much more is used than at the start: at the most at any point of some steps, and after the last of them.
struct Growth {
    most: Usage,
    /// The ids of the steps at which the most is reached.
    reached_at: BTreeMap<QuotaKind, String>,
    /// What the steps' part of the space uses before them, and after them.
    start: Usage,
    end: Usage,
    last: Usage,
}

impl Growth {
    fn of<'s>(space: &Space, steps: impl IntoIterator<Item = &'s Step>) -> Self {
        let steps: Vec<&Step> = steps.into_iter().collect();
        let mut model = scope::of_steps(space, &steps);
        let start = usage(&model);
        let mut growth =
            Self { most: Usage::default(), reached_at: BTreeMap::new(), start, end: start, last: Usage::default() };
        for step in steps {
            step.facts().effect(&mut model);
            growth.end = usage(&model);
            growth.last = growth.end.each(start, u64::saturating_sub);
            let most = meanwhile(step, growth.end).each(start, u64::saturating_sub);
            for what in QuotaKind::ALL {
                if most.of(what) > growth.most.of(what) {
                    growth.reached_at.insert(what, step.id.clone());
                }
            }
            growth.most = growth.most.each(most, u64::max);
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
        reserved_ports: of(|usage| usage.reserved_ports),
        log_rate: of(|usage| usage.log_rate),
    }
}

/// Whether the quotas let so many apps be on their way at the same time, with these steps for each.
pub(crate) fn fit_together(space: &Space, apps: &[&[Step]], lanes: usize) -> bool {
    let most = together(&Growth::of_each(space, apps), lanes);
    space.quotas.iter().all(|quota| exceeded(quota, most).is_none())
}

/// For each of these apps, what the others may take while it is on its way.
pub(crate) fn taken_by_others(space: &Space, apps: &[&[Step]], lanes: usize) -> Vec<Usage> {
    let growths = Growth::of_each(space, apps);
    let most = together(&growths, lanes);
    growths.iter().map(|own| most.each(own.most, u64::saturating_sub)).collect()
}

/// What is used of each quota by what is done to these apps, so many of them at the same time.
pub(crate) fn courses<'s>(space: &'s Space, apps: &[&[Step]], lanes: usize) -> Vec<Course<'s>> {
    let growths =
        if lanes > 1 { Growth::of_each(space, apps) } else { vec![Growth::of(space, apps.iter().copied().flatten())] };
    let most = together(&growths, lanes);
    let reached_at = match growths.as_slice() {
        [one] => one.reached_at.clone(),
        [] | [_, _, ..] => BTreeMap::new(),
    };
    let largest = apps.iter().copied().flatten().filter_map(|step| step.facts().largest_instance_mb()).max();
    let course = |quota: &'s Quota| Course {
        quota,
        peak: quota.used.each(most, u64::saturating_add),
        reached_at: reached_at.clone(),
        after: growths.iter().fold(quota.used, |used, growth| {
            used.each(growth.end, u64::saturating_add).each(growth.start, u64::saturating_sub)
        }),
        largest_instance_mb: largest,
    };
    space.quotas.iter().map(course).collect()
}
