//! How what cutover writes begins, so that a later run knows a log or a file of events that lies in an app's folder: it is none
//! of the app's.

use std::sync::LazyLock;

use jiff::Timestamp;
use regex::bytes::Regex;

use crate::space::Verb;

/// How many bytes tell whether a file is one that cutover has written.
pub(crate) const HEAD: u64 = 128;

/// The first line of the log of a verb.
pub(crate) fn log_begins(verb: Verb, now: Timestamp) -> String {
    format!("cutover {}: {verb}, {}", env!("CARGO_PKG_VERSION"), now.strftime("%Y-%m-%dT%H:%M:%SZ"))
}

/// Whether a file that begins so is a log or holds events.
pub(crate) fn has_written(head: &[u8]) -> bool {
    static BEGINS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        const LOG: &str = r"cutover \d+\.\d+\.\d+[^ :]*: [a-z]+, \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\r?\n";
        const EVENTS: &str = r#"\{"time":"\d{4}-\d\d-\d\dT[^"]*","event":"[a-z-]+""#;
        Regex::new(&format!("^(?:{LOG}|{EVENTS})")).ok()
    });
    BEGINS.as_ref().is_some_and(|begins| begins.is_match(head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Happening};

    #[test]
    fn a_log_and_events_are_known_and_nothing_else_is() {
        let note = Event { time: Timestamp::UNIX_EPOCH, what: Happening::Note { text: "…".repeat(200) } };
        let events = serde_json::to_string(&note).unwrap();
        for verb in [Verb::Apply, Verb::Resume, Verb::Rollback] {
            assert!(has_written(format!("{}\nnote: …", log_begins(verb, Timestamp::now())).as_bytes()));
        }
        let head = &events.as_bytes()[..usize::try_from(HEAD).unwrap()];
        assert!(has_written(head), "{events}");
        let others: [&[u8]; 6] = [
            b"",
            b"cutover 0.1.0",
            b"#!/bin/sh\ncutover 0.1.0: apply, 2026-12-01T10:00:00Z\n",
            b"{\"event\":\"login\",\"time\":\"2026-12-01T10:00:00Z\"}",
            b"{\"time\":\"now\",\"event\":\"login\"}",
            b"\xff\xfe\n",
        ];
        for other in others {
            assert!(!has_written(other), "{}", String::from_utf8_lossy(other));
        }
    }
}
