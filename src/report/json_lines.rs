//! Events as one JSON object a line, for other programs.

use std::io::Write;

use serde_json::{Value, json};

use crate::run::event::Event;

/// Writes events to a file or a pipe. A line that cannot be written is lost: a full disk never breaks a deployment.
#[derive(Debug)]
pub struct JsonLines<W: Write> {
    out: W,
    now: fn() -> String,
}

impl<W: Write> JsonLines<W> {
    /// A writer of events; `now` tells the time (RFC 3339, UTC).
    pub fn new(out: W, now: fn() -> String) -> Self {
        Self { out, now }
    }

    /// Writes one event, where it is one of those that the contract of the command line names.
    pub fn event(&mut self, event: &Event<'_>) {
        let Some(mut line) = object(event) else { return };
        line["time"] = Value::from((self.now)());
        let written =
            serde_json::to_string(&line).map(|text| writeln!(self.out, "{text}").and_then(|()| self.out.flush()));
        let _ = written;
    }
}

fn object(event: &Event<'_>) -> Option<Value> {
    Some(match event {
        Event::Started { what, steps } => {
            json!({ "time": "", "event": "started", "what": what, "steps": steps.len() })
        }
        Event::StepStarted { step, argv } => json!({
            "time": "", "event": "step-started", "step": step.id, "app": step.app.as_str(),
            "action": step.action.kind(), "argv": command(argv),
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
        Event::RolledBack { complete } => json!({ "time": "", "event": "rolled-back", "complete": complete }),
        Event::Done { what, seconds } => {
            json!({ "time": "", "event": "done", "what": what, "seconds": rounded(*seconds) })
        }
        Event::Line { .. } | Event::Waiting { .. } => return None,
    })
}

fn command(argv: &[String]) -> Vec<&str> {
    if argv.is_empty() { Vec::new() } else { std::iter::once("cf").chain(argv.iter().map(String::as_str)).collect() }
}

/// Milliseconds are enough.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
