//! Everything at one time: the state, the files that it refers to, the accounts, and what runs.
//!
//! What a snapshot does not hold, a restore leaves as it is: logs, the log of calls, durations and delays, the files
//! that uploads need not send again, and tokens; but those are good again that a fault has made expire.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::timeout;

use crate::blobs::RetainedBlobs;
use crate::platform::Platform;
use crate::runtime;
use crate::state::State;
use crate::uaa::accounts::Accounts;

/// How long a snapshot waits for calls and work under way, and a restore for what is to run.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything at one time. What it refers to is kept for as long as it lives.
#[derive(Debug)]
pub struct Snapshot {
    state: State,
    accounts: Accounts,
    /// The oldest tokens that were good.
    epoch: u64,
    running: runtime::Saved,
    /// For as long as it lives, they stay.
    files: RetainedBlobs,
}

impl Snapshot {
    /// The state as it was.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }
}

/// Takes a snapshot when no call, build, job or task is under way. Fails where some go on for a minute.
pub(super) async fn take(platform: &Arc<Platform>) -> anyhow::Result<Snapshot> {
    let quiet = async {
        let paused = platform.admission.drain().await;
        platform.background_ended().await;
        paused
    };
    let paused = timeout(PATIENCE, quiet).await.context("calls, builds, jobs or tasks are still under way")?;
    let snapshot = platform.epochs.atomically(|| {
        let state = platform.store.snapshot();
        Snapshot {
            accounts: platform.uaa.snapshot(),
            epoch: platform.faults.oldest_epoch(),
            running: runtime::save(platform),
            files: platform.cell.blobs().retain(&state),
            state,
        }
    });
    drop(paused);
    Ok(snapshot)
}

/// Makes everything as it was, here or on another foundry. Fails where an instance that ran does not come up again
/// within a minute, or another foundry's files cannot be copied.
pub(super) async fn restore(platform: &Arc<Platform>, snapshot: &Snapshot) -> anyhow::Result<()> {
    let paused = platform.admission.cancel().await;
    platform.faults.clear();
    let blobs = platform.cell.blobs();
    // Another foundry's tokens are none here, and what it started its instances from tells of its addresses.
    let own = blobs.own(&snapshot.files);
    if own {
        platform.faults.restore_epoch(snapshot.epoch);
    } else {
        blobs.adopt(&snapshot.files).context("the files of the other foundry could not be copied")?;
    }
    platform.epochs.advance(|| {
        platform.store.restore(snapshot.state.clone());
        platform.uaa.restore(snapshot.accounts.clone());
        runtime::restore(platform, &snapshot.running, own);
    });
    let mut changes = platform.cell.changes();
    let running = async {
        while !runtime::restored(platform, &snapshot.running).is_empty() {
            // The sender lives as long as the platform, so waiting cannot fail.
            let _changed = changes.changed().await;
        }
    };
    if timeout(PATIENCE, running).await.is_err() {
        bail!("not restored: {}", runtime::restored(platform, &snapshot.running).join(", "));
    }
    platform.routers.catch_up().await;
    if own {
        blobs.sweep();
    }
    drop(paused);
    Ok(())
}
