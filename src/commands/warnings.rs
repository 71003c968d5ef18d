//! What a person is told before a run that goes on all the same.

use std::path::PathBuf;

use crate::cli::Common;
use crate::plan::Plan;
use crate::run::upload::Stray;

use super::strays::named;
use super::terminal::tell;

/// What is told of a plan in each run, however little that is to tell.
pub(super) fn insecure(plan: &Plan) -> Option<&'static str> {
    plan.tls.insecure.then_some(
        "WARNING: the plan says tls.insecure: no certificate of a route is verified, and whoever answers on one is taken for the router",
    )
}

/// The other warnings of a plan: what in the manifests has no effect, and files that are uploaded and hardly are meant to be,
/// of those that the plan names and of `more`.
pub(super) fn of(plan: &Plan, more: &[PathBuf]) -> Vec<String> {
    let of_manifests = plan.warnings.iter().map(ToString::to_string);
    of_manifests.chain(named(plan, more).iter().map(Stray::warning)).collect()
}

/// Tells the warnings for a run that is to come.
pub(super) fn tell_beforehand(common: &Common, plan: &Plan) {
    if !common.quiet {
        if let Some(warning) = insecure(plan) {
            tell(warning);
        }
        for warning in of(plan, common.events.as_slice()) {
            tell(&warning);
        }
    }
}
