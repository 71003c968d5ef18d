//! What is uploaded for an app, as far as a resumed deployment must know: whether it is the same, and if not, what
//! differs. The files themselves are read elsewhere.
//!
//! Two annotations tell another machine of it: the digest of all, and a listing that is short (a thousand characters,
//! since people see the command that writes it; more where very many files lie side by side). The listing has the name of
//! each file, and two characters which are a part of the hash of its contents; where the names do not fit, three characters
//! of their hashes stand for them; where there are too many files for that, too, it has the folders at the depth down to
//! which they fit. It decides nothing: it only helps to name what differs.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use base16ct::lower;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

/// The most characters of a listing.
const LONGEST: usize = 1000;
/// What is escaped in the names of a listing.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'/');
/// The most entries of a listing.
const MAX_ENTRIES: usize = 200;
/// As many are listed all the same where there are no folders that they could be folded into: an annotation has room for 5000
/// characters (CC API 3).
const MAX_AT_THE_TOP: usize = 900;
/// The characters of an entry that stand for the name. Two of 200 files look alike in one of ten listings.
const OF_NAME: usize = 3;
/// The characters of an entry that stand for the contents. Of 4096 changed files one looks unchanged.
const OF_CONTENTS: usize = 2;
/// The characters that stand for the name of what was left out.
const OF_LEFT_OUT: usize = 4;
/// How many names are told.
const TOLD: usize = 10;

/// What is uploaded for an app. Empty where nothing is, as for a docker image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    digest: String,
    listing: String,
    /// The contents by the path in the folder or archive.
    entries: BTreeMap<PathBuf, [u8; 32]>,
    left_out: BTreeSet<PathBuf>,
}

/// How the files that are here differ from those that were to be uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// The names of those that have changed; folders end with `/`.
    pub(crate) changed: Vec<String>,
    /// The names of those that were not there.
    pub(crate) added: Vec<String>,
    /// The names of those that are not here.
    pub(crate) missing: Vec<String>,
    /// How many more are not here, whose names did not fit.
    pub(crate) unnamed: usize,
}

impl Upload {
    /// What is uploaded: files, folders and links, each with the SHA-256 of what counts of it. `left_out` are files
    /// that the run itself writes.
    pub(crate) fn new(entries: BTreeMap<PathBuf, [u8; 32]>, left_out: BTreeSet<PathBuf>) -> Self {
        let digest = digest(&entries);
        let listing = listing(&entries, &left_out);
        Self { digest, listing, entries, left_out }
    }

    /// What an interrupted deployment was to upload, for who only asks what could be done with it.
    pub(crate) fn as_written(digest: &str, listing: &str) -> Self {
        Self { digest: digest.to_owned(), listing: listing.to_owned(), ..Self::nothing() }
    }

    /// A droplet of that name, to be uploaded in the place of files: what tells it is its SHA-256, as the platform tells it, too.
    pub(crate) fn of_droplet_file(name: PathBuf, sha256: [u8; 32]) -> Self {
        let digest = lower::encode_string(&sha256);
        Self { digest, ..Self::new(BTreeMap::from([(name, sha256)]), BTreeSet::new()) }
    }

    /// A droplet in the place of files: what tells it is the digest of its content.
    pub(crate) fn of_droplet(checksum: &str) -> Self {
        Self::as_written(checksum, "")
    }

    /// Nothing at all.
    pub(crate) fn nothing() -> Self {
        Self::new(BTreeMap::new(), BTreeSet::new())
    }

    /// Whether there is nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The paths of what is uploaded.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.entries.keys().map(PathBuf::as_path)
    }

    /// The SHA-256 (64 lower-case hex digits) of all of it.
    pub(crate) fn digest(&self) -> &str {
        &self.digest
    }

    /// What helps to name what differs.
    pub(crate) fn listing(&self) -> &str {
        &self.listing
    }

    /// The files that the run itself writes and that lie among those that are uploaded.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = &Path> {
        self.left_out.iter().map(PathBuf::as_path)
    }

    /// Whether it is what was written down, by its digest and listing. What the run before has written itself, such as
    /// its log, is no difference. Fails with what differs.
    pub(crate) fn is_the_one(&self, digest: &str, listing: &str) -> Result<(), Difference> {
        if self.digest == digest {
            return Ok(());
        }
        let listed = Listed::parse(listing);
        let left_out = |path: &Path| listed.left_out.contains(name_of(path, OF_LEFT_OUT).as_str());
        let entries: BTreeMap<_, _> =
            self.entries.iter().filter(|(path, _)| !left_out(path)).map(|(path, of)| (path.clone(), *of)).collect();
        if self::digest(&entries) == digest { Ok(()) } else { Err(listed.against(&entries)) }
    }
}

/// A listing, read back.
struct Listed<'a> {
    depth: usize,
    /// Whether it has the names themselves, and not a part of their hashes.
    is_named: bool,
    /// Names and contents.
    entries: Vec<(Cow<'a, str>, &'a str)>,
    left_out: BTreeSet<&'a str>,
}

impl<'a> Listed<'a> {
    /// Reads `DEPTH:ENTRIES LEFT-OUT`, or `DEPTH=NAME:CONTENTS,… LEFT-OUT` where the names did fit. Of what cannot be read there is nothing in it.
    fn parse(text: &'a str) -> Self {
        let (before, left_out) = text.split_once(' ').unwrap_or((text, ""));
        let left_out = pieces(left_out, OF_LEFT_OUT).collect();
        if let Some((depth, entries)) = before.split_once('=') {
            let pair = |one: &'a str| {
                let (name, contents) = one.rsplit_once(':')?;
                Some((percent_decode_str(name).decode_utf8().ok()?, contents))
            };
            let entries = entries.split(',').filter_map(pair).collect();
            return Self { depth: depth.parse().unwrap_or(0), is_named: true, entries, left_out };
        }
        let (depth, entries) = before.split_once(':').unwrap_or(("0", ""));
        let pair = |one: &'a str| one.split_at_checked(OF_NAME).map(|(name, contents)| (Cow::from(name), contents));
        let entries = pieces(entries, OF_NAME + OF_CONTENTS).filter_map(pair).collect();
        Self { depth: depth.parse().unwrap_or(0), is_named: false, entries, left_out }
    }

    fn against(&self, entries: &BTreeMap<PathBuf, [u8; 32]>) -> Difference {
        let mut difference = Difference::default();
        if self.depth == 0 {
            return difference;
        }
        let mut unseen = self.entries.clone();
        let mut differ = Vec::new();
        for (path, group) in groups(entries, self.depth) {
            let shown = group.shown(&path);
            let name = if self.is_named { shown.clone() } else { name_of(&path, OF_NAME) };
            let contents = letters(&group.contents(), OF_CONTENTS);
            match unseen.iter().position(|(known, of)| *known == name && *of == contents) {
                Some(at) => drop(unseen.swap_remove(at)),
                None => differ.push((name, shown)),
            }
        }
        for (name, shown) in differ {
            match unseen.iter().position(|(known, _)| *known == name) {
                Some(at) => {
                    unseen.swap_remove(at);
                    difference.changed.push(shown);
                }
                None => difference.added.push(shown),
            }
        }
        if self.is_named {
            difference.missing = unseen.into_iter().map(|(name, _)| name.into_owned()).collect();
            difference.missing.sort();
        } else {
            difference.unnamed = unseen.len();
        }
        difference
    }
}

/// Cuts an ASCII text into pieces of one length.
fn pieces(text: &str, length: usize) -> impl Iterator<Item = &str> {
    (0..text.len() / length).filter_map(move |at| text.get(at * length..(at + 1) * length))
}

/// A file, or a folder with all that is in it.
struct Group {
    hash: Sha256,
    is_folder: bool,
}

impl Group {
    fn contents(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    fn shown(&self, path: &Path) -> String {
        format!("{}{}", path.display(), if self.is_folder { "/" } else { "" })
    }
}

/// The entries, with those that are deeper than `depth` folded into their folder at that depth.
fn groups(entries: &BTreeMap<PathBuf, [u8; 32]>, depth: usize) -> BTreeMap<PathBuf, Group> {
    let mut groups: BTreeMap<PathBuf, Group> = BTreeMap::new();
    for (path, contents) in entries {
        let top: PathBuf = path.iter().take(depth).collect();
        let is_folder = top != *path;
        let group = groups.entry(top).or_insert_with(|| Group { hash: Sha256::new(), is_folder });
        group.is_folder |= is_folder;
        hash_entry(&mut group.hash, path, contents);
    }
    groups
}

fn hash_entry(hash: &mut Sha256, path: &Path, contents: &[u8; 32]) {
    let name = path.as_os_str().as_encoded_bytes();
    hash.update((name.len() as u64).to_be_bytes());
    hash.update(name);
    hash.update(contents);
}

fn digest(entries: &BTreeMap<PathBuf, [u8; 32]>) -> String {
    let mut hash = Sha256::new();
    for (path, contents) in entries {
        hash_entry(&mut hash, path, contents);
    }
    lower::encode_string(&hash.finalize())
}

fn listing(entries: &BTreeMap<PathBuf, [u8; 32]>, left_out: &BTreeSet<PathBuf>) -> String {
    let deepest = entries.keys().map(|path| path.iter().count()).max().unwrap_or(0);
    let fits = |depth: &usize| {
        let tops: BTreeSet<PathBuf> = entries.keys().map(|path| path.iter().take(*depth).collect()).collect();
        tops.len() <= if *depth == 1 { MAX_AT_THE_TOP } else { MAX_ENTRIES }
    };
    let depth = (1..=deepest).take_while(fits).last().unwrap_or(0);
    let groups = if depth == 0 { BTreeMap::new() } else { groups(entries, depth) };
    let mut listing = named(depth, &groups).unwrap_or_else(|| {
        let entry = |(path, group): (&PathBuf, &Group)| {
            [name_of(path, OF_NAME), letters(&group.contents(), OF_CONTENTS)].concat()
        };
        format!("{depth}:{}", groups.iter().map(entry).collect::<String>())
    });
    if !left_out.is_empty() {
        listing.push(' ');
        listing.extend(left_out.iter().map(|path| name_of(path, OF_LEFT_OUT)));
    }
    listing
}

/// The listing with the names; `None` where they do not fit.
fn named(depth: usize, groups: &BTreeMap<PathBuf, Group>) -> Option<String> {
    let entry = |(path, group): (&PathBuf, &Group)| {
        path.to_str()?;
        let shown = group.shown(path);
        Some(format!("{}:{}", utf8_percent_encode(&shown, ESCAPED), letters(&group.contents(), OF_CONTENTS)))
    };
    let entries: Option<Vec<String>> = groups.iter().map(entry).collect();
    let listing = format!("{depth}={}", entries.filter(|all| !all.is_empty())?.join(","));
    (listing.len() <= LONGEST).then_some(listing)
}

fn name_of(path: &Path, length: usize) -> String {
    letters(&Sha256::digest(path.as_os_str().as_encoded_bytes()).into(), length)
}

/// The first characters of a hash, 64 of which there are for each.
fn letters(hash: &[u8; 32], length: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    hash.iter().take(length).map(|byte| char::from(LETTERS[usize::from(byte % 64)])).collect()
}

impl Difference {
    /// What to do where nothing but more files are here: they may be none of the app's.
    pub(crate) fn of_more(&self) -> Option<&'static str> {
        let is_of_more =
            !self.added.is_empty() && self.changed.is_empty() && self.missing.is_empty() && self.unnamed == 0;
        is_of_more.then_some("a .cfignore leaves out what is not to be uploaded, such as a log")
    }
}

impl fmt::Display for Difference {
    /// `changed: a, b; not here: c; not there before: d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = TOLD;
        let mut parts = Vec::new();
        let all = [("changed", &self.changed), ("not here", &self.missing), ("not there before", &self.added)];
        for (what, names) in all {
            if names.is_empty() {
                continue;
            }
            let told = &names[..names.len().min(left)];
            left -= told.len();
            let more = names.len() - told.len();
            parts.push(match (told, more) {
                (told, 0) => format!("{what}: {}", told.join(", ")),
                ([], 1) => format!("{what}: one file"),
                ([], more) => format!("{what}: {more} files"),
                (told, more) => format!("{what}: {} and {more} more", told.join(", ")),
            });
        }
        match self.unnamed {
            0 => {}
            // A part of the hash of a name tells a name that is here, and none that is not.
            1 => parts.push("one that was there is missing (its name is not recorded)".to_owned()),
            missing => parts.push(format!("{missing} that were there are missing (their names are not recorded)")),
        }
        if parts.is_empty() {
            parts.push("which of them differ is not known".to_owned());
        }
        f.write_str(&parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(files: &[(&str, u8)], left_out: &[&str]) -> Upload {
        let entries = files.iter().map(|(name, contents)| (PathBuf::from(name), [*contents; 32])).collect();
        Upload::new(entries, left_out.iter().map(PathBuf::from).collect())
    }

    /// What is told of other files than those that were to be uploaded.
    fn told(before: &Upload, now: &Upload) -> String {
        now.is_the_one(before.digest(), before.listing())
            .map_or_else(|differ| differ.to_string(), |()| "same".to_owned())
    }

    #[test]
    fn what_differs_is_named() {
        let before = upload(&[("a", 1), ("lib/b", 2), ("lib/c", 3)], &[]);
        for (now, words) in [
            (upload(&[("a", 1), ("lib/b", 2), ("lib/c", 3)], &[]), "same"),
            (upload(&[("a", 9), ("lib/b", 2), ("lib/c", 3)], &[]), "changed: a"),
            (upload(&[("a", 1), ("lib/b", 2), ("lib/c", 3), ("new", 4)], &[]), "not there before: new"),
            (upload(&[("a", 1)], &[]), "not here: lib/b, lib/c"),
            (upload(&[("lib/b", 7), ("lib/c", 3), ("z", 1)], &[]), "changed: lib/b; not here: a; not there before: z"),
        ] {
            assert_eq!(told(&before, &now), words);
        }
        assert_eq!(told(&Upload::nothing(), &before), "which of them differ is not known");
    }

    #[test]
    fn names_of_whatever_kind_are_told() {
        let names = ["a b", "ü:é", "x,y=z", "100%", "lib/'q'", "n\tm"];
        let files: Vec<(&str, u8)> = names.iter().map(|name| (*name, 1)).collect();
        let before = upload(&files, &["deploy.log"]);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "./-_:,=% ".contains(c);
        assert!(before.listing().chars().all(is_plain), "{}", before.listing());
        for name in names {
            let others: Vec<(&str, u8)> = files.iter().filter(|(other, _)| *other != name).copied().collect();
            assert_eq!(told(&before, &upload(&others, &[])), format!("not here: {name}"));
        }
    }

    #[test]
    fn where_the_names_do_not_fit_they_are_counted() {
        let names: Vec<String> = (0..150).map(|at| format!("target/classes/f{at}.class")).collect();
        let files: Vec<(&str, u8)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        let before = upload(&files, &[]);
        assert!(before.listing().len() <= 1020, "{}", before.listing().len());
        let told = |from: usize| told(&before, &upload(&files[from..], &[]));
        assert_eq!(told(1), "one that was there is missing (its name is not recorded)");
        assert_eq!(told(2), "2 that were there are missing (their names are not recorded)");
    }

    #[test]
    fn what_a_run_writes_itself_does_not_count_then_or_now() {
        let before = upload(&[("a", 1)], &["deploy.log", "events.jsonl"]);
        assert_eq!(told(&before, &upload(&[("a", 1)], &[])), "same", "on another machine");
        assert_eq!(told(&before, &upload(&[("a", 1), ("deploy.log", 5)], &["resume.log"])), "same");
        assert_eq!(told(&before, &upload(&[("a", 2), ("deploy.log", 5)], &[])), "changed: a");
    }

    #[test]
    fn a_droplet_is_told_by_its_own_digest() {
        let of = |contents: u8| Upload::of_droplet_file("out.tgz".into(), [contents; 32]);
        assert_eq!(of(0xab).digest(), "ab".repeat(32));
        assert_eq!(told(&of(1), &of(1)), "same");
        assert_eq!(told(&of(1), &of(2)), "changed: out.tgz");
    }

    #[test]
    fn ten_names_are_told() {
        let names: Vec<String> = (0..30).map(|at| format!("f{at:02}")).collect();
        let all = |contents: u8, count: usize| {
            upload(&names[..count].iter().map(|name| (name.as_str(), contents)).collect::<Vec<_>>(), &[])
        };
        assert_eq!(
            told(&all(1, 12), &all(2, 30)),
            "changed: f00, f01, f02, f03, f04, f05, f06, f07, f08, f09 and 2 more; not there before: 18 files"
        );
    }

    #[test]
    fn many_files_are_told_by_their_folders_and_the_listing_stays_short() {
        let names: Vec<String> = (0..5000).map(|at| format!("node_modules/m{}/f{at}", at % 100)).collect();
        let mut files: Vec<(&str, u8)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        files.push(("server.js", 1));
        let before = upload(&files, &["deploy.log"]);
        assert!(before.listing().len() <= 1020, "{}", before.listing().len());
        files[7].1 = 2;
        files.push(("more", 1));
        assert_eq!(told(&before, &upload(&files, &[])), "changed: node_modules/m7/; not there before: more");
        let flat: Vec<String> = (0..901).map(|at| format!("f{at}")).collect();
        let mut flat: Vec<(&str, u8)> = flat.iter().map(|name| (name.as_str(), 1)).collect();
        // Too many even at the top: all that can be said is that they differ.
        let before = upload(&flat, &[]);
        assert_eq!(before.listing(), "0:");
        assert_eq!(told(&before, &upload(&flat[1..], &[])), "which of them differ is not known");
        flat.truncate(900);
        let before = upload(&flat, &["deploy.log"]);
        assert!(before.listing().len() < 5000, "{}", before.listing().len());
        flat[7].1 = 2;
        assert_eq!(told(&before, &upload(&flat, &[])), "changed: f7");
    }

    #[test]
    fn a_listing_of_another_version_does_no_harm() {
        let now = upload(&[("a", 1)], &[]);
        for listing in ["", "x", "3:é", "99:AAAA éé", "1: ", ":", "=", "1=", "1=a", "1=%ff:AA,:", "x=a:AA éé"] {
            assert!(now.is_the_one("other", listing).is_err(), "{listing}");
        }
    }
}
