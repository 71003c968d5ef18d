//! Where the API tells what.

use crate::cf::invocation::query;
use crate::space::{App, Process, Space};

/// The Cloud Controller's largest page.
pub(in crate::run::reading) const PAGE: &str = "5000";
/// The page of a list of which only the newest of each app counts. CC keeps packages on record whose bits have expired.
const PAGE_OF_NEWEST: &str = "50";
/// The page of the newest packages of one app: its own deployment's, what somebody may have uploaded since, and the one before.
const PACKAGES_OF_ONE: &str = "4";
/// The filter of droplets that can be run.
const STAGED: &[(&str, &str)] = &[("states", "STAGED")];

/// The guids of all apps, parted by commas.
pub(super) fn all_guids(space: &Space) -> String {
    space.apps.iter().map(|app| app.guid.as_str()).collect::<Vec<_>>().join(",")
}

pub(super) fn stats_path(process: &Process) -> String {
    format!("/v3/processes/{}/stats", process.guid)
}

pub(super) fn process_instances_path(process: &Process) -> String {
    format!("/v3/processes/{}/process_instances", process.guid)
}

pub(super) fn processes_path(space: &Space) -> String {
    query("/v3/processes", &[("app_guids", &all_guids(space)), ("per_page", PAGE)])
}

pub(super) fn deployments_path(space: &Space) -> String {
    let guids = all_guids(space);
    query("/v3/deployments", &[("app_guids", &guids), ("status_values", "ACTIVE"), ("per_page", PAGE)])
}

pub(super) fn packages_path(guids: &[String]) -> Option<String> {
    newest_path("/v3/packages", &[], guids, PACKAGES_OF_ONE)
}

pub(super) fn droplets_path(guids: &[String]) -> Option<String> {
    newest_path("/v3/droplets", STAGED, guids, "1")
}

/// A list that begins with the newest of these apps, in a page of that size where it is one app; `None` where there is none.
fn newest_path(path: &str, filter: &[(&str, &str)], guids: &[String], of_one: &str) -> Option<String> {
    let per_page = if guids.len() == 1 { of_one } else { PAGE_OF_NEWEST };
    let joined = guids.join(",");
    let newest_first = [("app_guids", joined.as_str()), ("order_by", "-created_at"), ("per_page", per_page)];
    (!guids.is_empty()).then(|| query(path, &[filter, &newest_first].concat()))
}

pub(super) fn bindings_path(space: &Space) -> String {
    let guids = all_guids(space);
    let pairs = [("app_guids", guids.as_str()), ("type", "app"), ("include", "service_instance"), ("per_page", PAGE)];
    query("/v3/service_credential_bindings", &pairs)
}

pub(super) fn parameters_path(binding: &str) -> String {
    format!("/v3/service_credential_bindings/{binding}/parameters")
}

/// The tasks of these apps that have not ended; `None` where there is none.
pub(super) fn open_tasks_path(guids: &[String]) -> Option<String> {
    let joined = guids.join(",");
    let open = [("app_guids", joined.as_str()), ("states", "PENDING,RUNNING,CANCELING"), ("per_page", PAGE)];
    (!guids.is_empty()).then(|| query("/v3/tasks", &open))
}

/// The tasks of an app with one of these names.
pub(super) fn tasks_path(app: &App, names: &[String]) -> String {
    query("/v3/tasks", &[("app_guids", &app.guid), ("names", &names.join(",")), ("per_page", PAGE)])
}

pub(super) fn manifest_path(app: &str) -> String {
    format!("/v3/apps/{app}/manifest")
}

/// The policies that these apps are at one end of, by the policy server's own API.
pub(super) fn policies_path(space: &Space) -> String {
    query("/networking/v1/external/policies", &[("id", &all_guids(space))])
}
