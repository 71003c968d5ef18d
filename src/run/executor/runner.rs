//! What runs deployments on a space, part by part. What it does with them stands in `execute`, one step in `guarded_step`
//! and `step_runner`.

use std::time::{Duration, Instant};

use crate::cf::spawn::Cf;
use crate::run::api::Api;
use crate::run::reading::reader::Reader;
use crate::run::routes::check::Checks;
use crate::run::routes::probe::Router;
use crate::run::waiting::clock::{Clock, LockLost};
use crate::space::Space;
use crate::steps::Step;

/// The pause between two looks at the space.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

/// Runs deployments on a space. What keeps a run safe stands here part by part, so that a test can put a wrong one in its
/// place.
#[expect(missing_debug_implementations, reason = "it holds functions")]
#[derive(Clone, Copy)]
pub struct Runner<'a> {
    /// The cf that changes the space.
    pub cf: &'a Cf,
    /// The API, for what is no matter of the space: tokens, and how long the platform asks to be left alone.
    pub api: Api<'a>,
    /// What reads the space back.
    pub reader: &'a dyn Reader,
    /// The router, asked who answers on a route.
    pub router: &'a dyn Router,
    /// What runs the plan's checks.
    pub checks: &'a dyn Checks,
    /// What is waited by, and what ends the run early.
    pub clock: &'a dyn Clock,
    /// Makes sure that the lock is held for a step, by the space as it was just read; says why it is not.
    pub hold: &'a Hold<'a>,
    /// When that which a deployment hangs on was read of the space last.
    pub read: Instant,
    /// How many steps run at the same time, one at the least. With several, each has a cf in a home of its own.
    pub lanes: usize,
}

/// What makes sure that the lock is held for a step.
pub type Hold<'a> = dyn Fn(&Step, &Space) -> Result<(), LockLost> + Sync + 'a;
