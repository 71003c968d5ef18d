//! Makes what differs from run to run the same: guids, times, addresses, directories.

use std::path::Path;
use std::sync::LazyLock;

use foundry::Foundry;
use regex::{Captures, Regex};

/// Patterns and what stands in for them, tried in this order.
static TABLE: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        // cf's own form: `Mon 23 Nov 10:39:59 UTC 2026`.
        (r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d? [A-Z][a-z]{2} \d\d:\d\d:\d\d UTC \d{4}", "[TIME]"),
        // That of HTTP's headers and of tasks.
        (r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (GMT|UTC)", "[TIME]"),
        // The API's, and that of logs and events.
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)", "[TIME]"),
        (r"\bcf/8\.18\.3 \([^)]*\)", "cf/8.18.3 (...)"),
        // What cf draws while it uploads.
        (r"(\r? [\d.]+ [KM]?i?B / [^\r\n]*%[^\r\n]*)+", "[PROGRESS]"),
        // How often it looks depends on how quick the instances are.
        (r"(?m)(^Instances starting\.\.\.\n)+", "Instances starting...\n"),
        // What instances take.
        (r"\d+\.\d%", "[CPU]"),
        (r"\b\d+(\.\d+)?[BKMG]? of (\d)", "[USED] of $2"),
        (r"\b0[BKMG]?/s of ", "[RATE] of "),
        (r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:[PORT]"),
        (r"(response|gorouter)_time:\d+\.\d+", "${1}_time:[SECONDS]"),
    ]
    .into_iter()
    .map(|(pattern, stand_in)| (Regex::new(pattern).unwrap(), stand_in))
    .collect()
});

/// The lines of a table of instances.
static INSTANCES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^(#\d+ .*| +state +since .*)$").unwrap());

/// What stands between two columns.
static GAP: LazyLock<Regex> = LazyLock::new(|| Regex::new(r" {3,}| +$").unwrap());

static GUID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b").unwrap());

/// The rules of one session: a guid keeps its number from its first appearance on.
#[derive(Debug, Clone)]
pub(crate) struct Normal {
    fixed: Vec<(String, &'static str)>,
    guids: Vec<String>,
}

impl Normal {
    /// The rules for what is printed about a foundry, by a cf that runs in `work`.
    pub(crate) fn new(foundry: &Foundry, work: &Path) -> Self {
        let address = |url: &str| url.trim_start_matches("http://").to_owned();
        Self {
            fixed: vec![
                (address(&foundry.api_url()), "[API]"),
                (foundry.uaa_addr().to_string(), "[UAA]"),
                (foundry.log_cache_addr().to_string(), "[LOG-CACHE]"),
                (address(&foundry.router_url()), "[ROUTER]"),
                (work.canonicalize().unwrap().display().to_string(), "[WORK]"),
                (work.display().to_string(), "[WORK]"),
            ],
            guids: Vec::new(),
        }
    }

    /// Applies the rules.
    pub(crate) fn apply(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.fixed {
            text = text.replace(from, to);
        }
        for (pattern, stand_in) in &*TABLE {
            text = pattern.replace_all(&text, *stand_in).into_owned();
        }
        // The widths of columns follow what has just been replaced.
        text = INSTANCES
            .replace_all(&text, |line: &Captures<'_>| GAP.replace_all(&line[0], "   ").into_owned())
            .into_owned();
        let guids = &mut self.guids;
        GUID.replace_all(&text, |found: &Captures<'_>| {
            let known = guids.iter().position(|guid| *guid == found[0]);
            let number = known.unwrap_or_else(|| {
                guids.push(found[0].to_owned());
                guids.len() - 1
            });
            format!("[GUID-{}]", number + 1)
        })
        .into_owned()
    }

    /// Puts real guids back in place of `[GUID-N]`, so that a session can use one it has seen.
    pub(crate) fn undo(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (number, guid) in self.guids.iter().enumerate() {
            text = text.replace(&format!("[GUID-{}]", number + 1), guid);
        }
        for (real, stand_in) in &self.fixed {
            text = text.replace(stand_in, real);
        }
        text
    }
}
