//! One file a verb, each telling its story in a page.
//!
//! This file holds what they share: how a command ends, and why it cannot begin.

mod ask;
pub mod carry_out;
pub mod check;
pub mod deployment;
pub mod lock;
pub mod plan;
mod recovery;
pub mod reporters;
pub mod status;
mod strays;
pub mod workplace;

use std::io;
use std::path::PathBuf;

use console::style;
use thiserror::Error;

use crate::cf::outcome::Reason;
use crate::cf::session::SessionError;
use crate::cf::spawn::SpawnError;
use crate::cli::{Cli, Color, Command, LockCommand};
use crate::plan::{AppName, Problems};
use crate::proof::Counterexample;
use crate::run::interrupt::Signal;
use crate::run::lock::LockError;
use crate::run::observe::ObserveError;
use crate::run::upload::UploadError;
use crate::shell::{self, OwnCommands};
use crate::space::lock::Standing;
use crate::steps::Verb;
use crate::steps::refusal::Refusal;
use crate::text::for_terminal;

/// How a command ended; each has one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Done.
    Done,
    /// It failed, and the live routes are served as before.
    Failed,
    /// Usage, or an invalid plan; nothing was touched.
    Invalid,
    /// It failed and a person must look.
    Stuck,
    /// Refused before any change.
    Refused,
    /// A signal ended it; the live routes are served.
    Interrupted(Signal),
}

impl Ending {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Invalid => 2,
            Self::Stuck => 3,
            Self::Refused => 4,
            Self::Interrupted(signal) => signal.exit_code(),
        }
    }
}

/// Why a command could not begin; the space is as it was.
#[derive(Debug, Error)]
pub enum Trouble {
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
    /// A person was asked, and said no.
    #[error("the answer is no: nothing is done")]
    NotAgreed,
    /// The space does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What is to be uploaded cannot be read.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The steps would break an invariant.
    #[error("the steps would not be safe:\n{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Unproved(Vec<Counterexample>),
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

impl Trouble {
    /// How the command ends by it.
    pub fn ending(&self) -> Ending {
        match self {
            Self::Plan(_)
            | Self::Overlay { .. }
            | Self::TwoPlans { .. }
            | Self::NoSuchApp { .. }
            | Self::File { .. }
            | Self::NobodyToAsk { .. } => Ending::Invalid,
            Self::Spawn(_)
            | Self::Session(_)
            | Self::NotTargeted { .. }
            | Self::WrongTarget { .. }
            | Self::NotAgreed
            | Self::NotRehearsable { .. }
            | Self::Refused(_)
            | Self::Upload(_)
            | Self::Unproved(_)
            | Self::Locked(LockError::Held { .. } | LockError::Refused { .. }) => Ending::Refused,
            Self::Observe(error) | Self::Locked(LockError::Api(error)) => unread(error),
            Self::Locked(LockError::Interrupted { signal, .. }) => Ending::Interrupted(*signal),
            Self::Locked(LockError::Unknown { .. }) | Self::Io { .. } | Self::Foundry(_) => Ending::Failed,
        }
    }

    /// What to do about it, where that is known.
    pub fn hint(&self, own: &OwnCommands) -> Option<String> {
        match self {
            Self::NotTargeted { hint, .. } | Self::WrongTarget { hint, .. } | Self::NotRehearsable { hint, .. } => {
                Some(hint.clone())
            }
            Self::Refused(refusal) => Some(refusal.hint(own)),
            Self::Observe(ObserveError::Refused { refusal, .. })
            | Self::Locked(
                LockError::Api(ObserveError::Refused { refusal, .. }) | LockError::Refused { refusal, .. },
            ) => match refusal.reason {
                Reason::NotLoggedIn | Reason::TokenExpired => Some("log in again: cf login".to_owned()),
                Reason::Connection => Some(
                    "see whether cf itself reaches it: cf apps; behind a proxy, https_proxy must name that".to_owned(),
                ),
                _ => None,
            },
            Self::Locked(LockError::Held { lock, .. }) if lock.is_an_app => {
                Some(format!("give that app another name: {} NAME", shell::command(["cf", "rename", &lock.name()])))
            }
            Self::Locked(LockError::Held { standing: Standing::Unreadable, .. }) => {
                Some(format!("where nobody is at work any more, end it:\n  {}", own.verb("lock break")))
            }
            Self::Locked(LockError::Held { .. }) => Some(format!(
                "wait for it with --lock-wait 10m, or look:\n  {}\nto end that run and go on or back yourself:\n  {}\n  {}",
                own.verb("status"),
                own.verb("resume --take-over"),
                own.verb("rollback --take-over")
            )),
            Self::NobodyToAsk { command } => Some(format!("to agree beforehand: {command}")),
            Self::Overlay { flags, .. } => {
                Some(format!("this looks like an overlay; it is laid over its plan by {flags}"))
            }
            Self::Plan(_)
            | Self::TwoPlans { .. }
            | Self::NoSuchApp { .. }
            | Self::File { .. }
            | Self::Spawn(_)
            | Self::Session(_)
            | Self::Observe(_)
            | Self::Locked(_)
            | Self::NotAgreed
            | Self::Upload(_)
            | Self::Unproved(_)
            | Self::Io { .. }
            | Self::Foundry(_) => None,
        }
    }

    /// The error as it is printed.
    pub fn render(&self, own: &OwnCommands) -> String {
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

/// How a command ends that could not read the space.
fn unread(error: &ObserveError) -> Ending {
    match error {
        ObserveError::Refused { refusal, .. } => match refusal.reason {
            Reason::NotLoggedIn | Reason::TokenExpired | Reason::NotAuthorized | Reason::NoApi | Reason::NoTarget => {
                Ending::Refused
            }
            _ => Ending::Failed,
        },
        ObserveError::Spawn(_) | ObserveError::Unknown { .. } | ObserveError::Unreadable(_) => Ending::Failed,
    }
}

/// Runs the command line; what it could not begin is told on standard error.
pub fn run(mut cli: Cli) -> Ending {
    colours(cli.common.color);
    let named = name_plan(&mut cli);
    let own = cli.common.own_commands();
    named.and_then(|()| dispatch(cli)).unwrap_or_else(|trouble| {
        let _ = io::Write::write_all(&mut io::stderr(), trouble.render(&own).as_bytes());
        trouble.ending()
    })
}

fn dispatch(cli: Cli) -> Result<Ending, Trouble> {
    match cli.command {
        Command::Check(_) => check::run(&cli.common),
        Command::Plan(args) => plan::run(&cli.common, &args),
        Command::Apply(args) => carry_out::run(Verb::Apply, &cli.common, &args),
        Command::Resume(args) => carry_out::run(Verb::Resume, &cli.common, &args),
        Command::Rollback(args) => carry_out::run(Verb::Rollback, &cli.common, &args),
        Command::Status(args) => status::run(&cli.common, &args),
        Command::Lock(LockCommand::Status(args)) => lock::status(&cli.common, &args),
        Command::Lock(LockCommand::Break(args)) => lock::break_open(&cli.common, &args),
        #[cfg(feature = "rehearse")]
        Command::Rehearse(args) => crate::rehearse::run(&cli.common, &args),
        Command::Schema => check::schema(),
        Command::Completions { shell } => check::completions(shell),
        Command::Man => check::man(),
    }
}

/// Takes the plan that is named behind the verb. Fails where there are two, and where it can only be the name of an app
/// behind `--app`, which takes one.
fn name_plan(cli: &mut Cli) -> Result<(), Trouble> {
    let Some(plan) = cli.command.plan() else { return Ok(()) };
    if let Some(file) = &cli.common.file {
        return Err(Trouble::TwoPlans { first: file.clone(), second: plan.to_owned() });
    }
    if let (Some(_), false) = (cli.common.app.last(), plan.exists()) {
        let app = plan.to_string_lossy();
        let apps = cli.common.app.iter().map(String::as_str).chain([app.as_ref()]);
        let again = shell::command(apps.flat_map(|app| ["--app", app]));
        let why = format!("there is no such plan; to name several apps, repeat the flag: {again}");
        return Err(Trouble::File { path: plan.to_owned(), why });
    }
    cli.common.file = Some(plan.to_owned());
    Ok(())
}

fn colours(when: Color) {
    let forced = match when {
        // The library looks at the terminal and at NO_COLOR by itself.
        Color::Auto => return,
        Color::Always => true,
        Color::Never => false,
    };
    console::set_colors_enabled(forced);
    console::set_colors_enabled_stderr(forced);
}

/// Prints to standard output. A reader that has gone away (`| head`) is no failure.
pub(crate) fn print(text: &str) {
    let _ = io::Write::write_all(&mut io::stdout(), for_terminal(text).as_bytes());
}

/// Prints to standard error.
pub(crate) fn tell(text: &str) {
    let _ = io::Write::write_all(&mut io::stderr(), format!("{}\n", for_terminal(text)).as_bytes());
}
