//! What a verb does to one app.

use crate::space::Space;

use super::Verb;
use super::annotations::Deployment;
use super::back::{self, Failed};
use super::forward::{self, Orders};
use super::refusal::Refusal;
use super::situation::UnderWay;
use super::step::Step;

/// Compiles what a verb does to one app. `lock` is the deployment that the app's lock tells of, where a run that was
/// killed has left one. Refuses where the space does not allow it, or does not tell enough.
pub fn compile(
    verb: Verb,
    orders: Orders<'_>,
    lock: Option<&Deployment>,
    failed: Failed,
    space: &Space,
) -> Result<Vec<Step>, Refusal> {
    match verb {
        Verb::Apply => forward::deploy(orders, space),
        Verb::Resume => forward::resume(orders, lock, space),
        Verb::Rollback => match lock {
            // A run was killed before its first change: there is nothing of it to take back, and the fallback after the
            // deployment before it is another matter.
            Some(deployment)
                if UnderWay::of(orders.app, space).is_none() && !forward::has_begun(orders.app, deployment, space) =>
            {
                Err(Refusal::NothingUnderWay { name: orders.app.name.clone() })
            }
            Some(_) | None => back::compile(orders.app, space, failed),
        },
    }
}
