//! Watches a new version that is live.

use std::time::Duration;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::{self, AppName, HttpCheck, RouteUrl, Timeouts, format_duration};
use crate::shell;
use crate::space::Space;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;

use super::facts::Facts;
use super::http_words;
use super::limits::Limits;
use super::traffic::Traffic;
use super::work::Work;

/// Asks the plan's HTTP checks at the live routes for a while. The version that was live before still runs meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Watch {
    /// The app.
    pub(crate) app: AppName,
    /// The live routes that can be asked; never empty.
    pub(crate) urls: Vec<RouteUrl>,
    /// The checks; never empty.
    pub(crate) checks: Vec<HttpCheck>,
    /// How long, and how often.
    pub(crate) wanted: plan::Watch,
    /// How many web instances are to run at the least when it is over.
    pub(crate) instances: u32,
}

impl Facts for Watch {
    fn kind(&self) -> &'static str {
        "watch"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let urls = self.urls.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let asked = self.checks.iter().map(http_words::asked).collect::<Vec<_>>().join(", ");
        format!("watch {} at {urls} for {}: {asked}", self.app, format_duration(self.wanted.time))
    }

    fn work(&self) -> Work<'_> {
        Work::Watch { watch: &self.wanted, checks: &self.checks, urls: &self.urls }
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
        let wanted = |check| format!("{}: {}", http_words::asked(check), http_words::wanted(check));
        let wanted = self.checks.iter().map(wanted).collect::<Vec<_>>().join(", ");
        let plan::Watch { time, every, failures } = self.wanted;
        let (time, every) = (format_duration(time), format_duration(every));
        let wrong =
            if failures == 1 { "no wrong one".to_owned() } else { format!("no {failures} wrong ones in a row") };
        Some(format!("http: {wanted}, every {every} for {time}, {wrong}"))
    }

    fn effect(&self, _space: &mut Space) {}

    fn traffic(&self) -> Traffic<'_> {
        Traffic::Checked
    }

    fn limits(&self, _timeouts: &Timeouts) -> Limits {
        Limits::once(self.wanted.time)
    }

    fn changes(&self) -> &'static [Section] {
        &[]
    }

    fn may_change(&self, _facet: &Facet) -> bool {
        false
    }

    /// One answer after the time is over: what is wrong in between ends no script.
    fn script(&self, within: Duration) -> Option<String> {
        let asked = self.urls.iter().flat_map(|url| self.checks.iter().map(move |check| (check, url)));
        let lines = asked.map(|(check, url)| http_words::script(check, url, check.within));
        let lines = [shell::sleep(within)].into_iter().chain(lines).collect::<Vec<_>>();
        Some(lines.join("\n"))
    }
}
