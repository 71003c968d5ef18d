//! Where a check asks.

use serde::Serialize;

use crate::plan::value_error::ValueError;

/// The routes at which a check asks; at one of the two kinds at the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct At {
    /// The staging route, before the switch.
    pub staging: bool,
    /// The live routes, after the switch.
    pub live: bool,
}

impl At {
    /// Where a check asks whose plan says nothing.
    pub(super) const STAGING: Self = Self { staging: true, live: false };

    /// Reads a word of a plan.
    pub(in crate::plan) fn parse(word: &str) -> Result<Self, ValueError> {
        match word {
            "staging" => Ok(Self::STAGING),
            "live" => Ok(Self { staging: false, live: true }),
            _ => Err(ValueError::new("an unknown word")),
        }
    }

    /// All that several words say.
    pub(in crate::plan) fn all(words: impl IntoIterator<Item = Self>) -> Self {
        let none = Self { staging: false, live: false };
        words
            .into_iter()
            .fold(none, |all, word| Self { staging: all.staging || word.staging, live: all.live || word.live })
    }

    /// Whether it is where a check asks whose plan says nothing.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields by reference")]
    pub(super) fn is_staging(&self) -> bool {
        *self == Self::STAGING
    }
}
