//! Cleaned lines of output.

use super::super::output::Output;
use super::plain::{of_platform, plain};
use crate::text::{harmless, without_escapes};

/// The lines of one stream: without colour codes, without CR, without the blanks at their ends.
///
/// What a carriage return overwrites (progress bars: ` 0 B / 161 B  0.00%\r …`) counts as lines of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lines(Vec<String>);

impl Lines {
    /// Cleans and cuts a text.
    pub(crate) fn of(text: &str) -> Self {
        let text = without_escapes(text);
        let lines = text.split('\n').flat_map(|line| line.split('\r')).map(str::trim_end);
        Self(lines.filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// The lines that are not blank, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The lines after the first one that satisfies `heading`; `None` where there is none.
    pub(crate) fn after(&self, heading: impl Fn(&str) -> bool) -> Option<&[String]> {
        let at = self.0.iter().position(|line| heading(line))?;
        self.0.get(at + 1..)
    }

    /// Tells whether any line satisfies `test`.
    pub(crate) fn any(&self, test: impl Fn(&str) -> bool) -> bool {
        self.iter().any(test)
    }
}

/// The last lines of both streams on one line, for a message: standard error first, at most some 300 characters each,
/// in words, without secrets and without what would do harm to a terminal.
pub(crate) fn excerpt(output: &Output) -> String {
    let tail = |text: &str| {
        let lines = Lines::of(&plain(text));
        let told = lines.iter().map(|line| of_platform(line.trim()).unwrap_or_else(|| line.trim().to_owned()));
        let joined = told.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" | ");
        // Before it is cut: half a secret is not known again.
        let joined = output.redactor.shown(&joined);
        let from = joined.char_indices().rev().nth(299).map_or(0, |(at, _)| at);
        joined[from..].to_owned()
    };
    let told = match (tail(&output.stderr), tail(&output.stdout)) {
        (err, out) if err.is_empty() && out.is_empty() => "nothing".to_owned(),
        (err, out) if err.is_empty() => out,
        (err, out) if out.is_empty() => err,
        (err, out) => format!("{err} | {out}"),
    };
    harmless(&told).into_owned()
}
