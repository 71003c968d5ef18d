//! What the new version must show at the staging route before it goes live.

use std::path::PathBuf;
use std::time::Duration;

use regex::{Regex, RegexBuilder};
use serde::{Serialize, Serializer};

use super::duration;
use super::value_error::ValueError;

/// One check of the new colour at the staging route.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// A GET through the staging route.
    Http(HttpCheck),
    /// A program of the team's own.
    Command(CommandCheck),
}

/// A GET through the staging route, repeated until it has succeeded often enough in a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HttpCheck {
    /// Path and query below the staging route; begins with `/`.
    pub path: String,
    /// The status codes that count as success; never empty.
    pub status: Vec<u16>,
    /// What the body must match, if anything.
    pub body: Option<BodyPattern>,
    /// The time from the first request to the last success; after it the check has failed.
    #[serde(with = "duration::text")]
    pub within: Duration,
    /// How many successes in a row are asked for; 1 or more.
    pub successes: u32,
    /// The pause between two requests.
    #[serde(with = "duration::text")]
    pub interval: Duration,
}

/// A program of the team's own: exit status 0 is success. It finds the staging URL in `CUTOVER_STAGING_URL` and the new
/// colour in `CUTOVER_APP`, and runs once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommandCheck {
    /// What is run.
    pub run: CommandLine,
    /// The folder that it is run in: the plan file's, as the user named it.
    pub folder: PathBuf,
    /// The time that it may take; after it the program is ended and the check has failed.
    #[serde(with = "duration::text")]
    pub within: Duration,
}

/// A command in one of the two ways a plan may write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum CommandLine {
    /// A line for `sh -c`.
    Shell(String),
    /// A program and its arguments, run without a shell; never empty.
    Argv(Vec<String>),
}

/// The most that a compiled expression may take, in bytes: the time to compile one grows with it.
const MAX_PATTERN: usize = 1 << 18;

/// A regular expression that a body is searched for. Two are equal when their texts are.
#[derive(Debug, Clone)]
pub struct BodyPattern(Regex);

impl BodyPattern {
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

    /// Whether the expression is found anywhere in the body.
    pub(crate) fn is_match(&self, body: &str) -> bool {
        self.0.is_match(body)
    }

    /// The expression as written.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl PartialEq for BodyPattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for BodyPattern {}

impl Serialize for BodyPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
