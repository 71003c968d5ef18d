//! Collects problems while files are read, and finds out where they stand when all is read.

use std::path::{Path, PathBuf};

use super::place::Place;
use super::position::Position;
use super::problem::Problem;
use super::problems::Problems;
use super::warning::Warning;
use crate::plan::allowed_folders::AllowedFolders;
use crate::plan::files::{Files, why_unreadable};
use crate::plan::template;
use crate::plan::value_error::ValueError;
use crate::plan::yaml::{self, Node, Scalar, ScalarKind, SourceId, SyntaxError, Value};
use crate::secret::Sensitive;

/// The most problems that are shown at once; to find the place of one means to walk through its file.
const MAX_PROBLEMS: usize = 100;

/// The files read so far and what is wrong with them.
pub(crate) struct Collector<'files> {
    files: &'files dyn Files,
    sources: Vec<Source>,
    found: Vec<Found>,
    warned: Vec<Found>,
    bounds: AllowedFolders,
    secrets: Vec<Sensitive>,
}

/// A file's name and text.
struct Source {
    file: PathBuf,
    text: String,
    /// Whether its lines are never shown.
    secret: bool,
}

/// A file that could be read as YAML.
pub(crate) struct Document {
    pub root: Node,
    pub bytes: Vec<u8>,
}

/// A problem whose place is not looked up yet.
struct Found {
    place: Result<Place, PathBuf>,
    path: String,
    error: ValueError,
}

impl<'files> Collector<'files> {
    pub(crate) fn new(files: &'files dyn Files) -> Self {
        Self {
            files,
            sources: Vec::new(),
            found: Vec::new(),
            warned: Vec::new(),
            bounds: AllowedFolders::default(),
            secrets: Vec::new(),
        }
    }

    /// Sets where the files that are named may lie; before that, nowhere.
    pub(crate) fn keep_within(&mut self, folder: &Path, outside: Vec<String>) {
        self.bounds = AllowedFolders::new(self.files, folder, outside);
    }

    /// Whether there is a file or a folder where it may be; what is wrong is noted at the place where it is named.
    pub(crate) fn exists(&mut self, path: &Path, named: Place, at: &str, hint: &str) -> bool {
        if let Some(error) = self.bounds.error(self.files, path, false) {
            self.at(named, at, self.fit_to_be_shown(path, error));
            return false;
        }
        let found = self.files.exists(path);
        if !found {
            let error = ValueError::hinted(format!("`{}`: there is no such file or folder", path.display()), hint);
            self.at(named, at, self.fit_to_be_shown(path, error));
        }
        found
    }

    /// An error that quotes a path, without it where a variable's secret stands in it.
    fn fit_to_be_shown(&self, path: &Path, error: ValueError) -> ValueError {
        let text = path.to_string_lossy();
        if !self.secrets.iter().any(|secret| text.contains(secret.expose())) {
            return error;
        }
        ValueError::hinted(
            "the path that the variables make does not lead to a file or folder that may be used",
            "it is relative to its file; what lies out of the plan's folder is named in the plan's `outside`",
        )
    }

    /// Whether a scalar is written in quotes: what YAML 1.1 takes for a truth value or a number may be a text then.
    pub(crate) fn is_quoted(&self, node: &Node) -> bool {
        self.written(node).is_some_and(|text| text.starts_with(['"', '\'']))
    }

    /// Whether a value is the anchor of aliases (`&name`), so that it has an effect wherever it stands.
    pub(crate) fn is_anchor(&self, node: &Node) -> bool {
        self.written(node).is_some_and(|text| text.starts_with('&'))
    }

    /// The text of a file.
    pub(crate) fn text_of(&self, source: SourceId) -> &str {
        self.sources.get(source.0).map_or("", |source| source.text.as_str())
    }

    /// The text of a file from where a node stands.
    fn written(&self, node: &Node) -> Option<&str> {
        let text = &self.sources.get(node.source.0)?.text;
        text.get(yaml::locate(text, node.id)..)
    }

    /// Notes that the values of a node are secret, as far as they have `least` characters. Truth values never are.
    pub(crate) fn learn(&mut self, node: &Node, least: usize) {
        match &node.value {
            Value::Scalar(Scalar { kind: ScalarKind::Null | ScalarKind::Bool, .. }) => {}
            Value::Scalar(Scalar { text, .. }) => {
                if text.chars().count() >= least {
                    self.secrets.push(Sensitive::new(text.as_str()));
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.learn(item, least)),
            Value::Map(entries) => entries.iter().for_each(|(_, value)| self.learn(value, least)),
        }
    }

    /// What was learned.
    pub(crate) fn secrets(&self) -> &[Sensitive] {
        &self.secrets
    }

    /// Whether more problems are noted than are shown, so that advice on one more is no use.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= MAX_PROBLEMS
    }

    /// Notes a problem at a place of a document.
    pub(crate) fn at(&mut self, place: Place, path: &str, error: ValueError) {
        self.found.push(Found { place: Ok(place), path: path.to_owned(), error });
    }

    /// Notes a problem at a node.
    pub(crate) fn node(&mut self, node: &Node, path: &str, error: ValueError) {
        self.at(Place::of(node), path, error);
    }

    /// Notes that a key, which is this node, has no effect, or another than it seems to have.
    pub(crate) fn warn(&mut self, key: &Node, path: &str, warning: ValueError) {
        self.warned.push(Found { place: Ok(Place::of(key)), path: path.to_owned(), error: warning });
    }

    /// Notes a problem with a file as a whole.
    pub(crate) fn file(&mut self, file: &Path, error: ValueError) {
        self.found.push(Found { place: Err(file.to_owned()), path: String::new(), error });
    }

    /// Whether nothing is noted so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Reads the plan file itself or its overlay; if it cannot be read, that is a problem of its own, with a hint.
    pub(crate) fn read(&mut self, file: &Path, hint: &str) -> Option<Document> {
        match self.files.read(file) {
            Ok(bytes) => self.parse(file, bytes, false),
            Err(error) => {
                self.file(file, ValueError::hinted(why_unreadable(&error), hint));
                None
            }
        }
    }

    /// Reads a file that a document names; if it cannot be read, that is a problem of the place where it is named. What
    /// lies beside it belongs to it: its own paths are relative to its folder.
    pub(crate) fn read_named(&mut self, file: &Path, named: Place, path: &str) -> Option<Document> {
        let bytes = self.bytes_of(file, true, named, path)?;
        self.parse(file, bytes, false)
    }

    /// The same for a file with secrets: what is wrong with it is told without showing its lines.
    pub(crate) fn read_secret(&mut self, file: &Path, named: Place, path: &str) -> Option<Document> {
        let bytes = self.bytes_of(file, false, named, path)?;
        self.parse(file, bytes, true)
    }

    /// Reads a file that a document names, whatever stands in it.
    pub(crate) fn read_bytes(&mut self, file: &Path, named: Place, path: &str) -> Option<Vec<u8>> {
        self.bytes_of(file, false, named, path)
    }

    fn bytes_of(&mut self, file: &Path, with_folder: bool, named: Place, path: &str) -> Option<Vec<u8>> {
        if let Some(error) = self.bounds.error(self.files, file, with_folder) {
            self.at(named, path, error);
            return None;
        }
        match self.files.read(file) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                let message = format!("`{}`: {}", file.display(), why_unreadable(&error));
                self.at(named, path, ValueError::new(message));
                None
            }
        }
    }

    fn parse(&mut self, file: &Path, bytes: Vec<u8>, secret: bool) -> Option<Document> {
        let (text, broken) = yaml::decode(&bytes);
        let source = SourceId(self.sources.len());
        let read = match broken {
            Some(error) => Err(error),
            None => yaml::read(&text, source),
        };
        self.sources.push(Source { file: file.to_owned(), text, secret });
        match read {
            Ok(root) => Some(Document { root: root.merged(), bytes }),
            Err(SyntaxError { offset, quotes, error }) => {
                let template = self.sources.last().and_then(|source| template::reason_of(&source.text, offset));
                let (offset, error) = template.filter(|_| !secret).unwrap_or((offset, error));
                let error = if secret && quotes {
                    ValueError::hinted(
                        "this is no value that can be read here",
                        "put a text with special characters in quotes",
                    )
                } else {
                    error
                };
                self.at(Place::Byte(source, offset), "", error);
                None
            }
        }
    }

    /// Looks up the places.
    pub(crate) fn finish(self) -> (Option<Problems>, Vec<Warning>) {
        let Self { sources, found, warned, .. } = self;
        let more = found.len().saturating_sub(MAX_PROBLEMS);
        let mut problems = in_order(&sources, found);
        if let (true, Some(last)) = (more > 0, problems.last_mut()) {
            last.hint = Some(format!("{more} more problems are not shown"));
        }
        let mut warnings: Vec<Warning> = Vec::new();
        for warning in in_order(&sources, warned).into_iter().map(Warning::at_a_key) {
            // Two apps may share a manifest.
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        (Problems::new(problems), warnings)
    }
}

/// As many as are shown, in the order in which the files are read and of their lines.
fn in_order(sources: &[Source], mut found: Vec<Found>) -> Vec<Problem> {
    found.truncate(MAX_PROBLEMS);
    let mut located: Vec<_> = found.into_iter().map(|found| locate(sources, found)).collect();
    located.sort_by_key(|(place, _)| *place);
    located.into_iter().map(|(_, problem)| problem).collect()
}

/// A problem with its place, and the key by which problems are put in order.
fn locate(sources: &[Source], found: Found) -> ((usize, usize), Problem) {
    let Found { place, path, error: ValueError { message, hint, secret } } = found;
    let place = match place {
        Ok(place) => place,
        Err(file) => return ((0, 0), Problem { file, position: None, path, message, hint }),
    };
    let (Place::Node(source, _) | Place::Within(source, _, _) | Place::Byte(source, _)) = &place;
    // A source's number is given out when it is stored, so there is always one.
    let Some(Source { file, text, secret: secret_file }) = sources.get(source.0) else {
        return ((source.0, 0), Problem { file: PathBuf::new(), position: None, path, message, hint });
    };
    let offset = match &place {
        Place::Byte(_, offset) => *offset,
        Place::Node(_, id) => yaml::locate(text, *id),
        Place::Within(_, id, part) => {
            let start = yaml::locate(text, *id);
            start + text.get(start..).and_then(|rest| rest.find(part)).unwrap_or(0)
        }
    };
    let mut position = Position::find(text, offset);
    if secret || *secret_file {
        position.text = None;
    }
    ((source.0, offset), Problem { file: file.clone(), position: Some(position), path, message, hint })
}
