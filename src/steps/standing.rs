//! Where an app stands: which version is live and which one is next, and what is under way.
//!
//! What is read off the space for it is the strategy's affair; every other room reads the answer here.

use crate::plan::{self, AppName, RouteUrl};
use crate::space::{AppState, Space};

use super::annotations::{Identity, Origin};
use super::refusal::Refusal;
use super::strategy;

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
    pub(crate) colour: AppName,
    /// Whether it is being taken back.
    pub(crate) back: bool,
    /// Where it comes from. `None` where nothing but its role is written on it.
    pub(crate) origin: Option<Origin>,
}

impl Standing {
    /// Reads off the space where the versions of an app stand. Refuses where the space does not tell, never guesses.
    pub(crate) fn of(app: &plan::App, space: &Space) -> Result<Self, Refusal> {
        strategy::of(app).standing(app, space)
    }

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

impl UnderWay {
    /// What is under way, by what is written on the apps. `None` where nothing tells of it.
    pub(crate) fn of(app: &plan::App, space: &Space) -> Option<Self> {
        strategy::of(app).under_way(app, space)
    }
}

/// Where the apps that belong to an app of the plan come from, as far as they tell.
pub(crate) fn origins(app: &plan::App, space: &Space) -> Vec<Origin> {
    let apps = strategy::of(app).apps(app);
    apps.iter().filter_map(|name| Origin::of(space.app(name.as_str())?)).collect()
}

/// Whether a deployment has left a word on one of them.
pub(crate) fn has_begun(app: &plan::App, deployment: &Identity, space: &Space) -> bool {
    origins(app, space).iter().any(|origin| origin.deployment.id == deployment.id)
}

/// Says which app serves the live routes, and which ones are only mapped to them.
pub(crate) fn serving(app: &plan::App, space: &Space) -> String {
    let runs = |name: &&str| space.app(name).is_none_or(|app| app.state == AppState::Started);
    let of_route = |url: &RouteUrl| {
        let (serve, stopped): (Vec<&str>, Vec<&str>) = space.holders(url).into_iter().partition(runs);
        let told = match serve.as_slice() {
            [] => format!("no app serves {url}"),
            [one] => format!("{one} serves {url}"),
            several => format!("{} serve {url}", several.join(" and ")),
        };
        match stopped.as_slice() {
            [] => told,
            stopped => format!("{told} ({} is mapped to it and stopped)", stopped.join(" and ")),
        }
    };
    app.live.iter().map(of_route).collect::<Vec<_>>().join("; ")
}
