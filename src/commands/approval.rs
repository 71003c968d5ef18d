//! Who answers the questions of a plan while it runs.

use crate::cli::prompt::{self, terminal};
use crate::run::routes::approver::{Answer, Approver};
use crate::run::waiting::clock::{Clock, Stop};

use super::reporters::Reporters;

/// Who answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Approval<'a> {
    /// Nobody is asked: it is approved, for this reason.
    Given(&'static str),
    /// A person at the terminal, where there is one.
    Asked(&'a Reporters),
}

impl Approver for Approval<'_> {
    fn ask(&self, question: &str, clock: &dyn Clock) -> Result<Answer, Stop> {
        let reporters = match self {
            Self::Given(why) => return Ok(Answer::Yes(why)),
            Self::Asked(reporters) => reporters,
        };
        let Ok(terminal) = terminal() else { return Ok(Answer::NobodyToAsk) };
        match reporters.while_asking(|| prompt::ask(&terminal, "", question, clock)) {
            Ok(prompt::Answer::Yes) => Ok(Answer::Yes("approved at the terminal")),
            Ok(prompt::Answer::No) => Ok(Answer::No("the answer is no".to_owned())),
            Ok(prompt::Answer::Stopped(stop)) => Err(stop),
            Err(error) => Ok(Answer::No(format!("the terminal does not take the question: {error}"))),
        }
    }
}
