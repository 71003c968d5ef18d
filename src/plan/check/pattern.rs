//! What a text must match.

use regex::{Regex, RegexBuilder};
use serde::{Serialize, Serializer};

use crate::plan::value_error::ValueError;

/// The most that a compiled expression may take, in bytes: the time to compile one grows with it.
const MAX_PATTERN: usize = 1 << 18;

/// A regular expression that a text is searched for. Two are equal when their texts are.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles the expression; the error carries the reason where that is not possible.
    pub(crate) fn parse(text: &str) -> Result<Self, ValueError> {
        match RegexBuilder::new(text).size_limit(MAX_PATTERN).build() {
            Ok(regex) => Ok(Self(regex)),
            Err(error) => {
                // The library's message draws the expression over several lines; the last one says what is wrong.
                let message = error.to_string();
                let why = message.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
                Err(ValueError::hinted(
                    format!("the regular expression does not compile: {why}"),
                    "the syntax is that of https://docs.rs/regex: no look-around, no back-references; \
                     single quotes keep YAML from reading the backslashes",
                ))
            }
        }
    }

    /// Whether the expression is found anywhere in the text.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The expression as written.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
