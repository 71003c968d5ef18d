//! Reads a watch.

use super::mapping::Mapping;
use super::scalars::whole;
use crate::plan::check::Check;
use crate::plan::diagnostics::Collector;
use crate::plan::duration::parse_duration;
use crate::plan::schema::WATCH;
use crate::plan::value_error::ValueError;
use crate::plan::watch::Watch;

/// The watch of an app whose checks are these, as far as they could be read.
pub(crate) fn read_watch(app: &Mapping<'_>, checks: &[Option<Check>], collector: &mut Collector<'_>) -> Option<Watch> {
    let node = app.node("watch")?;
    if checks.iter().flatten().all(|check| check.http().is_none()) && checks.iter().all(Option::is_some) {
        let hint = "add one to `checks`: `- http: {path: /health}`";
        collector.node(
            node,
            &app.path_of("watch"),
            ValueError::hinted("the watch has no HTTP check to go on with", hint),
        );
    }
    let watch = app.table("watch", &WATCH);
    Some(Watch {
        time: watch.parse("for", parse_duration)?.value,
        every: watch.parse("every", parse_duration)?.value,
        failures: watch.parse("failures", whole)?.value,
    })
}
