//! What the embedded Cloud Foundry can run of a plan, told before it is started.

use foundry::{Unstageable, check_stageable};

use crate::cli::CliError;
use crate::plan::{App, Lifecycle, Plan};

/// What to say of a plan before it is rehearsed: what runs in the place of what is not there. Fails where an app cannot
/// be staged.
pub(crate) fn check(plan: &Plan) -> Result<Vec<String>, CliError> {
    plan.apps.iter().filter_map(|app| check_app(app).transpose()).collect()
}

fn check_app(app: &App) -> Result<Option<String>, CliError> {
    let manifest = &app.manifest.app;
    if let Some(docker) = &manifest.docker {
        return Ok(Some(format!(
            "{}: image {} is not pulled: a built-in web server stands in for it, which answers every request with 200",
            app.name, docker.image
        )));
    }
    let refuse = |why: String, hint: String| Err(CliError::NotRehearsable { app: app.name.clone(), why, hint });
    if let Some(from) = &app.from {
        return refuse(
            format!("it runs the droplet of {from}, and no other app is here"),
            "to rehearse, lay an overlay over a plan that has neither `from` nor `path` (--env NAME), with the `path` of the files \
             that it was made of"
                .to_owned(),
        );
    }
    if app.droplet.is_some() {
        return Ok(None);
    }
    let file = app.manifest.path.display();
    if manifest.lifecycle == Some(Lifecycle::Cnb) && manifest.buildpacks.is_empty() {
        return refuse(
            "no Cloud Native Buildpack is installed that could detect the files".to_owned(),
            "to rehearse, name one that compiles nothing: `buildpacks: [docker://…/procfile]`".to_owned(),
        );
    }
    let Some(path) = app.path.as_ref().or(manifest.path.as_ref()) else { return Ok(None) };
    let stageable = check_stageable(&manifest.buildpacks, path)
        .map_err(|source| CliError::Io { what: "the files to upload could not be read", source })?;
    let command = "where the files run as they are, add this line to the application";
    match stageable {
        Ok(()) => Ok(None),
        Err(why @ Unstageable::NotDetected) => refuse(
            format!("{why} in {}, and {file} names none: a real platform would refuse it, too", path.display()),
            format!("{command} in {file}: `buildpacks: [binary_buildpack]`"),
        ),
        Err(why @ Unstageable::NotImplemented { .. }) => refuse(
            why.to_string(),
            format!(
                "it runs what binary_buildpack and staticfile_buildpack stage. To rehearse with other files, give an \
                 overlay (--env NAME) a `path` and a `manifest` of its own; {command} there: `buildpacks: [binary_buildpack]`"
            ),
        ),
    }
}
