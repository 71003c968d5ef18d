//! A load on the live routes, and the count of what failed.
//!
//! It is a demanding but honest client: requests begin at their times whether or not earlier ones have been answered
//! (open loop), most on connections of their own, and every answer but 2xx and 3xx, every connection that fails, every
//! body that breaks off and every timeout is a failed request. Nothing is tried again. Its parts:
//!
//! 1. `mix`: which kind of request comes next.
//! 2. `client`: one request, to its end; `socket`: what is said on a WebSocket.
//! 3. `report`: what came of all of them.

mod client;
mod mix;
mod report;
mod socket;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use foundry::router::AccessLine;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

pub use self::mix::{Kind, Mix};
pub use self::report::{Cause, FailureGroup, Latency, LoadReport, Progress, Slowest};

use self::client::{Client, Outcome, USER_AGENT};
use self::report::Tally;

/// How long the router's last lines are waited for, once every answer is there.
const LAST_LINES: Duration = Duration::from_secs(2);

/// A route under load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveUrl {
    /// The host header.
    pub host: String,
    /// The route's path, empty for none.
    pub path: String,
}

/// What is asked for below a route's path, by kind of request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Plain, kept and sticky requests that have a session.
    pub get: String,
    /// Requests with a body.
    pub post: String,
    /// Requests that take their time.
    pub slow: String,
    /// The first request of a sticky client.
    pub session: String,
    /// Answers that come in parts.
    pub stream: String,
    /// Conversations: a WebSocket that sends back what it is sent.
    pub socket: String,
}

impl Default for Paths {
    fn default() -> Self {
        let root = || "/".to_owned();
        Self {
            get: root(),
            post: root(),
            slow: "/slow?ms=1500".to_owned(),
            session: root(),
            stream: "/stream?lines=10&ms=100".to_owned(),
            socket: "/ws".to_owned(),
        }
    }
}

/// A load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadSettings {
    /// The router's address.
    pub(crate) router: SocketAddr,
    /// The routes, taken in turns. Without one there is no load.
    pub(crate) urls: Vec<LiveUrl>,
    /// Requests per second; zero is none.
    pub(crate) per_second: u32,
    /// How many of which kind.
    pub mix: Mix,
    /// What is asked for.
    pub paths: Paths,
    /// How long a request may take, from its time to the end of its answer.
    pub(crate) timeout: Duration,
    /// How many requests may be open at once. One beyond that is not sent, and failed.
    pub(crate) max_open: usize,
}

impl LoadSettings {
    /// A load of this many requests a second with everything else as usual.
    pub fn new(router: SocketAddr, urls: Vec<LiveUrl>, per_second: u32) -> Self {
        Self {
            router,
            urls,
            per_second,
            mix: Mix::default(),
            paths: Paths::default(),
            timeout: Duration::from_secs(30),
            max_open: 4096,
        }
    }
}

/// A running load. Dropping it ends it without a report.
#[derive(Debug)]
pub struct Load {
    /// Taken at the end only.
    runtime: Option<Runtime>,
    tally: Arc<Tally>,
    stop: Option<oneshot::Sender<()>>,
    sending: JoinHandle<()>,
    reading: Option<JoinHandle<()>>,
}

impl Load {
    /// Starts the load on threads of its own. `lines` is the router's access log from before the load on, from which
    /// the report takes which app served how many requests. Fails when no thread can be started.
    pub fn start(
        settings: LoadSettings,
        lines: Option<mpsc::UnboundedReceiver<Arc<AccessLine>>>,
    ) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("load")
            .enable_all()
            .build()
            .context("failed to start the load")?;
        let tally = Arc::new(Tally::default());
        let (stop, stopped) = oneshot::channel();
        let reading = lines.map(|lines| runtime.spawn(read_lines(lines, Arc::clone(&tally))));
        let sending = runtime.spawn(send_all(settings, Arc::clone(&tally), stopped));
        Ok(Self { runtime: Some(runtime), tally, stop: Some(stop), sending, reading })
    }

    /// The counts so far.
    pub fn progress(&self) -> Progress {
        self.tally.progress()
    }

    /// Sends no more, waits for the answers to what was sent, and reports.
    pub fn finish(mut self) -> LoadReport {
        self.stop.take();
        if let Some(runtime) = self.runtime.take() {
            runtime.block_on(async {
                // The task ends when all its requests have; it fails only where it panicked.
                let _ended = (&mut self.sending).await;
                if let Some(reading) = self.reading.take() {
                    let _waited = tokio::time::timeout(LAST_LINES, self.tally.all_lines()).await;
                    reading.abort();
                }
            });
            runtime.shutdown_background();
        }
        self.tally.report()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Begins each request at its time, until it is told to stop; then waits for those that are open.
async fn send_all(settings: LoadSettings, tally: Arc<Tally>, mut stopped: oneshot::Receiver<()>) {
    let room = Arc::new(Semaphore::new(settings.max_open));
    let (urls, per_second) = (settings.urls.clone(), settings.per_second);
    let schedule = settings.mix.schedule();
    let client = Arc::new(Client::new(settings));
    let mut open = JoinSet::new();
    let begun = Instant::now();
    if per_second > 0 && !urls.is_empty() && !schedule.is_empty() {
        for number in 0_u64.. {
            // Its own time, whenever this task is woken: a late one is not a reason to send fewer.
            let due = begun + Duration::from_nanos(number * 1_000_000_000 / u64::from(per_second));
            tokio::select! {
                biased;
                _ = &mut stopped => break,
                () = tokio::time::sleep_until(due.into()) => {}
            }
            while open.try_join_next().is_some() {}
            let place = usize::try_from(number).unwrap_or_default();
            let kind = schedule[place % schedule.len()];
            // Another route with each round of the schedule as well, so that each kind meets each route.
            let url = urls[(place + place / schedule.len()) % urls.len()].clone();
            tally.sent();
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                tally.ended(kind, &url, due, Outcome::failed(Cause::Crowded));
                continue;
            };
            let (client, tally) = (Arc::clone(&client), Arc::clone(&tally));
            open.spawn(async move {
                let outcome = client.ask(kind, &url, due).await;
                tally.ended(kind, &url, due, outcome);
                drop(permit);
            });
        }
    }
    while open.join_next().await.is_some() {}
}

/// Counts which app served the load's requests.
async fn read_lines(mut lines: mpsc::UnboundedReceiver<Arc<AccessLine>>, tally: Arc<Tally>) {
    while let Some(line) = lines.recv().await {
        if line.user_agent.as_deref() == Some(USER_AGENT) {
            tally.served_by(line.app_id.as_deref());
        }
    }
}
