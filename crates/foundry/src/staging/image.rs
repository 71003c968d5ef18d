//! The staging of an image: its registry is asked for it, and says how it is started.
//! (`dockerapplifecycle`: `builder`; `cloud_controller_ng`: `diego/docker/staging_action_builder.rb`.)

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use indexmap::IndexMap;

use crate::blobs;
use crate::faults::StagingFailure;
use crate::images::{Content, Images, Reference};
use crate::runtime::web_server::STAND_IN;
use crate::staging::{Compiled, Log, failure};
use crate::state::{DockerImage, WEB};

/// How often the builder asks a registry. (`MAX_DOCKER_RETRIES`.)
const ATTEMPTS: usize = 4;

/// Lays out what is in the image. Fails with the registry's words in the log, and none in the answer.
pub(super) fn compile(
    log: &Log<'_>,
    images: &Images,
    image: &DockerImage,
    directory: &Path,
) -> Result<Compiled, StagingFailure> {
    log.out("Staging...");
    log.out("Staging process started ...");
    let login = image.username.as_deref().zip(image.password.as_deref().or(Some("")));
    let content = match images.pull(&image.image, login) {
        Ok(content) => content,
        Err(refused) => {
            for attempt in 1..ATTEMPTS {
                log.err(&format!(
                    "Failed getting docker image manifest by tag: {refused}  Going to retry attempt: {attempt}"
                ));
            }
            log.err(&format!("Failed getting docker image manifest by tag: {refused}"));
            let Reference { repository, tag, .. } = Reference::of(&image.image);
            log.err(&format!(
                "Staging process failed: failed to fetch metadata from [{repository}] with tag [{tag}] and insecure \
                 registries [] due to {refused}"
            ));
            return Err(failed());
        }
    };
    match lay_out(&content, directory) {
        Ok(command) => {
            log.out("Staging process finished");
            Ok(Compiled {
                process_types: IndexMap::from([(WEB.to_owned(), command)]),
                buildpacks: Vec::new(),
                stand_in: content == Content::StandIn,
            })
        }
        Err(error) => {
            log.err(&format!(
                "Staging process failed: the folder that stands for {} cannot be read: {error}",
                image.image
            ));
            Err(failed())
        }
    }
}

/// (`failure_reason_sanitizer.rb`: the exit status of the builder says nothing.)
fn failed() -> StagingFailure {
    failure("StagingError", "Staging error: staging failed")
}

fn lay_out(content: &Content, directory: &Path) -> io::Result<String> {
    fs::create_dir_all(directory)?;
    match content {
        Content::Folder { path, command } => {
            blobs::copy(path, directory)?;
            Ok(command.clone())
        }
        Content::StandIn => {
            let script = directory.join("boot.sh");
            fs::write(&script, STAND_IN)?;
            fs::set_permissions(script, fs::Permissions::from_mode(0o755))?;
            Ok("$HOME/boot.sh".to_owned())
        }
    }
}
