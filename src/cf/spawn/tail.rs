//! The output of a running cf, read as it comes.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::Stream;
use crate::cf::parse::without_escapes;

/// A file that is written by a child and read behind it.
pub(super) struct Tail {
    stream: Stream,
    path: PathBuf,
    file: File,
    bytes: Vec<u8>,
    /// How many of the bytes were handed on as lines.
    told: usize,
}

impl Tail {
    pub(super) fn create(stream: Stream, path: PathBuf) -> io::Result<Self> {
        File::create(&path)?;
        Ok(Self { stream, file: File::open(&path)?, path, bytes: Vec::new(), told: 0 })
    }

    /// Where the child writes.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what is new and hands on every line that is complete.
    pub(super) fn read(&mut self, on_line: &mut dyn FnMut(Stream, &str)) -> io::Result<()> {
        self.file.read_to_end(&mut self.bytes)?;
        while let Some(length) = self.bytes[self.told..].iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.tell(self.told + length, on_line);
            self.told += 1;
        }
        Ok(())
    }

    fn tell(&mut self, until: usize, on_line: &mut dyn FnMut(Stream, &str)) {
        let line = String::from_utf8_lossy(&self.bytes[self.told..until]);
        let line = without_escapes(&line);
        if !line.trim().is_empty() {
            on_line(self.stream, line.trim_end());
        }
        self.told = until;
    }

    /// Reads the rest, hands on a last line without an end, and returns everything.
    pub(super) fn finish(mut self, on_line: &mut dyn FnMut(Stream, &str)) -> io::Result<String> {
        self.read(on_line)?;
        self.tell(self.bytes.len(), on_line);
        Ok(String::from_utf8_lossy(&self.bytes).into_owned())
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
