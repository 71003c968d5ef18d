//! The real cf, driven as a deployment drives it: in a private copy of the user's configuration, each answer judged.

use std::time::Duration;

use cutover::cf::invocation::{Invocation, Reference, RouteParts, query};
use cutover::cf::outcome::{Expectation, Reason, Verdict, confirm};
use cutover::cf::output::{Exit, Output};
use cutover::cf::session::{HandBack, PrivateHome, Session, user_config};
use cutover::cf::spawn::Cf;
use foundry::Foundry;
use foundry::faults::{Fault, Harm, Rule};
use foundry::settings::Settings;
use guard::Guard;
use testkit::cf as user;

const DEADLINE: Duration = Duration::from_secs(60);

/// A user who is logged in, and a session of ours.
struct Driven {
    foundry: Foundry,
    user: user::Cf,
    cf: Cf,
    session: Session,
}

impl Driven {
    fn start() -> Self {
        let foundry = Foundry::start(Settings::default()).unwrap();
        let user = user::Cf::targeted(&foundry);
        let home = PrivateHome::create(&Guard::start().unwrap()).unwrap();
        let cf = Cf::discover(Some(&user::binary()), &home).unwrap();
        let origin = user_config(Some(user.home().as_os_str()), None).unwrap();
        let session = Session::open(&origin, home).unwrap();
        Self { foundry, user, cf, session }
    }

    fn run(&self, invocation: &Invocation) -> Output {
        let argv = invocation.resolve(&|_: &Reference| None).unwrap();
        self.cf.run(&argv, DEADLINE, &mut |_, _| {}).unwrap()
    }

    fn confirm(&self, invocation: &Invocation, expected: &Expectation) -> Verdict {
        confirm(expected, self.cf.version().dialect(), &self.run(invocation))
    }

    fn route(&self, host: &str) -> RouteParts {
        let domain = self.foundry.settings().domains[0].clone();
        RouteParts { host: Some(host.to_owned()), domain, path: Some("/shop".to_owned()) }
    }
}

fn reason(verdict: Verdict) -> Reason {
    match verdict {
        Verdict::Refused(refusal) => refusal.reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_target_elsewhere_does_not_redirect_us_and_ours_does_not_redirect_the_user() {
    let driven = Driven::start();
    let (org, space) = (driven.foundry.settings().org.clone(), driven.foundry.settings().space.clone());
    driven.user.must(["create-space", "elsewhere"]);
    driven.user.must(["target", "-s", "elsewhere"]);
    let before = std::fs::read(driven.user.home().join(".cf/config.json")).unwrap();

    assert_eq!((&driven.session.target().org, &driven.session.target().space), (&org, &space));
    assert_eq!(driven.session.target().user, driven.foundry.settings().user);
    let created = Expectation::RouteCreated { route: driven.route("live") };
    assert_eq!(driven.confirm(&Invocation::create_route(&driven.route("live")), &created), Verdict::Done);
    let routes = driven.run(&Invocation::curl_get(&query(
        "/v3/routes",
        &[("space_guids", &driven.session.target().space_guid), ("hosts", "live")],
    )));
    let routes = cutover::cf::parse::json(&routes.stdout).unwrap();
    assert_eq!(routes["resources"].as_array().unwrap().len(), 1, "it is in the space of the session");

    assert_eq!(driven.session.close().unwrap(), HandBack::Unchanged);
    assert_eq!(std::fs::read(driven.user.home().join(".cf/config.json")).unwrap(), before);
}

#[test]
fn what_is_done_already_is_told_from_what_was_done() {
    let driven = Driven::start();
    let create = Invocation::create_route(&driven.route("live"));
    let created = Expectation::RouteCreated { route: driven.route("live") };
    assert_eq!(driven.confirm(&create, &created), Verdict::Done);
    assert_eq!(driven.confirm(&create, &created), Verdict::AlreadyDone);
}

#[test]
fn what_is_not_there_is_named() {
    let driven = Driven::start();
    let elsewhere = RouteParts { domain: "no.such.domain".to_owned(), ..driven.route("live") };
    let created = Expectation::RouteCreated { route: elsewhere.clone() };
    assert_eq!(reason(driven.confirm(&Invocation::create_route(&elsewhere), &created)), Reason::DomainNotFound);
    assert_eq!(reason(driven.confirm(&Invocation::org_guid("none"), &Expectation::Json)), Reason::OrgNotFound);
}

#[test]
fn a_platform_that_does_not_serve_is_told_from_one_that_refuses() {
    let driven = Driven::start();
    let create = Invocation::create_route(&driven.route("live"));
    let created = Expectation::RouteCreated { route: driven.route("live") };
    let cases = [
        (Fault::Before(Harm::status(500)), Reason::Server),
        (Fault::Before(Harm::status(502)), Reason::Server),
        (Fault::Before(Harm::status(503)), Reason::Server),
        (Fault::Before(Harm::status(429)), Reason::RateLimited),
        (Fault::Before(Harm::Close), Reason::Connection),
        (Fault::After(Harm::Close), Reason::Connection),
    ];
    for (fault, expected) in cases {
        driven.foundry.faults().add(Rule::new("POST", "/v3/routes", fault));
        let verdict = driven.confirm(&create, &created);
        assert_eq!(reason(verdict), expected, "{fault:?}");
        driven.foundry.faults().clear();
    }
    // The last of them lost only its answer.
    assert_eq!(driven.confirm(&create, &created), Verdict::AlreadyDone);
}

#[test]
fn a_token_that_the_platform_takes_no_more_is_told() {
    let driven = Driven::start();
    driven.foundry.faults().expire_tokens();
    let org = driven.foundry.settings().org.clone();
    assert_eq!(reason(driven.confirm(&Invocation::org_guid(&org), &Expectation::Json)), Reason::TokenExpired);
}

#[test]
fn a_run_that_is_interrupted_ends_at_once() {
    let driven = Driven::start();
    driven.foundry.faults().add(Rule::new("POST", "/v3/routes", Fault::Before(Harm::Hang)));
    let argv = Invocation::create_route(&driven.route("live")).resolve(&|_: &Reference| None).unwrap();
    let output = driven.cf.run_while(&|| false, &argv, DEADLINE, &mut |_, _| {}).unwrap();
    assert_eq!(output.exit, Exit::Interrupted);
    driven.foundry.faults().clear();
}
