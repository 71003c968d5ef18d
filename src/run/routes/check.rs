//! The plan's checks of the new version.

use std::sync::Arc;

use guard::Guard;

use crate::plan::{Check, RouteUrl};
use crate::run::waiting::clock::Clock;
use crate::space::Space;

use super::command;
use super::http::{self, Client};
use super::http_check;
use super::outcome::Outcome;

/// What runs checks.
pub trait Checks: Sync {
    /// Runs one check of the app of a space at a route.
    fn run(&self, check: &Check, app: &str, url: &RouteUrl, space: &Space, clock: &dyn Clock) -> Outcome;
}

/// Runs checks as they are meant.
#[derive(Debug)]
pub struct Checker<'a> {
    /// The client for routes.
    pub client: &'a Client,
    /// What knows of a command as long as it runs.
    pub guard: &'a Arc<Guard>,
}

impl Checks for Checker<'_> {
    fn run(&self, check: &Check, app: &str, url: &RouteUrl, space: &Space, clock: &dyn Clock) -> Outcome {
        match check {
            Check::Http(http) => http_check::ask(http, app, url, space, self.client, clock),
            Check::Command(command) => command::execute(command, app, &http::url(url, ""), clock, self.guard)
                .unwrap_or_else(|error| Outcome::Failed(format!("the command could not be run: {error}"))),
        }
    }
}
