//! One life of an instance: from its process's start through health checks and routes to its end.

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustix::process::Signal;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::logs::Stream;
use crate::platform::Platform;
use crate::router::{Endpoint, TcpEndpoint};
use crate::runtime::codependent::{Codependent, Ended};
use crate::runtime::health::{self, Sign};
use crate::runtime::instance::{Address, CELL, End, Instance, Wanted};
use crate::runtime::lrp::LrpState;
use crate::state::Guid;

/// A running process and the routes that lead to it.
pub(super) struct Life<'a> {
    pub(super) instance: &'a Instance,
    pub(super) platform: &'a Arc<Platform>,
    pub(super) guid: Guid,
    pub(super) port: u16,
    pub(super) on: Vec<Endpoint>,
    pub(super) on_ports: Vec<TcpEndpoint>,
    /// The orders to crash that were meant for those before it.
    pub(super) crashed: u64,
}

impl Life<'_> {
    /// Watches it to its end.
    pub(super) async fn watch(mut self, mut running: Codependent) -> End {
        let begun = Timestamp::now();
        let spec = &self.instance.spec;
        let mut orders = self.instance.orders.subscribe();
        let retired = orders.borrow().retired;
        // An order may have come while the process was being started.
        orders.mark_changed();
        let (signs, mut found) = mpsc::channel(4);
        let kept = || self.platform.faults.keeps_unhealthy(&spec.app_name);
        let mut checks = pin!(health::watch(spec.health.clone(), spec.readiness.clone(), self.port, kept, signs));
        let mut checking = true;
        self.log("CELL", Stream::Out, "Starting health monitoring of container");
        let crash_after = self.platform.faults.crash_after(&spec.app_name);
        let mut fault = pin!(async {
            match crash_after {
                Some(after) => sleep(after).await,
                None => std::future::pending().await,
            }
        });
        let mut ready = false;
        let mut crashing = true;
        let mut faulted = false;
        loop {
            tokio::select! {
                () = running.broken() => break,
                () = &mut checks, if checking => checking = false,
                Some(sign) = found.recv() => match sign {
                    Sign::Healthy => {
                        self.log("CELL", Stream::Out, "Container became healthy");
                        self.instance.enter(self.platform, LrpState::Running);
                    }
                    Sign::Ready(is_ready) => {
                        if is_ready && !ready {
                            self.log("CELL", Stream::Out, "Container passed the readiness health check. Container marked ready and added to route pool");
                        } else if ready {
                            self.log("CELL", Stream::Err, "Container failed the readiness health check. Container marked not ready and removed from route pool");
                        }
                        ready = is_ready;
                        let routes = if ready { orders.borrow().routes.clone() } else { Vec::new() };
                        self.route(&routes);
                        self.instance.set(self.platform, |status| status.routable = ready);
                    }
                    Sign::Sick { cause, never_within } => return self.sick(running, begun, &cause, never_within).await,
                },
                () = &mut fault, if crashing => {
                    crashing = false;
                    // The switch may have been taken back meanwhile.
                    if self.platform.faults.crash_after(&spec.app_name) == crash_after {
                        faulted = true;
                        self.instance.doom();
                        running.signal_process(Signal::KILL);
                    }
                }
                _ = orders.changed() => {
                    let now = orders.borrow_and_update().clone();
                    if now.crashed != self.crashed {
                        self.crashed = now.crashed;
                        faulted = true;
                        running.signal_process(Signal::KILL);
                    }
                    match now.wanted {
                        Wanted::Run if now.retired != retired => {
                            self.stop(running).await;
                            return End::Retired;
                        }
                        Wanted::Run => if ready { self.route(&now.routes) },
                        Wanted::Stop => {
                            self.stop(running).await;
                            return End::Stopped;
                        }
                        Wanted::Kill => {
                            running.signal(Signal::KILL);
                            running.over().await;
                            self.route(&[]);
                            running.end().await;
                            return End::Stopped;
                        }
                    }
                }
            }
        }
        // Requests still come while the others end: the routers hear of it when all is over.
        self.cancel(&mut running).await;
        self.route(&[]);
        let mut ends = running.end().await;
        for end in ends.iter_mut().filter(|end| faulted && end.source == spec.source()) {
            end.status = 1;
        }
        self.log_ends(&ends);
        let lived = Timestamp::now().duration_since(begun).unsigned_abs();
        End::Crashed { lived, description: ends.first().map(Ended::description).unwrap_or_default() }
    }

    /// Ends an instance that is not well.
    async fn sick(mut self, running: Codependent, begun: Timestamp, cause: &str, never: Option<Duration>) -> End {
        self.log("HEALTH", Stream::Err, cause);
        let description = if let Some(limit) = never {
            let after = go_duration(limit);
            self.log("CELL", Stream::Err, &format!("Timed out after {after}: health check never passed."));
            format!("Instance never healthy after {after}: {cause}")
        } else {
            self.log("CELL", Stream::Err, "Container became unhealthy");
            format!("Instance became unhealthy: {cause}")
        };
        self.terminate(running).await;
        End::Crashed { lived: Timestamp::now().duration_since(begun).unsigned_abs(), description }
    }

    /// Ends an instance as asked.
    async fn stop(&mut self, running: Codependent) {
        self.instance.enter(self.platform, LrpState::Stopping);
        self.log("CELL", Stream::Out, &format!("Cell {CELL} stopping instance {}", self.guid));
        let ends = self.terminate(running).await;
        self.log_ends(&ends);
    }

    /// Leaves the routes and sends SIGTERM, in no order that anybody may rely on, then SIGKILL.
    async fn terminate(&mut self, mut running: Codependent) -> Vec<Ended> {
        self.route(&[]);
        self.instance.set(self.platform, |status| status.routable = false);
        tokio::select! {
            _ = timeout(self.platform.timing().term_after_unregister, running.broken()) => {}
            () = self.killed() => {}
        }
        self.cancel(&mut running).await;
        running.end().await
    }

    /// Ends what still runs with SIGTERM, then with SIGKILL.
    async fn cancel(&self, running: &mut Codependent) {
        running.signal(Signal::TERM);
        let ended = tokio::select! {
            ended = timeout(self.platform.timing().graceful_shutdown, running.over()) => ended.is_ok(),
            () = self.killed() => false,
        };
        if !ended {
            running.signal(Signal::KILL);
            running.over().await;
        }
    }

    /// Resolves when it is to end at once.
    async fn killed(&self) {
        let mut orders = self.instance.orders.subscribe();
        let _ = orders.wait_for(|orders| orders.wanted == Wanted::Kill).await;
    }

    fn log_ends(&self, ends: &[Ended]) {
        for end in ends {
            self.log(&end.source, Stream::Out, &format!("Exit status {}", end.status));
        }
    }

    /// Makes the routers lead these to the instance, and no others.
    fn route(&mut self, to: &[Address]) {
        let (spec, addr) = (&self.instance.spec, SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)));
        let (mut on, mut on_ports) = (Vec::new(), Vec::new());
        for address in to {
            match address.clone() {
                Address::Http { host, path, route_service_url } => on.push(Endpoint {
                    host,
                    path,
                    app_guid: spec.app.to_string(),
                    process_guid: spec.key.process.to_string(),
                    instance_guid: self.guid.to_string(),
                    index: self.instance.index,
                    addr,
                    route_service_url,
                }),
                Address::Tcp { group, port } => on_ports.push(TcpEndpoint {
                    group: group.to_string(),
                    port,
                    app_guid: spec.app.to_string(),
                    instance_guid: self.guid.to_string(),
                    addr,
                }),
            }
        }
        let routers = &self.platform.routers;
        // What is told anew of a route replaces what was told before, with no moment between.
        for gone in self.on.iter().filter(|one| !on.iter().any(|new| new.is_at(one))) {
            routers.unregister(gone);
        }
        for new in on.iter().filter(|one| !self.on.contains(one)) {
            routers.register(new);
        }
        for gone in self.on_ports.iter().filter(|one| !on_ports.contains(one)) {
            routers.tcp().unregister(gone.clone());
        }
        for new in on_ports.iter().filter(|one| !self.on_ports.contains(one)) {
            routers.tcp().register(new.clone());
        }
        (self.on, self.on_ports) = (on, on_ports);
        self.instance.set(self.platform, |status| status.routes = to.to_vec());
    }

    fn log(&self, source: &str, stream: Stream, text: &str) {
        self.instance.log(self.platform, source, stream, text);
    }
}

/// A whole number of seconds as Go prints it: `1m0s`.
fn go_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{}s", seconds / 60, seconds % 60) }
}
