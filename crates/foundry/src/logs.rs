//! What apps and the platform wrote, kept per app until the foundry ends. The log cache reads it.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

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
pub(crate) struct Logs {
    of: Mutex<HashMap<Guid, Log>>,
    /// Whoever waits for a reader.
    read: Notify,
}

/// The log of one app.
#[derive(Debug, Default)]
struct Log {
    lines: VecDeque<Line>,
    /// When the newest line was written that somebody has got.
    read: Option<Timestamp>,
}

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
        let mut logs = lock(&self.of);
        let lines = &mut logs.entry(app.clone()).or_default().lines;
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
        lock(&self.of).clear();
    }

    /// The lines of an app, oldest first.
    pub(crate) fn of(&self, app: &str) -> Vec<Line> {
        lock(&self.of).get(app).map(|log| log.lines.iter().cloned().collect()).unwrap_or_default()
    }

    /// Notes that somebody gets the lines of an app up to that time.
    pub(crate) fn is_read(&self, app: &str, up_to: Timestamp) {
        if let Some(log) = lock(&self.of).get_mut(app) {
            log.read = log.read.max(Some(up_to));
        }
        self.read.notify_waiters();
    }

    /// Waits until somebody has got all lines that an app has by now, but no longer than that.
    pub(crate) async fn until_read(&self, app: &Guid, within: Duration) {
        let Some(last) = lock(&self.of).get(app).and_then(|log| log.lines.back().map(|line| line.at)) else { return };
        let is_read = || lock(&self.of).get(app).is_none_or(|log| log.read >= Some(last));
        let read = async {
            loop {
                let next = self.read.notified();
                if is_read() {
                    return;
                }
                next.await;
            }
        };
        // Where nobody reads it, it has waited long enough.
        let _ = tokio::time::timeout(within, read).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_for_a_reader_goes_on_once_the_last_line_is_got() {
        let (logs, app) = (Logs::default(), Guid::random());
        let long = Duration::from_secs(600);
        logs.until_read(&app, long).await;
        for text in ["one", "two"] {
            logs.append(&app, "STG", "0", Stream::Out, text);
        }
        logs.until_read(&app, Duration::ZERO).await;
        let lines = logs.of(app.as_str());
        tokio::join!(logs.until_read(&app, long), async {
            logs.is_read(app.as_str(), lines[0].at);
            tokio::task::yield_now().await;
            logs.is_read(app.as_str(), lines[1].at);
        });
    }

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
