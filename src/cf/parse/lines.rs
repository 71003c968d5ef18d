//! Cleaned lines of output.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::super::output::Output;

/// The lines of one stream: without colour codes, without CR, without the blanks at their ends.
///
/// What a carriage return overwrites (progress bars: ` 0 B / 161 B  0.00%\r …`) counts as lines of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines(Vec<String>);

impl Lines {
    /// Cleans and cuts a text.
    pub fn of(text: &str) -> Self {
        let text = without_escapes(text);
        Self(text.split(['\n', '\r']).map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// The lines that are not blank, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The lines after the first one that satisfies `heading`; `None` where there is none.
    pub fn after(&self, heading: impl Fn(&str) -> bool) -> Option<&[String]> {
        let at = self.0.iter().position(|line| heading(line))?;
        self.0.get(at + 1..)
    }

    /// Tells whether any line satisfies `test`.
    pub fn any(&self, test: impl Fn(&str) -> bool) -> bool {
        self.iter().any(test)
    }
}

/// Removes terminal control sequences: `ESC[32;1mOK ESC[0;22m` → `OK `.
pub fn without_escapes(text: &str) -> Cow<'_, str> {
    static ESCAPE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])").ok());
    match ESCAPE.as_ref() {
        Some(escape) if text.contains('\x1b') => escape.replace_all(text, ""),
        Some(_) | None => Cow::Borrowed(text),
    }
}

/// The last lines of both streams on one line, for a message: standard error first, at most some 300 characters each.
pub fn excerpt(output: &Output) -> String {
    let tail = |text: &str| {
        let lines = Lines::of(text);
        let joined = lines.iter().map(str::trim).collect::<Vec<_>>().join(" | ");
        let from = joined.char_indices().rev().nth(299).map_or(0, |(at, _)| at);
        joined[from..].to_owned()
    };
    match (tail(&output.stderr), tail(&output.stdout)) {
        (err, out) if err.is_empty() && out.is_empty() => "nothing".to_owned(),
        (err, out) if err.is_empty() => out,
        (err, out) if out.is_empty() => err,
        (err, out) => format!("{err} | {out}"),
    }
}
