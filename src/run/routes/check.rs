//! The plan's checks of the new version.

use std::sync::Arc;

use guard::Guard;

use crate::plan::{Approval, HttpCheck, LocalCheck, RouteUrl, Watch};
use crate::run::waiting::clock::Clock;
use crate::space::Space;

use super::approver::{Answer, Approver};
use super::command;
use super::http::Client;
use super::http_check::{self, Asking};
use super::outcome::Outcome;
use super::watch;

/// What runs checks.
pub trait Checks: Sync {
    /// Runs one check of the app of a space at a route, where the app has any.
    fn run(&self, check: &LocalCheck, app: &str, url: Option<&RouteUrl>, space: &Space, clock: &dyn Clock) -> Outcome;

    /// Goes on with checks of the app of a space at routes, as long as it is watched.
    fn watch(
        &self,
        watch: &Watch,
        checks: &[HttpCheck],
        app: &str,
        urls: &[RouteUrl],
        space: &Space,
        clock: &dyn Clock,
    ) -> Outcome;
}

/// Runs checks as they are meant.
#[expect(missing_debug_implementations, reason = "it holds somebody to ask")]
pub struct Checker<'a> {
    /// The client for routes.
    pub client: &'a Client,
    /// What knows of a command as long as it runs.
    pub guard: &'a Arc<Guard>,
    /// Who answers questions.
    pub approver: &'a dyn Approver,
}

impl Checks for Checker<'_> {
    fn run(&self, check: &LocalCheck, app: &str, url: Option<&RouteUrl>, space: &Space, clock: &dyn Clock) -> Outcome {
        match check {
            LocalCheck::Http(http) => match url {
                Some(url) => http_check::ask(http, app, url, space, self.client, clock),
                None => Outcome::Failed("there is no route to ask".to_owned()),
            },
            LocalCheck::Command(command) => {
                let url = url.map(|url| url.https("")).unwrap_or_default();
                command::execute(command, app, &url, clock, self.guard)
                    .unwrap_or_else(|error| Outcome::Failed(format!("the command could not be run: {error}")))
            }
            LocalCheck::Approval(Approval { question }) => match self.approver.ask(question, clock) {
                Ok(Answer::Yes(note)) => Outcome::Passed(note.to_owned()),
                Ok(Answer::No(why)) => Outcome::Failed(why),
                Ok(Answer::NobodyToAsk) => Outcome::Unanswered(question.clone()),
                Err(stop) => Outcome::Interrupted(stop),
            },
        }
    }

    fn watch(
        &self,
        watch: &Watch,
        checks: &[HttpCheck],
        app: &str,
        urls: &[RouteUrl],
        space: &Space,
        clock: &dyn Clock,
    ) -> Outcome {
        let all = urls.iter().flat_map(|url| checks.iter().map(move |check| (check, url)));
        let all = all
            .map(|(check, url)| Asking::new(check, app, url, space, self.client, clock))
            .collect::<Result<Vec<_>, _>>();
        all.and_then(|all| watch::watch(watch, &all, clock)).unwrap_or_else(Outcome::Interrupted)
    }
}
