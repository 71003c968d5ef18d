//! A check by a person.

use serde::Serialize;

/// A question to a person, before the switch; yes is success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Approval {
    /// What is asked, in one line.
    pub question: String,
}
