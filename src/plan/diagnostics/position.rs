//! A place in a text file, with as much of its line as is shown.

use serde::Serialize;

use crate::text::is_unprintable;

/// The most characters of a line that are shown.
const WINDOW: usize = 100;

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
    pub(super) fn window(&self, text: &str) -> (String, usize, usize) {
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
pub(super) fn printable(text: &str) -> String {
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
    }
}
