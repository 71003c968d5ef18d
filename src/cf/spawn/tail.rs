//! The output of a running cf, read as it comes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::cf::output::Stream;
use crate::secret::Redactor;
use crate::text::harmless;

/// How much is read at once, in bytes.
const PART: usize = 16 * 1024;

/// A file that is written by a child and read behind it.
pub(super) struct Tail {
    stream: Stream,
    file: File,
    redactor: Redactor,
    bytes: Vec<u8>,
    /// How many of the bytes were handed on as lines.
    told: usize,
}

impl Tail {
    pub(super) fn new(stream: Stream, file: File, redactor: Redactor) -> Self {
        Self { stream, file, redactor, bytes: Vec::new(), told: 0 }
    }

    /// What the child writes to. Fails where no file descriptor can be had.
    pub(super) fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Reads what is new and hands on every line that is complete.
    pub(super) fn read(&mut self, on_line: &mut dyn FnMut(Stream, &str)) -> io::Result<()> {
        let mut part = [0; PART];
        loop {
            // By position: the child's own position in the file is shared with ours.
            match self.file.read_at(&mut part, self.bytes.len() as u64)? {
                0 => break,
                length => self.bytes.extend_from_slice(&part[..length]),
            }
        }
        while let Some(length) = self.bytes[self.told..].iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.tell(self.told + length, on_line);
            self.told += 1;
        }
        Ok(())
    }

    fn tell(&mut self, until: usize, on_line: &mut dyn FnMut(Stream, &str)) {
        let line = String::from_utf8_lossy(&self.bytes[self.told..until]);
        let line = harmless(&line);
        let line = self.redactor.shown(&line);
        if !line.trim().is_empty() {
            on_line(self.stream, line.trim_end());
        }
        self.told = until;
    }

    /// Reads the rest, hands on a last line without an end, and returns everything as it was written.
    pub(super) fn finish(mut self, on_line: &mut dyn FnMut(Stream, &str)) -> io::Result<String> {
        self.read(on_line)?;
        self.tell(self.bytes.len(), on_line);
        Ok(String::from_utf8_lossy(&self.bytes).into_owned())
    }
}
