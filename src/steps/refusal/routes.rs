//! Routes that a plan cannot have, or that lead elsewhere.

use thiserror::Error;

use crate::plan::{AppName, RouteUrl};
use crate::space::rules::ForeignRoute;

use super::command;

/// What is wrong with the routes of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RouteRefusal {
    /// A live route leads to an app that is none of the colours.
    #[error("live route {url} leads to app {app}, which is none of the colours of {name} ({}, {})", colours[0], colours[1])]
    ForeignHolder {
        /// The plan's name of the app.
        name: AppName,
        /// Its colours.
        colours: [AppName; 2],
        /// The first of them that no app has.
        free: Option<AppName>,
        /// The route.
        url: RouteUrl,
        /// The app it leads to.
        app: String,
    },
    /// The staging route leads to an app that is none of the colours.
    #[error(
        "staging route {url} leads to app {app}, which is none of the colours of {name}: a check would reach it, too"
    )]
    StagingTaken {
        /// The plan's name of the app.
        name: AppName,
        /// The route.
        url: RouteUrl,
        /// The app it leads to.
        app: String,
    },
    /// Routes lead to the live colour that the plan does not name, and it says that none may.
    #[error("{name} is also reached by {}, which the plan does not name", joined(routes))]
    ExtraRoutes {
        /// The plan's name of the app.
        name: AppName,
        /// The routes.
        routes: Vec<RouteUrl>,
    },
    /// A route that the plan does not name would lead to nobody that serves once the live colour is stopped.
    #[error("{url} leads to {app}, and else to none but {}, which {} stopped: once {app} is, nobody serves it", others.join(" and "), if others.len() == 1 { "is" } else { "are" })]
    GoesDark {
        /// The plan's name of the app.
        name: AppName,
        /// The live colour.
        app: AppName,
        /// The route.
        url: RouteUrl,
        /// The others that it leads to.
        others: Vec<String>,
        /// What takes it off them.
        commands: Vec<String>,
    },
    /// A route leads to a colour in a way in which cf neither maps nor unmaps.
    #[error("{url} leads to {} of {app}: cutover maps the routes of {name} to one web process on its usual port", leads.join(" and to "))]
    OtherDestination {
        /// The plan's name of the app.
        name: AppName,
        /// The colour.
        app: AppName,
        /// The route.
        url: RouteUrl,
        /// Where it leads, in words.
        leads: Vec<String>,
        /// Whether the plan does not name it.
        is_extra: bool,
    },
    /// The plan has no routes for the app, and there are some.
    #[error("the plan names no routes of {name}, and {} leads to {app}", routes.join(", "))]
    HasRoutes {
        /// The plan's name of the app.
        name: AppName,
        /// The colour.
        app: AppName,
        /// The routes that lead to it.
        routes: Vec<String>,
    },
    /// The colour that would be deployed holds a route that a push takes off and that cannot be mapped again.
    #[error("app {app} holds the route {url}, which a push would take off it and cutover cannot map again: {why}")]
    CannotKeep {
        /// The app.
        app: AppName,
        /// The route, as the platform tells it.
        url: String,
        /// Why not.
        why: String,
    },
    /// No domain of the organization fits a route.
    #[error("no domain of organization {org} fits the route {url}")]
    NoDomain {
        /// The organization.
        org: String,
        /// The route.
        url: RouteUrl,
        /// The domains that there are.
        domains: Vec<String>,
    },
    /// A route of the plan belongs to another space.
    #[error("{}", foreign(route))]
    ForeignRoute {
        /// The route.
        route: Box<ForeignRoute>,
    },
    /// A route of the plan is none that the platform would make, or that can be used for what the plan wants.
    #[error("route {url} cannot be used: {why}")]
    RouteCannotBe {
        /// The route.
        url: RouteUrl,
        /// Why not.
        why: String,
    },
    /// The next colour holds more routes that the plan does not name than an annotation can remember.
    #[error("app {app} holds more routes that the plan does not name than can be remembered while it is pushed")]
    TooManyRoutes {
        /// The app.
        app: AppName,
    },
}

impl RouteRefusal {
    /// What the user can do about it. A command stands on a line of its own, behind two blanks, as a shell reads it.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::ForeignHolder { name, colours, free, app, url } => {
                let rename = match free {
                    Some(free) => format!(
                        "if {app} is {name} as it runs today, give it the name of a colour:{}\nor name it in the plan:",
                        command(&["cf", "rename", app, free.as_str()])
                    ),
                    // Both names are taken.
                    None => format!("if {app} is {name} as it runs today, name it in the plan:"),
                };
                let other = colours.iter().find(|colour| Some(*colour) != free.as_ref()).unwrap_or(&colours[0]);
                format!(
                    "{rename} colours: [{}, {}]\nif {url} is not to be {app}'s, have whoever looks after {app} give it up",
                    in_yaml(app),
                    in_yaml(other.as_str())
                )
            }
            Self::StagingTaken { app, .. } => format!(
                "give the plan a staging route of its own (routes: staging:), or have whoever looks after {app} give this one up"
            ),
            Self::ExtraRoutes { .. } => "name them in `routes: live:`, or say with `extra_routes` that they are moved (move) or \
                 left where they are (keep)"
                .to_owned(),
            Self::GoesDark { name, others, commands, .. } => {
                format!(
                    "start {}; or say with `extra_routes: keep` that it may lead to nobody; or have it lead there no more, so that it \
                     moves with the live routes of {name}:\n  {}",
                    others.join(" or "),
                    commands.join("\n  ")
                )
            }
            Self::OtherDestination { is_extra: true, .. } => {
                "say with `extra_routes: keep` that it stays where it is, or have it lead to the web process alone".to_owned()
            }
            Self::OtherDestination { app, url, .. } => {
                format!("have {url} lead to the web process of {app} alone, on its usual port, and run cutover again")
            }
            Self::HasRoutes { app, .. } => {
                format!("name them in the plan (`routes:`), or have whoever looks after {app} give them up")
            }
            Self::CannotKeep { app, .. } => format!(
                "choose other colours in the plan; or have whoever looks after {app} give the route up, if it is not \
                 to serve it any more"
            ),
            Self::NoDomain { domains, .. } => {
                format!("the organization has these domains: {}; see cf domains", domains.join(", "))
            }
            Self::ForeignRoute { .. } => {
                "give the plan a route of its own; or have whoever it belongs to give it up, once nothing is served by it"
                    .to_owned()
            }
            Self::RouteCannotBe { .. } => "choose another route in the plan; see cf domains".to_owned(),
            Self::TooManyRoutes { app } => {
                format!(
                    "name the routes in the plan (`routes: live:`), leave those of the live version where they are \
                     (`extra_routes: keep`), or give up those that nobody uses; or choose other colours than {app}"
                )
            }
        }
    }
}

fn foreign(route: &ForeignRoute) -> String {
    let ForeignRoute { wanted, url, owner, apps, shared, .. } = route;
    let leads = match apps.as_slice() {
        [] => String::new(),
        [app] => format!(" and leads to app {app} there"),
        apps => format!(" and leads to apps {} there", apps.join(", ")),
    };
    match owner {
        None => format!("route {wanted} is taken: it belongs to a space that you may not see"),
        Some(owner) if *shared => format!(
            "route {wanted} belongs to {owner}, which shares it{leads}: it can be mapped only by whoever has the role \
             space_developer or space_supporter there, and cut over only where no app there is on it"
        ),
        Some(owner) if !url.eq_ignore_ascii_case(wanted) => format!(
            "route {wanted} cannot be made: {url} belongs to {owner}, and on a domain that all organizations share the \
             routes of a host belong to one space"
        ),
        Some(owner) => format!("route {wanted} belongs to {owner}{leads}: no app of this space can be mapped to it"),
    }
}

fn joined(routes: &[RouteUrl]) -> String {
    routes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A name as an item of a list in a plan.
fn in_yaml(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_plain) {
        name.to_owned()
    } else {
        serde_json::Value::from(name).to_string()
    }
}
