//! The command line: its verbs and flags, a contract that tests and users rely on.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::own_commands::OwnCommands;
use crate::plan::MOST_PARALLEL;
use crate::run::routes::http::RouterUrl;
use crate::secret::Redactor;
use crate::shell;

/// Deployments without downtime on Cloud Foundry, driven by the official cf CLI.
#[derive(Debug, Parser)]
#[command(name = "cutover", version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Common flags.
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Cli {
    /// Reads the command line of this process, which ends here where that is wrong.
    pub fn of_process() -> Self {
        Self::try_parse().unwrap_or_else(|mut error| {
            if let Some(tip) = plan_without_verb(&error) {
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
            }
            error.exit()
        })
    }
}

/// What is meant where a file stands in the place of a verb.
fn plan_without_verb(error: &clap::Error) -> Option<String> {
    match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) if Path::new(word).is_file() => {
            Some(format!("a plan is named behind the verb: {}", shell::command(["cutover", "plan", word])))
        }
        _ => None,
    }
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done (plan, check: valid and safe to run; resume: what runs is what this plan deploys)
  1    it failed, and every live route is served as before
  2    usage, or an invalid plan: nothing was touched
  3    it failed and a person must look: some apps may be new and some not; what is where, and how to go on, is printed
  4    refused before any change: not logged in, wrong target, quota, somebody else deploys, …
  5    a person is to approve, and there is no terminal to ask on; the live routes are served as before
  130  interrupted (143: terminated); the live routes are served";

/// Flags of every verb.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// The deployment plan [default: deploy.yaml].
    #[arg(short, long, global = true, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
    /// Lay the plan's overlay of this name over it.
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// Only this app of the plan; may be repeated.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) app: Vec<String>,
    /// The cf to use [default: cf on PATH].
    #[arg(long, global = true, value_name = "PATH", env = "CUTOVER_CF")]
    pub(crate) cf: Option<PathBuf>,
    /// Ask routes at this address, with the Host header of the route [default: the host itself, by https].
    #[arg(long, global = true, value_name = "URL", env = "CUTOVER_ROUTER", value_parser = RouterUrl::parse)]
    pub(crate) router: Option<RouterUrl>,
    /// How many steps may run at the same time, those of different apps, too [default: the plan's `parallel`].
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_PARALLEL)))]
    pub(crate) parallel: Option<u32>,
    /// Write what happens to the end of this file, one JSON object a line.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
    /// Only tell failures.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Tell every line that cf prints.
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// When to use colours.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// What hides the secrets of the plan, once it is read, in why a command could not begin.
    #[arg(skip)]
    pub(crate) secrets: Redactor,
}

impl Common {
    /// The plan file.
    pub(crate) fn plan(&self) -> &Path {
        self.file.as_deref().unwrap_or(Path::new("deploy.yaml"))
    }

    /// Cutover's own commands about the same plan, in the same space, by the same cf.
    pub(crate) fn own_commands(&self) -> OwnCommands {
        // What a variable gives stays in the person's shell.
        let in_shell = |variable: &str| env::var_os(variable).unwrap_or_default();
        let cf = self.cf.as_ref().filter(|cf| cf.as_os_str() != in_shell("CUTOVER_CF"));
        let of_shell = RouterUrl::parse(&in_shell("CUTOVER_ROUTER").to_string_lossy()).ok();
        let router = self.router.as_ref().filter(|router| Some(*router) != of_shell.as_ref());
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        let flags = [
            ("--file", self.file.as_ref().map(path)),
            ("--env", self.env.clone()),
            ("--cf", cf.map(path)),
            ("--router", router.map(ToString::to_string)),
        ];
        let flags = flags.into_iter().filter_map(|(flag, value)| Some([flag.to_owned(), value?])).flatten();
        OwnCommands::new(flags.collect(), self.app.clone())
    }
}

/// The plan, named without a flag.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlanFile {
    /// The deployment plan, in the place of --file.
    #[arg(value_name = "PLAN")]
    pub(crate) plan: Option<PathBuf>,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a plan, and the manifests that it needs, from what runs in the targeted space.
    Init,
    /// Validate the plan file; problems come with line, column and a hint.
    Check(PlanFile),
    /// Dry run: read the space and print the ordered cf invocations; changes nothing.
    Plan(PlanArgs),
    /// Deploy: the guide's seven steps; on a terminal it shows them and asks first.
    Apply(ApplyArgs),
    /// Finish an interrupted deployment, or an interrupted rollback, from any machine.
    Resume(ResumeArgs),
    /// Fall back: start the previous colour, map live back, unmap the failed one.
    Rollback(RunArgs),
    /// Which colour is live, routes, instances, last deployment.
    Status(StatusArgs),
    /// Who is deploying, and an end to it where nobody is any more.
    #[command(subcommand)]
    Lock(LockCommand),
    /// The plan on an embedded Cloud Foundry with the real cf, under load.
    #[cfg(feature = "rehearse")]
    Rehearse(RehearseArgs),
    /// Print the JSON schema of the plan file.
    Schema,
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the man page.
    Man,
}

/// Flags of `plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The plan.
    #[command(flatten)]
    pub(crate) plan: PlanFile,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    pub(crate) format: PlanFormat,
    /// Compile against a snapshot (from `cutover status --format json`) instead of the space; needs no cf and no login.
    #[arg(long, value_name = "FILE")]
    pub(crate) space: Option<PathBuf>,
}

/// How `plan` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people; each invocation can be copied into a shell.
    Text,
    /// One JSON object.
    Json,
    /// A shell script that does the same.
    Sh,
}

/// Flags of `apply`.
#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// What it has in common with others.
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Deploy also where what runs is what the plan deploys.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Flags of `resume`.
#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// What it has in common with others.
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Answer yes to what the plan asks a person before the switch.
    #[arg(long)]
    pub(crate) approve: bool,
}

/// Flags of `apply`, `resume` and `rollback`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The plan.
    #[command(flatten)]
    pub(crate) plan: PlanFile,
    /// Do not ask.
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Leave a version that is taken back running, without routes.
    #[arg(long)]
    pub(crate) keep_failed: bool,
    /// Wait so long while somebody else deploys an app of the plan, such as 10m; without it that is refused at once.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "0s", hide_default_value = true)]
    pub(crate) lock_wait: Duration,
    /// Ask a run that is at work to stop, and take over from it.
    #[arg(long)]
    pub(crate) take_over: bool,
}

/// What `lock` does.
#[derive(Debug, Subcommand)]
pub(crate) enum LockCommand {
    /// Who holds the lock on each app of the plan.
    Status(LockStatusArgs),
    /// Remove the locks on the apps of the plan that nobody is at work under any more.
    Break(LockBreakArgs),
}

/// Flags of `lock status`.
#[derive(Debug, Args)]
pub(crate) struct LockStatusArgs {
    /// The plan.
    #[command(flatten)]
    pub(crate) plan: PlanFile,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = StatusFormat::Text)]
    pub(crate) format: StatusFormat,
}

/// Flags of `lock break`.
#[derive(Debug, Args)]
pub(crate) struct LockBreakArgs {
    /// The plan.
    #[command(flatten)]
    pub(crate) plan: PlanFile,
    /// Do not ask.
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Ask a run that is at work to stop, and wait until it has.
    #[arg(long)]
    pub(crate) take_over: bool,
}

/// Flags of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The plan.
    #[command(flatten)]
    pub(crate) plan: PlanFile,
    /// How to print it; the JSON is the snapshot that `plan --space` reads.
    #[arg(long, value_enum, default_value_t = StatusFormat::Text)]
    pub(crate) format: StatusFormat,
}

/// How `status` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusFormat {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// Flags of `rehearse`.
#[cfg(feature = "rehearse")]
#[derive(Debug, Args)]
pub(crate) struct RehearseArgs {
    /// The plan.
    #[command(flatten)]
    pub(crate) plan: PlanFile,
    /// Requests per second on the live routes.
    #[arg(long, value_name = "RPS", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub(crate) load: u32,
    /// How many routers share the requests, each of which learns of a change of a route for itself.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    pub(crate) routers: u8,
    /// How long a change of a route takes to reach the routers, such as 5s.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) routing_delay: Option<Duration>,
    /// Leave the embedded Cloud Foundry up afterwards and print how to log in to it; Ctrl-C ends it.
    #[arg(long)]
    pub(crate) keep: bool,
}

impl Command {
    /// The plan, where it is named behind the verb.
    pub(crate) fn plan(&self) -> Option<&Path> {
        let named = match self {
            Self::Check(plan) => plan,
            Self::Plan(args) => &args.plan,
            Self::Apply(args) => &args.run.plan,
            Self::Resume(args) => &args.run.plan,
            Self::Rollback(args) => &args.plan,
            Self::Status(args) => &args.plan,
            Self::Lock(LockCommand::Status(args)) => &args.plan,
            Self::Lock(LockCommand::Break(args)) => &args.plan,
            #[cfg(feature = "rehearse")]
            Self::Rehearse(args) => &args.plan,
            Self::Init | Self::Schema | Self::Completions { .. } | Self::Man => return None,
        };
        named.plan.as_deref()
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    crate::plan::parse_duration(text).map_err(|fault| fault.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_in_the_place_of_a_verb_is_understood() {
        let tip = |word: &str| plan_without_verb(&Cli::try_parse_from(["cutover", word]).unwrap_err());
        let meant = "a plan is named behind the verb: cutover plan deploy.example.yaml";
        assert_eq!(tip("deploy.example.yaml").as_deref(), Some(meant));
        assert_eq!(tip("aply"), None);
    }
}
