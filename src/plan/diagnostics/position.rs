//! A place in a text file, with as much of its line as is shown.

use std::ops::Range;

use serde::Serialize;

use crate::text::is_unprintable;

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

    /// The same place, and of its line no more than up to its end.
    pub(super) fn without_rest(self) -> Self {
        let shown = |text: String| text.chars().take(self.column - 1 + self.width).collect();
        Self { text: self.text.map(shown), ..self }
    }

    /// The bytes that are meant, in the line as [`printable`] makes it.
    pub(super) fn span(&self, line: &str) -> Range<usize> {
        let shown = printable(line);
        let byte_of = |index: usize| shown.char_indices().nth(index).map_or(shown.len(), |(at, _)| at);
        byte_of(self.column - 1)..byte_of(self.column - 1 + self.width)
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
