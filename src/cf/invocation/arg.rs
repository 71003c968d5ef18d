//! One argument of cf: text, and references that are known only when the step runs.

use std::fmt::Write as _;

use thiserror::Error;

use crate::shell::quote;

use super::manifest_part::ManifestPart;
use super::query::query;
use super::route_parts::RouteParts;

/// Something that is known only when the step runs: most of it once the space has been read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    /// The guid of the app with this name.
    AppGuid(String),
    /// The guid of the newest package of the app with this name.
    PackageGuid(String),
    /// The guid of the newest STAGED droplet of the app with this name.
    DropletGuid(String),
    /// The guid of the droplet that the app with this name runs.
    CurrentDropletGuid(String),
    /// The guid of a sidecar of the app with this name.
    SidecarGuid(String, String),
    /// The guid of a route that is there.
    RouteGuid(RouteParts),
    /// The path of the file that holds the invocation's [`secret`](super::Invocation::secret); where it is shown, this name.
    File(&'static str),
    /// The name of a file with a part of a manifest.
    ManifestPart(ManifestPart),
}

impl Reference {
    /// The app that the reference is about.
    pub(crate) fn app(&self) -> Option<&str> {
        match self {
            Self::AppGuid(app)
            | Self::PackageGuid(app)
            | Self::DropletGuid(app)
            | Self::CurrentDropletGuid(app)
            | Self::SidecarGuid(app, _) => Some(app),
            Self::ManifestPart(part) => Some(&part.app),
            Self::RouteGuid(_) | Self::File(_) => None,
        }
    }

    /// How it is shown where no shell reads it.
    fn plain(&self) -> String {
        match self {
            Self::File(name) => (*name).to_owned(),
            other => format!("$({})", other.command("cf")),
        }
    }

    /// A POSIX shell command that prints the value, with `program` as cf.
    ///
    /// cf 8.17: `droplets` prints a heading, a blank line, the columns `guid state created` and then the
    /// rows, newest first; the droplet in use reads `GUID (current)`, which moves its state to the third field. So does `packages`.
    fn command(&self, program: &str) -> String {
        let app = quote(self.app().unwrap_or_default());
        match self {
            Self::AppGuid(_) => format!("{program} app {app} --guid"),
            Self::PackageGuid(_) => {
                format!("{program} packages {app} | awk 'NR > 3 && $2 == \"ready\" {{ print $1; exit }}'")
            }
            Self::DropletGuid(_) => {
                format!("{program} droplets {app} | awk 'NR > 3 && / staged / {{ print $1; exit }}'")
            }
            Self::CurrentDropletGuid(_) => {
                format!("{program} droplets {app} | awk '$2 == \"(current)\" {{ print $1 }}'")
            }
            Self::SidecarGuid(_, name) => {
                let guid =
                    format!(".resources[] | select(.name == {}) | .guid", serde_json::Value::from(name.as_str()));
                format!("{program} curl /v3/apps/$({program} app {app} --guid)/sidecars | jq -r {}", quote(&guid))
            }
            Self::RouteGuid(route) => {
                let host = route.host.as_deref().map(|host| ("hosts", host));
                let path = query("/v3/routes", &host.into_iter().chain([("per_page", "5000")]).collect::<Vec<_>>());
                let url = serde_json::Value::from(route.url().to_ascii_lowercase());
                let guid = format!(".resources[] | select(.url | ascii_downcase == {url}) | .guid");
                format!("{program} curl {} | jq -r {}", quote(&path), quote(&guid))
            }
            Self::File(name) => format!("echo {name}"),
            Self::ManifestPart(part) => part.command(),
        }
    }
}

/// A part of an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text that is passed as it is.
    Text(String),
    /// A value that is looked up before the run.
    Reference(Reference),
}

/// One argument of cf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arg {
    kind: Kind,
    pieces: Vec<Piece>,
}

/// What cf is to take an argument for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A command or a flag, written in this file.
    Word,
    /// A name or a value from outside, which must never be taken for a flag.
    Value,
}

impl Arg {
    pub(super) fn word(text: &str) -> Self {
        Self { kind: Kind::Word, pieces: vec![Piece::Text(text.to_owned())] }
    }

    pub(super) fn value(text: impl Into<String>) -> Self {
        Self { kind: Kind::Value, pieces: vec![Piece::Text(text.into())] }
    }

    /// Texts that stand side by side are one.
    pub(super) fn pieces_of(all: Vec<Piece>) -> Self {
        let mut pieces: Vec<Piece> = Vec::new();
        for piece in all {
            match (pieces.last_mut(), piece) {
                (Some(Piece::Text(text)), Piece::Text(more)) => text.push_str(&more),
                (_, piece) => pieces.push(piece),
            }
        }
        Self { kind: Kind::Value, pieces }
    }

    pub(super) fn resolve(&self, lookup: &dyn Fn(&Reference) -> Option<String>) -> Result<String, Unresolved> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Reference(reference) => {
                    text.push_str(&lookup(reference).ok_or_else(|| Unresolved::Missing(reference.clone()))?);
                }
            }
        }
        match self.kind {
            // cf 8.17 (go-flags without PassDoubleDash): `--` does not end the flags, so there is no way to quote one.
            Kind::Value if text.starts_with('-') => Err(Unresolved::LooksLikeAFlag(text)),
            Kind::Value if text.is_empty() => Err(Unresolved::Empty),
            Kind::Value if text.contains('\0') => Err(Unresolved::Nul),
            Kind::Word | Kind::Value => Ok(text),
        }
    }

    /// The argument as a POSIX shell reads it, references as command substitutions.
    pub(super) fn shell(&self, program: &str) -> String {
        let (Some(first), one) = (self.pieces.first(), self.pieces.len() == 1) else { return quote("") };
        if let (Piece::Text(text), true) = (first, one) {
            return quote(text);
        }
        // One pair of double quotes reads best; where the text itself has characters that mean something between
        // double quotes (`!` in an interactive bash), the parts are quoted one by one.
        let plain = |piece: &Piece| match piece {
            Piece::Text(text) => !text.contains(['"', '$', '`', '\\', '!', '\n']),
            Piece::Reference(_) => true,
        };
        // A file's name needs no quotes.
        if self.pieces.iter().all(|piece| {
            matches!(piece, Piece::Text(text) if quote(text) == *text)
                || matches!(piece, Piece::Reference(Reference::File(_)))
        }) {
            return self.plain();
        }
        let together = self.pieces.iter().all(plain);
        let mut shown = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Reference(Reference::File(name)) => shown.push_str(name),
                Piece::Text(text) if together => shown.push_str(text),
                Piece::Text(text) => shown.push_str(&quote(text)),
                Piece::Reference(reference) if together => {
                    let _ = write!(shown, "$({})", reference.command(program));
                }
                Piece::Reference(reference) => {
                    let _ = write!(shown, "\"$({})\"", reference.command(program));
                }
            }
        }
        if together { format!("\"{shown}\"") } else { shown }
    }

    pub(super) fn plain(&self) -> String {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Reference(reference) => reference.plain(),
            })
            .collect()
    }
}

/// Why an invocation cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unresolved {
    /// Nothing in the space answers to the reference.
    #[error("{} is not known yet", describe(.0))]
    Missing(Reference),
    /// A name or a value begins with `-`, so that cf would take it for a flag.
    #[error("cf would take '{0}' for a flag")]
    LooksLikeAFlag(String),
    /// A name or a value is empty.
    #[error("an argument of cf is empty")]
    Empty,
    /// A name or a value holds a NUL character, which no argument can.
    #[error("an argument of cf holds a NUL character")]
    Nul,
}

fn describe(reference: &Reference) -> String {
    match reference {
        Reference::AppGuid(app) => format!("the guid of app '{app}'"),
        Reference::PackageGuid(app) => format!("the newest package of app '{app}'"),
        Reference::DropletGuid(app) => format!("a staged droplet of app '{app}'"),
        Reference::CurrentDropletGuid(app) => format!("the current droplet of app '{app}'"),
        Reference::SidecarGuid(app, name) => format!("sidecar '{name}' of app '{app}'"),
        Reference::RouteGuid(route) => format!("the guid of route '{}'", route.url()),
        Reference::File(name) => format!("the file {name}"),
        Reference::ManifestPart(part) => format!("a file with what is pushed of '{}'", part.file),
    }
}
