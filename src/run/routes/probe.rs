//! The router, asked who answers on a route.
//!
//! `cf map-route` says OK before routers know (propagation is asynchronous, usually a second, seen up to a minute). So
//! the question goes to the route itself, with a header that picks one instance of one app (of two versions inside one
//! app: of one process):
//!
//! - the instance answers: it is in the route's pool (gorouter: 502 `endpoint_failure` as well: in the pool, but dead);
//! - 400 with `X-Cf-RouterError: unknown_route`: it is not.
//!
//! A platform has several routers behind a load balancer, so the same answer must come many times in a row, each on a
//! connection of its own. And an answer of an instance only counts where the header is heard at all, so each one is
//! paired with a question for an app that does not exist, which must be refused.
//!
//! What an answer does not prove: that the instance is reached by the exact route, where the app also holds a wildcard
//! route and no app at all is on the exact one. Nothing is ever unmapped from such a route, so nothing hangs on it.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::plan::{RouteUrl, format_duration};
use crate::run::side_by_side::side_by_side;
use crate::run::waiting::clock::{Clock, Stop};
use crate::run::waiting::pauses::Pauses;
use crate::space::{App, Space};
use crate::steps::action::question::RouterQuestion;
use crate::steps::routers::Routers;

use super::deaf::{Persistence, deaf};
use super::head::{head, is_unknown, nobody};
use super::http::{Answer, Client, InstanceKey, REQUEST};
use super::instances::Instances;

/// How many answers in a row are asked for at the least. With six routers behind a balancer that deals by chance, one
/// that is late is missed in one of 18 cases by 16 questions, and in none by a balancer that takes turns.
const IN_A_ROW: usize = 16;
/// How many of them are asked for at the same time.
const AT_ONCE: usize = 4;
/// More instances than this are asked for once each, fewer twice.
const MANY_INSTANCES: usize = 50;
/// The pause after the first answer that is not the one that is waited for; each further one is half as long again.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// What the confirmation rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// The router said so, that many times in a row.
    Asked {
        /// How many times.
        answers: usize,
    },
    /// The router could not be asked, and the settling time has passed.
    Settled {
        /// How long that was.
        time: Duration,
        /// Why it could not be asked.
        why: String,
    },
}

impl Evidence {
    /// The evidence as a note of the confirmation.
    pub(crate) fn note(&self) -> String {
        match self {
            Self::Asked { answers } => format!("asked at the router, {answers} answers in a row"),
            Self::Settled { time, why } => {
                format!("not asked at the router ({why}); waited {} instead", format_duration(*time))
            }
        }
    }
}

/// Why a question is not answered as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unconfirmed {
    /// What was heard last.
    Heard(String),
    /// It never will be: what has happened meanwhile.
    Never(String),
    /// The run is to stop.
    Interrupted(Stop),
}

/// Who answers on a route.
pub trait Router: Sync {
    /// Asks until the answer has come often enough in a row; where the router cannot be asked, `settle` is waited
    /// instead. Fails with what was last heard where that does not happen before the deadline, and at once with why it is
    /// `hopeless`, where that tells.
    fn ask(
        &self,
        question: &RouterQuestion<'_>,
        space: &Space,
        settle: Duration,
        deadline: Instant,
        clock: &dyn Clock,
        hopeless: &mut dyn FnMut() -> Option<String>,
    ) -> Result<Evidence, Unconfirmed>;
}

/// Asks the routers that serve a route.
#[derive(Debug)]
pub struct Probe<'a> {
    /// The client that the questions go through.
    pub client: &'a Client,
    /// What was found out about the routers before.
    pub routers: &'a Routers,
}

/// What one answer says about an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Instance {
    /// It answers.
    Answers,
    /// It is in the pool, but does not answer.
    Dead,
    /// It is not in the pool.
    Unknown,
}

impl Router for Probe<'_> {
    fn ask(
        &self,
        question: &RouterQuestion<'_>,
        space: &Space,
        settle: Duration,
        deadline: Instant,
        clock: &dyn Clock,
        hopeless: &mut dyn FnMut() -> Option<String>,
    ) -> Result<Evidence, Unconfirmed> {
        let (app, url, wanted) = match question {
            RouterQuestion::Reached { app, url } => (*app, *url, Instance::Answers),
            RouterQuestion::Gone { app, url } => (*app, *url, Instance::Unknown),
        };
        let Some(app) = space.app(app.as_str()) else {
            return Err(Unconfirmed::Heard(format!("app {app} is not there")));
        };
        let instances = Instances::of(app);
        let tries = if self.routers.is_deaf(url) { Persistence::Once } else { Persistence::Thrice };
        let deaf = deaf(self.client, space, url, instances.header(), tries, clock).map_err(Unconfirmed::Interrupted)?;
        let mut pause = |time: Duration| {
            clock.pause(time).map_err(Unconfirmed::Interrupted)?;
            hopeless().map_or(Ok(()), |why| Err(Unconfirmed::Never(why)))
        };
        if let Some(why) = deaf {
            let settled = clock.now() + settle;
            while clock.now() < settled {
                pause(LONGEST_PAUSE.min(settled.saturating_duration_since(clock.now())))?;
            }
            return Ok(Evidence::Settled { time: settle, why: why.to_string() });
        }
        let enough = enough(&instances);
        let row = Row { url, app, instances: &instances, wanted: &wanted, clock };
        let mut pauses = Pauses::between(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            // One by itself first: as long as that is not the one that is waited for, there is no row.
            let first = self.numbered(&row, 0).map_err(Unconfirmed::Interrupted)?;
            let heard = match first.map(|()| self.all_of(&row, 1..enough)) {
                Ok(rest) => rest.map_err(Unconfirmed::Interrupted)?,
                Err(heard) => Err(heard),
            };
            match heard {
                Ok(()) => return Ok(Evidence::Asked { answers: enough }),
                Err(heard) if clock.now() >= deadline => return Err(Unconfirmed::Heard(heard)),
                Err(_) => {}
            }
            pause(pauses.next())?;
        }
    }
}

/// A row of questions about one route: each of the instances in turn.
struct Row<'r> {
    url: &'r RouteUrl,
    app: &'r App,
    instances: &'r Instances<'r>,
    wanted: &'r Instance,
    clock: &'r dyn Clock,
}

/// Whether the answer that is waited for has come; else what was heard.
type Heard = Result<(), String>;

impl Probe<'_> {
    /// Asks the questions of these numbers, several at a time, until one is not answered as it is to be.
    fn all_of(&self, row: &Row<'_>, numbers: Range<usize>) -> Result<Heard, Stop> {
        let has_failed = AtomicBool::new(false);
        let ask = |number| {
            if has_failed.load(Ordering::SeqCst) {
                return Ok(Ok(()));
            }
            let heard = self.numbered(row, number);
            has_failed.fetch_or(!matches!(heard, Ok(Ok(()))), Ordering::SeqCst);
            heard
        };
        let heard: Vec<Heard> = side_by_side(AT_ONCE, numbers, ask).into_iter().collect::<Result<_, _>>()?;
        Ok(heard.into_iter().collect())
    }

    /// Asks the question of that number.
    fn numbered(&self, row: &Row<'_>, number: usize) -> Result<Heard, Stop> {
        let Row { url, app, instances, wanted, clock } = *row;
        let instance = instances.key(number % instances.count());
        let index = instance.index;
        Ok(match self.one(url, instance, wanted, clock)? {
            Ok(instance) if instance == *wanted => Ok(()),
            Ok(Instance::Answers) => Err(format!("{url} still reaches instance {index} of {}", app.name)),
            Ok(Instance::Dead) => {
                Err(format!("{url} leads to instance {index} of {}, which does not answer", app.name))
            }
            Ok(Instance::Unknown) => Err(format!("{url} does not reach instance {index} of {} yet", app.name)),
            Err(why) => Err(why),
        })
    }

    fn one(
        &self,
        url: &RouteUrl,
        asked: InstanceKey,
        wanted: &Instance,
        clock: &dyn Clock,
    ) -> Result<Result<Instance, String>, Stop> {
        let header = asked.header;
        let answer = match head(self.client, url, asked, REQUEST, clock)? {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(format!("{url}: {error}"))),
        };
        let instance = instance(&answer);
        if instance == Instance::Answers && *wanted == Instance::Answers {
            // The question only counts where the header is heard, on whichever router this connection came to.
            match head(self.client, url, nobody(header), REQUEST, clock)? {
                Ok(nobody) if is_unknown(&nobody) => {}
                Ok(nobody) => {
                    let name = header.name();
                    return Ok(Err(format!("{url}: {name} was heard before and is not now: HTTP {}", nobody.status)));
                }
                Err(error) => return Ok(Err(format!("{url}: {error}"))),
            }
        }
        Ok(Ok(instance))
    }
}

/// How many answers in a row are asked for.
fn enough(instances: &Instances<'_>) -> usize {
    let each = if instances.count() > MANY_INSTANCES { 1 } else { 2 };
    IN_A_ROW.max(instances.count() * each)
}

fn instance(answer: &Answer) -> Instance {
    match answer.router_error.as_deref() {
        Some(error) if error.starts_with("endpoint_failure") => Instance::Dead,
        Some("unknown_route" | "no_endpoints") => Instance::Unknown,
        Some(_) | None => Instance::Answers,
    }
}

#[cfg(test)]
mod tests {
    use ureq::http::HeaderMap;

    use super::*;
    use crate::space::Process;

    #[test]
    fn each_instance_is_asked_for_however_many_there_are() {
        let app = |instances| App { processes: vec![process("w", "web", instances)], ..App::new("app", "shop") };
        for (instances, enough) in [(1, 16), (8, 16), (9, 18), (50, 100), (51, 51), (400, 400)] {
            let app = app(instances);
            let of = Instances::of(&app);
            assert_eq!((of.count(), super::enough(&of)), (usize::try_from(instances).unwrap(), enough));
        }
    }

    fn process(guid: &str, kind: &str, instances: u32) -> Process {
        Process {
            guid: guid.to_owned(),
            kind: kind.to_owned(),
            instances,
            memory_mb: 64,
            states: Vec::new(),
            ends_unseen: false,
        }
    }

    #[test]
    fn answers_of_gorouter() {
        let cases = [
            (200, None, Instance::Answers),
            (404, None, Instance::Answers),
            // An app's own 400 carries no X-Cf-RouterError.
            (400, None, Instance::Answers),
            (400, Some("unknown_route"), Instance::Unknown),
            (404, Some("unknown_route"), Instance::Unknown),
            (503, Some("no_endpoints"), Instance::Unknown),
            (502, Some("endpoint_failure (dial tcp 10.0.0.1:61001: connect: connection refused)"), Instance::Dead),
        ];
        for (status, error, expected) in cases {
            let answer = Answer {
                status,
                router_error: error.map(ToOwned::to_owned),
                body: String::new(),
                headers: HeaderMap::new(),
            };
            assert_eq!(instance(&answer), expected, "{status} {error:?}");
        }
    }
}
