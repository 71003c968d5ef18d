//! What is wrong with a plan, where, and what to do: shown like a compiler's errors.

use std::fmt;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
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

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Level::ERROR, &Renderer::plain()))
    }
}

impl Problem {
    /// Draws the problem over a few lines, as compilers do.
    pub(super) fn render(&self, level: Level<'_>, renderer: &Renderer) -> String {
        let file = printable(&self.file.display().to_string());
        let path = printable(&self.path);
        let mut group = Group::with_title(level.primary_title(printable(&self.message)));
        group = match &self.position {
            None => group.element(Origin::path(file)),
            Some(Position { text: Some(text), line, .. }) => {
                let place = self.position.as_ref().map_or(0..0, |position| position.span(text));
                let annotation = AnnotationKind::Primary.span(place).label((!path.is_empty()).then_some(path));
                group.element(Snippet::source(printable(text)).line_start(*line).path(file).annotation(annotation))
            }
            Some(Position { text: None, line, column, .. }) => {
                let group = group.element(Origin::path(file).line(*line).char_column(*column));
                if path.is_empty() {
                    group
                } else {
                    group.element(Level::NOTE.message(format!("the value of {path} is not shown")))
                }
            }
        };
        if let Some(hint) = &self.hint {
            group = group.element(Level::HELP.with_name("hint").message(printable(hint)));
        }
        renderer.render(&[group])
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
            prop_assert_eq!(shown.lines().count(), 7);
        }
    }
}
