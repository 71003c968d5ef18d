//! Whether what runs is what a plan and its files would deploy: what a `resume` that finds nothing under way must know.
//!
//! A run that was killed before its first change leaves nothing behind, and what runs then is the version before. So the
//! live colour is asked where it comes from: each deployment writes the digests of its plan and of its files on the
//! colour that it brings up.

use serde_json::{Value, json};

use crate::plan::{self, AppName, Instances, Old, Plan};
use crate::settings::WEB;
use crate::space::{App, AppState, Process, Space};

use super::annotations::{DROPLET, Origin, Role};
use super::interrupted::Interrupted;
use super::refusal::{Refusal, UnderWayRefusal};
use super::sizing::{self, Declared};
use super::source;
use super::standing::{Standing, UnderWay, is_at_work, is_on_live, not_alone_on};
use super::upload::Upload;
use super::{AppDeployment, Deployment, Verb, scope};

/// What would be uploaded for an app.
type Files<'a> = dyn Fn(&plan::App) -> Result<Option<Upload>, String> + 'a;

/// Refuses where one of the plan's apps does not run as this plan and these files would deploy it. What is under way is
/// left out: it is a matter of its own. `files` tells what would be uploaded for an app: `None` where it is not here; fails
/// with the reason where it cannot be read.
pub(crate) fn check(plan: &Plan, space: &Space, files: &Files<'_>) -> Result<(), Refusal> {
    let settled = plan.apps.iter().filter(|app| UnderWay::of(app, space).is_none());
    let apps: Vec<(AppName, String)> =
        settled.filter_map(|app| Some((app.name.clone(), missing(plan, app, space, files)?))).collect();
    if apps.is_empty() { Ok(()) } else { Err(Refusal::UnderWay(UnderWayRefusal::NotDeployed { apps })) }
}

/// What the manifests ask of the live colours of the plan's apps, where nothing else tells that anything would be deployed:
/// `None` where something does. What the platform keeps of a manifest only it can compare.
pub(crate) fn unchanged(plan: &Plan, space: &Space, files: &Files<'_>) -> Option<Value> {
    let is_settled = space.locks.is_empty() && Interrupted::of(plan, space).is_none();
    let is_at_rest = plan.apps.iter().all(|app| is_at_rest(app, space) && UnderWay::of(app, space).is_none());
    (is_settled && is_at_rest && check(plan, space, files).is_ok()).then(|| asked(plan, space))
}

/// What the manifests ask of the live colours of the plan's apps.
pub(crate) fn asked(plan: &Plan, space: &Space) -> Value {
    let of_live = |app: &plan::App| {
        let live = Standing::of(app, space).ok()?.live().cloned()?;
        Some(app.manifest.app.compared_with(live.as_str()))
    };
    json!({ "applications": plan.apps.iter().filter_map(of_live).collect::<Vec<_>>() })
}

/// Why apps do not run as the plan would deploy them, by what the platform tells of the manifests that [`asked`] has put
/// together: the paths of what differs, such as `/applications/0/env/NAME`.
pub(crate) fn differing(plan: &Plan, space: &Space, paths: &[String]) -> Refusal {
    let settled =
        plan.apps.iter().filter(|app| Standing::of(app, space).is_ok_and(|standing| standing.live().is_some()));
    let of_app = |(number, app): (usize, &plan::App)| {
        let place = format!("/applications/{number}/");
        let keys: Vec<&str> = paths.iter().filter_map(|path| path.strip_prefix(&place)).collect();
        let why = format!(
            "what runs was changed since it was deployed, and is not what the manifest asks for: {}",
            keys.join(", ")
        );
        (!keys.is_empty()).then(|| (app.name.clone(), why))
    };
    Refusal::UnderWay(UnderWayRefusal::NotDeployed { apps: settled.enumerate().filter_map(of_app).collect() })
}

/// Whether an app has another droplet than the one that it was deployed with: somebody has pushed to it since, or has set
/// one. An older version of cutover has not written which one that was.
pub(crate) fn has_other_droplet(app: &App) -> bool {
    app.annotations.get(DROPLET).is_some_and(|droplet| app.droplet.as_ref() != Some(droplet))
}

/// A version that a rollback goes back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GoneBackTo<'s> {
    /// The version, as it is now.
    pub(crate) app: &'s App,
    /// Whether somebody has given it another droplet since it was deployed.
    pub(crate) is_changed: bool,
    /// The version that serves now, and that has more web instances than this one is to have then; with both counts.
    pub(crate) smaller_than: Option<(AppName, u32, u32)>,
}

impl<'s> GoneBackTo<'s> {
    /// Those of a deployment; none where it leads forward.
    pub(crate) fn of(deployment: &Deployment<'_>, space: &'s Space) -> Vec<Self> {
        let back = deployment.apps.iter().filter(|_| deployment.verb == Verb::Rollback);
        back.filter_map(|part| Self::of_app(part, space)).collect()
    }

    fn of_app(part: &AppDeployment<'_>, space: &'s Space) -> Option<Self> {
        let mut end = scope::of(&part.app, space);
        part.steps.iter().for_each(|step| step.facts().effect(&mut end));
        let live = Standing::of(&part.app, &end).ok()?.live().cloned()?;
        let has = end.app(live.as_str())?.web_instances();
        let others = part.app.colours.iter().filter(|colour| **colour != live && is_on_live(&part.app, colour, space));
        let serving = others.filter_map(|colour| {
            let there = space.app(colour.as_str()).filter(|there| is_at_work(&part.app, there))?;
            Some((colour.clone(), there.web_instances(), has))
        });
        let app = space.app(live.as_str())?;
        Some(Self {
            app,
            is_changed: has_other_droplet(app),
            smaller_than: serving.into_iter().find(|(_, serves, has)| serves > has),
        })
    }
}

/// Whether the colours of an app are as a deployment leaves them, and it is known of both packages that they are the same.
fn is_at_rest(app: &plan::App, space: &Space) -> bool {
    let Ok(Standing::Settled { live, next }) = Standing::of(app, space) else { return false };
    let Some(found) = space.app(live.as_str()) else { return false };
    // Another image may have been given the same tag.
    let is_pinned = app.manifest.app.docker.as_ref().is_none_or(|docker| docker.image.contains("@sha256:"));
    let is_own = found.droplet.is_some() && found.annotations.get(DROPLET) == found.droplet.as_ref();
    let other = space.app(next.as_str());
    let is_retired = match app.old {
        Old::Stop => other.is_none_or(|other| other.state == AppState::Stopped),
        Old::Keep => true,
        Old::Delete => other.is_none(),
    };
    is_pinned && is_own && is_retired && app.staging.as_ref().is_none_or(|url| space.holders(url).is_empty())
}

/// What of a live colour is otherwise than a deployment would leave it, as far as the space tells.
fn changed(app: &plan::App, space: &Space, live: &AppName, found: &App) -> Option<String> {
    let Declared { size, others, .. } = sizing::of(app, space, Some(live), live).declared;
    let web =
        Process { kind: WEB.to_owned(), instances: size.instances, memory_mb: size.memory_mb, ..Process::default() };
    for wanted in others.iter().chain([&web]) {
        let (kind, instances, memory) = (&wanted.kind, wanted.instances, wanted.memory_mb);
        // A deployment starts as many as the live version has, where the plan wants that.
        let is_kept = |has: u32| app.instances == Instances::AtLeastLive && has > instances;
        match found.process(kind).map(|process| (process.instances, process.memory_mb)) {
            Some((has, of)) if (has == instances || is_kept(has)) && of == memory => {}
            Some((has, of)) => {
                return Some(format!(
                    "{live} is live with {has} × {of} MB of process {kind}, and not with {instances} × {memory} MB"
                ));
            }
            None => return Some(format!("{live} is live without a process {kind}")),
        }
    }
    let unbound = app.all_services().find(|service| !found.is_bound(service))?;
    Some(format!("{live} is live, and service instance {unbound} is not bound to it"))
}

/// Why an app does not run as the plan would deploy it; `None` where it does.
fn missing(plan: &Plan, app: &plan::App, space: &Space, files: &Files<'_>) -> Option<String> {
    let live = match Standing::of(app, space) {
        Err(refusal) => return Some(refusal.to_string()),
        Ok(Standing::First { .. }) => return Some("no version is live".to_owned()),
        Ok(Standing::Settled { live, .. } | Standing::Half { live, .. }) => live,
    };
    let found = space.app(live.as_str())?;
    let origin = Origin::of(found).filter(|_| Role::of(found) == Some(Role::Live));
    let Some(origin) = origin else {
        return Some(format!("{live} is live, and nothing tells that cutover has deployed it"));
    };
    let whose =
        format!("(deployment {} at {} by {})", origin.deployment.id, origin.deployment.at, origin.deployment.by);
    if origin.plan != plan.digest {
        return Some(format!("{live} is live and comes from another plan {whose}"));
    }
    let untold =
        |why: String| format!("{live} is live, and it cannot be told whether it comes from the files here: {why}");
    if app.from.is_some() {
        let copied = match source::of(app, space) {
            Ok(copied) => copied?,
            Err(refusal) => {
                return Some(format!("{live} is live, and it cannot be told whether it is the same: {refusal}"));
            }
        };
        if copied.checksum != origin.upload {
            return Some(format!(
                "{live} is live with the droplet of the sha256 {}, and not with that of {} {whose}",
                origin.upload,
                copied.told()
            ));
        }
        return otherwise(app, space, &live, found, &whose);
    }
    let upload = match files(app) {
        Ok(Some(upload)) => upload,
        Ok(None) => return Some(untold("the files to upload are not here".to_owned())),
        Err(why) => return Some(untold(why)),
    };
    if let Err(difference) = upload.is_the_one(&origin.upload, &origin.upload_files) {
        let advice = difference.of_more().map(|advice| format!("; {advice}")).unwrap_or_default();
        return Some(format!(
            "{live} is live and comes from other files than those that are here ({difference}{advice}) {whose}"
        ));
    }
    otherwise(app, space, &live, found, &whose)
}

/// What of a live colour, which comes from the same files, is otherwise than the plan would have it.
fn otherwise(app: &plan::App, space: &Space, live: &AppName, found: &App, whose: &str) -> Option<String> {
    if has_other_droplet(found) {
        return Some(format!(
            "{live} is live, and somebody has given it another droplet since it was deployed {whose}"
        ));
    }
    if let Some(url) = not_alone_on(app, live, space) {
        return Some(format!("{live} is live, and {url} does not lead to it"));
    }
    if !is_at_work(app, found) {
        return Some(format!("{live} is live and does not run"));
    }
    changed(app, space, live, found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::own_commands::OwnCommands;
    use crate::plan::ManifestProcess;
    use crate::steps::annotations::{AT, BY, DEPLOYMENT, PLAN as PLAN_DIGEST, UPLOAD};

    const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com, www.example.com], staging: shop-staging.example.com}
";

    /// Something that is otherwise in the space.
    type Change = fn(&mut Space);

    /// A space in which this plan and the files `new` are live.
    fn deployed(plan: &Plan) -> Space {
        let mut live = example::app("shop_a", true, 2, Some(Role::Live));
        for (key, value) in
            [(DEPLOYMENT, "d-1"), (AT, "now"), (BY, "ada"), (PLAN_DIGEST, plan.digest.as_str()), (UPLOAD, "new")]
        {
            live.annotations.insert(key.to_owned(), value.to_owned());
        }
        example::space(vec![live], [("shop.example.com", "shop_a"), ("www.example.com", "shop_a")])
    }

    #[test]
    fn only_the_same_plan_and_files_that_serve_are_what_a_plan_deploys() {
        let plan = example::plan(PLAN);
        let files =
            |digest: Option<&'static str>| move |_: &plan::App| Ok(digest.map(|digest| Upload::as_written(digest, "")));
        assert_eq!(check(&plan, &deployed(&plan), &files(Some("new"))), Ok(()));

        let cases: [(Change, Option<&'static str>, &str); 10] = [
            (
                |space| {
                    space.apps[0].annotations.insert(DROPLET.to_owned(), "the one of the deployment".to_owned());
                },
                Some("new"),
                "somebody has given it another droplet since it was deployed (deployment d-1 at now by ada)",
            ),
            (
                |_| {},
                Some("old"),
                "comes from other files than those that are here (which of them differ is not known) (deployment d-1 at now by ada)",
            ),
            (|_| {}, None, "the files to upload are not here"),
            (
                |space| {
                    space.apps[0].annotations.insert(PLAN_DIGEST.to_owned(), "another".to_owned());
                },
                Some("new"),
                "comes from another plan (deployment d-1 at now by ada)",
            ),
            (|space| space.apps[0].annotations.clear(), Some("new"), "nothing tells that cutover has deployed it"),
            (
                |space| {
                    space.apps[0].annotations.insert("cutover-role".to_owned(), "rolled-back".to_owned());
                },
                Some("new"),
                "nothing tells that cutover has deployed it",
            ),
            (|space| space.routes.clear(), Some("new"), "no version is live"),
            (|space| space.routes.truncate(1), Some("new"), "does not lead to it"),
            (|space| space.apps[0].processes[0].states.clear(), Some("new"), "shop_a is live and does not run"),
            (
                |space| {
                    space.apps.push(example::app("other", true, 1, None));
                    space.routes[0].destinations[0].app = "guid-other".to_owned();
                },
                Some("new"),
                "leads to app other",
            ),
        ];
        for (change, digest, words) in cases {
            let mut space = deployed(&plan);
            change(&mut space);
            let refusal = check(&plan, &space, &files(digest)).unwrap_err();
            let told = format!("{refusal}\n{}", refusal.hint(&OwnCommands::default()));
            assert!(told.contains(words), "'{words}' is not in: {told}");
            assert!(told.contains("cutover apply --app shop"), "{told}");
        }
    }

    #[test]
    fn workers_that_were_scaled_up_are_what_a_plan_deploys_that_keeps_them() {
        let mut plan = example::plan(PLAN);
        let worker = |instances| ManifestProcess {
            process_type: "worker".to_owned(),
            instances: Some(instances),
            memory_mb: Some(16),
            ..ManifestProcess::default()
        };
        let mut space = deployed(&plan);
        let process = space.apps[0].make_process("worker");
        (process.instances, process.memory_mb) = (3, 16);
        for (instances, wanted, is_same) in [
            (Instances::AtLeastLive, 2, true),
            (Instances::AtLeastLive, 3, true),
            (Instances::AtLeastLive, 4, false),
            (Instances::Manifest, 2, false),
        ] {
            plan.apps[0].instances = instances;
            plan.apps[0].manifest.app.others = vec![worker(wanted)];
            let files = |_: &plan::App| Ok(Some(Upload::as_written("new", "")));
            assert_eq!(check(&plan, &space, &files).is_ok(), is_same, "{instances:?} {wanted}");
        }
    }

    #[test]
    fn what_is_under_way_is_a_matter_of_its_own() {
        let plan = example::plan(PLAN);
        let mut space = deployed(&plan);
        space.apps.push(example::app("shop_b", true, 2, Some(Role::Next)));
        assert_eq!(check(&plan, &space, &|_| Ok(None)), Ok(()));
    }
}
