//! Why nothing is done, and what the user can do about it. The space is as it was.

use std::fmt;

use thiserror::Error;

use crate::cf::invocation::Invocation;
use crate::plan::{AppName, Lifecycle, RouteUrl};
use crate::shell;
use crate::space::QuotaScope;

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
    /// A service instance is not there.
    #[error("there is no service instance {service} in space {space}")]
    NoService {
        /// The service instance.
        service: String,
        /// The space.
        space: String,
    },
    /// A service instance cannot be bound yet, or never.
    #[error("service instance {service} is not ready to be bound: its creation has not succeeded")]
    ServiceNotReady {
        /// The service instance.
        service: String,
    },
    /// A quota would be exceeded on the way.
    #[error(
        "the {scope} quota {quota} does not allow it: at step {step} {needed} {what} would be in use, and {limit} are allowed"
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
    #[error("the deployment of {app} that is under way comes from another plan than this one")]
    OtherPlan {
        /// The plan's name of the app.
        name: AppName,
        /// The colour that is being deployed.
        app: AppName,
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
    },
}

/// What a quota limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaKind {
    /// Memory of all started instances, in megabytes.
    Memory,
    /// Memory of one instance, in megabytes.
    InstanceMemory,
    /// Started instances.
    Instances,
    /// Routes.
    Routes,
}

impl fmt::Display for QuotaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "MB of memory",
            Self::InstanceMemory => "MB of memory for one instance",
            Self::Instances => "app instances",
            Self::Routes => "routes",
        })
    }
}

impl fmt::Display for QuotaScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Organization => "organization's",
            Self::Space => "space's",
        })
    }
}

impl Refusal {
    /// What the user can do about it. A command stands on a line of its own, behind two blanks, as a shell reads it.
    pub fn hint(&self) -> String {
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
                    "{rename} colours: [{}, {}]\nif it has no business on {url}, unmap it with cf unmap-route",
                    in_yaml(app),
                    in_yaml(other.as_str())
                )
            }
            Self::StagingTaken { app, .. } => format!(
                "give the plan a staging route of its own (routes: staging:), or take this one off {app} with cf unmap-route"
            ),
            Self::BothLive { colours, .. } => format!(
                "look at both and unmap the live routes from the one that is not to serve (cf unmap-route), then run \
                 cutover again:{}",
                look_at(colours)
            ),
            Self::NoneLive { colours, url, .. } => format!(
                "look at both, then map {url} to the one that is to be kept (cf map-route), or delete the one that is \
                 not needed (cf delete):{}",
                look_at(colours)
            ),
            Self::InUse { app, .. } => format!(
                "a deployment would stop {app} and take its routes off; choose other colours in the plan, or, if {app} \
                 is not needed, stop it first"
            ),
            Self::CannotKeep { app, .. } => format!(
                "if {app} is not to serve it any more, take it off with cf unmap-route; else choose other colours in \
                 the plan"
            ),
            Self::OtherLifecycle { app, idle, .. } => of_another_lifecycle(app, *idle),
            Self::NoDomain { domains, .. } => {
                format!("the organization has these domains: {}; see cf domains", domains.join(", "))
            }
            Self::NoService { service, .. } => format!(
                "look for it under another name (cf services), or create {service} first (cf create-service, cf \
                 create-user-provided-service)"
            ),
            Self::ServiceNotReady { service } => {
                format!("wait until its creation succeeds:{}", command(&["cf", "service", service]))
            }
            Self::Quota { what, .. } => match what {
                QuotaKind::Memory | QuotaKind::Instances => {
                    "both colours run at once during a deployment: stop what is \
                    not needed (cf apps), deploy with fewer instances or less memory, or have the quota raised"
                        .to_owned()
                }
                QuotaKind::InstanceMemory => {
                    "lower the memory in the manifest, or have the quota's instance memory raised".to_owned()
                }
                QuotaKind::Routes => {
                    "delete routes that are not needed (cf routes, cf delete-route), or have the quota raised"
                        .to_owned()
                }
            },
            Self::TooManyRoutes { app } => {
                format!("take routes off {app} with cf unmap-route, or choose other colours in the plan")
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
            Self::NothingUnderWay { name } => format!("see how things stand:{}", cutover("status", name)),
            Self::NotDeployed { apps } => {
                let names = apps.iter().flat_map(|(name, _)| ["--app", name.as_str()]);
                let words: Vec<&str> = ["cutover", "apply"].into_iter().chain(names).collect();
                format!("what is there is told by cutover status; deploy it:{}", command(&words))
            }
            Self::OtherPlan { name, app } => format!(
                "go on where the plan is the one that {app} was deployed by; who did it, when and where, is told by{}\n\
                 or take it back:{}\nor start anew:{}",
                cutover("status", name),
                cutover("rollback", name),
                cutover("apply", name)
            ),
            Self::NoInstances { app, .. } => format!(
                "a new version takes them from the manifest (instances:), else give it as many as it needs and run \
                 cutover again:\n  {}",
                Invocation::scale(app.as_str(), 1).shell()
            ),
            Self::NoFallback { name, .. } => {
                format!("deploy the version that is wanted instead:{}", cutover("apply", name))
            }
        }
    }
}

/// A command on a line of its own.
fn command(words: &[&str]) -> String {
    format!("\n  {}", shell::command(words))
}

fn cutover(verb: &str, app: &AppName) -> String {
    command(&["cutover", verb, "--app", app.as_str()])
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

    /// Names that a platform takes and a shell would take apart.
    const HOSTILE: [&str; 8] =
        ["two words", "a;reboot", "50%", "d'or", "größe", "$(id)", "`id`&", "say \"hi\" \\ !x #y *"];

    /// One refusal of each kind, with hostile names wherever there are names.
    fn each(text: &str) -> Vec<(Refusal, Vec<Vec<String>>)> {
        let name = AppName::parse(text).unwrap();
        let other = AppName::parse(&format!("{text} b")).unwrap();
        let (app, service) = (format!("old {text}"), format!("db {text}"));
        let (colours, second) = ([name.clone(), other.clone()], other.clone());
        let url = RouteUrl::parse("www.example.com").unwrap();
        let difference = Difference { changed: vec![app.clone()], added: Vec::new(), missing: 1 };
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
        let quota = |what| Refusal::Quota {
            quota: app.clone(),
            scope: QuotaScope::Space,
            step: "start".to_owned(),
            needed: 2,
            limit: 1,
            what,
        };
        vec![
            (holder(Some(other.clone())), vec![words(&["cf", "rename", &app, other.as_str()])]),
            (holder(None), vec![]),
            (Refusal::StagingTaken { name: name.clone(), url: url.clone(), app: app.clone() }, vec![]),
            (Refusal::BothLive { name: name.clone(), colours: colours.clone() }, look.clone()),
            (Refusal::NoneLive { name: name.clone(), colours: colours.clone(), url: url.clone() }, look),
            (Refusal::InUse { name: name.clone(), app: name.clone(), routes: vec![url.to_string()] }, vec![]),
            (Refusal::CannotKeep { app: name.clone(), url: url.to_string(), why: String::new() }, vec![]),
            (Refusal::NoDomain { org: app.clone(), url, domains: vec![app.clone()] }, vec![]),
            (Refusal::NoService { service: service.clone(), space: app.clone() }, vec![]),
            (Refusal::ServiceNotReady { service: service.clone() }, vec![words(&["cf", "service", &service])]),
            (quota(QuotaKind::Memory), vec![]),
            (quota(QuotaKind::InstanceMemory), vec![]),
            (quota(QuotaKind::Instances), vec![]),
            (quota(QuotaKind::Routes), vec![]),
            (Refusal::TooManyRoutes { app: name.clone() }, vec![]),
            (Refusal::NoUpload { name: name.clone() }, vec![ours("resume"), ours("rollback")]),
            (
                Refusal::OtherUpload { name: name.clone(), difference },
                vec![ours("resume"), ours("apply"), ours("rollback")],
            ),
            (Refusal::NothingUnderWay { name: name.clone() }, vec![ours("status")]),
            (
                Refusal::OtherPlan { name: name.clone(), app: other },
                vec![ours("status"), ours("rollback"), ours("apply")],
            ),
            (
                Refusal::NotDeployed { apps: vec![(name.clone(), String::new()), (second, String::new())] },
                vec![words(&["cutover", "apply", "--app", text, "--app", &format!("{text} b")])],
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
            (Refusal::NoFallback { name, why: String::new() }, vec![ours("apply")]),
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
        }
    }

    #[test]
    fn each_kind_is_tried() {
        let tried: BTreeSet<usize> = each("shop").iter().map(|(refusal, _)| place(refusal)).collect();
        assert_eq!(tried, (0..19).collect());
    }

    #[test]
    fn a_shell_reads_the_commands_of_every_hint_as_they_are_meant() {
        for text in HOSTILE {
            for (refusal, commands) in each(text) {
                let hint = refusal.hint();
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
        let (free, taken) = (each("shop").remove(0).0.hint(), each("shop").remove(1).0.hint());
        assert!(
            free.contains("\n  cf rename 'old shop' 'shop b'\n") && free.contains(r#"colours: ["old shop", shop]"#),
            "{free}"
        );
        assert!(!taken.contains("rename") && taken.contains("colours: ["), "{taken}");
    }
}
