//! What is wrong with a plan, where, and what to do: shown like a compiler's errors.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::position::{Position, printable};

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

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(&|_, text| text.to_owned()).trim_end())
    }
}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::is_unprintable;

    proptest! {
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
