//! What is wrong with a plan, where, and what to do: shown like a compiler's errors.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::text::is_unprintable;

/// One thing that is wrong with a plan or with a file that it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, as the user or the plan named it.
    pub file: PathBuf,
    /// Where in the file; `None` where the file as a whole is meant, for example because it cannot be read.
    #[serde(flatten)]
    pub position: Option<Position>,
    /// The place in the document, for example `apps[0].routes.live[1]`; empty at the top.
    pub path: String,
    /// What is wrong: a lower-case sentence without a full stop.
    pub message: String,
    /// What to do about it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A place in a text file and the line that it is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1; one past the end of the line where something is missing there.
    pub column: usize,
    /// How many characters are meant; 1 or more.
    #[serde(skip)]
    pub width: usize,
    /// The line's text; `None` where it may hold a secret.
    #[serde(skip)]
    pub text: Option<String>,
}

/// All that is wrong with a plan, in the order in which the files are read and of their lines; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(transparent)]
pub struct Problems(Vec<Problem>);

/// The parts of a shown problem, for those who colour them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `error`.
    Error,
    /// The message.
    Message,
    /// Line numbers, arrows and rules.
    Frame,
    /// The carets under what is meant.
    Caret,
    /// `hint`.
    Hint,
}

impl Problems {
    /// Takes the problems that were found, in the order in which they are shown; `None` where there are none.
    pub(super) fn new(mut found: Vec<Problem>) -> Option<Self> {
        // Two apps may share a manifest.
        found.dedup_by(|a, b| a.file == b.file && a.position == b.position && a.message == b.message);
        (!found.is_empty()).then_some(Self(found))
    }

    /// A single problem.
    pub(super) fn one(problem: Problem) -> Self {
        Self(vec![problem])
    }

    /// The problems.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// Writes the problems for people; `paint` colours a part or leaves it as it is.
    pub fn render(&self, paint: &dyn Fn(Part, &str) -> String) -> String {
        let mut out = String::new();
        for problem in &self.0 {
            out.push_str(&problem.render(paint));
            out.push('\n');
        }
        out
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(&|_, text| text.to_owned()).trim_end())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(&|_, text| text.to_owned()).trim_end())
    }
}

/// The most characters of a line that are shown.
const WINDOW: usize = 100;

impl Problem {
    /// Writes the problem for people over a few lines; `paint` colours a part or leaves it as it is.
    pub fn render(&self, paint: &dyn Fn(Part, &str) -> String) -> String {
        let mut out = format!("{}: {}\n", paint(Part::Error, "error"), paint(Part::Message, &printable(&self.message)));
        let file = printable(&self.file.display().to_string());
        let path = if self.path.is_empty() { String::new() } else { format!(" ({})", printable(&self.path)) };
        let number = self.position.as_ref().map_or(String::new(), |at| at.line.to_string());
        let pad = " ".repeat(number.len().max(1));
        let mut line = |left: &str, right: &str| {
            out.push_str(format!("{}{right}", paint(Part::Frame, left)).trim_end());
            out.push('\n');
        };
        match &self.position {
            None => line(&format!("{pad}-->"), &format!(" {file}{path}")),
            Some(at) => {
                line(&format!("{pad}-->"), &format!(" {file}:{}:{}{path}", at.line, at.column));
                if let Some(text) = &at.text {
                    let (text, before, width) = at.window(text);
                    let carets = paint(Part::Caret, &"^".repeat(width));
                    line(&format!("{pad} |"), "");
                    line(&format!("{number} |"), &format!(" {text}"));
                    line(&format!("{pad} |"), &format!(" {}{carets}", " ".repeat(before)));
                }
            }
        }
        if let Some(hint) = &self.hint {
            let left = paint(Part::Frame, &format!("{pad} ="));
            out.extend([
                left,
                " ".to_owned(),
                paint(Part::Hint, "hint"),
                ": ".to_owned(),
                printable(hint),
                "\n".to_owned(),
            ]);
        }
        out
    }
}

impl Position {
    /// Finds line and column of a byte of a text, and how many characters belong to the word that begins there. Lines
    /// end as editors see it: with `\n`, `\r\n` or a lone `\r`.
    pub(super) fn find(text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let (before, after) = text.split_at(offset);
        let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        // Between the two halves of a CR LF: still the line that they end.
        let (start, before) = match (before.strip_suffix('\r'), after.starts_with('\n')) {
            (Some(shorter), true) => (shorter.rfind(['\n', '\r']).map_or(0, |at| at + 1), shorter),
            (Some(_) | None, _) => (start, before),
        };
        let line = 1 + before[..start].replace("\r\n", "\n").matches(['\n', '\r']).count();
        let rest = after.split(['\n', '\r']).next().unwrap_or_default();
        Self {
            line,
            column: 1 + before[start..].chars().count(),
            width: word(rest).chars().count().max(1),
            text: Some(format!("{}{rest}", &before[start..])),
        }
    }

    /// The part of the line that is shown, how many characters of it come before what is meant, and how many are meant.
    fn window(&self, text: &str) -> (String, usize, usize) {
        let line: Vec<char> = text.trim_end().chars().collect();
        let before = self.column - 1;
        let skip = if before + self.width.min(WINDOW / 2) > WINDOW { before - WINDOW / 4 } else { 0 };
        let mut text: String = line.iter().skip(skip).take(WINDOW).collect();
        let mut indent = before - skip;
        if skip > 0 {
            text.insert(0, '…');
            indent += 1;
        }
        if line.len() > skip + WINDOW {
            text.push('…');
        }
        let room = text.chars().count().saturating_sub(indent).max(1);
        (printable(&text), indent, self.width.clamp(1, room))
    }
}

/// The key or value at the start of a line's rest.
fn word(rest: &str) -> &str {
    let end = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest[1..].find(quote).map_or(rest.len(), |at| at + 2),
        Some('[' | '{' | ']' | '}' | ',' | ':') | None => 1.min(rest.len()),
        Some('-') if rest.starts_with("- ") => 1,
        Some(_) => [rest.find(": "), rest.find(" #"), rest.find([',', ']', '}'])]
            .into_iter()
            .flatten()
            .chain(rest.ends_with(':').then(|| rest.len() - 1))
            .min()
            .unwrap_or(rest.len()),
    };
    rest[..end].trim_end()
}

/// Replaces what would move a terminal's cursor; a tab becomes one blank, so that carets stay in their column.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if is_unprintable(c) => '\u{FFFD}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_and_columns() {
        let text = "a: 1\r\nbé: [x, 'y z']\rc\n\nd";
        for (offset, line, column, word) in [
            (0, 1, 1, "a"),
            (3, 1, 4, "1"),
            (4, 1, 5, " "),
            (5, 1, 5, " "),
            (6, 2, 1, "bé"),
            (9, 2, 3, ":"),
            (11, 2, 5, "["),
            (15, 2, 9, "'y z'"),
            (22, 3, 1, "c"),
            (24, 4, 1, " "),
            (25, 5, 1, "d"),
            (999, 5, 2, " "),
        ] {
            let at = Position::find(text, offset);
            assert_eq!((at.line, at.column, at.width), (line, column, word.chars().count()), "{offset}");
        }
    }

    proptest! {
        #[test]
        fn always_within_the_text(text in "[a\r\n\té\u{2028}: ]{0,40}", offset in 0_usize..90) {
            let at = Position::find(&text, offset);
            let plain = text.replace("\r\n", "\n").replace('\r', "\n");
            let line = plain.split('\n').nth(at.line - 1);
            prop_assert_eq!(line, at.text.as_deref());
            prop_assert!(at.column <= at.text.as_deref().unwrap_or_default().chars().count() + 1);
        }

        #[test]
        fn never_panics_and_never_moves_the_cursor(text in ".{0,300}", column in 1_usize..300, width in 1_usize..300) {
            let column = column.min(text.chars().count() + 1);
            let problem = Problem {
                file: PathBuf::from(&text),
                position: Some(Position { line: 7, column, width, text: Some(text.clone()) }),
                path: text.clone(),
                message: text.clone(),
                hint: Some(text),
            };
            let shown = problem.to_string();
            prop_assert!(!shown.chars().any(|c| c != '\n' && is_unprintable(c)));
            prop_assert_eq!(shown.lines().count(), 6);
        }
    }
}
