//! How an app comes to serve again where nobody serves it: somebody has stopped what is on its live routes, or has deleted or
//! unmapped what was there. It is put back by hand, which is quicker than any deployment.

use crate::cf::invocation::Invocation;
use crate::plan::{self, AppName, RouteUrl};
use crate::shell;
use crate::space::{AppState, Space};

use super::annotations::{Origin, Role};

/// A version that can serve, and the commands that have it serve again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBack {
    /// The app.
    pub app: AppName,
    /// Whether it is on the live routes, and stopped.
    pub is_mapped: bool,
    /// The commands, each as a shell reads it.
    pub commands: Vec<String>,
}

impl PutBack {
    /// The version of these names that is on the live routes, where all is stopped that is; where nothing is, the one that was live
    /// last, by what is written on it. `None` where a started app is on a live route, where none was live, where what there is
    /// cannot be started or mapped, and of an app without routes: what is stopped of that may stand back for what is at work.
    pub(super) fn among(app: &plan::App, names: &[AppName], space: &Space) -> Option<Self> {
        if !app.has_routes() {
            return None;
        }
        let holders: Vec<&str> = app.live.iter().flat_map(|url| space.holders(url)).collect();
        if !holders.is_empty() {
            return Self::of_mapped(&holders, names, space);
        }
        let was = |role: Role| {
            let there = names.iter().filter_map(|name| Some((name, space.app(name.as_str())?)));
            there.into_iter().find(|(_, app)| Role::of(app) == Some(role) && app.droplet.is_some())
        };
        let (name, found) = was(Role::Live).or_else(|| was(Role::Previous))?;
        let start = (found.state == AppState::Stopped).then(|| shell::command(["cf", "start", name.as_str()]));
        // Whoever was live after it has written down how it was reached.
        let after =
            || app.colours.iter().filter(|one| *one != name).find_map(|one| Origin::of(space.app(one.as_str())?));
        let protocol = |url: &RouteUrl| {
            let was = after().and_then(|origin| origin.protocol(name.as_str(), url));
            was.or_else(|| app.protocols.get(url).copied()).unwrap_or_default()
        };
        let map = |url| {
            let call = Invocation::map_route(name.as_str(), &space.address(url)?, protocol(url), &space.cf_version());
            Some(call.shell())
        };
        let maps = app.live.iter().map(map).collect::<Option<Vec<String>>>()?;
        Some(Self { app: name.clone(), is_mapped: false, commands: start.into_iter().chain(maps).collect() })
    }

    /// Of those that are on the live routes, the one that is live by what is written on it, or else the first.
    fn of_mapped(holders: &[&str], names: &[AppName], space: &Space) -> Option<Self> {
        let found = |name: &&AppName| space.app(name.as_str()).filter(|app| holders.contains(&app.name.as_str()));
        let is_stopped = |holder: &&str| space.app(holder).is_some_and(|app| app.state == AppState::Stopped);
        let mut startable = names.iter().filter(|name| found(name).is_some_and(|app| app.droplet.is_some()));
        let is_live = |name: &&AppName| found(name).and_then(Role::of) == Some(Role::Live);
        let name = startable.clone().find(is_live).or_else(|| startable.next())?;
        let start = shell::command(["cf", "start", name.as_str()]);
        let all_stopped = holders.iter().all(is_stopped);
        all_stopped.then(|| Self { app: name.clone(), is_mapped: true, commands: vec![start] })
    }

    /// In words, with each command on a line of its own.
    pub(crate) fn told(&self) -> String {
        let first = if self.is_mapped {
            format!("to have {} serve again, which is stopped:", self.app)
        } else {
            format!("to put {} back, which was live before:", self.app)
        };
        let lines = [first].into_iter();
        lines.chain(self.commands.iter().map(|command| format!("  {command}"))).collect::<Vec<_>>().join("\n")
    }
}
