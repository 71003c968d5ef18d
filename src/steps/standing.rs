//! Where an app stands: which version is live and which one is next, and what is under way.
//!
//! What is read off the space for it is the strategy's affair, so `of` stands in [`strategy`](super::strategy); every other room
//! reads the answer here.

use crate::plan::{self, AppName, RouteUrl};
use crate::space::{App, AppState, Space};

use super::annotations::Origin;

/// Where the versions of one app stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing holds a live route: there is nothing that could be taken down.
    First {
        /// What is deployed next.
        next: AppName,
    },
    /// One version holds the live routes.
    Settled {
        /// The app that holds them.
        live: AppName,
        /// What is deployed next.
        next: AppName,
    },
    /// Two versions hold live routes, and the annotations tell which one was being deployed, or taken back.
    Half {
        /// The app that was live before.
        live: AppName,
        /// The app that was being deployed, or taken back.
        next: AppName,
    },
}

/// A deployment that did not come to its end, or a rollback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnderWay {
    /// The app that is being deployed, or taken back.
    pub(crate) app: AppName,
    /// Whether it is being taken back.
    pub(crate) back: bool,
    /// Where it comes from. `None` where nothing but its role is written on it.
    pub(crate) origin: Option<Origin>,
}

impl Standing {
    /// The app that serves, if one does.
    pub(crate) fn live(&self) -> Option<&AppName> {
        match self {
            Self::First { .. } => None,
            Self::Settled { live, .. } | Self::Half { live, .. } => Some(live),
        }
    }

    /// The app that a deployment would deploy.
    pub(crate) fn next(&self) -> &AppName {
        match self {
            Self::First { next } | Self::Settled { next, .. } | Self::Half { next, .. } => next,
        }
    }
}

/// Whether an app of this name is on one of the live routes.
pub(crate) fn is_on_live(app: &plan::App, name: &AppName, space: &Space) -> bool {
    app.live.iter().any(|url| space.is_mapped(name.as_str(), url))
}

/// Whether all live routes lead to the app of this name, and to nobody else.
pub(crate) fn is_alone_on_live(app: &plan::App, name: &AppName, space: &Space) -> bool {
    app.has_routes() && not_alone_on(app, name, space).is_none()
}

/// The first live route that leads to somebody else than the app of this name, or to nobody.
pub(crate) fn not_alone_on<'a>(app: &'a plan::App, name: &AppName, space: &Space) -> Option<&'a RouteUrl> {
    app.live.iter().find(|url| space.holders(url) != [name.as_str()])
}

/// Says which app serves the live routes, and which ones are only mapped to them; of an app without routes, which ones are at work.
pub(crate) fn serving(app: &plan::App, space: &Space) -> String {
    if !app.has_routes() {
        return at_work(app, space);
    }
    let of_route = |url: &RouteUrl| {
        let (stopped, others): (Vec<&str>, Vec<&str>) =
            space.holders(url).into_iter().partition(|name| is_stopped(space.app(name)));
        let (down, serve): (Vec<&str>, Vec<&str>) = others.into_iter().partition(|name| is_down(space.app(name)));
        let told = match serve.as_slice() {
            [] => format!("no app serves {url}"),
            [one] => format!("{one} serves {url}"),
            several => format!("{} serve {url}", several.join(" and ")),
        };
        let mapped = |names: &[&str], how: &str| format!("{} is mapped to it and {how}", names.join(" and "));
        match (stopped.as_slice(), down.as_slice()) {
            ([], []) => told,
            (stopped, []) => format!("{told} ({})", mapped(stopped, "stopped")),
            ([], down) => format!("{told} ({})", mapped(down, "does not run")),
            (stopped, down) => format!("{told} ({}; {})", mapped(stopped, "stopped"), mapped(down, "does not run")),
        }
    };
    app.live.iter().map(of_route).collect::<Vec<_>>().join("; ")
}

/// Whether a version of an app does what it is for: it serves, or, where no route leads to it, is started.
pub(crate) fn is_at_work(app: &plan::App, there: &App) -> bool {
    if app.has_routes() { there.serves() } else { there.state == AppState::Started }
}

fn at_work(app: &plan::App, space: &Space) -> String {
    let runs = |there: &App| there.state == AppState::Started && there.instances() > 0;
    let names: Vec<&str> =
        app.colours.iter().map(AppName::as_str).filter(|name| space.app(name).is_some_and(runs)).collect();
    match names.as_slice() {
        [] => format!("no version of {} is at work", app.name),
        [one] => format!("{one} is at work"),
        several => format!("{} are at work", several.join(" and ")),
    }
}

fn is_stopped(app: Option<&App>) -> bool {
    app.is_some_and(|app| app.state == AppState::Stopped)
}

/// Whether no instance of it runs, as far as that was looked at.
fn is_down(app: Option<&App>) -> bool {
    app.is_some_and(|app| app.running() == 0 && app.web_processes().any(|web| !web.states.is_empty()))
}
