//! A version that is live, asked for a while.

use crate::plan::{Watch, format_duration};
use crate::run::waiting::clock::{Clock, Stop};

use super::http::REQUEST;
use super::http_check::Asking;
use super::outcome::Outcome;

/// Asks in rounds until the time is over and the last answers are right, or until one check has been answered wrong too often in a
/// row. Fails where the run is to stop.
pub(super) fn watch(watch: &Watch, all: &[Asking<'_>], clock: &dyn Clock) -> Result<Outcome, Stop> {
    let until = clock.now() + watch.time;
    let mut wrong = vec![0; all.len()];
    let mut rounds = 0;
    loop {
        rounds += 1;
        for (asking, wrong) in all.iter().zip(&mut wrong) {
            let heard = asking.once(REQUEST)?;
            *wrong = if heard.is_right() { 0 } else { *wrong + 1 };
            if *wrong >= watch.failures {
                let last = format!("the last of {wrong} wrong answers in a row, in round {rounds},");
                return Ok(Outcome::Failed(asking.told(&heard, "", &last)));
            }
        }
        if clock.now() >= until && wrong.iter().all(|wrong| *wrong == 0) {
            let whom: Vec<String> = all.first().map(Asking::of_whom).into_iter().collect();
            let time = format_duration(watch.time);
            return Ok(Outcome::Passed(format!("asked {rounds} times{}, within {time}", whom.concat())));
        }
        clock.pause(watch.every)?;
    }
}
