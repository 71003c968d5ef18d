//! Reads what is uploaded for an app, as cf reads it, so that another machine can tell whether it has the same.
//!
//! - `droplet`: whether a file is a droplet; `own_files`: what the run writes itself

mod droplet;
mod own_files;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::bounded;
use crate::cf::ignore::Ignore;
use crate::own_output;
use crate::plan::{self, Disk, Files as _};
use crate::steps::upload::Upload;

pub use own_files::OwnFiles;

/// The largest `.cfignore` that is read, in bytes.
const MAX_IGNORE: u64 = 1 << 20;

/// Why it cannot be told what is uploaded.
#[derive(Debug, Error)]
pub enum UploadError {
    /// A file cannot be read.
    #[error("'{}', which is uploaded for {app}, cannot be read: {why}", path.display())]
    Unreadable {
        /// The plan's name of the app.
        app: String,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        why: String,
    },
    /// Nothing is left of it.
    #[error("'{}' has no files that are uploaded for {app}", path.display())]
    Nothing {
        /// The plan's name of the app.
        app: String,
        /// The folder or archive.
        path: PathBuf,
    },
    /// A file that is no droplet.
    #[error("'{}' is no droplet that {app} could run: {why}", path.display())]
    NoDroplet {
        /// The plan's name of the app.
        app: String,
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// An archive of which one thing is left.
    #[error(
        "'{}' holds nothing but '{}' that is uploaded for {app}: cf takes an archive of one file for an empty one",
        path.display(),
        file.display()
    )]
    Lone {
        /// The plan's name of the app.
        app: String,
        /// The archive.
        path: PathBuf,
        /// What is in it.
        file: PathBuf,
    },
}

/// The folder or archive that is uploaded for an app. `None` where nothing is, as for a docker image or a droplet.
fn root(app: &plan::App) -> Option<&Path> {
    if app.manifest.app.docker.is_some() || app.from.is_some() {
        None
    } else {
        app.path.as_deref().or(app.manifest.app.path.as_deref())
    }
}

/// Reads what is uploaded for an app, less what cutover writes there: this run, and earlier ones. Fails where something of it cannot be
/// read, and names that.
pub fn read(app: &plan::App, own: &OwnFiles) -> Result<Upload, UploadError> {
    if let Some(docker) = &app.manifest.app.docker {
        // In the place of files: another reference is another upload, and what differs is told by it.
        let image = (PathBuf::from(&docker.image), Sha256::digest("docker image").into());
        return Ok(Upload::new(BTreeMap::from([image]), BTreeSet::new()));
    }
    if let Some(file) = &app.droplet {
        let hash =
            File::open(file).and_then(|mut file| sha256(Sha256::new(), &mut file)).map_err(unreadable(app, file))?;
        return Ok(Upload::of_droplet_file(file.file_name().map(PathBuf::from).unwrap_or_default(), hash));
    }
    let Some(root) = root(app) else { return Ok(Upload::nothing()) };
    let mut reader = Reader { own, entries: BTreeMap::new(), left_out: BTreeSet::new() };
    reader.read(root).map_err(|Unreadable { path, why }| unreadable(app, &path)(why))?;
    Ok(Upload::new(reader.entries, reader.left_out))
}

fn unreadable<'a>(app: &'a plan::App, path: &'a Path) -> impl FnOnce(io::Error) -> UploadError + 'a {
    |why| UploadError::Unreadable { app: app.name.to_string(), path: path.to_owned(), why: reason(&why) }
}

/// As [`read`], for who uploads it. Fails where there is nothing to upload, which cf refuses; of an archive also where there is
/// one thing alone (cf 8.17, `GatherArchiveResources`: `len(resources) <= 1`).
pub(crate) fn read_all(app: &plan::App, own: &OwnFiles) -> Result<Upload, UploadError> {
    let upload = read(app, own)?;
    if let Some(file) = &app.droplet {
        let (app, path) = (app.name.to_string(), file.clone());
        return droplet::check(file).map(|()| upload).map_err(|why| UploadError::NoDroplet { app, path, why });
    }
    let Some(root) = root(app) else { return Ok(upload) };
    let name = || app.name.to_string();
    if upload.is_empty() {
        return Err(UploadError::Nothing { app: name(), path: root.to_owned() });
    }
    let lone = upload.paths().next().filter(|_| upload.paths().nth(1).is_none() && !root.is_dir());
    match lone {
        Some(file) => Err(UploadError::Lone { app: name(), path: root.to_owned(), file: file.to_owned() }),
        None => Ok(upload),
    }
}

/// Whether the files of an app are here at all.
pub(crate) fn is_here(app: &plan::App) -> bool {
    root(app).or(app.droplet.as_deref()).is_none_or(Path::exists)
}

/// The system's reason, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// What cannot be read, and why.
struct Unreadable {
    path: PathBuf,
    why: io::Error,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Unreadable + '_ {
    move |why| Unreadable { path: path.to_owned(), why }
}

struct Reader<'a> {
    own: &'a OwnFiles,
    entries: BTreeMap<PathBuf, [u8; 32]>,
    left_out: BTreeSet<PathBuf>,
}

impl Reader<'_> {
    fn read(&mut self, root: &Path) -> Result<(), Unreadable> {
        if fs::metadata(root).map_err(at(root))?.is_dir() {
            let ignore = Ignore::of_folder(cfignore(root)?.as_deref());
            self.folder(root, Path::new(""), &ignore)
        } else {
            self.archive(root)
        }
    }

    /// cf 8.17: a folder that is left out is walked through all the same, since what is in it may be taken in.
    fn folder(&mut self, root: &Path, within: &Path, ignore: &Ignore) -> Result<(), Unreadable> {
        let folder = root.join(within);
        for entry in fs::read_dir(&folder).map_err(at(&folder))? {
            let entry = entry.map_err(at(&folder))?;
            let (path, within) = (entry.path(), within.join(entry.file_name()));
            let metadata = entry.metadata().map_err(at(&path))?;
            if !ignore.leaves_out(&within.to_string_lossy()) {
                let counts =
                    if self.own.has(&metadata) { None } else { what_counts(&path, &metadata).map_err(at(&path))? };
                let Some(counts) = counts else {
                    self.left_out.insert(within);
                    continue;
                };
                self.entries.insert(within.clone(), counts);
            }
            if metadata.is_dir() {
                self.folder(root, &within, ignore)?;
            }
        }
        Ok(())
    }

    /// cf 8.17 (`GatherArchiveResources`): the files in a zip or jar file are uploaded like those of a folder, whatever
    /// times and permissions they carry.
    fn archive(&mut self, file: &Path) -> Result<(), Unreadable> {
        let Archive { mut entries, names, ignore } = Archive::open(file).map_err(at(file))?;
        for (index, name) in names.iter().enumerate().filter(|(_, name)| !ignore.leaves_out(name)) {
            let mut entry = entries.by_index(index).map_err(io::Error::from).map_err(at(file))?;
            let kind = match (entry.is_dir(), entry.is_symlink()) {
                (true, _) => Kind::Folder,
                (false, true) => Kind::Link,
                (false, false) => Kind::File { executable: true },
            };
            let counts = hash(&kind, &mut entry).map_err(at(file))?;
            self.entries.insert(PathBuf::from(name), counts);
        }
        Ok(())
    }
}

/// An archive that cf takes apart.
struct Archive {
    entries: ZipArchive<File>,
    /// The names of the entries, in their order.
    names: Vec<String>,
    ignore: Ignore,
}

impl Archive {
    /// Opens one, and reads what it leaves out. Fails where it is none, or is broken.
    fn open(file: &Path) -> io::Result<Self> {
        let mut entries = ZipArchive::new(File::open(file)?).map_err(|error| match error {
            ZipError::InvalidArchive(_) => io::Error::new(
                io::ErrorKind::InvalidData,
                "it is neither a folder nor a zip file (such as a jar or a war), or it is broken",
            ),
            other => other.into(),
        })?;
        let names = entries.file_names().map(|name| Ok(name?.into_owned()));
        let names: Vec<String> = names.collect::<Result<_, ZipError>>()?;
        let cfignore = match names.iter().position(|name| name.ends_with(".cfignore")) {
            None => None,
            Some(index) => {
                let mut text = Vec::new();
                entries.by_index(index)?.take(MAX_IGNORE).read_to_end(&mut text)?;
                Some(String::from_utf8_lossy(&text).into_owned())
            }
        };
        Ok(Self { entries, names, ignore: Ignore::of_archive(cfignore.as_deref()) })
    }

    /// The entries that are uploaded and are the same as a file of this machine, by its name and what is in it.
    fn alike(&mut self, file: &Path) -> Vec<String> {
        let (Some(own), Ok(contents)) = (file.file_name(), fs::read(file)) else { return Vec::new() };
        let is_named = |name: &str| Path::new(name).file_name() == Some(own) && !self.ignore.leaves_out(name);
        let is_same = |entries: &mut ZipArchive<File>, index: usize| {
            let mut there = Vec::new();
            let entry = entries.by_index(index).ok().filter(|entry| entry.size() == contents.len() as u64);
            entry.is_some_and(|entry| entry.take(contents.len() as u64).read_to_end(&mut there).is_ok())
                && there == contents
        };
        let all = self.names.iter().enumerate().filter(|(_, name)| is_named(name));
        all.filter(|(index, _)| is_same(&mut self.entries, *index)).map(|(_, name)| name.clone()).collect()
    }
}

fn cfignore(root: &Path) -> Result<Option<String>, Unreadable> {
    let file = root.join(".cfignore");
    match bounded::read(&file, MAX_IGNORE) {
        Ok(text) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(Unreadable { path: file, why }),
    }
}

/// What is uploaded of a file beside its contents. Of its permissions only the one to execute counts: what groups and
/// others may is up to the umask of whoever has checked the files out.
enum Kind {
    Folder,
    Link,
    File { executable: bool },
}

/// `None` for what an earlier run has written: its log, or its events.
fn what_counts(path: &Path, metadata: &Metadata) -> io::Result<Option<[u8; 32]>> {
    let kind = metadata.file_type();
    if kind.is_dir() {
        hash(&Kind::Folder, &mut io::empty()).map(Some)
    } else if kind.is_symlink() {
        // cf 8.17 uploads links as links: where one leads counts, and not what is there.
        hash(&Kind::Link, &mut fs::read_link(path)?.as_os_str().as_encoded_bytes()).map(Some)
    } else if kind.is_file() {
        let executable = metadata.permissions().mode() & 0o100 != 0;
        let mut file = File::open(path)?;
        let mut head = Vec::new();
        file.by_ref().take(own_output::HEAD).read_to_end(&mut head)?;
        if own_output::has_written(&head) {
            return Ok(None);
        }
        hash(&Kind::File { executable }, &mut head.chain(file)).map(Some)
    } else {
        // cf 8.17 opens it like a file, and waits for ever where it is a named pipe.
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no ordinary file, and cf cannot upload it"))
    }
}

fn hash(kind: &Kind, contents: &mut dyn Read) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    hash.update(match kind {
        Kind::Folder => b"d",
        Kind::Link => b"l",
        Kind::File { executable: false } => b"f",
        Kind::File { executable: true } => b"x",
    });
    sha256(hash, contents)
}

fn sha256(mut hash: Sha256, contents: &mut dyn Read) -> io::Result<[u8; 32]> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match contents.read(&mut buffer)? {
            0 => return Ok(hash.finalize().into()),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// A file that is uploaded with an app and hardly is meant to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stray {
    /// The plan's name of the app.
    pub(crate) app: String,
    /// The folder or archive that is uploaded.
    pub(crate) root: PathBuf,
    /// The file within it.
    pub(crate) file: String,
    /// Where it lies.
    pub(crate) lies: Lies,
}

/// Where a file lies that is uploaded with an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lies {
    /// In a folder.
    InFolder,
    /// In a folder, and it is what a run of cutover writes, this one or an earlier one.
    Written,
    /// In an archive.
    InArchive,
}

impl Stray {
    /// Those of some files, named as they really are, that lie in what is uploaded for an app and are not left out
    /// there. Where that cannot be read, it is told elsewhere.
    pub(crate) fn among(app: &plan::App, files: &[PathBuf]) -> BTreeSet<Self> {
        let Some(root) = root(app) else { return BTreeSet::new() };
        let stray = |file: String, lies: Lies| Self { app: app.name.to_string(), root: root.to_owned(), file, lies };
        if !root.is_dir() {
            let Ok(mut archive) = Archive::open(root) else { return BTreeSet::new() };
            let found = files.iter().flat_map(|file| archive.alike(file));
            return found.map(|file| stray(file, Lies::InArchive)).collect();
        }
        let Ok(cfignore) = cfignore(root) else { return BTreeSet::new() };
        let ignore = Ignore::of_folder(cfignore.as_deref());
        let real = Disk.real(root);
        let within = |file: &PathBuf| Some(file.strip_prefix(&real).ok()?.to_string_lossy().into_owned());
        let found = files.iter().filter_map(within).filter(|file| !file.is_empty() && !ignore.leaves_out(file));
        found.map(|file| stray(file, Lies::InFolder)).collect()
    }

    /// Those that cutover writes.
    pub(crate) fn written(app: &plan::App, upload: &Upload) -> BTreeSet<Self> {
        let Some(folder) = root(app) else { return BTreeSet::new() };
        let stray = |file: &Path| Self {
            app: app.name.to_string(),
            root: folder.to_owned(),
            file: file.to_string_lossy().into_owned(),
            lies: Lies::Written,
        };
        upload.left_out().map(stray).collect()
    }

    /// The warning, with the line that leaves the file out.
    pub(crate) fn warning(&self) -> String {
        let Self { app, root, file, lies } = self;
        let read_by_all = "is uploaded with it, and everybody who can read the app's files can read this one";
        let line = Ignore::line_for(file);
        let what = match lies {
            Lies::InFolder => read_by_all,
            Lies::Written => {
                "is written by cutover and is uploaded with it; while a run still writes it, cf fails: a file must not change during the upload"
            }
            Lies::InArchive => {
                return format!(
                    "warning: '{file}' lies in '{}', the archive of {app}, and {read_by_all}; to leave it out, pack the archive \
                     without it, or with a '.cfignore' that has this line:\n  {line}",
                    root.display()
                );
            }
        };
        format!(
            "warning: '{}' lies in the folder of {app} and {what}; to leave it out, add this line to '{}':\n  {line}",
            root.join(file).display(),
            root.join(".cfignore").display(),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::symlink;

    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::example;

    const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com], staging: shop-staging.example.com}
";

    fn app(path: &Path) -> plan::App {
        plan::App { path: Some(path.to_owned()), ..example::plan(PLAN).apps.remove(0) }
    }

    fn digest(path: &Path) -> String {
        read(&app(path), &OwnFiles::default()).unwrap().digest().to_owned()
    }

    #[test]
    fn names_contents_links_folders_and_the_permission_to_execute_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| fs::write(path(name), text).unwrap();
        write("a", "1");
        fs::create_dir(path("sub")).unwrap();
        write("sub/b", "2");
        let mut seen = BTreeSet::from([digest(folder.path())]);
        let mut changed = |what: &str| {
            assert!(seen.insert(digest(folder.path())), "{what}");
        };
        write("sub/b", "3");
        changed("contents");
        fs::set_permissions(path("a"), fs::Permissions::from_mode(0o755)).unwrap();
        changed("permission");
        fs::rename(path("a"), path("c")).unwrap();
        changed("name");
        fs::create_dir(path("empty")).unwrap();
        changed("an empty folder");
        symlink("c", path("link")).unwrap();
        changed("a link");
        fs::remove_file(path("link")).unwrap();
        symlink("nowhere", path("link")).unwrap();
        changed("where a link leads");
        let before = digest(folder.path());
        write(".gitignore", "target");
        write("sub/manifest.yml", "applications: []");
        fs::set_permissions(path("sub/b"), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(digest(folder.path()), before, "what cf ignores does not count");
        write(".cfignore", "empty\n");
        changed("what .cfignore leaves out");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let told = |path: &Path| read_all(&app(path), &OwnFiles::default()).unwrap_err().to_string();
        assert!(told(&folder.path().join("nowhere")).ends_with("cannot be read: No such file or directory"));
        assert!(told(folder.path()).ends_with("has no files that are uploaded for shop"));
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        let words = format!("'{}', which is uploaded for shop, cannot be read: it is no ordinary file", pipe.display());
        assert!(told(folder.path()).starts_with(&words));
        let file = folder.path().join("app.jar");
        for broken in ["no zip", ""] {
            fs::write(&file, broken).unwrap();
            let words = format!(
                "'{}', which is uploaded for shop, cannot be read: it is neither a folder nor a zip file",
                file.display()
            );
            assert!(told(&file).starts_with(&words), "{}", told(&file));
        }
        let pack = |files: &[&str]| {
            let mut archive = zip::ZipWriter::new(File::create(&file).unwrap());
            for name in files {
                archive.start_file(*name, SimpleFileOptions::default()).unwrap();
                archive.write_all(name.repeat(99).as_bytes()).unwrap();
            }
            archive.finish().unwrap();
        };
        pack(&["manifest.yml", ".git"]);
        assert!(told(&file).ends_with("app.jar' has no files that are uploaded for shop"));
        pack(&["server.js", "manifest.yml"]);
        assert!(told(&file).contains("app.jar' holds nothing but 'server.js' that is uploaded for shop"));
        pack(&["server.js", "page.html"]);
        let mut bytes = fs::read(&file).unwrap();
        bytes[60] ^= 0xFF;
        fs::write(&file, bytes).unwrap();
        assert!(told(&file).contains("app.jar', which is uploaded for shop, cannot be read: "), "{}", told(&file));
    }

    #[test]
    fn of_a_droplet_the_file_counts_and_a_broken_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out.tgz");
        let app = plan::App { path: None, droplet: Some(file.clone()), ..app(folder.path()) };
        let own = OwnFiles::default();
        assert!(!is_here(&app) && read(&app, &own).unwrap_err().to_string().ends_with("No such file or directory"));
        fs::write(&file, "abc").unwrap();
        // (FIPS 180-2, B.1.)
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(read(&app, &own).unwrap().digest(), digest);
        let told = read_all(&app, &own).unwrap_err().to_string();
        assert!(told.contains("out.tgz' is no droplet that shop could run: it cannot be unpacked"), "{told}");
    }

    #[test]
    fn a_plan_in_an_archive_is_a_stray_by_its_name_and_contents() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.war");
        let plan = folder.path().join("deploy.yaml");
        fs::write(&plan, "version: 1").unwrap();
        let strays = |files: &[(&str, &str)]| -> Vec<String> {
            let mut archive = zip::ZipWriter::new(File::create(&file).unwrap());
            for (name, text) in files {
                archive.start_file(*name, SimpleFileOptions::default()).unwrap();
                archive.write_all(text.as_bytes()).unwrap();
            }
            archive.finish().unwrap();
            Stray::among(&app(&file), std::slice::from_ref(&plan)).iter().map(Stray::warning).collect()
        };
        let found = strays(&[("a", "1"), ("conf/deploy.yaml", "version: 1"), ("deploy.yaml", "of the app")]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("warning: 'conf/deploy.yaml' lies in '")
                && found[0].ends_with("\n  /conf/deploy.yaml")
        );
        assert!(strays(&[("deploy.yaml", "version: 1"), (".cfignore", "/deploy.yaml")]).is_empty());
    }

    #[test]
    fn of_an_archive_the_files_in_it_count() {
        let folder = tempfile::tempdir().unwrap();
        let jar = |name: &str, year: u16, files: &[(&str, &str)]| {
            let path = folder.path().join(name);
            let mut file = File::create(&path).unwrap();
            file.write_all(b"#!/bin/sh\nexec java -jar $0\n").unwrap();
            let mut archive = zip::ZipWriter::new(file);
            let time = zip::DateTime::from_date_and_time(year, 1, 1, 0, 0, 0).unwrap();
            for (name, text) in files {
                archive.start_file(*name, SimpleFileOptions::default().last_modified_time(time)).unwrap();
                archive.write_all(text.as_bytes()).unwrap();
            }
            archive.finish().unwrap();
            digest(&path)
        };
        let first = jar("1.jar", 2020, &[("A.class", "a"), ("lib/B.class", "b"), ("manifest.yml", "x")]);
        assert_eq!(jar("2.jar", 2024, &[("lib/B.class", "b"), ("A.class", "a")]), first, "times and order");
        assert_ne!(jar("3.jar", 2020, &[("A.class", "a"), ("lib/B.class", "c")]), first);
        let ignoring = [("A.class", "a"), ("lib/B.class", "b"), ("C.class", "c"), (".cfignore", "C.class\n")];
        assert_eq!(jar("4.jar", 2020, &ignoring), first);
    }

    #[test]
    fn what_the_run_itself_writes_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "1").unwrap();
        let before = digest(folder.path());
        let events = folder.path().join("events.jsonl");
        fs::write(&events, "{}").unwrap();
        let own = OwnFiles::of([events.as_path()]);
        let app = app(folder.path());
        let upload = read(&app, &own).unwrap();
        assert_eq!(upload.digest(), before);
        let strays: Vec<String> = Stray::written(&app, &upload).iter().map(Stray::warning).collect();
        assert_eq!(strays.len(), 1);
        assert!(
            strays[0].contains("events.jsonl' lies in the folder of shop") && strays[0].ends_with("\n  /events.jsonl")
        );
    }

    #[test]
    fn a_plan_in_the_folder_is_a_stray_until_it_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        let files = ["deploy.yaml", "sub/vars+prod.yml", "manifest.yml"].map(|name| folder.path().join(name));
        for file in &files {
            fs::write(file, "").unwrap();
        }
        let app = app(folder.path());
        let outside = tempfile::tempdir().unwrap();
        let real: Vec<PathBuf> =
            files.iter().map(PathBuf::as_path).chain([outside.path()]).map(|file| Disk.real(file)).collect();
        let strays = || Stray::among(&app, &real);
        let names: Vec<String> = strays().into_iter().map(|stray| stray.file).collect();
        assert_eq!(names, ["deploy.yaml", "sub/vars+prod.yml"]);
        let lines: Vec<String> = names.iter().map(|name| Ignore::line_for(name)).collect();
        fs::write(folder.path().join(".cfignore"), lines.join("\n")).unwrap();
        assert_eq!(strays(), BTreeSet::new());
    }
}
