//! Reads the timeouts.

use super::mapping::Mapping;
use crate::plan::duration::parse_duration;
use crate::plan::timeouts::Timeouts;

pub(crate) fn read_timeouts(timeouts: &Mapping<'_>) -> Option<Timeouts> {
    let time = |key: &str| timeouts.parse(key, parse_duration).map(|at| at.value);
    Some(Timeouts {
        call: time("call")?,
        upload: time("upload")?,
        staging: time("staging")?,
        start: time("start")?,
        route: time("route")?,
        binding: time("binding")?,
        tasks: time("tasks")?,
    })
}
