//! Checks a new version, at a route where it has any.

use std::path::Path;
use std::time::Duration;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, CommandLine, LocalCheck, RouteUrl, Timeouts, format_duration};
use crate::shell::{self, quote};
use crate::space::Space;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;

use super::facts::Facts;
use super::http_words;
use super::limits::Limits;
use super::traffic::Traffic;
use super::work::Work;

/// How long a person may think at the most: a day.
const THOUGHT: Duration = Duration::from_secs(24 * 60 * 60);

/// Checks the new version at the staging route, or at a live one; one without routes by a program that finds its way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Check {
    /// The app.
    pub(crate) app: AppName,
    /// The route; `None` of an app that has none.
    pub(crate) url: Option<RouteUrl>,
    /// The check.
    pub(crate) wanted: LocalCheck,
    /// How many web instances are to run at the least once it has passed: an app may crash while it is checked.
    pub(crate) instances: u32,
}

impl Check {
    /// What is checked, and where.
    fn place(&self) -> String {
        match &self.url {
            Some(url) => format!("{} at {url}", self.app),
            None => self.app.to_string(),
        }
    }
}

impl Facts for Check {
    fn kind(&self) -> &'static str {
        match self.wanted {
            LocalCheck::Http(_) | LocalCheck::Command(_) => "check",
            LocalCheck::Approval(_) => "approval",
        }
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let what = match &self.wanted {
            LocalCheck::Approval(approval) => {
                return format!("ask a person about {}: {}", self.place(), approval.question);
            }
            LocalCheck::Http(http) => http_words::asked(http),
            LocalCheck::Command(command) => match &command.run {
                CommandLine::Shell(line) => line.clone(),
                CommandLine::Argv(argv) => argv.join(" "),
            },
        };
        format!("check {}: {what}", self.place())
    }

    fn work(&self) -> Work<'_> {
        Work::Check { check: &self.wanted, url: self.url.as_ref() }
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        None
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        None
    }

    fn must(&self) -> Option<Must> {
        Some(Must::Steady { instances: self.instances })
    }

    fn own_confirmation(&self) -> Option<String> {
        Some(match &self.wanted {
            LocalCheck::Http(http) => format!(
                "http: {}, {} in a row, within {}",
                http_words::wanted(http),
                http.successes,
                format_duration(http.within)
            ),
            LocalCheck::Approval(_) => "person: the answer is yes".to_owned(),
            LocalCheck::Command(command) => {
                format!("command: exits with 0 within {}", format_duration(command.within))
            }
        })
    }

    fn effect(&self, _space: &mut Space) {}

    fn traffic(&self) -> Traffic<'_> {
        Traffic::Checked
    }

    fn limits(&self, _timeouts: &Timeouts) -> Limits {
        Limits::once(match &self.wanted {
            LocalCheck::Http(http) => http.within,
            LocalCheck::Command(command) => command.within,
            LocalCheck::Approval(_) => THOUGHT,
        })
    }

    fn changes(&self) -> &'static [Section] {
        &[]
    }

    fn may_change(&self, _facet: &Facet) -> bool {
        false
    }

    fn script(&self, within: Duration) -> Option<String> {
        Some(match &self.wanted {
            LocalCheck::Http(http) => http_words::script(http, self.url.as_ref()?, within),
            LocalCheck::Approval(approval) => {
                let question = quote(&format!("{} [y/N] ", approval.question));
                format!("printf %s {question}; read -r answer </dev/tty; [ \"$answer\" = y ]")
            }
            LocalCheck::Command(command) => {
                let line = match &command.run {
                    CommandLine::Shell(line) => format!("sh -c {}", quote(line)),
                    CommandLine::Argv(argv) => shell::command(argv),
                };
                // `./` keeps a folder that begins with `-` from being taken for an option; an absolute one stays what it
                // is.
                let folder = quote(&Path::new(".").join(&command.folder).to_string_lossy());
                let url = self.url.as_ref().map(|url| url.https("")).unwrap_or_default();
                let (url, app) = (quote(&url), quote(self.app.as_str()));
                let variables =
                    format!("CUTOVER_URL={url} CUTOVER_STAGING_URL={url} CUTOVER_APP={app} CUTOVER_COLOUR={app}");
                format!("(cd {folder} && {variables} {line})")
            }
        })
    }
}
