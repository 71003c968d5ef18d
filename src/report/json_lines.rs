//! Events as one JSON object a line, for other programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::run::event::Event;
use crate::text;

/// Writes events to a file or a pipe. A line that cannot be written is lost: a full disk never breaks a deployment.
#[derive(Debug)]
pub struct JsonLines<W: Write> {
    out: W,
    now: fn() -> String,
    /// Whether the last line may stand there in part.
    torn: bool,
}

impl<W: Write> JsonLines<W> {
    /// A writer of events; `now` tells the time (RFC 3339, UTC).
    pub fn new(out: W, now: fn() -> String) -> Self {
        Self { out, now, torn: false }
    }

    /// Writes one event, where it is one of those that the contract of the command line names. Fails where it is the
    /// first that is lost; the next one that can be written begins a line of its own.
    pub fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        let Some(mut object) = object(event) else { return Ok(()) };
        object["time"] = Value::from((self.now)());
        let written = object.to_string();
        let begin = if self.torn { "\n" } else { "" };
        let line = format!("{begin}{}\n", text::json(&written));
        let result = self.out.write_all(line.as_bytes()).and_then(|()| self.out.flush());
        let first = !std::mem::replace(&mut self.torn, result.is_err());
        if first { result } else { Ok(()) }
    }
}

fn object(event: &Event<'_>) -> Option<Value> {
    Some(match event {
        Event::Started { what, steps } => {
            json!({ "time": "", "event": "started", "what": what, "steps": steps.len() })
        }
        Event::StepStarted { step, argv } => json!({
            "time": "", "event": "step-started", "step": step.id, "app": step.app.as_str(),
            "action": step.facts().kind(), "argv": command(argv),
        }),
        Event::StepConfirmed { step, exit_code, seconds, notes } => json!({
            "time": "", "event": "step-confirmed", "step": step.id, "exit_code": exit_code,
            "seconds": rounded(*seconds), "notes": notes,
        }),
        Event::Repeating { step, why } => {
            json!({ "time": "", "event": "step-repeated", "step": step.id, "why": why })
        }
        Event::StepFailed { step, exit_code, seconds, why } => json!({
            "time": "", "event": "step-failed", "step": step.id, "exit_code": exit_code,
            "seconds": rounded(*seconds), "why": why,
        }),
        Event::Stopped { step, why } => json!({ "time": "", "event": "stopped", "step": step, "why": why }),
        Event::Interrupted { step, signal } => {
            json!({ "time": "", "event": "interrupted", "step": step, "exit_code": signal.exit_code() })
        }
        Event::RolledBack { complete } => json!({ "time": "", "event": "rolled-back", "complete": complete }),
        Event::Done { what, seconds } => {
            json!({ "time": "", "event": "done", "what": what, "seconds": rounded(*seconds) })
        }
        Event::Line { .. } | Event::Waiting { .. } | Event::Serves { .. } => return None,
    })
}

fn command(argv: &[String]) -> Vec<&str> {
    if argv.is_empty() { Vec::new() } else { std::iter::once("cf").chain(argv.iter().map(String::as_str)).collect() }
}

/// Milliseconds are enough.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that has room for so many bytes, and again after it was cleared.
    struct Disk {
        written: Vec<u8>,
        room: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.room);
            self.room -= taken;
            self.written.extend_from_slice(&bytes[..taken]);
            if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_told_once_and_tears_one_line() {
        let mut lines = JsonLines::new(Disk { written: Vec::new(), room: 10 }, || "now".to_owned());
        let done = Event::Done { what: "deploy\u{202e}", seconds: 1.0 };
        assert!(lines.event(&done).is_err());
        assert!(lines.event(&done).is_ok(), "it is told once");
        lines.out.room = 1000;
        assert!(lines.event(&done).is_ok());
        let text = String::from_utf8(lines.out.written).unwrap();
        let (torn, whole) = text.split_once('\n').unwrap();
        assert_eq!(torn.len(), 10);
        assert!(whole.contains("deploy\\u202e"), "{whole}");
        let whole: Value = serde_json::from_str(whole).unwrap();
        assert_eq!(whole["what"], "deploy\u{202e}");
    }
}
