//! Accounts that are locked for a while because a password was guessed at.

use std::collections::HashMap;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

use crate::platform::lock;
use crate::state::Guid;

/// After so many failures in a row an account is locked. (UAA: `oauth-endpoints.xml`, `lockoutAfterFailures`.)
const FAILURES: usize = 5;

/// Failures that are longer ago do not count. (UAA: `countFailuresWithinSeconds`.)
const COUNTED: SignedDuration = SignedDuration::from_secs(1200);

/// How long after the last failure an account stays locked. (UAA: `lockoutPeriodSeconds`.)
const LOCKED: SignedDuration = SignedDuration::from_secs(300);

/// The logins that failed since the last one that did not, by user.
#[derive(Debug, Default)]
pub(super) struct Lockout(Mutex<HashMap<Guid, Vec<Timestamp>>>);

impl Lockout {
    /// Whether nobody may log in as this user now, not even with the right password. An attempt while it is locked does
    /// not count as a failure. (UAA: `AuthzAuthenticationManager`, `CommonLoginPolicy`.)
    pub(super) fn is_locked(&self, user: &Guid, now: Timestamp) -> bool {
        let failures = lock(&self.0);
        let Some(failures) = failures.get(user) else { return false };
        let counted = failures.iter().filter(|at| now.duration_since(**at) < COUNTED).count();
        counted >= FAILURES && failures.last().is_some_and(|last| now.duration_since(*last) < LOCKED)
    }

    /// Notes a wrong password.
    pub(super) fn failed(&self, user: &Guid, now: Timestamp) {
        lock(&self.0).entry(user.clone()).or_default().push(now);
    }

    /// Forgets the failures of a user, who has logged in, or is gone.
    pub(super) fn forget(&self, user: &Guid) {
        lock(&self.0).remove(user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_row_lock_an_account_for_five_minutes() {
        let (lockout, user) = (Lockout::default(), Guid::from("u"));
        let at = |second| Timestamp::from_second(second).unwrap();
        let fail = |seconds: &[i64]| seconds.iter().for_each(|second| lockout.failed(&user, at(*second)));
        fail(&[0, 1, 2, 3]);
        assert!(!lockout.is_locked(&user, at(3)));
        lockout.forget(&user);
        fail(&[4, 5, 6, 7]);
        assert!(!lockout.is_locked(&user, at(7)), "one that succeeded is between them");
        fail(&[8]);
        assert!(lockout.is_locked(&user, at(8)) && lockout.is_locked(&user, at(307)));
        assert!(!lockout.is_locked(&Guid::from("other"), at(8)));
        assert!(!lockout.is_locked(&user, at(308)));
        fail(&[309]);
        assert!(lockout.is_locked(&user, at(309)), "the older ones still count");
        assert!(!lockout.is_locked(&user, at(1206)), "two of them are longer ago than twenty minutes");
    }
}
