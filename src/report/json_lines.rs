//! Events as one JSON object a line, for other programs.

use std::io::{self, Write};

use serde_json::to_string;

use crate::event::{Event, Happening};
use crate::text;

use super::reporter::Reporter;

/// Writes events to a file or a pipe. A line that cannot be written is lost: a full disk never breaks a deployment.
#[derive(Debug)]
pub(crate) struct JsonLines<W: Write> {
    out: W,
    /// Whether the last line may stand there in part.
    torn: bool,
}

impl<W: Write> JsonLines<W> {
    /// A writer of events.
    pub(crate) fn new(out: W) -> Self {
        Self { out, torn: false }
    }
}

impl<W: Write> Reporter for JsonLines<W> {
    /// Writes one event. Fails where it is the first that is lost; the next one that can be written begins a line of its
    /// own.
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if !is_for_programs(&event.what) {
            return Ok(());
        }
        let begin = if self.torn { "\n" } else { "" };
        let line = format!("{begin}{}\n", text::json(&to_string(event)?));
        let result = self.out.write_all(line.as_bytes()).and_then(|()| self.out.flush());
        let first = !std::mem::replace(&mut self.torn, result.is_err());
        if first { result } else { Ok(()) }
    }
}

/// What cf prints is for people, and may be long: of a step that fails, its last words are in the reason.
fn is_for_programs(what: &Happening) -> bool {
    !matches!(what, Happening::Output { .. })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::Value;

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
        let mut lines = JsonLines::new(Disk { written: Vec::new(), room: 10 });
        let what = Happening::Note { text: "deploy\u{202e}".to_owned() };
        let done = Event { time: Timestamp::UNIX_EPOCH, what };
        assert!(lines.event(&done).is_err());
        assert!(lines.event(&done).is_ok(), "it is told once");
        lines.out.room = 1000;
        assert!(lines.event(&done).is_ok());
        let text = String::from_utf8(lines.out.written).unwrap();
        let (torn, whole) = text.split_once('\n').unwrap();
        assert_eq!(torn.len(), 10);
        assert!(whole.contains("deploy\\u202e"), "{whole}");
        let whole: Value = serde_json::from_str(whole).unwrap();
        assert_eq!(whole["text"], "deploy\u{202e}");
    }
}
