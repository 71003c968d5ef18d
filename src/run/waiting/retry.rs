//! When a call is repeated, and after what pause.
//!
//! Every step is idempotent, and the space is read before anything is repeated: only what is known not to be done is
//! done again. What is refused for a reason that lasts is not repeated.

use std::time::Duration;

use crate::cf::outcome::{Reason, Verdict};

/// How often a call is made at the most.
pub(super) const ATTEMPTS: u32 = 4;
/// The pause before the second call; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The pause while something else is under way on the same object, which is waited for until the step's deadline.
const BUSY: Duration = Duration::from_secs(5);
/// The longest time that a platform which asks for patience is given.
pub(in crate::run) const PATIENCE: Duration = Duration::from_secs(120);

/// What to do after a call that was not confirmed and has not done what it was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) enum Next {
    /// It is repeated after this pause.
    Again(Duration),
    /// It is repeated with a new token.
    WithNewToken,
    /// It is repeated when the platform says so.
    WhenAllowed,
    /// It is not repeated.
    GiveUp,
}

/// Decides after call number `tried`, counted from 1.
pub(in crate::run) fn after(verdict: &Verdict, tried: u32) -> Next {
    let pause = FIRST_PAUSE * 2_u32.saturating_pow(tried.saturating_sub(1));
    let reason = match verdict {
        Verdict::Refused(refusal) => Some(refusal.reason),
        // It was cut off, or answered with nothing that is known: the space has told that it is not done.
        Verdict::Unknown { .. } => None,
        Verdict::Done | Verdict::AlreadyDone => return Next::GiveUp,
    };
    match reason {
        Some(Reason::Busy) => Next::Again(BUSY),
        _ if tried >= ATTEMPTS => Next::GiveUp,
        Some(Reason::TokenExpired) if tried == 1 => Next::WithNewToken,
        Some(Reason::RateLimited) => Next::WhenAllowed,
        Some(reason) if !reason.is_transient() => Next::GiveUp,
        Some(_) | None => Next::Again(pause),
    }
}

/// The pause that the platform asks for, in an answer of `cf curl -i`: its headers, and `Retry-After` among them where
/// the status is 429 (CC: seconds). Nothing where it answers otherwise.
pub(in crate::run) fn asked_for(answer: &str) -> Duration {
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    let limited = head.lines().next().is_some_and(|status| status.split_whitespace().nth(1) == Some("429"));
    let seconds = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("retry-after").then(|| value.trim().parse().ok()).flatten()
    });
    match (limited, seconds) {
        (true, seconds) => Duration::from_secs(seconds.unwrap_or(1)).clamp(FIRST_PAUSE, PATIENCE),
        (false, _) => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cf::outcome::Refusal;

    #[test]
    fn what_is_repeated_and_when() {
        let refused = |reason| Verdict::Refused(Refusal { reason, words: String::new() });
        let unknown = || Verdict::Unknown { why: String::new() };
        let seconds = |seconds| Next::Again(Duration::from_secs(seconds));
        let cases = [
            (refused(Reason::Server), 1, seconds(1)),
            (refused(Reason::Connection), 3, seconds(4)),
            (refused(Reason::Server), ATTEMPTS, Next::GiveUp),
            (refused(Reason::RateLimited), 1, Next::WhenAllowed),
            (refused(Reason::TokenExpired), 1, Next::WithNewToken),
            (refused(Reason::TokenExpired), 2, Next::GiveUp),
            (refused(Reason::Busy), 100, seconds(5)),
            (refused(Reason::Quota), 1, Next::GiveUp),
            (refused(Reason::StagingFailed), 1, Next::GiveUp),
            (refused(Reason::NotAuthorized), 1, Next::GiveUp),
            (unknown(), 2, seconds(2)),
            (unknown(), ATTEMPTS, Next::GiveUp),
        ];
        for (verdict, tried, expected) in cases {
            assert_eq!(after(&verdict, tried), expected, "{verdict:?} after {tried}");
        }
    }

    #[test]
    fn the_pause_that_a_platform_asks_for() {
        let cases = [
            ("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nDate: now\r\n\r\n{}", 7),
            ("HTTP/1.1 429 Too Many Requests\r\nretry-after: 86400\r\n\r\n{}", 120),
            ("HTTP/1.1 429 Too Many Requests\r\n\r\n{}", 1),
            ("HTTP/1.1 200 OK\r\nRetry-After: 7\r\n\r\n{}", 0),
            ("HTTP/1.1 200 OK\r\n\r\nRetry-After: 7", 0),
            ("", 0),
        ];
        for (answer, seconds) in cases {
            assert_eq!(asked_for(answer), Duration::from_secs(seconds), "{answer}");
        }
    }
}
