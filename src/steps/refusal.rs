//! Why nothing is done, and what the user can do about it. The space is as it was.

use thiserror::Error;

use crate::cf::invocation::Invocation;
use crate::own_commands::OwnCommands;
use crate::plan::did_you_mean::closest;
use crate::plan::{AppName, Lifecycle, RouteUrl};
use crate::shell;
use crate::space::native::NativeDeployment;
use crate::space::rules::{ForeignRoute, Stack, Suspended};
use crate::space::{QuotaKind, QuotaScope};

use super::Verb;
use super::put_back::PutBack;
use super::upload::Difference;

/// Why nothing is done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
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
    /// A deployment of the platform's own is under way on a colour.
    #[error("the platform's own {deployment} of app {app} is under way, and would be in the way of this one")]
    NativeDeployment {
        /// The app.
        app: AppName,
        /// The deployment.
        deployment: NativeDeployment,
    },
    /// Nobody but an administrator may change anything.
    #[error("{what} {name} is suspended: nobody but an administrator may change anything in it")]
    Suspended {
        /// What is suspended.
        what: Suspended,
        /// Its name.
        name: String,
    },
    /// The user may not change the space.
    #[error(
        "you may not change anything in space {space}: that needs the role space_developer, and you have {}",
        if roles.is_empty() { "none there".to_owned() } else { roles.join(", ") }
    )]
    MissingRole {
        /// The space.
        space: String,
        /// The user's roles in it.
        roles: Vec<String>,
    },
    /// A feature flag is off that a step needs.
    #[error("the platform does not allow step {step}: its feature flag {flag} is off")]
    FlagOff {
        /// The flag.
        flag: String,
        /// The id of the first step that needs it.
        step: String,
    },
    /// An image needs a password that cf does not find.
    #[error("the image of {name} is pulled as {user}, and there is no password for it")]
    NoDockerPassword {
        /// The plan's name of the app.
        name: AppName,
        /// The user of the registry.
        user: String,
    },
    /// There is no such stack.
    #[error("there is no stack {stack}")]
    NoStack {
        /// What the manifest, or the app as it is, names.
        stack: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A stack does not take the app.
    #[error("stack {} is {} and does not take app {app}{}", stack.name, stack.state, reason(stack))]
    StackRefuses {
        /// The app.
        app: AppName,
        /// The stack.
        stack: Stack,
    },
    /// The manifest names a buildpack that the platform does not bring.
    #[error(
        "there is no buildpack {buildpack}{}, which the manifest of {name} names",
        stack.as_ref().map(|stack| format!(" for stack {stack}")).unwrap_or_default()
    )]
    NoBuildpack {
        /// The plan's name of the app.
        name: AppName,
        /// The buildpack.
        buildpack: String,
        /// The stack that it would be for, where it is known.
        stack: Option<String>,
        /// Those that there are for it.
        known: Vec<String>,
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
    /// Several things at once.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Several(Vec<Refusal>),
    /// A service instance is not there.
    #[error("there is no service instance {service} in space {space}")]
    NoService {
        /// The service instance.
        service: String,
        /// The space.
        space: String,
    },
    /// A service instance cannot be bound yet, or never.
    #[error("service instance {service} cannot be bound: its last operation is \"{}\"", operation.as_deref().unwrap_or("create in progress"))]
    ServiceNotReady {
        /// The service instance.
        service: String,
        /// What is being done to it, or what has failed: `update in progress`.
        operation: Option<String>,
    },
    /// A quota would be exceeded on the way.
    #[error(
        "the {scope} quota {quota} does not allow it: at step {step} {needed} {what} would be in use, and {limit} are allowed: \
         {} too many", needed.saturating_sub(*limit)
    )]
    Quota {
        /// The name of the quota.
        quota: String,
        /// Whose quota it is.
        scope: QuotaScope,
        /// The id of the first step at which it would be exceeded.
        step: String,
        /// What would be in use.
        needed: u64,
        /// What is allowed.
        limit: u64,
        /// Of what.
        what: QuotaKind,
        /// What would fit; none where that was not looked for.
        fits: Vec<Fit>,
    },
    /// A process may log without a limit, and a quota has one.
    #[error(
        "the {scope} quota {quota} allows {limit} bytes of logs a second, and none without a limit, which process {process} of app {app} is to be"
    )]
    UnlimitedLogs {
        /// The app.
        app: AppName,
        /// The type of the process.
        process: String,
        /// The name of the quota.
        quota: String,
        /// Whose quota it is.
        scope: QuotaScope,
        /// What is allowed, in bytes a second.
        limit: u64,
    },
    /// The next colour holds more routes that the plan does not name than an annotation can remember.
    #[error("app {app} holds more routes that the plan does not name than can be remembered while it is pushed")]
    TooManyRoutes {
        /// The app.
        app: AppName,
    },
    /// The files to upload are not here.
    #[error("the files to upload for {name} are not here, and its upload has not come to its end")]
    NoUpload {
        /// The plan's name of the app.
        name: AppName,
    },
    /// The files to upload are not those that the interrupted deployment began to upload.
    #[error(
        "the files to upload for {name} are not those that the interrupted deployment began to upload: {difference}"
    )]
    OtherUpload {
        /// The plan's name of the app.
        name: AppName,
        /// What differs.
        difference: Difference,
    },
    /// The droplet that an app is to run cannot be had, or does not fit.
    #[error("the droplet that {name} is to run cannot be had: {why}")]
    NoSource {
        /// The plan's name of the app.
        name: AppName,
        /// Why not.
        why: String,
    },
    /// The app whose droplet is deployed runs another one than when the interrupted deployment began, and that was not copied.
    #[error(
        "the interrupted deployment of {name} was to copy the droplet with the sha256 {began}, and has not; live there is by now \
         that of {now}"
    )]
    OtherDroplet {
        /// The plan's name of the app.
        name: AppName,
        /// The digest of the one that was to be copied.
        began: String,
        /// What is there now.
        now: String,
    },
    /// There is nothing to resume.
    #[error("no deployment of {name} is under way")]
    NothingUnderWay {
        /// The plan's name of the app.
        name: AppName,
    },
    /// Nothing is under way, and what runs is not what the plan and its files would deploy.
    #[error(
        "nothing is under way that could be resumed, and what runs is not what this plan deploys:{}",
        apps.iter().map(|(name, why)| format!("\n  {name}: {why}")).collect::<Vec<_>>().concat()
    )]
    NotDeployed {
        /// The plan's names of the apps, and what each of them lacks.
        apps: Vec<(AppName, String)>,
    },
    /// What is under way comes from another plan.
    #[error("the deployment of {app} that is under way comes from another plan or manifest than this one")]
    OtherPlan {
        /// The plan's name of the app.
        name: AppName,
        /// The colour that is being deployed.
        app: AppName,
    },
    /// Something else was uploaded to the next colour after what the interrupted deployment has uploaded.
    #[error(
        "another package was uploaded to app {app} since the deployment of {name} that is under way began, and would go live"
    )]
    OtherPackage {
        /// The plan's name of the app.
        name: AppName,
        /// The colour that is being deployed.
        app: AppName,
    },
    /// A deployment of several apps was interrupted between two of them, and comes from another plan.
    #[error(
        "deployment {id} was interrupted before it came to {}, and comes from another plan or manifest than this one",
        apps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    InterruptedOtherPlan {
        /// The id of the deployment.
        id: String,
        /// The plan's names of the apps that were to follow.
        apps: Vec<AppName>,
    },
    /// A colour that is to serve has no instances, and nothing tells how many it should have.
    #[error("app {app} has 0 web instances, so it could not serve {name}")]
    NoInstances {
        /// The plan's name of the app.
        name: AppName,
        /// The colour.
        app: AppName,
    },
    /// A rollback of the whole plan is about another deployment than the one that an app's live version comes from.
    #[error("{}", match own {
        Some(own) => {
            format!("the live version of {name} comes from another deployment ({own}) than the newest one of the plan ({newest})")
        }
        None => format!("nothing tells that a live version of {name} comes from the newest deployment of the plan ({newest})"),
    })]
    OfAnotherDeployment {
        /// The plan's name of the app.
        name: AppName,
        /// The id of the newest deployment of the plan.
        newest: String,
        /// The id of the deployment that its live version comes from, where one is told.
        own: Option<String>,
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

/// What the quotas would allow instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// A new version with fewer instances.
    Instances {
        /// The plan's name of the app.
        name: AppName,
        /// The most web instances that it may have.
        most: u32,
        /// How many it was to have.
        wanted: u32,
    },
    /// A new version with smaller instances.
    Memory {
        /// The plan's name of the app.
        name: AppName,
        /// The most memory of one web instance, in megabytes.
        most: u64,
        /// How much it was to be.
        wanted: u64,
        /// How much the live version uses, where that is told.
        used: Option<u64>,
    },
    /// Without a version that serves no route.
    Without {
        /// The app.
        app: AppName,
    },
    /// A larger quota.
    Limit {
        /// The most that is in use at any point.
        needed: u64,
    },
}

fn reason(stack: &Stack) -> String {
    stack.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default()
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
            Self::Quota { .. }
            | Self::UnlimitedLogs { .. }
            | Self::NativeDeployment { .. }
            | Self::Suspended { .. }
            | Self::MissingRole { .. }
            | Self::FlagOff { .. }
            | Self::NoDockerPassword { .. }
            | Self::NoStack { .. }
            | Self::StackRefuses { .. }
            | Self::ServiceNotReady { .. }
            | Self::NoBuildpack { .. }
            | Self::NoSource { .. } => true,
            Self::Several(all) => all.iter().all(Self::is_the_platforms),
            Self::ForeignHolder { .. }
            | Self::StagingTaken { .. }
            | Self::ExtraRoutes { .. }
            | Self::OtherDestination { .. }
            | Self::BothLive { .. }
            | Self::NoneLive { .. }
            | Self::NotTold { .. }
            | Self::HasRoutes { .. }
            | Self::InUse { .. }
            | Self::CannotKeep { .. }
            | Self::NoDomain { .. }
            | Self::ForeignRoute { .. }
            | Self::RouteCannotBe { .. }
            | Self::NoService { .. }
            | Self::TooManyRoutes { .. }
            | Self::NoUpload { .. }
            | Self::OtherUpload { .. }
            | Self::OtherDroplet { .. }
            | Self::NotDeployed { .. }
            | Self::NoInstances { .. }
            | Self::OtherLifecycle { .. }
            | Self::NothingUnderWay { .. }
            | Self::OtherPlan { .. }
            | Self::OtherPackage { .. }
            | Self::InterruptedOtherPlan { .. }
            | Self::OfAnotherDeployment { .. }
            | Self::NoFallback { .. } => false,
        }
    }

    /// Whether it is about one of several apps alone, so that the verb goes on with the others: there is nothing to do for
    /// this one, or no way back.
    pub(super) fn leaves_others_be(&self, verb: Verb, apps: usize) -> bool {
        let no_way_back = matches!(self, Self::NoFallback { .. }) && verb == Verb::Rollback && apps > 1;
        no_way_back || matches!(self, Self::NothingUnderWay { .. } | Self::OfAnotherDeployment { .. })
    }

    /// What the user can do about it. A command stands on a line of its own, behind two blanks, as a shell reads it.
    #[expect(clippy::too_many_lines, reason = "one arm for each kind, and most are one sentence")]
    pub(crate) fn hint(&self, own: &OwnCommands) -> String {
        let cutover = |verb: &str, app: &AppName| format!("\n  {}", own.about(verb, [app.as_str()]));
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
            Self::OtherDestination { is_extra: true, .. } => {
                "say with `extra_routes: keep` that it stays where it is, or have it lead to the web process alone".to_owned()
            }
            Self::OtherDestination { app, url, .. } => {
                format!("have {url} lead to the web process of {app} alone, on its usual port, and run cutover again")
            }
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
            Self::HasRoutes { app, .. } => {
                format!("name them in the plan (`routes:`), or have whoever looks after {app} give them up")
            }
            Self::InUse { app, .. } => format!(
                "a deployment would stop {app} and take its routes off: choose other colours in the plan"
            ),
            Self::CannotKeep { app, .. } => format!(
                "choose other colours in the plan; or have whoever looks after {app} give the route up, if it is not \
                 to serve it any more"
            ),
            Self::OtherLifecycle { app, idle, .. } => of_another_lifecycle(app, *idle),
            Self::NoDomain { domains, .. } => {
                format!("the organization has these domains: {}; see cf domains", domains.join(", "))
            }
            Self::NativeDeployment { app, deployment } => {
                let back = command(&["cf", "cancel-deployment", app.as_str()]);
                if deployment.is_canceling() {
                    "wait until it is cancelled, then run cutover again".to_owned()
                } else if deployment.is_paused() {
                    let on = command(&["cf", "continue-deployment", app.as_str()]);
                    format!("go on with it:{on}\nor go back to what was there before it:{back}")
                } else {
                    format!("wait until it has ended, or go back to what was there before it:{back}")
                }
            }
            Self::Suspended { .. } => {
                "ask whoever runs the platform why, and to take that back; what runs goes on running".to_owned()
            }
            Self::MissingRole { .. } => {
                "log in as somebody who has it (cf login), or have a manager of the space give it to you (cf set-space-role)"
                    .to_owned()
            }
            Self::FlagOff { flag, .. } => {
                format!("see cf feature-flag {flag}; an administrator can switch it on: cf enable-feature-flag {flag}")
            }
            Self::NoDockerPassword { .. } => {
                "set it in cf's own environment variable CF_DOCKER_PASSWORD, as a secret of the pipeline".to_owned()
            }
            Self::NoStack { known, .. } => format!("there are {}; see cf stacks", known.join(", ")),
            Self::NoBuildpack { buildpack, known, .. } => {
                let meant = closest(buildpack, known.iter().map(String::as_str)).map(|known| format!("did you mean {known}? ")).unwrap_or_default();
                format!(
                    "{meant}there are {} (cf buildpacks); the address of a repository can stand there, too",
                    known.join(", ")
                )
            }
            Self::StackRefuses { stack, .. } => format!(
                "name another one in the manifest (stack:), see cf stacks; or have an administrator open {} for it",
                stack.name
            ),
            Self::ForeignRoute { .. } => {
                "give the plan a route of its own; or have whoever it belongs to give it up, once nothing is served by it"
                    .to_owned()
            }
            Self::RouteCannotBe { .. } => "choose another route in the plan; see cf domains".to_owned(),
            Self::Several(all) => {
                let mut hints: Vec<String> = Vec::new();
                for hint in all.iter().map(|refusal| refusal.hint(own)) {
                    if !hints.contains(&hint) {
                        hints.push(hint);
                    }
                }
                hints.join("\n")
            }
            Self::NoService { service, .. } => format!(
                "look for it under another name (cf services), or create {service} first (cf create-service, cf \
                 create-user-provided-service)"
            ),
            Self::ServiceNotReady { service, operation } => {
                let wait = "wait until that has come to its end, then run cutover again:";
                let failed = "it never came to be: find out why, and have it deleted and created anew:";
                let is_failed = operation.as_deref().is_some_and(|told| told.ends_with("failed"));
                format!("{}{}", if is_failed { failed } else { wait }, command(&["cf", "service", service]))
            }
            Self::Quota { what, fits, .. } => quota_hint(*what, fits),
            Self::UnlimitedLogs { .. } => "name one in the manifest (log-rate-limit-per-second:), such as 16K".to_owned(),
            Self::TooManyRoutes { app } => {
                format!(
                    "name the routes in the plan (`routes: live:`), leave those of the live version where they are \
                     (`extra_routes: keep`), or give up those that nobody uses; or choose other colours than {app}"
                )
            }
            Self::NoUpload { name } => format!(
                "build them and go on:{}\nor take it back:{}",
                cutover("resume", name),
                cutover("rollback", name)
            ),
            Self::OtherUpload { name, .. } => format!(
                "make them as they were and go on:{}\nor start anew with those that are here:{}\nor take it back:{}",
                cutover("resume", name),
                cutover("apply", name),
                cutover("rollback", name)
            ),
            Self::NoSource { .. } => {
                "the plan's `from` names the app that was tested, with its space and organization where they are not the target's; \
                 whoever deploys must be able to see it there"
                    .to_owned()
            }
            Self::OtherDroplet { name, .. } => format!(
                "start anew with the one that is live there now:{}\nor take it back:{}\nor have the other one live there again, \
                 and go on:{}",
                cutover("apply", name),
                cutover("rollback", name),
                cutover("resume", name)
            ),
            Self::NothingUnderWay { name } => format!("see how things stand:{}", cutover("status", name)),
            Self::NotDeployed { apps } => {
                let names = || apps.iter().map(|(name, _)| name.as_str());
                let [status, apply] = ["status", "apply"].map(|verb| own.about(verb, names()));
                format!("see what is there:\n  {status}\nor deploy it:\n  {apply}")
            }
            Self::OtherPlan { name, app } => format!(
                "go on where the plan is the one that {app} was deployed by; who did it, when and where, is told by{}\n\
                 or take it back:{}\nor start anew:{}",
                cutover("status", name),
                cutover("rollback", name),
                cutover("apply", name)
            ),
            Self::OtherPackage { name, .. } => format!(
                "take it back:{}\nor start anew with the files that are here:{}",
                cutover("rollback", name),
                cutover("apply", name)
            ),
            Self::InterruptedOtherPlan { .. } => format!(
                "go on where the plan is the one that it was begun with\nor take back what it has deployed:\n  {}\nor start \
                 anew:\n  {}",
                own.verb("rollback"),
                own.verb("apply")
            ),
            Self::NoInstances { app, .. } => format!(
                "a new version takes them from the manifest (instances:), else give it as many as it needs and run \
                 cutover again:\n  {}",
                Invocation::scale(app.as_str(), 1).shell()
            ),
            Self::OfAnotherDeployment { name, .. } => {
                format!("to take it back all the same:{}", cutover("rollback", name))
            }
            Self::NoFallback { name, put_back: None, .. } => {
                format!("deploy the version that is wanted instead:{}", cutover("apply", name))
            }
            Self::NoFallback { name, put_back: Some(put_back), .. } => {
                format!("{}\nor deploy the version that is wanted:{}", put_back.told(), cutover("apply", name))
            }
        }
    }
}

/// What can be done about a quota. What fits is sure by the model: the same deployment was compiled with it, and no quota refused
/// it.
fn quota_hint(what: QuotaKind, fits: &[Fit]) -> String {
    let general = match what {
        QuotaKind::Memory | QuotaKind::Instances | QuotaKind::LogRate => {
            "both colours of an app may run at once, and all apps of the plan count together: stop what is not needed (cf \
             apps), deploy with fewer instances or less memory, or have the quota raised"
        }
        QuotaKind::InstanceMemory => "lower the memory in the manifest, or have the quota's instance memory raised",
        QuotaKind::Routes | QuotaKind::ReservedPorts => {
            "delete routes that are not needed (cf routes, cf delete-route), or have the quota raised"
        }
    };
    let fit = |fit: &Fit| match fit {
        Fit::Instances { name, most, wanted } => {
            let noun = if *most == 1 { "instance" } else { "instances" };
            format!(
                "\n- {most} web {noun} of {name} instead of {wanted} (`instances: manifest` in the plan, `instances: {most}` \
                 in the manifest): only so many serve after the switch, until it is scaled"
            )
        }
        Fit::Memory { name, most, wanted, used } => {
            let used = used.map(|used| format!(": the live version uses up to {used} MB")).unwrap_or_default();
            format!(
                "\n- {most} MB for a web instance of {name} instead of {wanted} MB (`memory: {most}M` in the manifest), if that is \
                 enough for it{used}"
            )
        }
        Fit::Without { app } => {
            format!(
                "\n- as it is, once app {app} is stopped, which runs and which no route leads to:{}",
                command(&["cf", "stop", app.as_str()])
            )
        }
        Fit::Limit { needed } => format!("\n- as it is, in a quota of {needed} {what}"),
    };
    match fits {
        [] => general.to_owned(),
        fits => {
            format!("{general}\nwhat would fit, by what is in use now:{}", fits.iter().map(fit).collect::<String>())
        }
    }
}

/// A command on a line of its own.
fn command(words: &[&str]) -> String {
    format!("\n  {}", shell::command(words))
}

fn look_at(colours: &[AppName; 2]) -> String {
    colours.iter().map(|colour| command(&["cf", "app", colour.as_str()])).collect()
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::space::rules::{Owner, StackState};

    /// Names that a platform takes and a shell would take apart.
    const HOSTILE: [&str; 8] =
        ["two words", "a;reboot", "50%", "d'or", "größe", "$(id)", "`id`&", "say \"hi\" \\ !x #y *"];

    /// One refusal of each kind, with hostile names wherever there are names.
    #[expect(clippy::too_many_lines, reason = "one line for each kind")]
    fn each(text: &str) -> Vec<(Refusal, Vec<Vec<String>>)> {
        let name = AppName::parse(text).unwrap();
        let other = AppName::parse(&format!("{text} b")).unwrap();
        let (app, service) = (format!("old {text}"), format!("db {text}"));
        let (colours, second) = ([name.clone(), other.clone()], other.clone());
        let url = RouteUrl::parse("www.example.com").unwrap();
        let difference = Difference { changed: vec![app.clone()], ..Difference::default() };
        let words = |line: &[&str]| line.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
        let ours = |verb: &str| words(&["cutover", verb, "--app", text]);
        let look = vec![words(&["cf", "app", text]), words(&["cf", "app", other.as_str()])];
        let holder = |free: Option<AppName>| Refusal::ForeignHolder {
            name: name.clone(),
            colours: colours.clone(),
            free,
            url: url.clone(),
            app: app.clone(),
        };
        let (on, back) = (words(&["cf", "continue-deployment", text]), words(&["cf", "cancel-deployment", text]));
        let native = |reason: &str| NativeDeployment {
            app: String::new(),
            strategy: "canary".to_owned(),
            reason: reason.to_owned(),
            since: String::new(),
        };
        let stack = Stack { name: app.clone(), state: StackState::Disabled, reason: None, default: true };
        let whole = url.clone();
        let other_destination = |is_extra| Refusal::OtherDestination {
            name: name.clone(),
            app: other.clone(),
            url: url.clone(),
            leads: vec!["process api (http1)".to_owned()],
            is_extra,
        };
        let route = ForeignRoute {
            wanted: url.to_string(),
            url: url.to_string(),
            owner: Some(Owner { org: Some(app.clone()), space: app.clone() }),
            apps: vec![app.clone()],
            shared: false,
            roles: None,
        };
        let quota = |what| Refusal::Quota {
            quota: app.clone(),
            scope: QuotaScope::Space,
            step: "start".to_owned(),
            needed: 2,
            limit: 1,
            what,
            fits: Vec::new(),
        };
        let fits = vec![
            Fit::Instances { name: name.clone(), most: 1, wanted: 2 },
            Fit::Memory { name: name.clone(), most: 128, wanted: 256, used: Some(64) },
            Fit::Without { app: name.clone() },
            Fit::Limit { needed: 2 },
        ];
        vec![
            (holder(Some(other.clone())), vec![words(&["cf", "rename", &app, other.as_str()])]),
            (holder(None), vec![]),
            (Refusal::StagingTaken { name: name.clone(), url: url.clone(), app: app.clone() }, vec![]),
            (Refusal::ExtraRoutes { name: name.clone(), routes: vec![url.clone()] }, vec![]),
            (other_destination(false), vec![]),
            (other_destination(true), vec![]),
            (Refusal::BothLive { name: name.clone(), colours: colours.clone() }, look.clone()),
            (Refusal::NoneLive { name: name.clone(), colours: colours.clone(), url: url.clone() }, look.clone()),
            (Refusal::NotTold { name: name.clone(), colours: colours.clone() }, look),
            (Refusal::HasRoutes { name: name.clone(), app: name.clone(), routes: vec![url.to_string()] }, vec![]),
            (Refusal::InUse { name: name.clone(), app: name.clone(), routes: vec![url.to_string()] }, vec![]),
            (Refusal::CannotKeep { app: name.clone(), url: url.to_string(), why: String::new() }, vec![]),
            (Refusal::NoDomain { org: app.clone(), url, domains: vec![app.clone()] }, vec![]),
            (Refusal::NoService { service: service.clone(), space: app.clone() }, vec![]),
            (
                Refusal::ServiceNotReady { service: service.clone(), operation: None },
                vec![words(&["cf", "service", &service])],
            ),
            (
                Refusal::ServiceNotReady { service: service.clone(), operation: Some("create failed".to_owned()) },
                vec![words(&["cf", "service", &service])],
            ),
            (quota(QuotaKind::Memory), vec![]),
            (quota(QuotaKind::InstanceMemory), vec![]),
            (quota(QuotaKind::Instances), vec![]),
            (quota(QuotaKind::Routes), vec![]),
            (quota(QuotaKind::ReservedPorts), vec![]),
            (quota(QuotaKind::LogRate), vec![]),
            (
                Refusal::Quota {
                    quota: app.clone(),
                    scope: QuotaScope::Space,
                    step: "start".to_owned(),
                    needed: 2,
                    limit: 1,
                    what: QuotaKind::Memory,
                    fits,
                },
                vec![words(&["cf", "stop", text])],
            ),
            (
                Refusal::UnlimitedLogs {
                    app: name.clone(),
                    process: "web".to_owned(),
                    quota: app.clone(),
                    scope: QuotaScope::Space,
                    limit: 1,
                },
                vec![],
            ),
            (Refusal::TooManyRoutes { app: name.clone() }, vec![]),
            (Refusal::NoUpload { name: name.clone() }, vec![ours("resume"), ours("rollback")]),
            (
                Refusal::OtherUpload { name: name.clone(), difference },
                vec![ours("resume"), ours("apply"), ours("rollback")],
            ),
            (Refusal::NoSource { name: name.clone(), why: app.clone() }, vec![]),
            (
                Refusal::OtherDroplet { name: name.clone(), began: String::new(), now: app.clone() },
                vec![ours("apply"), ours("rollback"), ours("resume")],
            ),
            (Refusal::NothingUnderWay { name: name.clone() }, vec![ours("status")]),
            (
                Refusal::OtherPlan { name: name.clone(), app: other.clone() },
                vec![ours("status"), ours("rollback"), ours("apply")],
            ),
            (Refusal::OtherPackage { name: name.clone(), app: other }, vec![ours("rollback"), ours("apply")]),
            (
                Refusal::NotDeployed { apps: vec![(name.clone(), String::new()), (second, String::new())] },
                ["status", "apply"]
                    .map(|verb| words(&["cutover", verb, "--app", text, "--app", &format!("{text} b")]))
                    .to_vec(),
            ),
            (
                Refusal::NoInstances { name: name.clone(), app: name.clone() },
                vec![words(&["cf", "scale", text, "-i", "1"])],
            ),
            (
                Refusal::OtherLifecycle {
                    name: name.clone(),
                    app: name.clone(),
                    has: Lifecycle::Docker,
                    wanted: Lifecycle::Buildpack,
                    idle: true,
                },
                vec![],
            ),
            (Refusal::NoFallback { name: name.clone(), why: String::new(), put_back: None }, vec![ours("apply")]),
            (
                Refusal::NoFallback {
                    name: name.clone(),
                    why: String::new(),
                    put_back: Some(PutBack {
                        is_mapped: false,
                        app: name.clone(),
                        commands: vec![shell::command(["cf", "start", text])],
                    }),
                },
                vec![words(&["cf", "start", text]), ours("apply")],
            ),
            (
                Refusal::InterruptedOtherPlan { id: app.clone(), apps: vec![name.clone()] },
                vec![words(&["cutover", "rollback"]), words(&["cutover", "apply"])],
            ),
            (
                Refusal::OfAnotherDeployment { name: name.clone(), newest: app.clone(), own: Some(app.clone()) },
                vec![ours("rollback")],
            ),
            (Refusal::NativeDeployment { app: name.clone(), deployment: native("PAUSED") }, vec![on, back.clone()]),
            (Refusal::NativeDeployment { app: name.clone(), deployment: native("DEPLOYING") }, vec![back.clone()]),
            (Refusal::NativeDeployment { app: name.clone(), deployment: native("CANCELING") }, vec![]),
            (Refusal::Suspended { what: Suspended::Space, name: app.clone() }, vec![]),
            (Refusal::MissingRole { space: app.clone(), roles: Vec::new() }, vec![]),
            (Refusal::FlagOff { flag: "app_bits_upload".to_owned(), step: app.clone() }, vec![]),
            (Refusal::NoDockerPassword { name: name.clone(), user: app.clone() }, vec![]),
            (Refusal::NoStack { stack: app.clone(), known: vec![app.clone()] }, vec![]),
            (Refusal::StackRefuses { app: name.clone(), stack }, vec![]),
            (
                Refusal::NoBuildpack {
                    name: name.clone(),
                    buildpack: app.clone(),
                    stack: Some(app.clone()),
                    known: vec![app.clone()],
                },
                vec![],
            ),
            (Refusal::ForeignRoute { route: Box::new(route) }, vec![]),
            (Refusal::RouteCannotBe { url: whole.clone(), why: String::new() }, vec![]),
            (
                Refusal::Several(vec![
                    Refusal::ServiceNotReady { service: service.clone(), operation: None },
                    Refusal::RouteCannotBe { url: whole, why: String::new() },
                ]),
                vec![words(&["cf", "service", &service])],
            ),
        ]
    }

    /// The place of a kind among all. Whoever adds one adds it to [`each`], too.
    fn place(refusal: &Refusal) -> usize {
        match refusal {
            Refusal::ForeignHolder { .. } => 0,
            Refusal::StagingTaken { .. } => 1,
            Refusal::BothLive { .. } => 2,
            Refusal::NoneLive { .. } => 3,
            Refusal::InUse { .. } => 4,
            Refusal::CannotKeep { .. } => 5,
            Refusal::NoDomain { .. } => 6,
            Refusal::NoService { .. } => 7,
            Refusal::ServiceNotReady { .. } => 8,
            Refusal::Quota { .. } => 9,
            Refusal::TooManyRoutes { .. } => 10,
            Refusal::NoUpload { .. } => 11,
            Refusal::OtherUpload { .. } => 12,
            Refusal::NothingUnderWay { .. } => 13,
            Refusal::NotDeployed { .. } => 14,
            Refusal::OtherPlan { .. } => 15,
            Refusal::NoInstances { .. } => 16,
            Refusal::NoFallback { .. } => 17,
            Refusal::OtherLifecycle { .. } => 18,
            Refusal::NativeDeployment { .. } => 19,
            Refusal::Suspended { .. } => 20,
            Refusal::MissingRole { .. } => 21,
            Refusal::FlagOff { .. } => 22,
            Refusal::NoStack { .. } => 23,
            Refusal::StackRefuses { .. } => 24,
            Refusal::ForeignRoute { .. } => 25,
            Refusal::RouteCannotBe { .. } => 26,
            Refusal::Several(_) => 27,
            Refusal::NoDockerPassword { .. } => 28,
            Refusal::OfAnotherDeployment { .. } => 29,
            Refusal::InterruptedOtherPlan { .. } => 30,
            Refusal::NoBuildpack { .. } => 31,
            Refusal::OtherPackage { .. } => 32,
            Refusal::ExtraRoutes { .. } => 33,
            Refusal::NotTold { .. } => 34,
            Refusal::HasRoutes { .. } => 35,
            Refusal::OtherDestination { .. } => 36,
            Refusal::NoSource { .. } => 37,
            Refusal::OtherDroplet { .. } => 38,
            Refusal::UnlimitedLogs { .. } => 39,
        }
    }

    #[test]
    fn each_kind_is_tried() {
        let tried: BTreeSet<usize> = each("shop").iter().map(|(refusal, _)| place(refusal)).collect();
        assert_eq!(tried, (0..40).collect());
    }

    #[test]
    fn a_shell_reads_the_commands_of_every_hint_as_they_are_meant() {
        for text in HOSTILE {
            for (refusal, commands) in each(text) {
                let hint = refusal.hint(&OwnCommands::default());
                let (lines, prose): (Vec<&str>, Vec<&str>) = hint.lines().partition(|line| line.starts_with("  "));
                let read: Vec<Vec<String>> = lines.iter().map(|line| shlex::split(line).unwrap()).collect();
                assert_eq!(read, commands, "{hint}");
                // In the text around them no command has a name that would have to be quoted.
                for line in prose {
                    let bare = |verb: &str| line.contains(&format!("{verb} {text}"));
                    let verbs = ["cf app", "cf stop", "cf service", "cf rename", "cf logs", "--app"];
                    assert!(!verbs.into_iter().any(bare), "{line}");
                }
            }
        }
    }

    #[test]
    fn a_name_that_is_taken_is_not_given_to_another_app() {
        let hint = |which: usize| each("shop").remove(which).0.hint(&OwnCommands::default());
        let (free, taken) = (hint(0), hint(1));
        assert!(
            free.contains("\n  cf rename 'old shop' 'shop b'\n") && free.contains(r#"colours: ["old shop", shop]"#),
            "{free}"
        );
        assert!(!taken.contains("rename") && taken.contains("colours: ["), "{taken}");
    }
}
