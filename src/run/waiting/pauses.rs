//! Pauses between looks at something that is waited for: quick at first, and longer and longer.

use std::time::Duration;

/// Pauses, each half as long again as the one before it, up to the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    /// Pauses from the shortest to the longest.
    pub(in crate::run) fn between(shortest: Duration, longest: Duration) -> Self {
        Self { next: shortest, longest }
    }

    /// The next one.
    pub(in crate::run) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 3 / 2).min(self.longest);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_grow_up_to_the_longest() {
        let mut pauses = Pauses::between(Duration::from_millis(100), Duration::from_millis(300));
        let seen: Vec<u128> = (0..5).map(|_| pauses.next().as_millis()).collect();
        assert_eq!(seen, [100, 150, 225, 300, 300]);
    }
}
