//! A deployment that runs in the test's own process: something can be done before each step, and each of the parts
//! that keep it safe can be another one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cutover::cf::session::{PrivateHome, Session};
use cutover::cf::spawn::Cf;
use cutover::plan;
use cutover::run::api::Api;
use cutover::run::executor::ended::Ended;
use cutover::run::executor::runner::Runner;
use cutover::run::reading::observe::Observer;
use cutover::run::routes::approver::{Answer, Approver};
use cutover::run::routes::check::Checker;
use cutover::run::routes::http::{Client, RouterUrl};
use cutover::run::routes::probe::{Evidence, Probe, Router, Unconfirmed};
use cutover::run::upload::{self, OwnFiles};
use cutover::run::waiting::clock::{Clock, Stop};
use cutover::run::waiting::interrupt::Interrupt;
use cutover::space::Space;
use cutover::steps::action::question::RouterQuestion;
use cutover::steps::annotations::{Extent, Identity};
use cutover::steps::input::Failed;
use cutover::steps::routers::Routers;
use cutover::steps::{Deployment, Request, Step, Verb};
use guard::Guard;

use super::bench::{Bench, LIVE};

/// A deployment that is ready to run.
pub(crate) struct Driven<'a> {
    pub(crate) runner: Runner<'a>,
    pub(crate) deployment: &'a Deployment<'a>,
    pub(crate) space: Space,
}

impl Driven<'_> {
    pub(crate) fn run(mut self) -> Ended {
        let run = self.runner.run(&|_| "apply".to_owned(), self.deployment, &mut self.space, &mut |_| {});
        run.apps.into_iter().map(|(_, ended)| ended).next().unwrap()
    }
}

/// Deploys the plan's only app. `before` is called before each step.
pub(crate) fn deploy(bench: &Bench, before: &(dyn Fn(&Step) + Sync)) -> Ended {
    prepared(bench, |driven| {
        let hold = |step: &Step, _: &Space| {
            before(step);
            Ok(())
        };
        let Driven { runner, deployment, space } = driven;
        Driven { runner: Runner { hold: &hold, ..runner }, deployment, space }.run()
    })
}

/// Deploys the plan's only app. `meanwhile` is called as soon as the live route leads to the new colour.
pub(crate) fn deploy_while(bench: &Bench, meanwhile: &(dyn Fn() + Sync)) -> Ended {
    prepared(bench, |driven| {
        let Driven { runner, deployment, space } = driven;
        Driven { runner: Runner { router: &Meanwhile(meanwhile), ..runner }, deployment, space }.run()
    })
}

/// Nobody who could be asked.
struct Nobody;

impl Approver for Nobody {
    fn ask(&self, _: &str, _: &dyn Clock) -> Result<Answer, Stop> {
        Ok(Answer::NobodyToAsk)
    }
}

/// A router that is not asked.
pub(crate) struct Believed;

impl Router for Believed {
    fn ask(
        &self,
        _: &RouterQuestion<'_>,
        _: &Space,
        _: Duration,
        _: Instant,
        _: &dyn Clock,
        _: &mut dyn FnMut() -> Option<String>,
    ) -> Result<Evidence, Unconfirmed> {
        Ok(Evidence::Asked { answers: 1 })
    }
}

/// A router that is not asked, and at which something happens as soon as the live route leads to the new colour.
pub(crate) struct Meanwhile<'a>(pub(crate) &'a (dyn Fn() + Sync));

impl Router for Meanwhile<'_> {
    fn ask(
        &self,
        question: &RouterQuestion<'_>,
        space: &Space,
        settle: Duration,
        deadline: Instant,
        clock: &dyn Clock,
        hopeless: &mut dyn FnMut() -> Option<String>,
    ) -> Result<Evidence, Unconfirmed> {
        match question {
            RouterQuestion::Reached { url, .. } if url.to_string() == LIVE => (self.0)(),
            RouterQuestion::Reached { .. } | RouterQuestion::Gone { .. } => {}
        }
        Believed.ask(question, space, settle, deadline, clock, hopeless)
    }
}

/// Compiles the deployment of the plan's only app and puts the right parts together; `run` runs it.
pub(crate) fn prepared<T>(bench: &Bench, run: impl FnOnce(Driven<'_>) -> T) -> T {
    let guard = Guard::start().unwrap();
    let home = PrivateHome::create(&guard).unwrap();
    let cf = Cf::discover(Some(&testkit::cf::binary()), &home).unwrap();
    let session = Session::open(&bench.cf.home().join(".cf/config.json"), home).unwrap();
    let plan = plan::load(&bench.folder().join("deploy.yaml"), None, &plan::Disk).unwrap();
    let router = RouterUrl::parse(&bench.foundry.router_url()).unwrap();
    let client = Client::new(Some(&router), &plan.tls, false).unwrap();
    let observer = Observer::new(&cf, &session, &plan);
    let space = observer.observe(&Interrupt::none()).unwrap();
    let request = Request {
        verb: Verb::Apply,
        identity: Identity { id: "1".to_owned(), by: "a test".to_owned(), at: "2026-11-23T12:00:00Z".to_owned() },
        extent: Extent::Whole,
        failed: Failed::Stop,
        locks: Vec::new(),
        uploads: BTreeMap::from([(
            plan.apps[0].name.clone(),
            upload::read(&plan.apps[0], &OwnFiles::default()).unwrap(),
        )]),
    };
    let deployment = Deployment::compile(&plan, &space, &request).unwrap();
    let routers = Routers::default();
    let runner = Runner {
        cf: &cf,
        api: Api::new(&cf, &session),
        reader: &observer,
        router: &Probe { client: &client, routers: &routers },
        checks: &Checker { client: &client, guard: &guard, approver: &Nobody },
        clock: &Interrupt::none(),
        hold: &|_, _| Ok(()),
        read: Instant::now(),
        lanes: 1,
    };
    run(Driven { runner, deployment: &deployment, space })
}
