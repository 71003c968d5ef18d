//! A check by HTTP: every instance is asked, where the router lets one be asked for, until all have answered as they should
//! often enough in a row.

use std::time::Duration;

use crate::plan::{HttpCheck, RouteUrl, format_duration};
use crate::run::side_by_side::side_by_side;
use crate::run::waiting::clock::{Clock, Stop};
use crate::space::Space;

use super::deaf::{Persistence, deaf};
use super::fault::{beginning, fault, told};
use super::http::{self, Answer, Client, InstanceKey};
use super::instances::Instances;
use super::outcome::Outcome;

/// How long a request has at the least, also where the time of the check is nearly over.
const LEAST: Duration = Duration::from_secs(1);
/// How many instances are asked at the same time.
const AT_ONCE: usize = 4;

/// A check of an app at a route.
pub(super) struct Asking<'a> {
    check: &'a HttpCheck,
    route: &'a RouteUrl,
    client: &'a Client,
    clock: &'a dyn Clock,
    /// Each instance; empty where the router picks one.
    instances: Vec<InstanceKey>,
    /// Why the router picks one of several.
    unheard: Option<String>,
}

/// What came of one request.
pub(super) struct Heard {
    instance: Option<u32>,
    answer: Result<Answer, String>,
    took: Duration,
    fault: Option<String>,
}

impl Heard {
    /// Whether it is as it should be.
    pub(super) fn is_right(&self) -> bool {
        self.fault.is_none()
    }
}

impl<'a> Asking<'a> {
    /// Finds out whether the router can be asked for one instance. Fails where the run is to stop.
    pub(super) fn new(
        check: &'a HttpCheck,
        app: &str,
        route: &'a RouteUrl,
        space: &Space,
        client: &'a Client,
        clock: &'a dyn Clock,
    ) -> Result<Self, Stop> {
        let mut asking = Self { check, route, client, clock, instances: Vec::new(), unheard: None };
        let Some(app) = space.app(app) else { return Ok(asking) };
        let instances = Instances::of(app);
        if let Some(service) = space.route_service(route) {
            // gorouter: which instance was asked for is forgotten on the way through a route service.
            asking.unheard = (instances.count() > 1).then(|| format!("the route service {service} stands in between"));
            return Ok(asking);
        }
        match deaf(client, space, route, instances.header(), Persistence::Twice, clock)? {
            None => asking.instances = (0..instances.count()).map(|number| instances.key(number)).collect(),
            Some(why) => asking.unheard = (instances.count() > 1).then(|| why.to_string()),
        }
        Ok(asking)
    }

    /// How many are asked at a time.
    fn count(&self) -> usize {
        self.instances.len().max(1)
    }

    /// Asks each instance once. Returns the first wrong answer, else the last one. Fails where the run is to stop.
    pub(super) fn once(&self, within: Duration) -> Result<Heard, Stop> {
        let all = side_by_side(AT_ONCE, 0..self.count(), |number| self.one(self.instances.get(number), within));
        let mut last = None;
        for heard in all {
            let heard = heard?;
            if heard.fault.is_some() {
                return Ok(heard);
            }
            last = Some(heard);
        }
        last.map_or_else(|| self.one(None, within), Ok)
    }

    fn one(&self, instance: Option<&InstanceKey>, within: Duration) -> Result<Heard, Stop> {
        let (client, route, check) = (self.client.clone(), self.route.clone(), self.check.clone());
        let key = instance.cloned();
        let begun = self.clock.now();
        let answer = http::unless_stopped(self.clock, move || client.ask(&route, &check, key.as_ref(), within))?;
        let took = self.clock.now().duration_since(begun);
        let fault = fault(self.check, &answer, took);
        Ok(Heard { instance: instance.map(|key| key.index), answer, took, fault })
    }

    /// What is wrong with an answer, or else what is wrong, and what the `last` one was.
    pub(super) fn told(&self, heard: &Heard, otherwise: &str, last: &str) -> String {
        let Heard { instance, answer, took, fault } = heard;
        let asked = format!("{} {}", self.check.method, self.route.https(&self.check.path));
        let why = fault.as_deref().unwrap_or(otherwise);
        let by = match instance.filter(|_| self.count() > 1) {
            Some(index) => format!(" at instance {index} of {}", self.count()),
            None => String::new(),
        };
        let body = answer.as_ref().map(|answer| beginning(&answer.body)).unwrap_or_default();
        format!("{asked}: {why}\n{last} took {}{by}{body}", told(*took))
    }

    /// Whom the answers are of, where there are several.
    pub(super) fn of_whom(&self) -> String {
        match (self.count(), &self.unheard) {
            (1, None) => String::new(),
            (1, Some(why)) => format!("; whichever instance the router took, since it cannot be asked for one ({why})"),
            (count, _) => format!(" of each of {count} instances"),
        }
    }
}

/// Asks until all have answered as they should often enough in a row.
pub(super) fn ask(
    check: &HttpCheck,
    app: &str,
    route: &RouteUrl,
    space: &Space,
    client: &Client,
    clock: &dyn Clock,
) -> Outcome {
    until_passed(check, app, route, space, client, clock).unwrap_or_else(Outcome::Interrupted)
}

fn until_passed(
    check: &HttpCheck,
    app: &str,
    route: &RouteUrl,
    space: &Space,
    client: &Client,
    clock: &dyn Clock,
) -> Result<Outcome, Stop> {
    let until = clock.now() + check.within;
    let asking = Asking::new(check, app, route, space, client, clock)?;
    let (mut tries, mut in_a_row) = (0, 0);
    loop {
        let heard = asking.once(until.saturating_duration_since(clock.now()).max(LEAST))?;
        tries += asking.count();
        in_a_row = if heard.fault.is_none() { in_a_row + 1 } else { 0 };
        if let (true, Ok(answer)) = (in_a_row >= check.successes, &heard.answer) {
            let url = route.https(&check.path);
            return Ok(Outcome::Passed(format!(
                "{url}: HTTP {}, {in_a_row} in a row{}",
                answer.status,
                asking.of_whom()
            )));
        }
        if clock.now() >= until {
            let in_row = format!("only {in_a_row} of {} answers in a row are right", check.successes);
            let within = format_duration(check.within);
            let last = format!("the last of {tries} requests within {within}");
            return Ok(Outcome::Failed(asking.told(&heard, &in_row, &last)));
        }
        clock.pause(check.interval)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::plan::Tls;
    use crate::run::doubles::Hand;
    use crate::space::rules::RouteService;

    const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com], staging: shop-staging.example.com}
    checks: [{http: {at: live}}]
";

    #[test]
    fn behind_a_route_service_no_instance_is_asked_for_and_that_is_told() {
        let plan = example::plan(PLAN);
        let (check, route) = (plan.apps[0].http_checks().next().unwrap(), &plan.apps[0].live[0]);
        let client = Client::new(None, &Tls::default(), true).unwrap();
        let clock = Hand::new(Duration::from_secs(60));
        for (instances, told) in [
            (1, ""),
            (
                2,
                "; whichever instance the router took, since it cannot be asked for one (the route service sso stands in between)",
            ),
        ] {
            let mut space =
                example::space(vec![example::app("shop_b", true, instances, None)], [("shop.example.com", "shop_b")]);
            let service = RouteService { url: route.to_string(), service: "sso".to_owned() };
            space.rules.route_services = vec![service];
            let asking = Asking::new(check, "shop_b", route, &space, &client, &clock).ok().unwrap();
            assert_eq!(asking.of_whom(), told);
        }
        assert_eq!(clock.waited(), Duration::ZERO);
    }
}
