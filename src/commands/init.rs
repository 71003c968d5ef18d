//! `cutover init`: writes a plan from what runs in the targeted space. It reads the space, and changes nothing there.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::{CliError, Common, ExitStatus};
use crate::init::choose::{Chosen, SpaceRoutes, choose};
use crate::init::found::Found;
use crate::init::manifest_text::manifest_text;
use crate::init::plan_text::{Target, plan_text};
use crate::run::api::Api;
use crate::run::reading::survey::{Survey, manifest_of, survey};
use crate::space::lock::Lock;

use super::context::Context;
use super::terminal::tell;

/// The manifest that a repository with one app mostly has.
const MANIFEST: &str = "manifest.yml";

/// Runs the verb.
pub(crate) fn run(common: &Common) -> Result<ExitStatus, CliError> {
    let plan = common.plan();
    if plan.exists() {
        let why = "it is there already, and is not overwritten: name another file with --file".to_owned();
        return Err(CliError::File { path: plan.to_owned(), why });
    }
    let (target, apps) = Context::anywhere(common, |api| {
        let target = api.target();
        let target = Target { api: target.api.clone(), org: target.org.clone(), space: target.space.clone() };
        Ok((target, look(api, common)?))
    })?;
    if apps.iter().all(|app| app.left_out.is_some()) {
        let of_app = |app: &Found| Some(format!("{}: {}", app.colours[0], app.left_out?));
        let why: Vec<String> = apps.iter().filter_map(of_app).collect();
        return Err(CliError::NothingToPlan { space: target.space, why });
    }
    let folder = plan.parent().unwrap_or(Path::new(""));
    let mut written = Vec::new();
    for app in apps.iter().filter(|app| app.left_out.is_none()) {
        let file = folder.join(&app.file);
        if file.exists() {
            tell(&format!("note: {} is there already: it is the manifest of {}", file.display(), app.name));
        } else {
            write(&file, &manifest_text(app))?;
            written.push(file);
        }
    }
    write(plan, &plan_text(&target, &apps))?;
    written.push(plan.to_owned());
    let files: Vec<String> = written.iter().map(|file| file.display().to_string()).collect();
    tell(&format!("written: {}", files.join(", ")));
    for app in &apps {
        if let Some(why) = app.left_out {
            tell(&format!("note: {} is not in it: {why}", app.colours[0]));
        }
    }
    let own = common.own_commands();
    tell(&format!("see what is uploaded (`path`), then: {} and {}", own.verb("check"), own.verb("plan")));
    Ok(ExitStatus::Done)
}

/// Writes a file that is not there yet.
fn write(file: &Path, text: &str) -> Result<(), CliError> {
    let failed = |error: std::io::Error| CliError::File { path: PathBuf::from(file), why: error.to_string() };
    let mut opened = OpenOptions::new().write(true).create_new(true).open(file).map_err(failed)?;
    opened.write_all(text.as_bytes()).map_err(failed)
}

/// What runs in the space, as far as it is asked for.
fn look(api: &Api<'_>, common: &Common) -> Result<Vec<Found>, CliError> {
    let Survey { apps, routes, domains } = survey(api)?;
    let known: Vec<String> = apps.iter().map(|app| app.name.clone()).filter(|name| !Lock::is_name(name)).collect();
    if let Some(name) = common.app.iter().find(|name| !known.contains(name)) {
        let why = vec![format!("app {name} is not there; there are {}", known.join(", "))];
        return Err(CliError::NothingToPlan { space: api.target().space.clone(), why });
    }
    let chosen = choose(&apps, &SpaceRoutes { routes: &routes, domains: &domains }, &common.app);
    let is_one = chosen.iter().filter(|app| app.left_out().is_none()).count() == 1;
    let found = |app: Chosen<'_>| {
        let manifest = manifest_of(api, app.app)?;
        let file = if is_one { MANIFEST.to_owned() } else { format!("manifest-{}.yml", app.name) };
        Ok(Found::new(app, manifest, file))
    };
    chosen.into_iter().map(found).collect()
}
