//! The same done with each of several things, side by side.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Does `work` with each of the items, with so many at once at the most, and returns what comes of them in their order. What
/// is to end early is for the work itself to leave out. A panic is passed on.
pub(super) fn side_by_side<T: Send, R: Send>(
    at_once: usize,
    items: impl ExactSizeIterator<Item = T> + Send,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let lanes = items.len().min(at_once);
    let left = Mutex::new(items.enumerate());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let lane = || {
        let mut done = Vec::new();
        while let Some((number, item)) = next() {
            done.push((number, work(item)));
        }
        done
    };
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn what_comes_of_the_items_is_in_their_order() {
        for (at_once, count) in [(4, 0), (4, 1), (4, 4), (4, 30), (1, 3), (usize::MAX, 5)] {
            let expected: Vec<usize> = (0..count).map(|item| item * 2).collect();
            assert_eq!(side_by_side(at_once, 0..count, |item| item * 2), expected, "{count}, {at_once} at once");
        }
    }

    #[test]
    fn so_many_are_done_at_once_and_no_more() {
        let (now, all_of_them) = (AtomicUsize::new(0), Barrier::new(3));
        let at_once = side_by_side(3, 0..12, |_| {
            let begun = now.fetch_add(1, Ordering::SeqCst) + 1;
            // Nobody ends before three are at it.
            all_of_them.wait();
            now.fetch_sub(1, Ordering::SeqCst);
            begun
        });
        assert!(at_once.iter().all(|begun| *begun <= 3), "{at_once:?}");
    }

    #[test]
    fn a_panic_is_passed_on() {
        let ended = catch_unwind(|| side_by_side(2, 0..4, |item| assert_ne!(item, 2, "this one")));
        let told = ended.unwrap_err();
        assert!(told.downcast_ref::<String>().is_some_and(|told| told.contains("this one")));
    }
}
