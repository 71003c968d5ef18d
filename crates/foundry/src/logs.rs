//! What apps and the platform wrote, kept per app until the foundry ends. The log cache reads it.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

use crate::platform::lock;
use crate::state::Guid;

/// How many lines are kept for an app. (Log cache's default is 100,000 envelopes; `cf logs --recent` asks for 1000.)
const KEPT: usize = 10_000;

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// One line of a log.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// When it was written.
    pub at: Timestamp,
    /// Who wrote: `APP/PROC/WEB`, `APP/PROC/WEB/SIDECAR/NAME`, `APP/TASK/NAME`, `STG`, `CELL`, `API`, `RTR`.
    pub source: String,
    /// The index of the instance.
    pub instance: String,
    /// Where it was written.
    pub stream: Stream,
    /// The text without its newline.
    pub text: String,
}

/// The logs of all apps.
#[derive(Debug, Default)]
pub(crate) struct Logs(Mutex<HashMap<Guid, VecDeque<Line>>>);

impl Logs {
    /// Adds a line, stamped with the current time; the oldest line is forgotten when there are too many.
    pub(crate) fn append(&self, app: &Guid, source: &str, instance: &str, stream: Stream, text: &str) {
        let mut line = Line {
            at: Timestamp::now(),
            source: source.to_owned(),
            instance: instance.to_owned(),
            stream,
            text: text.to_owned(),
        };
        let mut logs = lock(&self.0);
        let lines = logs.entry(app.clone()).or_default();
        if let Some(last) = lines.back()
            && last.at >= line.at
        {
            // Who follows a log asks for what is later than the last line read: no two lines share a time.
            line.at = last.at.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(line.at);
        }
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// Forgets all lines, as Log Cache does, which keeps them in memory, when it is started anew.
    pub(crate) fn forget(&self) {
        lock(&self.0).clear();
    }

    /// The lines of an app, oldest first.
    pub(crate) fn of(&self, app: &str) -> Vec<Line> {
        lock(&self.0).get(app).map(|lines| lines.iter().cloned().collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_times_of_their_own_and_the_oldest_go() {
        let (logs, app) = (Logs::default(), Guid::random());
        for number in 0..=KEPT {
            logs.append(&app, "APP/PROC/WEB", "0", Stream::Out, &number.to_string());
        }
        let lines = logs.of(app.as_str());
        assert_eq!((lines.len(), lines[0].text.as_str()), (KEPT, "1"));
        assert!(lines.windows(2).all(|pair| pair[0].at < pair[1].at));
    }
}
