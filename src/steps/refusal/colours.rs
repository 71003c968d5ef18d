//! Colours that cannot be what the strategy needs them to be.

use thiserror::Error;

use crate::cf::invocation::Invocation;
use crate::own_commands::OwnCommands;
use crate::plan::{AppName, Lifecycle, RouteUrl};
use crate::steps::put_back::PutBack;

use super::{about, command};

/// What is wrong with the colours of an app.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ColourRefusal {
    /// Both colours hold live routes, and no annotation tells which one is new.
    #[error("both {} and {} hold live routes of {name}, and nothing tells which of them is the new one", colours[0], colours[1])]
    BothLive {
        /// The plan's name of the app.
        name: AppName,
        /// Its colours.
        colours: [AppName; 2],
    },
    /// Both colours are there, none holds a live route, and no annotation tells which one is to be kept.
    #[error("both {} and {} are there, neither holds a live route of {name}, and nothing tells which of them to keep", colours[0], colours[1])]
    NoneLive {
        /// The plan's name of the app.
        name: AppName,
        /// Its colours.
        colours: [AppName; 2],
        /// A live route.
        url: RouteUrl,
    },
    /// No route leads to either colour, and nothing tells which of them is live.
    #[error("no route of the plan leads to {} or {}, and nothing tells which of them is the live version of {name}", colours[0], colours[1])]
    NotTold {
        /// The plan's name of the app.
        name: AppName,
        /// Its colours.
        colours: [AppName; 2],
    },
    /// A colour is a version of another app of a plan.
    #[error("app {app} was deployed as a version of {of}, and not of {name}")]
    OfAnotherApp {
        /// The plan's name of the app.
        name: AppName,
        /// The colour.
        app: AppName,
        /// What it is a version of.
        of: String,
    },
    /// What is under way on a colour was begun under another name.
    #[error("app {app} is being deployed, or rolled back, as a version of {of}, and not of {name}")]
    UnderWayAs {
        /// The plan's name of the app.
        name: AppName,
        /// The colour.
        app: AppName,
        /// What it is a version of.
        of: String,
    },
    /// The colour that would be deployed is in use for something else.
    #[error("app {app} is started and serves {}, but it was never deployed by cutover and holds no live route of {name}", routes.join(", "))]
    InUse {
        /// The plan's name of the app.
        name: AppName,
        /// The app.
        app: AppName,
        /// The routes that it holds and the plan does not name.
        routes: Vec<String>,
    },
    /// The colour that would be deployed is an app of another lifecycle.
    #[error("app {app} was created with the lifecycle {}, which cannot be changed, and the manifest of {name} needs {}", has.as_str(), wanted.as_str())]
    OtherLifecycle {
        /// The plan's name of the app.
        name: AppName,
        /// The colour.
        app: AppName,
        /// The lifecycle that it has.
        has: Lifecycle,
        /// The one that the manifest asks for.
        wanted: Lifecycle,
        /// Whether it is stopped and holds no route but the plan's.
        idle: bool,
    },
    /// A colour that is to serve has no instances, and nothing tells how many it should have.
    #[error("app {app} has 0 web instances, so it could not serve {name}")]
    NoInstances {
        /// The plan's name of the app.
        name: AppName,
        /// The colour.
        app: AppName,
    },
    /// There is no colour that could serve in the place of the one that does.
    #[error("there is nothing to fall back to: {why}")]
    NoFallback {
        /// The plan's name of the app.
        name: AppName,
        /// Why not.
        why: String,
        /// What was live before and can be put back by hand.
        put_back: Option<PutBack>,
    },
}

impl ColourRefusal {
    /// What the user can do about it. A command stands on a line of its own, behind two blanks, as a shell reads it.
    pub(super) fn hint(&self, own: &OwnCommands) -> String {
        match self {
            Self::BothLive { colours, .. } => format!(
                "look at both; once the one that is not to serve is off the live routes, run cutover again:{}",
                look_at(colours)
            ),
            Self::NoneLive { colours, url, .. } => format!(
                "look at both, then map {url} to the one that is to be kept (cf map-route), or delete the one that is \
                 stopped and not needed (cf delete):{}",
                look_at(colours)
            ),
            Self::NotTold { colours, .. } => format!(
                "look at both; once only the one that is to be kept is started, run cutover again:{}",
                look_at(colours)
            ),
            Self::OfAnotherApp { name, of, .. } => format!(
                "give {name} colours of its own in the plan (`colours:`); if it is {of} under a new name, give it the old one back \
                 until it has been deployed"
            ),
            Self::UnderWayAs { of, .. } => {
                format!("wait until that has ended, or end it with the plan in which it is called {of}")
            }
            Self::InUse { app, .. } => {
                format!("a deployment would stop {app} and take its routes off: choose other colours in the plan")
            }
            Self::OtherLifecycle { app, idle, .. } => of_another_lifecycle(app, *idle),
            Self::NoInstances { app, .. } => format!(
                "a new version takes them from the manifest (instances:), else give it as many as it needs and run \
                 cutover again:\n  {}",
                Invocation::scale(app.as_str(), 1).shell()
            ),
            Self::NoFallback { name, put_back: None, .. } => {
                format!("deploy the version that is wanted instead:{}", about(own, "apply", name))
            }
            Self::NoFallback { name, put_back: Some(put_back), .. } => {
                format!("{}\nor deploy the version that is wanted:{}", put_back.told(), about(own, "apply", name))
            }
        }
    }
}

fn look_at(colours: &[AppName; 2]) -> String {
    colours.iter().map(|colour| command(&["cf", "app", colour.as_str()])).collect()
}

/// What to do about a colour of another lifecycle. One that is stopped and serves nobody can go, and with it what could
/// be fallen back to.
fn of_another_lifecycle(app: &AppName, idle: bool) -> String {
    if idle {
        format!(
            "{app} is stopped and serves nothing: if the version in it is not needed any more, delete it (cf delete) \
             and run cutover again, which creates it anew; to keep it, choose other colours in the plan"
        )
    } else {
        format!("{app} runs, or holds other routes: choose other colours in the plan, so that it is left alone")
    }
}
