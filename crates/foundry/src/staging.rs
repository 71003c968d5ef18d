//! Staging: a package is unpacked, a buildpack is chosen, and a droplet comes out of it, or a reason why not.
//!
//! What is there of buildpacks: [`binary`], which compiles nothing, and [`staticfile`], whose web server the cell
//! provides. The others are detected by the files that they look for, and then staging fails with a clear line in the
//! log: nothing here pretends to compile. So it is with a buildpack that was uploaded, but that nothing here knows what
//! it looks for.

mod binary;
mod image;
mod stageable;
mod staticfile;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::json;

use crate::faults::StagingFailure;
use crate::logs::Stream;
use crate::platform::Platform;
use crate::state::{
    Build, BuildState, Buildpack, Droplet, DropletState, Guid, LifecycleKind, Metadata, Party, State, UsedBuildpack,
};

pub use stageable::{Unstageable, check_stageable};

/// The files by which system buildpacks know their apps.
const DETECTION: [(&str, &[&str]); 10] = [
    ("staticfile_buildpack", &["Staticfile"]),
    ("java_buildpack", &["META-INF/MANIFEST.MF", "WEB-INF", "pom.xml", "build.gradle"]),
    ("ruby_buildpack", &["Gemfile"]),
    ("dotnet_core_buildpack", &["project.json"]),
    ("nodejs_buildpack", &["package.json"]),
    ("go_buildpack", &["go.mod", "Godeps/Godeps.json", "vendor/vendor.json", "glide.yaml", "Gopkg.toml"]),
    ("python_buildpack", &["requirements.txt", "setup.py", "Pipfile", "environment.yml", "pyproject.toml"]),
    ("php_buildpack", &["composer.json", "index.php"]),
    ("r_buildpack", &["r.yml"]),
    ("nginx_buildpack", &["nginx.conf"]),
];

/// Takes a build of the database to its end, in the background; a restore ends it.
pub(crate) fn start(platform: &Arc<Platform>, build: &Guid) {
    let (platform, epoch, under_way) = (Arc::clone(platform), platform.epochs.current(), platform.delay_snapshots());
    let guid = build.clone();
    tokio::spawn(async move {
        if let Some(build) = platform.store.read(|db| db.builds.get(&guid).cloned()) {
            tokio::select! {
                result = staged(&platform, &build) => {
                    platform.epochs.within(epoch, || platform.store.update(|db| end(db, &build, result)));
                }
                () = platform.epochs.ended(epoch) => {}
            }
        }
        drop(under_way);
    });
}

/// Takes a build to its end, and waits for whoever reads its log as long as the settings say.
async fn staged(platform: &Arc<Platform>, build: &Build) -> Result<Droplet, StagingFailure> {
    let result = stage(platform, build).await;
    platform.logs.until_read(&build.app, platform.timing().staging_is_read).await;
    result
}

/// Notes what came of a build.
fn end(db: &mut State, build: &Build, result: Result<Droplet, StagingFailure>) {
    let Some(found) = db.builds.get_mut(&build.guid) else { return };
    found.updated_at = Timestamp::now();
    match result {
        Ok(droplet) => {
            found.state = BuildState::Staged(droplet.guid.clone());
            let data = json!({ "droplet_guid": droplet.guid, "package_guid": build.package });
            let actor = Party::new("user", &build.created_by.0, &build.created_by.1);
            if let Some(app) = db.apps.get(&build.app) {
                let target = Party::new("app", &app.guid, &app.name);
                let space = app.space.clone();
                db.record("audit.app.droplet.create", actor, target, Some(&space), data);
            }
            db.droplets.insert(droplet.guid.clone(), droplet);
        }
        Err(failure) => {
            found.state = BuildState::Failed(format!("{} - {}", failure.id, failure.message));
        }
    }
}

/// Writes lines of the stager.
struct Log<'a> {
    platform: &'a Platform,
    app: &'a Guid,
}

impl Log<'_> {
    fn out(&self, text: &str) {
        self.platform.logs.append(self.app, "STG", "0", Stream::Out, text);
    }

    fn err(&self, text: &str) {
        self.platform.logs.append(self.app, "STG", "0", Stream::Err, text);
    }
}

async fn stage(platform: &Arc<Platform>, build: &Build) -> Result<Droplet, StagingFailure> {
    let log = Log { platform, app: &build.app };
    let name = platform.store.read(|db| db.app_name(&build.app));
    let image = platform.store.read(|db| db.packages.get(&build.package).and_then(|package| package.docker.clone()));
    let guid = &build.guid;
    let buildpacks = if image.is_some() { Vec::new() } else { wanted(platform, build) };
    for buildpack in &buildpacks {
        log.out(&format!("Downloading {buildpack}..."));
    }
    for buildpack in &buildpacks {
        log.out(&format!("Downloaded {buildpack}"));
    }
    log.out(&format!("Cell foundry creating container for instance {guid}"));
    log.out(&format!("Cell foundry successfully created container for instance {guid}"));
    let droplet = Guid::random();
    let directory = platform.cell.blobs().droplet(&droplet);
    let unpacked = if image.is_some() {
        Ok(Ok(()))
    } else {
        log.out("Downloading app package...");
        let (platform, directory, package) = (Arc::clone(platform), directory.clone(), build.package.clone());
        tokio::task::spawn_blocking(move || {
            fs::create_dir_all(&directory)?;
            platform.cell.blobs().unpack(&package, &directory)
        })
        .await
    };
    match unpacked {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(failure("StagingError", &format!("Staging error: {error}"))),
        Err(_) => return Err(failure("StagingError", "Staging error: the stager was ended")),
    }
    if image.is_none() {
        log.out("Downloaded app package");
    }
    // One half for the buildpacks, the other for the upload.
    let half = platform.timing().staging / 2;
    work(platform, half).await?;
    let end = |result: Result<Droplet, StagingFailure>| {
        log.out(&format!("Cell foundry stopping instance {guid}"));
        log.out(&format!("Cell foundry destroying container for instance {guid}"));
        log.out(&format!("Cell foundry successfully destroyed container for instance {guid}"));
        result
    };
    if let Some(failure) = platform.faults.staging_failure(&name) {
        log.err(&failure.message);
        log.err("Failed to compile droplet: Failed to run all supply scripts: exit status 1");
        log.out("Exit status 223");
        // What will never run needs no room.
        let _ = fs::remove_dir_all(&directory);
        return end(Err(failure));
    }
    let compiled = match &image {
        Some(image) => image::compile(&log, &platform.settings.images, image, &directory),
        None => compile(&log, build, &directory),
    };
    match compiled {
        Ok(compiled) => {
            log.out("Exit status 0");
            if image.is_some() {
                work(platform, half).await?;
                log.out("Staging Complete");
            } else {
                log.out("Uploading droplet, build artifacts cache...");
                log.out("Uploading droplet...");
                work(platform, half).await?;
                log.out("Uploaded droplet");
                log.out("Uploading complete");
            }
            let now = Timestamp::now();
            let checksum =
                platform.store.read(|db| db.packages.get(&build.package).and_then(|package| package.checksum.clone()));
            end(Ok(Droplet {
                guid: droplet,
                app: build.app.clone(),
                package: Some(build.package.clone()),
                state: DropletState::Staged,
                process_types: compiled.process_types,
                own_command: None,
                buildpacks: compiled.buildpacks,
                stack: build.lifecycle.stack.clone().filter(|_| image.is_none()),
                checksum,
                lifecycle: build.lifecycle.kind,
                image: image.map(|image| image.image),
                stand_in: compiled.stand_in,
                metadata: Metadata::default(),
                created_at: now,
                updated_at: now,
            }))
        }
        Err(failure) => {
            let _ = fs::remove_dir_all(&directory);
            log_failure(&log, &failure, image.is_some());
            end(Err(failure))
        }
    }
}

/// The buildpacks that are named, or else those that are asked.
fn wanted(platform: &Platform, build: &Build) -> Vec<String> {
    if !build.lifecycle.buildpacks.is_empty() {
        return build.lifecycle.buildpacks.clone();
    }
    let stack = build.lifecycle.stack.as_deref();
    platform.store.read(|db| installed(db, stack).map(|one| one.name.clone()).collect())
}

/// How the stager of buildpacks, or the one of images, says that it has failed.
fn log_failure(log: &Log<'_>, failure: &StagingFailure, of_image: bool) {
    if of_image {
        log.out("Exit status 2");
        log.err("Staging Failed: Exited with status 2");
    } else {
        log.out(&format!("Exit status {}", if failure.id == "NoAppDetectedError" { 222 } else { 223 }));
    }
}

/// Takes its time. Fails where the foundry ends.
async fn work(platform: &Platform, time: Duration) -> Result<(), StagingFailure> {
    tokio::select! {
        () = tokio::time::sleep(time) => Ok(()),
        () = platform.ending() => Err(failure("StagingError", "Staging error: the stager was ended")),
    }
}

fn failure(id: &str, message: &str) -> StagingFailure {
    StagingFailure { id: id.to_owned(), message: message.to_owned() }
}

/// What buildpacks made of an app's files, apart from what they did to the files.
#[derive(Debug)]
struct Compiled {
    process_types: IndexMap<String, String>,
    buildpacks: Vec<UsedBuildpack>,
    /// Whether it stands in for an image.
    stand_in: bool,
}

/// A buildpack that is there.
#[derive(Debug, Clone, Copy)]
enum Known {
    Binary,
    Staticfile,
}

impl Known {
    /// The one that a name or an address stands for.
    fn named(name: &str) -> Option<Self> {
        let is = |word: &str| name == format!("{word}_buildpack") || name.contains(&format!("{word}-buildpack"));
        [(Self::Binary, "binary"), (Self::Staticfile, "staticfile")]
            .into_iter()
            .find_map(|(one, word)| is(word).then_some(one))
            // The Cloud Native Buildpack that compiles nothing either.
            .or_else(|| name.starts_with("docker://").then_some(Self::Binary).filter(|_| name.contains("/procfile")))
    }

    /// What it calls itself, and its version.
    fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Binary => ("binary", "1.1.20"),
            Self::Staticfile => ("staticfile", "1.6.40"),
        }
    }
}

/// Chooses buildpacks and lets the last of them, which says how the app is started, compile it. (The others only supply
/// what it needs, and none of these here supplies anything.)
fn compile(log: &Log<'_>, build: &Build, directory: &Path) -> Result<Compiled, StagingFailure> {
    let stack = build.lifecycle.stack.as_deref();
    let chosen = match build.lifecycle.buildpacks.as_slice() {
        [] if build.lifecycle.kind == LifecycleKind::Cnb => {
            log.err("No Cloud Native Buildpack is installed in this embedded Cloud Foundry that could detect the app");
            return Err(failure("CNBDetectFailed", "cnb: detecting failed"));
        }
        [] => vec![detect(log, stack, directory)?],
        named => named.to_vec(),
    };
    let mut buildpacks = Vec::new();
    let mut last = Known::Binary;
    for name in chosen {
        let Some(known) = Known::named(&name) else {
            let instead = match build.lifecycle.kind {
                LifecycleKind::Cnb => "docker://…/procfile",
                LifecycleKind::Buildpack | LifecycleKind::Docker => "binary_buildpack or staticfile_buildpack",
            };
            log.err(&format!("{name} is not implemented by this embedded Cloud Foundry: use {instead}"));
            log.err("Failed to compile droplet: exit status 1");
            return Err(StagingFailure::compile());
        };
        let (title, version) = known.title();
        buildpacks.push(UsedBuildpack {
            name,
            detect_output: String::new(),
            buildpack_name: title.to_owned(),
            version: version.to_owned(),
        });
        last = known;
    }
    // What the one that starts the app calls itself, found or named. (`cloud_controller_ng`: `set_buildpack_receipt`.)
    if let Some(receipt) = buildpacks.last_mut() {
        receipt.detect_output.clone_from(&receipt.buildpack_name);
    }
    let (_, version) = last.title();
    let procfile = fs::read_to_string(directory.join("Procfile")).map(|text| procfile(&text)).unwrap_or_default();
    let mut process_types = match last {
        Known::Binary => {
            log.out(&format!("-----> Binary Buildpack version {version}"));
            binary::compile(log, &procfile)
        }
        Known::Staticfile => {
            log.out(&format!("-----> Staticfile Buildpack version {version}"));
            staticfile::compile(directory).map_err(|reason| {
                log.err(&reason);
                log.err("Failed to compile droplet: Failed to run finalize script: exit status 1");
                StagingFailure::compile()
            })?
        }
    };
    // The author's word counts more than the buildpack's. (`buildpackapplifecycle`: the builder.)
    process_types.extend(procfile);
    Ok(Compiled { process_types, buildpacks, stand_in: false })
}

/// Whether a system buildpack knows an app by its files.
fn detects(buildpack: &str, has: impl Fn(&str) -> bool) -> bool {
    DETECTION.iter().any(|(known, files)| *known == buildpack && files.iter().any(|file| has(file)))
}

/// The buildpacks for a stack, in the order of detection.
fn installed<'a>(db: &'a State, stack: Option<&'a str>) -> impl Iterator<Item = &'a Buildpack> {
    db.buildpacks.values().filter(move |one| one.is_for(stack))
}

/// The name of the first buildpack that knows the app.
fn detect(log: &Log<'_>, stack: Option<&str>, directory: &Path) -> Result<String, StagingFailure> {
    let knows = |name: &str| detects(name, |file| directory.join(file).exists());
    let detected = log.platform.store.read(|db| {
        let mut names = installed(db, stack).map(|one| &one.name);
        names.find(|name| knows(name)).cloned()
    });
    detected.ok_or_else(|| {
        log.err("None of the buildpacks detected a compatible application");
        failure("NoAppDetectedError", "An app was not successfully detected by any available buildpack")
    })
}

/// The process types of a Procfile: `NAME: COMMAND` lines.
fn procfile(text: &str) -> IndexMap<String, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(':'))
        .map(|(kind, command)| (kind.trim().to_owned(), command.trim().to_owned()))
        .filter(|(kind, command)| !kind.is_empty() && !command.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_procfile_names_process_types() {
        let types = procfile("# processes\nweb: ./serve --port $PORT\n\nworker:  ./work\nbroken\n: none\nempty:\n");
        let types: Vec<_> = types.iter().map(|(kind, command)| (kind.as_str(), command.as_str())).collect();
        assert_eq!(types, [("web", "./serve --port $PORT"), ("worker", "./work")]);
    }

    #[test]
    fn a_buildpack_has_several_names() {
        for (name, title) in [
            ("binary_buildpack", Some("binary")),
            ("https://github.com/cloudfoundry/binary-buildpack.git", Some("binary")),
            ("https://github.com/cloudfoundry/staticfile-buildpack#v1.6.40", Some("staticfile")),
            ("staticfile_buildpack", Some("staticfile")),
            ("go_buildpack", None),
        ] {
            assert_eq!(Known::named(name).map(|known| known.title().0), title, "{name}");
        }
    }
}
