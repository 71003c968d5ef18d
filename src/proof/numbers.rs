//! Numbers in the place of steps: what does the same has the same number in all lists, so that lists are quickly compared.

use foldhash::HashMap;

use crate::steps::Step;

/// The number of a step.
pub(super) type Number = u32;

/// The steps that have a number.
#[derive(Default)]
pub(super) struct Numbers {
    by_id: HashMap<String, Vec<(Step, Number)>>,
    count: Number,
}

impl Numbers {
    /// The number of a step, which may be a new one. What it waits for is no matter.
    pub(super) fn number(&mut self, step: &Step) -> Number {
        let known = self.by_id.entry(step.id.clone()).or_default();
        let same = known.iter().find(|(known, _)| known.action == step.action && known.requires == step.requires);
        if let Some((_, number)) = same {
            return *number;
        }
        self.count += 1;
        known.push((step.clone(), self.count));
        self.count
    }
}
