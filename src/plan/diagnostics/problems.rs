//! All that is wrong with a plan.

use std::fmt;

use annotate_snippets::{Level, Renderer};
use serde::Serialize;

use super::problem::Problem;

/// All that is wrong with a plan, in the order in which the files are read and of their lines; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(transparent)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Takes the problems that were found, in the order in which they are shown; `None` where there are none.
    pub(crate) fn new(mut found: Vec<Problem>) -> Option<Self> {
        // Two apps may share a manifest.
        found.dedup_by(|a, b| a.file == b.file && a.position == b.position && a.message == b.message);
        (!found.is_empty()).then_some(Self(found))
    }

    /// A single problem.
    pub(crate) fn one(problem: Problem) -> Self {
        Self(vec![problem])
    }

    /// The problems.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// Writes the problems for people, with a blank line behind each.
    pub(crate) fn render(&self, coloured: bool) -> String {
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for problem in &self.0 {
            text.push_str(&problem.render(Level::ERROR, &renderer));
            text.push_str("\n\n");
        }
        text
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
        f.write_str(self.render(false).trim_end())
    }
}
