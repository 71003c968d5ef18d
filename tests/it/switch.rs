//! The switch from one colour to the other, by hand on the router: what the waits between its steps are for.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cutover::rehearse::load::{LiveUrl, Load, LoadReport, LoadSettings, Mix, Paths};
use foundry::port::Port;
use foundry::router::{Endpoint, Propagation, Router, RouterSettings};
use rustix::process::{Pid, Signal, kill_process};
use testkit::sinatra;
use testkit::wait::wait_until;
use tokio::runtime::Runtime;

const LIVE: &str = "sinatralive.example.com";

/// The example app, really running.
struct Instance {
    process: Child,
    endpoint: Endpoint,
    _port: Port,
}

impl Instance {
    fn start(app: &str, index: u32) -> Self {
        let port = Port::claim().unwrap();
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()));
        #[expect(clippy::disallowed_methods, reason = "the app is driven from outside, without the code under test")]
        let mut command = Command::new(sinatra());
        let process = command
            .env("PORT", addr.port().to_string())
            .env("CF_INSTANCE_INTERNAL_IP", addr.ip().to_string())
            .env("CF_INSTANCE_INDEX", index.to_string())
            .env("VCAP_APPLICATION", format!("{{\"application_name\":\"{app}\"}}"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let instance = Self {
            process,
            endpoint: Endpoint {
                host: LIVE.to_owned(),
                path: String::new(),
                app_guid: app.to_owned(),
                process_guid: app.to_owned(),
                instance_guid: format!("{app}-{index}"),
                index,
                addr,
                route_service_url: None,
            },
            _port: port,
        };
        wait_until(&format!("{app} listens"), || TcpStream::connect(addr).is_ok());
        instance
    }

    /// SIGTERM, as the platform stops an instance; returns when it has drained.
    fn stop(mut self) {
        kill_process(Pid::from_child(&self.process), Signal::TERM).unwrap();
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // It may have ended already.
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}

/// Steps 4 to 7 of the guide under load: green is mapped, blue is unmapped, blue is stopped. `wait` says whether each
/// route change is waited for, and the end of what blue may have begun.
fn switch(wait: bool) -> LoadReport {
    let runtime = Runtime::new().unwrap();
    let settings = RouterSettings { propagation: Propagation::NONE, ..RouterSettings::default() };
    let router = runtime.block_on(Router::start(settings)).unwrap();
    let blue = [Instance::start("blue", 0), Instance::start("blue", 1)];
    let green = [Instance::start("green", 0), Instance::start("green", 1)];
    for instance in &blue {
        router.register(instance.endpoint.clone());
    }
    router.set_propagation(Propagation::both(Duration::from_millis(500)));

    let url = LiveUrl { host: LIVE.to_owned(), path: String::new() };
    let mut settings = LoadSettings::new(router.addr(), vec![url], 200);
    settings.mix = Mix { get: 4, post: 2, slow: 1, kept: 2, sticky: 1, ..Mix::NONE };
    settings.paths = Paths { slow: "/slow?ms=200".to_owned(), session: "/session".to_owned(), ..settings.paths };
    let load = Load::start(settings, Some(router.subscribe())).unwrap();
    let reach = |count: u64| {
        let goal = load.progress().ended + count;
        wait_until("so many requests have ended", || load.progress().ended >= goal);
    };
    let settle = || {
        if wait {
            runtime.block_on(router.settled());
        }
    };
    reach(50);
    for instance in &green {
        router.register(instance.endpoint.clone());
    }
    settle();
    for instance in &blue {
        router.unregister(&instance.endpoint);
    }
    settle();
    if wait {
        let sent = load.progress().sent;
        wait_until("what was sent before has ended", || load.progress().ended_before >= sent);
    }
    blue.into_iter().for_each(Instance::stop);
    runtime.block_on(router.settled());
    reach(50);
    load.finish()
}

#[test]
fn with_its_waits_no_request_fails() {
    let report = switch(true);
    assert_eq!((report.failed, report.failures.as_slice()), (0, [].as_slice()));
    let served = |app: &str| report.by_app[&Some(app.to_owned())];
    assert!(served("blue") > 0 && served("green") > 0);
    assert_eq!(served("blue") + served("green"), report.sent);
}

#[test]
fn without_them_requests_fail_at_instances_that_are_gone() {
    let report = switch(false);
    assert!(report.failed > 0);
    let refused = |error: &str| error.starts_with("endpoint_failure (");
    assert!(report.failures.iter().all(|group| group.router_error.as_deref().is_some_and(refused)), "{report:#?}");
}
