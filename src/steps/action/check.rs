//! Checks a new version.

use std::path::Path;
use std::time::Duration;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::{self, AppName, CommandLine, HttpCheck, Method, RouteUrl, Timeouts, format_duration};
use crate::shell::{self, quote};
use crate::space::Space;
use crate::space::condition::Condition;
use crate::space::difference::Facet;
use crate::space::section::Section;

use super::facts::Facts;
use super::limits::Limits;
use super::traffic::Traffic;
use super::work::Work;

/// Checks the new version at the staging route.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Check {
    /// The app.
    pub(crate) app: AppName,
    /// The staging route.
    pub(crate) url: RouteUrl,
    /// The check.
    pub(crate) wanted: plan::Check,
    /// How many web instances are to run at the least once it has passed: an app may crash while it is checked.
    pub(crate) instances: u32,
}

impl Facts for Check {
    fn kind(&self) -> &'static str {
        "check"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let what = match &self.wanted {
            plan::Check::Http(http) => format!("{} {}", http.method, http.path),
            plan::Check::Command(command) => match &command.run {
                CommandLine::Shell(line) => line.clone(),
                CommandLine::Argv(argv) => argv.join(" "),
            },
        };
        format!("check {} at {}: {what}", self.app, self.url)
    }

    fn work(&self) -> Work<'_> {
        Work::Check { check: &self.wanted, url: &self.url }
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        None
    }

    fn expectation(&self) -> Option<Expectation> {
        None
    }

    fn condition(&self) -> Option<Condition> {
        Some(Condition::Steady { app: self.app.to_string(), instances: self.instances })
    }

    fn own_confirmation(&self) -> Option<String> {
        Some(match &self.wanted {
            plan::Check::Http(http) => in_words(http),
            plan::Check::Command(command) => {
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
            plan::Check::Http(http) => http.within,
            plan::Check::Command(command) => command.within,
        })
    }

    fn changes(&self) -> &'static [Section] {
        &[]
    }

    fn may_change(&self, _facet: &Facet) -> bool {
        false
    }

    fn script(&self, within: Duration) -> Option<String> {
        let url = &self.url;
        Some(match &self.wanted {
            plan::Check::Http(http) => script(http, url, within),
            plan::Check::Command(command) => {
                let line = match &command.run {
                    CommandLine::Shell(line) => format!("sh -c {}", quote(line)),
                    CommandLine::Argv(argv) => shell::command(argv),
                };
                // `./` keeps a folder that begins with `-` from being taken for an option; an absolute one stays what it
                // is.
                let folder = quote(&Path::new(".").join(&command.folder).to_string_lossy());
                let (url, app) = (quote(&format!("https://{url}")), quote(self.app.as_str()));
                format!("(cd {folder} && CUTOVER_STAGING_URL={url} CUTOVER_APP={app} {line})")
            }
        })
    }
}

/// What a check asks for, in words.
fn in_words(http: &HttpCheck) -> String {
    let status = http.status.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    let headers =
        http.response_headers.iter().map(|(name, wanted)| format!(" and {name} that matches /{}/", wanted.as_str()));
    let body = http.body.iter().map(|body| format!(" and a body that matches /{}/", body.as_str()));
    let json = http.json.iter().map(|(pointer, wanted)| format!(" and JSON whose {pointer} is {wanted}"));
    let latency = http.latency.iter().map(|latency| format!(" in less than {}", format_duration(*latency)));
    let wanted: String = headers.chain(body).chain(json).chain(latency).collect();
    format!("http: {status}{wanted}, {} in a row, within {}", http.successes, format_duration(http.within))
}

/// A line of a shell script that waits for an answer with one of the statuses; of what else is asked for it looks at the latency.
fn script(http: &HttpCheck, url: &RouteUrl, within: Duration) -> String {
    let route = quote(&format!("{url}{}", http.path));
    let seconds = within.as_secs();
    let codes: Option<Vec<String>> =
        http.status.iter().map(|status| status.code().map(|code| code.to_string())).collect();
    if let Some(codes) =
        codes.filter(|_| http.method == Method::Get && http.headers.is_empty() && http.latency.is_none())
    {
        return format!("wait_for {seconds} {route} status {route} {}", codes.join(" "));
    }
    let method = match http.method {
        Method::Get => Vec::new(),
        Method::Head => vec!["-I".to_owned()],
        Method::Post | Method::Put | Method::Patch | Method::Delete | Method::Options => {
            vec!["-X".to_owned(), http.method.to_string()]
        }
    };
    let headers = http.headers.iter().flat_map(|(name, value)| ["-H".to_owned(), format!("{name}: {value}")]);
    let latency = http.latency.iter().flat_map(|latency| ["-m".to_owned(), latency.as_secs_f64().to_string()]);
    let arguments = method.into_iter().chain(headers).chain(latency);
    let ask = shell::command(["ask".to_owned(), format!("{url}{}", http.path)].into_iter().chain(arguments));
    let patterns =
        http.status.iter().map(|status| status.to_string().replace("xx", "??")).collect::<Vec<_>>().join("|");
    format!(
        "answers() {{ case $({ask}) in {patterns}) return 0 ;; esac; return 1; }}\nwait_for {seconds} {route} answers"
    )
}
