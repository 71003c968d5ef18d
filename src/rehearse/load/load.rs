//! A running load: requests begin at their times, and the router's lines are counted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use foundry::router::AccessLine;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use super::cause::Cause;
use super::client::{Client, USER_AGENT};
use super::outcome::Outcome;
use super::report::{LoadReport, Progress};
use super::settings::LoadSettings;
use super::tally::Tally;

/// How long the router's last lines are waited for, once every answer is there.
const LAST_LINES: Duration = Duration::from_secs(2);

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
            let request = tally.sent();
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                tally.ended(request, kind, &url, due, Outcome::failed(Cause::Crowded));
                continue;
            };
            let (client, tally) = (Arc::clone(&client), Arc::clone(&tally));
            open.spawn(async move {
                let outcome = client.ask(kind, &url, due).await;
                tally.ended(request, kind, &url, due, outcome);
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
