//! What the platform does not allow now: nothing is wrong with what cutover has left.

use thiserror::Error;

use crate::plan::AppName;
use crate::plan::did_you_mean::closest;
use crate::space::native::NativeDeployment;
use crate::space::rules::{Stack, Suspended};
use crate::space::{QuotaKind, QuotaScope};

use super::command;

/// What the platform does not allow now, or does not have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlatformRefusal {
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
        "the {scope} quota {quota} does not allow it: at step {step} {} would be in use, and {limit} are allowed: \
         {} too many", what.counted(*needed), needed.saturating_sub(*limit)
    )]
    Quota {
        /// The name of the quota.
        quota: String,
        /// Whose quota it is.
        scope: QuotaScope,
        /// The plan's name of the app that it would be exceeded for.
        app: AppName,
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
        app: String,
        /// The type of the process.
        process: String,
        /// The name of the quota.
        quota: String,
        /// Whose quota it is.
        scope: QuotaScope,
        /// What is allowed, in bytes a second.
        limit: u64,
    },
    /// The droplet that an app is to run cannot be had, or does not fit.
    #[error("the droplet that {name} is to run cannot be had: {why}")]
    NoSource {
        /// The plan's name of the app.
        name: AppName,
        /// Why not.
        why: String,
    },
}

impl PlatformRefusal {
    /// What the user can do about it. A command stands on a line of its own, behind two blanks, as a shell reads it.
    pub(super) fn hint(&self) -> String {
        match self {
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
            Self::NoSource { .. } => {
                "the plan's `from` names the app that was tested, with its space and organization where they are not the target's; \
                 whoever deploys must be able to see it there"
                    .to_owned()
            }
        }
    }
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
        Fit::Limit { needed } => format!("\n- as it is, in a quota of {}", what.counted(*needed)),
    };
    match fits {
        [] => general.to_owned(),
        fits => {
            format!("{general}\nwhat would fit, by what is in use now:{}", fits.iter().map(fit).collect::<String>())
        }
    }
}
