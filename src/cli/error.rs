//! Why a command could not begin, as it is shown.

use std::io;
use std::path::PathBuf;

use console::style;
use thiserror::Error;

use crate::cf::outcome::Reason;
use crate::cf::session::SessionError;
use crate::cf::spawn::SpawnError;
use crate::own_commands::OwnCommands;
use crate::plan::{AppName, Problems};
use crate::proof::Counterexample;
use crate::run::api::observe_error::ObserveError;
use crate::run::lock::LockError;
use crate::run::upload::UploadError;
use crate::run::waiting::clock::Stop;
use crate::shell;
use crate::space::lock::{Lock, LockState};
use crate::steps::refusal::Refusal;

use crate::text::for_terminal;

use super::exit_status::ExitStatus;

/// Why a command could not begin; the space is as it was.
#[derive(Debug, Error)]
pub enum CliError {
    /// The plan is not valid.
    #[error("{0}")]
    Plan(#[from] Problems),
    /// The plan is not valid, and it looks like an overlay of another one.
    #[error("{problems}")]
    Overlay {
        /// What is wrong.
        problems: Problems,
        /// The flags that lay it over its plan.
        flags: String,
    },
    /// The command line names two plans.
    #[error("the plan is named twice: '{}' and '{}'", first.display(), second.display())]
    TwoPlans {
        /// By `--file`.
        first: PathBuf,
        /// Behind the verb.
        second: PathBuf,
    },
    /// There is no such app in the plan.
    #[error("the plan has no app {name}; it has {}", known.join(", "))]
    NoSuchApp {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No plan can be written from what runs.
    #[error("nothing in space {space} can be deployed by a plan{}", listed(why))]
    NothingToPlan {
        /// The space.
        space: String,
        /// Why not, app by app.
        why: Vec<String>,
    },
    /// A file that the command line names cannot be used.
    #[error("'{}' cannot be used: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// cf cannot be run.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// There is no session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// No space is targeted.
    #[error("{error}")]
    NotTargeted {
        /// What is missing.
        error: SessionError,
        /// How to target the plan's.
        hint: String,
    },
    /// Another space is targeted than the plan's.
    #[error("the plan is for {wanted}, and cf targets {targeted}")]
    WrongTarget {
        /// The plan's.
        wanted: String,
        /// The session's, or the snapshot's.
        targeted: String,
        /// How to target the plan's.
        hint: String,
    },
    /// The space cannot be read.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// An app of the plan is locked, or cannot be.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// A change is to be agreed to, and there is nobody to ask.
    #[error("there is no terminal to ask on, and nothing is changed without that")]
    NobodyToAsk {
        /// The command that agrees beforehand.
        command: String,
    },
    /// A person could not be asked.
    #[error("the terminal does not take the question, and nothing is changed without an answer: {source}")]
    NoAnswer {
        /// The system's reason.
        source: io::Error,
    },
    /// A person was asked, and said no.
    #[error("the answer is no: nothing is done")]
    NotAgreed,
    /// The run was to stop before its first change.
    #[error("{}", before_the_first_change(.0))]
    Stopped(Stop),
    /// The space does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A route that the plan's checks ask cannot be reached.
    #[error("the plan's checks ask {url}, which cannot be reached from here: {why}")]
    OutOfReach {
        /// The route.
        url: String,
        /// Why not.
        why: String,
    },
    /// What is to be uploaded cannot be read.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The steps would break an invariant.
    #[error("the steps would not be safe:\n{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Unproved(Vec<Counterexample>),
    /// It is refused, and none of an app's versions is started.
    #[error("{error}")]
    NoneStarted {
        /// Why it is refused.
        error: Box<CliError>,
        /// The apps on the live routes, all of them stopped.
        stopped: Vec<String>,
    },
    /// The system does not let it.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// An app of the plan cannot be staged on the embedded Cloud Foundry.
    #[error("{app} cannot be rehearsed: {why}")]
    NotRehearsable {
        /// The plan's name of the app.
        app: AppName,
        /// Why not.
        why: String,
        /// What to do about it.
        hint: String,
    },
    /// The embedded Cloud Foundry could not be brought up.
    #[error("{0:#}")]
    Foundry(anyhow::Error),
}

impl CliError {
    /// How the command ends by it.
    pub(crate) fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Plan(_)
            | Self::Overlay { .. }
            | Self::TwoPlans { .. }
            | Self::NoSuchApp { .. }
            | Self::File { .. }
            | Self::NobodyToAsk { .. } => ExitStatus::Invalid,
            Self::Spawn(_)
            | Self::Session(_)
            | Self::NotTargeted { .. }
            | Self::WrongTarget { .. }
            | Self::NothingToPlan { .. }
            | Self::NotAgreed
            | Self::NoAnswer { .. }
            | Self::Stopped(Stop::LockLost(_))
            | Self::NotRehearsable { .. }
            | Self::OutOfReach { .. }
            | Self::Refused(_)
            | Self::Upload(_)
            | Self::Unproved(_)
            | Self::Locked(LockError::Held { .. } | LockError::Alive { .. } | LockError::Refused { .. }) => {
                ExitStatus::Refused
            }
            Self::Observe(error) | Self::Locked(LockError::Api(error)) => unread(error),
            Self::Locked(LockError::Interrupted { signal, .. }) | Self::Stopped(Stop::Signal(signal)) => {
                ExitStatus::Interrupted(*signal)
            }
            Self::Locked(LockError::Unknown { .. }) | Self::Io { .. } | Self::Foundry(_) => ExitStatus::Failed,
            Self::NoneStarted { error, .. } => error.exit_status(),
        }
    }

    /// What to do about it, where that is known.
    pub(crate) fn hint(&self, own: &OwnCommands) -> Option<String> {
        match self {
            Self::NotTargeted { hint, .. } | Self::WrongTarget { hint, .. } | Self::NotRehearsable { hint, .. } => {
                Some(hint.clone())
            }
            Self::Refused(refusal) => Some(refusal.hint(own)),
            Self::Observe(ObserveError::Refused { refusal, .. })
            | Self::Locked(
                LockError::Api(ObserveError::Refused { refusal, .. }) | LockError::Refused { refusal, .. },
            ) => match refusal.reason {
                reason if reason.is_logged_out() => Some("log in again: cf login".to_owned()),
                Reason::Connection => Some(
                    "see whether cf itself reaches it: cf apps; behind a proxy, https_proxy must name that".to_owned(),
                ),
                _ => None,
            },
            Self::Locked(LockError::Held { lock, .. }) if lock.is_an_app => Some(Lock::free_its_name(&lock.app)),
            Self::Locked(LockError::Held { state: LockState::Unreadable, .. }) => {
                Some(format!("where nobody is at work any more, end it:\n  {}", own.verb("lock break")))
            }
            Self::Locked(LockError::Held { .. }) => Some(format!(
                "wait for it with --lock-wait 10m, or look:\n  {}\nto end that run and go on or back yourself:\n  {}\n  {}",
                own.verb("status"),
                own.verb("resume --take-over"),
                own.verb("rollback --take-over")
            )),
            Self::Locked(LockError::Alive { .. }) => Some(format!(
                "wait until it has ended, and look:\n  {}\nto end that run, and leave what it has done as it is:\n  {}\nto end \
                 that run and go on or back yourself:\n  {}\n  {}",
                own.verb("status"),
                own.verb("lock break --take-over"),
                own.verb("resume --take-over"),
                own.verb("rollback --take-over")
            )),
            Self::NoneStarted { error, stopped } => {
                let hint = error.hint(own).map(|hint| format!("{hint}\n")).unwrap_or_default();
                let start = |app: &String| format!("\n  {}", shell::command(["cf", "start", app]));
                let start: String = stopped.iter().map(start).collect();
                Some(match stopped.as_slice() {
                    [_] => format!("{hint}what is on the live routes is stopped; to have it serve again:{start}"),
                    _ => format!(
                        "{hint}all that is on the live routes is stopped; start the one that is to serve:{start}"
                    ),
                })
            }
            Self::OutOfReach { .. } => Some("if the router has another address, name it with --router URL".to_owned()),
            Self::NobodyToAsk { command } => Some(format!("to agree beforehand: {command}")),
            Self::Overlay { flags, .. } => {
                Some(format!("this looks like an overlay; it is laid over its plan by {flags}"))
            }
            Self::Plan(_)
            | Self::TwoPlans { .. }
            | Self::NoSuchApp { .. }
            | Self::NothingToPlan { .. }
            | Self::File { .. }
            | Self::Spawn(_)
            | Self::Session(_)
            | Self::Observe(_)
            | Self::Locked(_)
            | Self::NotAgreed
            | Self::NoAnswer { .. }
            | Self::Stopped(_)
            | Self::Upload(_)
            | Self::Io { .. }
            | Self::Foundry(_) => None,
            Self::Unproved(_) => {
                Some(format!("see how things stand, and what leads on from there:\n  {}", own.verb("status")))
            }
        }
    }

    /// The error as it is printed.
    pub(crate) fn render(&self, own: &OwnCommands) -> String {
        if let Self::Plan(problems) = self {
            return problems.render(console::colors_enabled());
        }
        let mut text = if let Self::Overlay { problems, .. } = self {
            problems.render(console::colors_enabled())
        } else {
            format!("{}: {self}\n", style("error").red().bold())
        };
        if let Some(hint) = self.hint(own) {
            for (index, line) in hint.lines().enumerate() {
                let label = if index == 0 { style("hint: ").cyan().to_string() } else { "      ".to_owned() };
                text.extend([&label, line, "\n"]);
            }
        }
        for_terminal(&text).into_owned()
    }
}

/// Reasons, each on a line of its own.
fn listed(why: &[String]) -> String {
    why.iter().flat_map(|one| ["\n  ", one]).collect()
}

/// Why nothing was begun.
fn before_the_first_change(why: &Stop) -> String {
    match why {
        Stop::Signal(_) => "interrupted before the first change: nothing is done".to_owned(),
        Stop::LockLost(lost) => format!("{}: nothing is done", lost.why),
    }
}

/// How a command ends that could not read the space.
fn unread(error: &ObserveError) -> ExitStatus {
    match error {
        ObserveError::Refused { refusal, .. } if refusal.reason.is_of_session_or_rights() => ExitStatus::Refused,
        ObserveError::Refused { .. }
        | ObserveError::Spawn(_)
        | ObserveError::Unknown { .. }
        | ObserveError::Unreadable(_) => ExitStatus::Failed,
    }
}
