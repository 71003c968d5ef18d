//! The embedded Cloud Foundry as a thing that is started, disturbed and stopped.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use foundry::Foundry;
use foundry::faults::{Fault, Harm, Occurrence, Rule};
use foundry::request_log::{Call, Service};
use foundry::settings::{Settings, TokenPolicy};
use testkit::cf::Cf;
use testkit::wait::wait_until;

const CREATE: [&str; 4] = ["create-route", "apps.foundry.test", "--hostname", "www"];

fn start() -> (Foundry, Cf) {
    let foundry = Foundry::start(Settings::default()).unwrap();
    let cf = Cf::targeted(&foundry);
    (foundry, cf)
}

fn routes(foundry: &Foundry) -> usize {
    foundry.routes().len()
}

#[test]
fn foundries_side_by_side_share_nothing() {
    let (one, one_cf) = start();
    let (other, other_cf) = start();
    one_cf.must(CREATE);
    assert_eq!((routes(&one), routes(&other)), (1, 0));
    other_cf.must(["create-space", "staging"]);
    assert!(!one_cf.must(["spaces"]).contains("staging"));
}

#[test]
fn nothing_listens_after_the_end() {
    let (foundry, _cf) = start();
    let addresses = [foundry.api_addr(), foundry.uaa_addr(), foundry.log_cache_addr(), foundry.router_addr()];
    for address in addresses {
        TcpStream::connect(address).unwrap();
    }
    foundry.shutdown();
    for address in addresses {
        TcpStream::connect(address).unwrap_err();
    }
}

#[test]
fn a_fault_strikes_before_or_after_the_effect() {
    let answer = |status| Harm::Answer { status, retry_after: None };
    // What goes wrong with the one POST, whether the route is there all the same, and what cf says.
    let cases = [
        (Fault::Before(Harm::Close), 0, "EOF"),
        (Fault::After(Harm::Close), 1, "EOF"),
        (Fault::Before(answer(500)), 0, "An unknown error occurred."),
        (Fault::After(answer(500)), 1, "An unknown error occurred."),
        (Fault::Before(answer(502)), 0, "Registered endpoint failed to handle the request."),
        (Fault::After(answer(502)), 1, "Registered endpoint failed to handle the request."),
        (Fault::Before(answer(503)), 0, "Database connection failure"),
        (Fault::Before(answer(429)), 0, "CF-RateLimitExceeded"),
        (Fault::Before(answer(403)), 0, "You are not authorized to perform the requested action"),
    ];
    let (foundry, cf) = start();
    for (fault, expected, says) in cases {
        foundry.faults().add(Rule::new("POST", "/v3/routes", fault));
        let output = cf.run(CREATE);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{fault:?}: {output:?}");
        assert!(stderr.contains(says), "{fault:?}: {stderr}");
        assert_eq!(routes(&foundry), expected, "{fault:?}");
        foundry.faults().clear();
        cf.must(["delete-route", "apps.foundry.test", "--hostname", "www", "-f"]);
    }
}

#[test]
fn cf_tries_a_read_again_but_not_a_post() {
    let (foundry, cf) = start();
    let twice = |method| Rule::new(method, "/v3/**", Fault::Before(Harm::status(502))).on(Occurrence::First(2));
    foundry.faults().add(twice("GET"));
    cf.must(["spaces"]);
    foundry.faults().add(twice("POST"));
    assert!(!cf.run(CREATE).status.success());
    assert!(!cf.run(CREATE).status.success());
    cf.must(CREATE);
}

#[test]
fn retry_after_is_told() {
    let (foundry, cf) = start();
    let harm = Harm::Answer { status: 429, retry_after: Some(Duration::from_secs(7)) };
    foundry.faults().add(Rule::new("GET", "/v3/spaces", Fault::Before(harm)));
    let answer = cf.must(["curl", "-i", "/v3/spaces"]);
    assert!(answer.starts_with("HTTP/1.1 429 Too Many Requests"), "{answer}");
    assert!(answer.contains("Retry-After: 7"), "{answer}");
}

#[test]
fn a_call_that_hangs_ends_with_the_foundry() {
    let (foundry, cf) = start();
    foundry.faults().add(Rule::new("POST", "/v3/routes", Fault::After(Harm::Hang)));
    foundry.request_log().clear();
    std::thread::scope(|scope| {
        let hanging = scope.spawn(|| cf.run(CREATE));
        wait_until("the call has its effect", || {
            assert!(!hanging.is_finished(), "cf did not wait for the answer");
            routes(&foundry) > 0
        });
        let posted = |call: &&Call| call.method == "POST" && call.path() == "/v3/routes";
        assert_eq!(foundry.request_log().calls().iter().find(posted).unwrap().status, None);
        foundry.shutdown();
        assert!(!hanging.join().unwrap().status.success());
    });
}

#[test]
fn the_request_log_tells_reading_from_changing() {
    let (foundry, cf) = start();
    foundry.request_log().clear();
    cf.must(["spaces"]);
    cf.must(["routes"]);
    let calls = foundry.request_log().calls();
    assert!(!calls.is_empty());
    assert!(calls.iter().all(Call::only_reads), "{calls:#?}");
    assert!(calls.iter().all(|call| call.user_agent.starts_with("cf/8.18.3 ")), "{calls:#?}");
    assert!(calls.iter().all(|call| call.status == Some(200)), "{calls:#?}");

    cf.must(CREATE);
    let calls = foundry.request_log().calls();
    let changing: Vec<_> = calls.iter().filter(|call| !call.only_reads()).collect();
    let [post] = changing.as_slice() else { panic!("{changing:#?}") };
    assert_eq!((post.method.as_str(), post.path(), post.status), ("POST", "/v3/routes", Some(201)));
}

#[test]
fn a_call_takes_at_least_the_latency_that_is_set() {
    let (foundry, cf) = start();
    let latency = Duration::from_millis(150);
    foundry.set_timing(|timing| timing.call_latency = latency);
    foundry.request_log().clear();
    let before = Instant::now();
    cf.must(["curl", "/v3"]);
    assert!(before.elapsed() >= latency);
    assert_eq!(foundry.request_log().calls().len(), 1);
}

#[test]
fn cf_refreshes_a_token_that_is_about_to_expire() {
    // cf refreshes tokens with less than a minute to live.
    let settings = Settings {
        tokens: TokenPolicy { access: Duration::from_secs(30), ..TokenPolicy::default() },
        ..Settings::default()
    };
    let foundry = Foundry::start(settings).unwrap();
    let cf = Cf::targeted(&foundry);
    foundry.request_log().clear();
    cf.must(["orgs"]);
    let to_uaa = |call: &Call| call.service == Service::Uaa && call.path() == "/oauth/token";
    assert!(foundry.request_log().calls().iter().any(to_uaa));
}

#[test]
fn a_job_takes_its_time() {
    let (foundry, cf) = start();
    cf.must(CREATE);
    foundry.set_timing(|timing| timing.job = Duration::from_millis(50));
    let guid = &foundry.routes()[0].guid;
    let answer = cf.must(["curl", "-i", "-X", "DELETE", &format!("/v3/routes/{guid}")]);
    let job = answer.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap().trim().to_owned();
    let path = job.strip_prefix(&foundry.api_url()).unwrap().to_owned();
    assert!(cf.must(["curl", &path]).contains("route.delete"));
    while !cf.must(["curl", &path]).contains("COMPLETE") {}
    assert_eq!(routes(&foundry), 0);
}

#[test]
fn the_platforms_own_parts_have_names_where_the_domain_has_one() {
    let settings = Settings { system_domain: Some("sys.foundry.test".to_owned()), ..Settings::default() };
    let foundry = Foundry::start(settings).unwrap();
    assert_eq!(foundry.api_url(), "http://api.sys.foundry.test");
    let get = |url: &str| {
        let mut connection = TcpStream::connect(foundry.router_addr()).unwrap();
        // As a client asks a proxy.
        write!(connection, "GET {url} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", &url[7..]).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    };
    let root = get("http://api.sys.foundry.test");
    assert!(
        root.contains("http://uaa.sys.foundry.test") && root.contains("http://log-cache.sys.foundry.test"),
        "{root}"
    );
    assert!(get("http://uaa.sys.foundry.test/info").contains("prompts"));
    assert!(get("http://nobody.sys.foundry.test").contains("does not exist"));
}
