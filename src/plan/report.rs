//! Collects problems while files are read, and finds out where they stand when all is read.

use std::path::{Path, PathBuf};

use super::bounds::Bounds;
use super::fault::Fault;
use super::files::Files;
use super::node::{Node, Scalar, ScalarKind, SourceId, Value};
use super::problem::{Position, Problem, Problems};
use super::yaml;
use crate::secret::Sensitive;

/// The most problems that are shown at once; to find the place of one means to walk through its file.
const MAX_PROBLEMS: usize = 100;

/// The files read so far and what is wrong with them.
pub(super) struct Report<'files> {
    files: &'files dyn Files,
    sources: Vec<Source>,
    found: Vec<Found>,
    bounds: Bounds,
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
pub(super) struct Document {
    pub root: Node,
    pub bytes: Vec<u8>,
}

/// Where a problem stands, as long as nobody needs to know its line.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// At a node.
    Node(SourceId, u32),
    /// At a text within a scalar.
    Within(SourceId, u32, String),
    /// At a byte.
    Byte(SourceId, usize),
}

impl Place {
    /// Where a node stands.
    pub(super) fn of(node: &Node) -> Self {
        Self::Node(node.source, node.id)
    }

    /// Where a part of a node's text stands; anywhere else the place itself.
    pub(super) fn within(&self, part: &str) -> Self {
        match self {
            Self::Node(source, id) => Self::Within(*source, *id, part.to_owned()),
            Self::Within(..) | Self::Byte(..) => self.clone(),
        }
    }
}

/// A problem whose place is not looked up yet.
struct Found {
    place: Result<Place, PathBuf>,
    path: String,
    fault: Fault,
}

impl<'files> Report<'files> {
    pub(super) fn new(files: &'files dyn Files) -> Self {
        Self { files, sources: Vec::new(), found: Vec::new(), bounds: Bounds::default(), secrets: Vec::new() }
    }

    /// Sets where the files that are named may lie; before that, nowhere.
    pub(super) fn keep_within(&mut self, folder: &Path, outside: &[PathBuf]) {
        self.bounds = Bounds::new(self.files, folder, outside);
    }

    /// Whether there is a file or a folder where it may be; what is wrong is noted at the place where it is named.
    pub(super) fn exists(&mut self, path: &Path, named: Place, at: &str, hint: &str) -> bool {
        if let Some(fault) = self.bounds.fault(self.files, path) {
            self.at(named, at, self.fit_to_be_shown(path, fault));
            return false;
        }
        let found = self.files.exists(path);
        if !found {
            let fault = Fault::hinted(format!("`{}`: there is no such file or folder", path.display()), hint);
            self.at(named, at, self.fit_to_be_shown(path, fault));
        }
        found
    }

    /// A fault that quotes a path, without it where a variable's secret stands in it.
    fn fit_to_be_shown(&self, path: &Path, fault: Fault) -> Fault {
        let text = path.to_string_lossy();
        if !self.secrets.iter().any(|secret| text.contains(secret.expose())) {
            return fault;
        }
        let message = "the path that the variables make does not lead to a file or folder that may be used";
        Fault { message: message.to_owned(), ..fault }
    }

    /// Notes that the values of a node are secret, as far as they have `least` characters. Truth values never are.
    pub(super) fn learn(&mut self, node: &Node, least: usize) {
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
    pub(super) fn secrets(&self) -> &[Sensitive] {
        &self.secrets
    }

    /// Whether more problems are noted than are shown, so that advice on one more is no use.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= MAX_PROBLEMS
    }

    /// Notes a problem at a place of a document.
    pub(super) fn at(&mut self, place: Place, path: &str, fault: Fault) {
        self.found.push(Found { place: Ok(place), path: path.to_owned(), fault });
    }

    /// Notes a problem at a node.
    pub(super) fn node(&mut self, node: &Node, path: &str, fault: Fault) {
        self.at(Place::of(node), path, fault);
    }

    /// Notes a problem with a file as a whole.
    pub(super) fn file(&mut self, file: &Path, fault: Fault) {
        self.found.push(Found { place: Err(file.to_owned()), path: String::new(), fault });
    }

    /// Whether nothing is noted so far.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Reads the plan file itself or its overlay; if it cannot be read, that is a problem of its own, with a hint.
    pub(super) fn read(&mut self, file: &Path, hint: &str) -> Option<Document> {
        match self.files.read(file) {
            Ok(bytes) => self.parse(file, bytes, false),
            Err(fault) => {
                self.file(file, Fault::hinted(fault.message, hint));
                None
            }
        }
    }

    /// Reads a file that a document names; if it cannot be read, that is a problem of the place where it is named.
    pub(super) fn read_named(&mut self, file: &Path, named: Place, path: &str) -> Option<Document> {
        let bytes = self.bytes_of(file, named, path)?;
        self.parse(file, bytes, false)
    }

    /// The same for a file with secrets: what is wrong with it is told without showing its lines.
    pub(super) fn read_secret(&mut self, file: &Path, named: Place, path: &str) -> Option<Document> {
        let bytes = self.bytes_of(file, named, path)?;
        self.parse(file, bytes, true)
    }

    fn bytes_of(&mut self, file: &Path, named: Place, path: &str) -> Option<Vec<u8>> {
        if let Some(fault) = self.bounds.fault(self.files, file) {
            self.at(named, path, fault);
            return None;
        }
        match self.files.read(file) {
            Ok(bytes) => Some(bytes),
            Err(fault) => {
                let message = format!("`{}`: {}", file.display(), fault.message);
                self.at(named, path, Fault { message, ..fault });
                None
            }
        }
    }

    fn parse(&mut self, file: &Path, bytes: Vec<u8>, secret: bool) -> Option<Document> {
        let (text, broken) = decode(&bytes);
        let source = SourceId(self.sources.len());
        let read = match broken {
            Some(fault) => Err(fault),
            None => yaml::read(&text, source),
        };
        self.sources.push(Source { file: file.to_owned(), text, secret });
        match read {
            Ok(root) => Some(Document { root: root.merged(), bytes }),
            Err(yaml::SyntaxFault { offset, quotes, fault }) => {
                let fault = if secret && quotes {
                    Fault::hinted(
                        "this is no value that can be read here",
                        "put a text with special characters in quotes",
                    )
                } else {
                    fault
                };
                self.at(Place::Byte(source, offset), "", fault);
                None
            }
        }
    }

    /// Looks up the places.
    pub(super) fn finish(self) -> Option<Problems> {
        let Self { sources, mut found, .. } = self;
        let more = found.len().saturating_sub(MAX_PROBLEMS);
        found.truncate(MAX_PROBLEMS);
        let mut located: Vec<_> = found.into_iter().map(|found| locate(&sources, found)).collect();
        located.sort_by_key(|(place, _)| *place);
        let mut problems: Vec<Problem> = located.into_iter().map(|(_, problem)| problem).collect();
        if let (true, Some(last)) = (more > 0, problems.last_mut()) {
            last.hint = Some(format!("{more} more problems are not shown"));
        }
        Problems::new(problems)
    }
}

/// A problem with its place, and the key by which problems are put in order.
fn locate(sources: &[Source], found: Found) -> ((usize, usize), Problem) {
    let Found { place, path, fault: Fault { message, hint, secret } } = found;
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

/// The bytes as text without a byte order mark, as far as they are UTF-8, and what is wrong behind that.
fn decode(bytes: &[u8]) -> (String, Option<yaml::SyntaxFault>) {
    let (text, broken) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).and_then(|good| std::str::from_utf8(good).ok());
            (good.unwrap_or_default(), bytes.get(error.valid_up_to()))
        }
    };
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text).to_owned();
    let fault = broken.map(|byte| yaml::SyntaxFault {
        offset: text.len(),
        quotes: false,
        fault: if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            Fault::hinted("the file is UTF-16", "save it as UTF-8")
        } else {
            Fault::hinted(format!("the byte 0x{byte:02X} here is no UTF-8"), "save the file as UTF-8")
        },
    });
    (text, fault)
}
