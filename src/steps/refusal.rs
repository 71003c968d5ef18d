//! Why nothing is done, and what the user can do about it. The space is as it was.
//!
//! - `platform`: what the platform does not allow; `routes`, `colours`: what is there does not fit the plan; `under_way`: what was
//!   begun does not

mod colours;
mod platform;
mod routes;
mod under_way;

#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::own_commands::OwnCommands;
use crate::plan::AppName;
use crate::shell;

use super::Verb;

pub use colours::ColourRefusal;
pub use platform::{Fit, PlatformRefusal};
pub use routes::RouteRefusal;
pub use under_way::UnderWayRefusal;

/// Why nothing is done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The platform does not allow it now: nothing is wrong with what cutover has left.
    #[error(transparent)]
    Platform(PlatformRefusal),
    /// The routes of the plan cannot be had.
    #[error(transparent)]
    Routes(RouteRefusal),
    /// The colours are not what they would have to be.
    #[error(transparent)]
    Colours(ColourRefusal),
    /// What is under way, or was deployed, does not fit.
    #[error(transparent)]
    UnderWay(UnderWayRefusal),
    /// Several things at once.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Several(Vec<Refusal>),
}

impl Refusal {
    /// Refuses where there is something to refuse for; all of it at once.
    pub(super) fn any(mut found: Vec<Self>) -> Result<(), Self> {
        match found.len() {
            0 => Ok(()),
            1 => found.pop().map_or(Ok(()), Err),
            _ => Err(Self::Several(found)),
        }
    }

    /// Whether it is the platform that does not allow it now: nothing is wrong with what cutover has left.
    pub(crate) fn is_the_platforms(&self) -> bool {
        match self {
            Self::Platform(_) => true,
            Self::Several(all) => all.iter().all(Self::is_the_platforms),
            Self::Routes(_) | Self::Colours(_) | Self::UnderWay(_) => false,
        }
    }

    /// Whether it is about one of several apps alone, so that the verb goes on with the others: there is nothing to do for
    /// this one, or no way back.
    pub(super) fn leaves_others_be(&self, verb: Verb, apps: usize) -> bool {
        match self {
            Self::Colours(ColourRefusal::NoFallback { .. }) => verb == Verb::Rollback && apps > 1,
            Self::UnderWay(UnderWayRefusal::NothingUnderWay { .. } | UnderWayRefusal::OfAnotherDeployment { .. }) => {
                true
            }
            Self::Platform(_) | Self::Routes(_) | Self::Colours(_) | Self::UnderWay(_) | Self::Several(_) => false,
        }
    }

    /// What the user can do about it. A command stands on a line of its own, behind two blanks, as a shell reads it.
    pub(crate) fn hint(&self, own: &OwnCommands) -> String {
        match self {
            Self::Platform(refusal) => refusal.hint(),
            Self::Routes(refusal) => refusal.hint(),
            Self::Colours(refusal) => refusal.hint(own),
            Self::UnderWay(refusal) => refusal.hint(own),
            Self::Several(all) => {
                let mut hints: Vec<String> = Vec::new();
                for hint in all.iter().map(|refusal| refusal.hint(own)) {
                    if !hints.contains(&hint) {
                        hints.push(hint);
                    }
                }
                hints.join("\n")
            }
        }
    }
}

/// A command on a line of its own.
fn command(words: &[&str]) -> String {
    format!("\n  {}", shell::command(words))
}

/// A command of cutover's own, about one app, on a line of its own.
fn about(own: &OwnCommands, verb: &str, app: &AppName) -> String {
    format!("\n  {}", own.about(verb, [app.as_str()]))
}
