//! When the processes of the next colour start that no route of the plan leads to.

use std::collections::BTreeMap;

use serde::Serialize;

use super::value_error::ValueError;

/// When the processes of the next colour start, by type. One that is not named is handed over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Processes(pub(super) BTreeMap<String, Takeover>);

/// When a process of the next colour starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Takeover {
    /// Once the users of the app are on the next colour and the same process of the old one has ended.
    Handover,
    /// With the rest of its colour, beside the same process of the old one.
    Overlap,
}

impl Takeover {
    /// Reads the word of a plan.
    pub(super) fn parse(word: &str) -> Result<Self, ValueError> {
        match word {
            "handover" => Ok(Self::Handover),
            "overlap" => Ok(Self::Overlap),
            _ => Err(ValueError::new("an unknown word")),
        }
    }
}

impl Processes {
    /// Whether the plan says nothing of them.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When the process of a type starts.
    pub(super) fn of(&self, kind: &str) -> Takeover {
        self.0.get(kind).copied().unwrap_or(Takeover::Handover)
    }
}
