//! A deployment that runs in the test's own process, where something can be done before each step.

use cutover::cf::session::{PrivateHome, Session};
use cutover::cf::spawn::Cf;
use cutover::plan;
use cutover::run::api::Api;
use cutover::run::bits;
use cutover::run::check::Checker;
use cutover::run::execute::{Ended, Runner};
use cutover::run::http::{Client, RouterUrl};
use cutover::run::interrupt::Interrupt;
use cutover::run::observe::Observer;
use cutover::run::probe::Probe;
use cutover::run::routers::Routers;
use cutover::steps::Step;
use cutover::steps::annotations::Deployment;
use cutover::steps::forward::{self, Orders};
use guard::Guard;

use super::bench::Bench;

/// Deploys the plan's first app. `change` may change the compiled steps, `before` is called before each.
pub(crate) fn deploy(bench: &Bench, change: impl Fn(Step) -> Step, before: &dyn Fn(&Step)) -> Ended {
    let guard = Guard::start().unwrap();
    let home = PrivateHome::create(&guard).unwrap();
    let cf = Cf::discover(Some(&super::cf::binary()), &home).unwrap();
    let session = Session::open(&bench.cf.home().join(".cf/config.json"), home).unwrap();
    let client = Client::new(Some(&RouterUrl::parse(&bench.foundry.router_url()).unwrap()), false);
    let plan = plan::load(&bench.folder().join("deploy.yaml"), None, &plan::Disk).unwrap();
    let observer = Observer::new(&cf, &session, &plan);
    let mut space = observer.observe().unwrap();
    let deployment = Deployment { id: "1".to_owned(), by: "a test".to_owned(), at: "2026-11-23T12:00:00Z".to_owned() };
    let digest = bits::digest(&plan.apps[0]).unwrap();
    let orders = Orders { plan: &plan, app: &plan.apps[0], deployment: &deployment, bits: Some(&digest) };
    let steps: Vec<Step> = forward::deploy(orders, &space).unwrap().into_iter().map(change).collect();
    let routers = Routers::default();
    let runner = Runner {
        app: &plan.apps[0],
        cf: &cf,
        api: Api::new(&cf, &session),
        reader: &observer,
        router: &Probe { client: &client, routers: &routers },
        checks: &Checker { client: &client, guard: &guard },
        clock: &Interrupt::none(),
        hold: &|step, _| {
            before(step);
            Ok(())
        },
    };
    runner.run("apply", &steps, &mut space, &mut |_| {})
}
