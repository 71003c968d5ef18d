//! What is under way, or is not, or comes from something else.

use thiserror::Error;

use crate::own_commands::OwnCommands;
use crate::plan::AppName;
use crate::steps::upload::Difference;

use super::about;

/// What is wrong with what is under way, or was deployed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnderWayRefusal {
    /// What is to be remembered of a deployment is longer than an annotation can be.
    #[error(
        "what is to be remembered of the deployment on app {app} while it is under way ({key}) is longer than the platform takes"
    )]
    TooLong {
        /// The app.
        app: AppName,
        /// The key of the annotation.
        key: &'static str,
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
}

impl UnderWayRefusal {
    /// What the user can do about it. A command stands on a line of its own, behind two blanks, as a shell reads it.
    pub(super) fn hint(&self, own: &OwnCommands) -> String {
        match self {
            Self::TooLong { .. } => {
                "it grows with the live routes of an app, their options, its processes, and the apps of the plan: split the plan"
                    .to_owned()
            }
            Self::NoUpload { name } => format!(
                "build them and go on:{}\nor take it back:{}",
                about(own, "resume", name),
                about(own, "rollback", name)
            ),
            Self::OtherUpload { name, difference } => format!(
                "{}make them as they were and go on:{}\nor start anew with those that are here:{}\nor take it back:{}",
                difference.of_more().map(|advice| format!("{advice}\n")).unwrap_or_default(),
                about(own, "resume", name),
                about(own, "apply", name),
                about(own, "rollback", name)
            ),
            Self::OtherDroplet { name, .. } => format!(
                "start anew with the one that is live there now:{}\nor take it back:{}\nor have the other one live there again, \
                 and go on:{}",
                about(own, "apply", name),
                about(own, "rollback", name),
                about(own, "resume", name)
            ),
            Self::NothingUnderWay { name } => format!("see how things stand:{}", about(own, "status", name)),
            Self::NotDeployed { apps } => {
                let names = || apps.iter().map(|(name, _)| name.as_str());
                let [status, apply] = ["status", "apply"].map(|verb| own.about(verb, names()));
                format!("see what is there:\n  {status}\nor deploy it:\n  {apply}")
            }
            Self::OtherPlan { name, app } => format!(
                "go on where the plan is the one that {app} was deployed by; who did it, when and where, is told by{}\n\
                 or take it back:{}\nor start anew:{}",
                about(own, "status", name),
                about(own, "rollback", name),
                about(own, "apply", name)
            ),
            Self::OtherPackage { name, .. } => format!(
                "take it back:{}\nor start anew with the files that are here:{}",
                about(own, "rollback", name),
                about(own, "apply", name)
            ),
            Self::InterruptedOtherPlan { .. } => format!(
                "go on where the plan is the one that it was begun with\nor take back what it has deployed:\n  {}\nor start \
                 anew:\n  {}",
                own.verb("rollback"),
                own.verb("apply")
            ),
            Self::OfAnotherDeployment { name, .. } => {
                format!("to take it back all the same:{}", about(own, "rollback", name))
            }
        }
    }
}
