//! What the next colour gets of what the live one has and no manifest names.

use std::collections::BTreeSet;

use serde::Serialize;

use super::value_error::ValueError;

/// What the next colour gets of what the live one has and no manifest names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carry {
    /// All of it.
    #[default]
    All,
    /// Nothing: the manifest alone says what it is.
    None,
    /// These parts of it.
    Only(BTreeSet<Carried>),
}

/// A part of what an app is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carried {
    /// Variables of the environment.
    Env,
    /// Labels.
    Labels,
    /// Annotations.
    Annotations,
    /// Switches such as `ssh` and `revisions`.
    Features,
    /// Service bindings.
    Bindings,
    /// Network policies, in both directions.
    Policies,
    /// Sidecars.
    Sidecars,
    /// What its processes are set to: sizes, commands, health checks.
    Processes,
}

impl Carry {
    /// Whether it is everything, which is what holds where a plan says nothing.
    pub(super) fn is_all(&self) -> bool {
        *self == Self::All
    }

    /// Whether a part is carried.
    pub(crate) fn has(&self, part: Carried) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Only(parts) => parts.contains(&part),
        }
    }

    /// Of the words of a plan.
    pub(super) fn of(words: Vec<Word>) -> Self {
        match words.as_slice() {
            [] | [Word::All] => Self::All,
            [Word::None] => Self::None,
            _ => Self::Only(words.into_iter().filter_map(Word::part).collect()),
        }
    }
}

/// A word of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// `all`.
    All,
    /// `none`.
    None,
    /// The name of a part.
    Part(Carried),
}

impl Word {
    /// Reads the word of a plan.
    pub(super) fn parse(word: &str) -> Result<Self, ValueError> {
        Ok(match word {
            "all" => Self::All,
            "none" => Self::None,
            "env" => Self::Part(Carried::Env),
            "labels" => Self::Part(Carried::Labels),
            "annotations" => Self::Part(Carried::Annotations),
            "features" => Self::Part(Carried::Features),
            "bindings" => Self::Part(Carried::Bindings),
            "policies" => Self::Part(Carried::Policies),
            "sidecars" => Self::Part(Carried::Sidecars),
            "processes" => Self::Part(Carried::Processes),
            _ => return Err(ValueError::new("an unknown word")),
        })
    }

    /// Whether nothing else can be said beside it.
    pub(super) fn stands_alone(self) -> bool {
        self.part().is_none()
    }

    fn part(self) -> Option<Carried> {
        match self {
            Self::All | Self::None => None,
            Self::Part(part) => Some(part),
        }
    }
}
