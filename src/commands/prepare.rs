//! What a verb does, before anything is done: compiled, proved, and the routers asked whether they can be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::cli::{CliError, Common};
use crate::plan::{self, Plan};
use crate::proof::{self, Proof};
use crate::run::api::Api;
use crate::run::api::manifest_diff;
use crate::run::routes::http::Client;
use crate::run::routes::routers;
use crate::run::upload::{self, OwnFiles, Stray, UploadError};
use crate::space::Space;
use crate::space::lock::Lock;
use crate::steps::annotations::{Extent, Identity};
use crate::steps::deaf::Deaf;
use crate::steps::input::Failed;
use crate::steps::refusal::{Refusal, UnderWayRefusal};
use crate::steps::routers::Routers;
use crate::steps::standing::UnderWay;
use crate::steps::stopped::stopped_on_live;
use crate::steps::upload::Upload;
use crate::steps::{self, Deployment, Request, Verb};

/// A deployment that is ready to be shown, asked about and run.
#[derive(Debug)]
pub(crate) struct Prepared<'p> {
    /// What is asked for.
    pub(crate) request: Request,
    /// What is done for it.
    pub(crate) deployment: Deployment<'p>,
    /// What was shown of it.
    pub(crate) proof: Proof,
    /// What was found out about the routers; nothing yet.
    pub(crate) routers: Routers,
}

/// What is asked for by the command line. Whoever has targeted the space is `user`; `locks` are those that there are.
pub(crate) fn request(verb: Verb, common: &Common, user: &str, failed: Failed, locks: &[Lock]) -> Request {
    let extent = if common.app.is_empty() { Extent::Whole } else { Extent::Apps(common.app.clone()) };
    let (identity, locks) = (identity(user), locks.to_vec());
    Request { verb, identity, extent, failed, locks, uploads: BTreeMap::new() }
}

impl<'p> Prepared<'p> {
    /// Compiles what is asked for, for all apps of the plan, and proves it. `own_files` are none of what is uploaded.
    pub(crate) fn new(plan: &'p Plan, space: &Space, request: Request, own_files: &OwnFiles) -> Result<Self, CliError> {
        let safe = || {
            let (request, deployment) = compile(plan, space, request, own_files)?;
            let proof = prove(plan, space, &request, &deployment)?;
            Ok(Self { request, deployment, proof, routers: Routers::default() })
        };
        safe().map_err(|error| what_to_start(error, plan, space))
    }

    /// Asks the routers whether they can be asked about the routes that will change.
    pub(crate) fn ask_routers(&mut self, client: &Client, space: &Space) {
        self.routers = routers::ask(client, space, self.deployment.steps());
    }

    /// Refuses where the plan's checks ask a route that cannot be reached: they would fail, after all that comes before them.
    pub(crate) fn can_be_checked(&self) -> Result<(), CliError> {
        let out_of_reach = self.routers.iter().filter(|asked| asked.checked).find_map(|asked| match &asked.deaf {
            Some(Deaf::Unreachable { why }) => Some((asked.url.to_string(), why.clone())),
            Some(Deaf::Internal | Deaf::ForAppsOnly | Deaf::Unheard { .. }) | None => None,
        });
        out_of_reach.map_or(Ok(()), |(url, why)| Err(CliError::OutOfReach { url, why }))
    }

    /// The files that this run writes itself and that cf would upload.
    pub(crate) fn written_into_uploads(&self) -> BTreeSet<Stray> {
        let of = |app: &plan::App| Some(Stray::written(app, self.request.uploads.get(&app.name)?));
        self.deployment.apps.iter().filter_map(|part| of(&part.app)).flatten().collect()
    }
}

/// Compiles what is asked for. The files are asked for only where they are needed: they need not be here once they are
/// uploaded.
pub(crate) fn compile<'p>(
    plan: &'p Plan,
    space: &Space,
    mut request: Request,
    own_files: &OwnFiles,
) -> Result<(Request, Deployment<'p>), CliError> {
    for app in request.missing_uploads(plan, space) {
        let upload = match request.verb {
            Verb::Apply => Some(upload::read_all(app, own_files)?),
            Verb::Resume | Verb::Rollback => files_here(app, own_files)?,
        };
        request.uploads.extend(upload.map(|upload| (app.name.clone(), upload)));
    }
    let deployment = Deployment::compile(plan, space, &request)
        .map_err(|refusal| steps::fitting::with_what_fits(refusal, plan, space, &request))?;
    Ok((request, deployment))
}

/// Proves what was compiled from this space. Fails with the shortest counterexample.
fn prove(plan: &Plan, space: &Space, request: &Request, deployment: &Deployment<'_>) -> Result<Proof, CliError> {
    let begun = request.begun_before(plan, space);
    let again = |app: &plan::App, verb: Verb, space: &Space| {
        request.compile_again(plan, app, begun.get(&app.name), verb, space)
    };
    let proof = proof::prove(deployment, space, &again);
    if proof.holds { Ok(proof) } else { Err(CliError::Unproved(proof.violations)) }
}

/// The same refusal, with what is to be started where nothing of an app is. That nothing is under way is no refusal yet.
pub(super) fn what_to_start(error: CliError, plan: &Plan, space: &Space) -> CliError {
    let stopped: Vec<String> = plan.apps.iter().flat_map(|app| stopped_on_live(app, space)).collect();
    match error {
        CliError::Refused(Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { .. })) => error,
        CliError::Refused(_) | CliError::Unproved(_) if !stopped.is_empty() => {
            CliError::NoneStarted { error: Box::new(error), stopped }
        }
        error => error,
    }
}

/// Refuses a resume that would leave an app of the plan as something else than what the plan deploys, beside what is
/// under way. Where the API is too old to tell what differs from a manifest, nothing does; fails where it does not tell.
pub(crate) fn rest_is_deployed(
    api: &Api<'_>,
    plan: &Plan,
    space: &Space,
    own_files: &OwnFiles,
) -> Result<(), CliError> {
    has_these_files(plan, space, own_files)?;
    let settled = plan.apps.iter().filter(|app| UnderWay::of(app, space).is_none()).cloned().collect();
    let settled = Plan { apps: settled, ..plan.clone() };
    match manifest_diff::paths(api, &steps::deployed::asked(&settled, space))? {
        Some(paths) if !paths.is_empty() => Err(steps::deployed::differing(&settled, space, &paths).into()),
        Some(_) | None => Ok(()),
    }
}

/// Refuses where the live versions of a plan's apps come from another plan, or from other files than those that are here.
pub(crate) fn has_these_files(plan: &Plan, space: &Space, own_files: &OwnFiles) -> Result<(), Refusal> {
    steps::deployed::check(plan, space, &told_of_files(own_files))
}

/// Whether a deployment would change nothing: what runs comes from this plan and these files, and the platform says that there is
/// no difference between it and the manifests.
pub(crate) fn is_deployed(api: &Api<'_>, plan: &Plan, space: &Space, own_files: &OwnFiles) -> bool {
    let asked = steps::deployed::unchanged(plan, space, &told_of_files(own_files));
    let differing = asked.and_then(|manifest| manifest_diff::paths(api, &manifest).ok().flatten());
    differing.is_some_and(|paths| paths.is_empty())
}

/// As [`files_here`], and why they cannot be read in words.
fn told_of_files(own_files: &OwnFiles) -> impl Fn(&plan::App) -> Result<Option<Upload>, String> {
    |app| files_here(app, own_files).map_err(|error| error.to_string())
}

/// The files to upload, where they are here.
fn files_here(app: &plan::App, own_files: &OwnFiles) -> Result<Option<Upload>, UploadError> {
    if upload::is_here(app) { upload::read(app, own_files).map(Some) } else { Ok(None) }
}

/// Whoever has targeted the space, and on which machine.
pub(super) fn whoever(user: &str) -> String {
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if user.is_empty() { machine } else { format!("{user} on {machine}") }
}

/// Who deploys what, when: an id that no other deployment has.
fn identity(user: &str) -> Identity {
    let by = whoever(user);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_nanos()).unwrap_or_default();
    let unique = Sha256::digest(format!("{nanos} {} {by}", std::process::id()));
    let short = u32::from_be_bytes([unique[0], unique[1], unique[2], unique[3]]);
    let now = Timestamp::now();
    Identity {
        id: format!("{}-{short:08x}", now.strftime("%Y%m%d-%H%M%S")),
        by,
        at: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::own_commands::OwnCommands;
    use crate::steps::annotations::{DEPLOYMENT, PLAN as PLAN_DIGEST, Role};

    const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com], staging: shop-staging.example.com}
";

    fn asked(plan: &Plan, verb: Verb, locks: Vec<Lock>) -> Request {
        Request { locks, ..example::request(plan, verb) }
    }

    #[test]
    fn steps_that_are_not_safe_are_refused_with_a_story() {
        let plan = example::plan(PLAN);
        let live = example::app("shop_a", true, 2, Some(Role::Live));
        let space = example::space(vec![live], [("shop.example.com", "shop_a")]);
        let request = asked(&plan, Verb::Apply, Vec::new());
        let mut deployment = Deployment::compile(&plan, &space, &request).unwrap();
        assert!(prove(&plan, &space, &request, &deployment).unwrap().holds);

        let steps = &mut deployment.apps[0].steps;
        steps.retain(|step| !step.id.starts_with("shop/map-live"));
        example::chain(steps);
        let refused = prove(&plan, &space, &request, &deployment).unwrap_err();
        assert_eq!(refused.exit_status().code(), 4);
        let told = refused.to_string();
        for words in ["the steps would not be safe", "shop/unmap-live", "its users get 404 Not Found"] {
            assert!(told.contains(words), "'{words}' is not in:\n{told}");
        }
    }

    #[test]
    fn where_nothing_of_an_app_is_started_a_refusal_says_what_to_start() {
        let text = PLAN.replace("    path: app\n", "    path: app\n    colours: [shop a, shop b]\n");
        let plan = example::plan(&text);
        let own = OwnCommands::default();
        let hint = |verb: Verb, started: bool, role: Role| {
            let mut next = example::app("shop b", false, 2, Some(role));
            for (key, value) in [(DEPLOYMENT, "d-1"), (PLAN_DIGEST, plan.digest.as_str())] {
                next.annotations.insert(key.to_owned(), value.to_owned());
            }
            let apps = vec![example::app("shop a", started, 2, Some(Role::RolledBack)), next];
            let space = example::space(apps, [("shop.example.com", "shop b")]);
            let refused =
                Prepared::new(&plan, &space, asked(&plan, verb, Vec::new()), &OwnFiles::default()).unwrap_err();
            assert_eq!(refused.exit_status().code(), 4);
            refused.hint(&own).unwrap_or_default()
        };
        // Where another version is started, too, what is refused for want of a fallback tells how the one on the live routes serves.
        for (verb, role, both) in [(Verb::Resume, Role::Next, false), (Verb::Rollback, Role::Live, true)] {
            let starts = |told: &str| told.lines().any(|line| line == "  cf start 'shop b'");
            let told = hint(verb, false, role);
            assert!(starts(&told), "{verb}: {told}");
            assert_eq!(starts(&hint(verb, true, role)), both, "{verb}");
        }
    }

    #[test]
    fn the_lock_of_a_killed_run_says_what_is_resumed_again() {
        let plan = example::plan(PLAN);
        let live = example::app("shop_a", true, 2, Some(Role::Live));
        let space = example::space(vec![live], [("shop.example.com", "shop_a")]);
        let with_lock = asked(&plan, Verb::Resume, vec![Lock { plan: plan.digest.clone(), ..example::lock() }]);
        let deployment = Deployment::compile(&plan, &space, &with_lock).unwrap();
        let cases = [with_lock, asked(&plan, Verb::Resume, Vec::new())]
            .map(|request| prove(&plan, &space, &request, &deployment).unwrap().cases);
        assert!(cases[0] > cases[1], "with the lock it is resumed once more before its first change: {cases:?}");
    }
}
