//! How long the live routes are asked after the switch.

use std::time::Duration;

use serde::Serialize;

use super::duration;

/// How long, and how often, the HTTP checks go on at the live routes before the old colour is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Watch {
    /// How long.
    #[serde(rename = "for", with = "duration::text")]
    pub time: Duration,
    /// The pause between two rounds, each of which asks every check at every live route.
    #[serde(with = "duration::text")]
    pub every: Duration,
    /// How many wrong answers to one check in a row end it; 1 or more.
    pub failures: u32,
}
