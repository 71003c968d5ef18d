//! How a version that was live comes back where no app is on the live routes any more: somebody has deleted or unmapped what was
//! there. It is put back by hand, which is quicker than any deployment.

use crate::cf::invocation::Invocation;
use crate::plan::{self, AppName, RouteUrl};
use crate::shell;
use crate::space::{AppState, Space};

use super::annotations::{Origin, Role};

/// A version that was live, and the commands that have it serve again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBack {
    /// The app.
    pub app: AppName,
    /// The commands, each as a shell reads it.
    pub commands: Vec<String>,
}

impl PutBack {
    /// The version that was live last of those of these names, by what is written on it, where no app is on the live routes. `None`
    /// where one is, where none was live, and where what there is cannot be started or mapped.
    pub(crate) fn of(app: &plan::App, names: &[AppName], space: &Space) -> Option<Self> {
        if app.live.iter().any(|url| !space.holders(url).is_empty()) {
            return None;
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
        Some(Self { app: name.clone(), commands: start.into_iter().chain(maps).collect() })
    }

    /// In words, with each command on a line of its own.
    pub(crate) fn told(&self) -> String {
        let lines = [format!("to put {} back, which was live before:", self.app)].into_iter();
        lines.chain(self.commands.iter().map(|command| format!("  {command}"))).collect::<Vec<_>>().join("\n")
    }
}
