//! Which file imports which: `use` lines, paths that begin at the crate, and what a file says of its own children. A name that
//! is passed on (`pub use`) is followed to the file that it comes from.

use std::collections::{BTreeMap, BTreeSet};

/// The path of a module below the crate.
type Module = Vec<String>;

/// All files, and what they say.
#[derive(Default)]
pub(super) struct Imports {
    files: BTreeMap<Module, String>,
    uses: BTreeMap<Module, Vec<Use>>,
    /// What else is said in a file.
    code: BTreeMap<Module, String>,
}

/// A name that a file takes from elsewhere.
struct Use {
    name: String,
    path: Vec<String>,
    is_passed_on: bool,
}

impl Imports {
    /// Takes in a file, named by its path below `src`, with its code but for tests.
    pub(super) fn add(&mut self, file: &str, code: &[&str]) {
        let mut module: Module = file.trim_end_matches(".rs").split('/').map(ToOwned::to_owned).collect();
        module.pop_if(|last| ["mod", "lib"].contains(&last.as_str()));
        let (mut uses, mut rest) = (Vec::new(), String::new());
        let mut statement: Option<String> = None;
        for line in code {
            let bare =
                ["pub(crate) ", "pub(super) ", "pub "].iter().find_map(|seen| line.strip_prefix(seen)).unwrap_or(line);
            let is_use = bare.starts_with("use ");
            if statement.is_none() && !is_use {
                rest.push_str(line);
                rest.push('\n');
                continue;
            }
            let so_far = statement.take().unwrap_or_default() + line;
            match so_far.strip_suffix(';') {
                Some(whole) => {
                    let (head, tree) = whole.split_once("use ").unwrap();
                    uses.extend(leaves(tree, &[]).into_iter().map(|(path, name)| Use {
                        name,
                        path,
                        is_passed_on: head.starts_with("pub"),
                    }));
                }
                None => statement = Some(so_far),
            }
        }
        self.files.insert(module.clone(), file.to_owned());
        self.uses.insert(module.clone(), uses);
        self.code.insert(module, rest);
    }

    /// Each file with those that it imports.
    pub(super) fn by_file(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let of = |module: &Module| {
            let used = self.uses[module].iter().filter(|one| !one.is_passed_on).map(|one| one.path.clone());
            let all = used.chain(paths(&self.code[module]));
            let found = all.filter_map(|path| self.file_of(&self.absolute(module, &path)?));
            found.filter(|file| *file != self.files[module]).collect()
        };
        self.files.iter().map(|(module, file)| (file.as_str(), of(module))).collect()
    }

    /// A path from the crate on; `None` where it leads to another crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Vec<String>> {
        let mut from = module.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => return Some(path[1..].to_vec()),
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    from.pop()?;
                    rest = &rest[1..];
                }
            }
            child => {
                let of_child = [module.as_slice(), &[child.to_owned()]].concat();
                self.files.get(&of_child)?;
            }
        }
        from.extend_from_slice(rest);
        Some(from)
    }

    /// The file that a name comes from.
    fn file_of(&self, path: &[String]) -> Option<&str> {
        let length = (0..=path.len()).rev().find(|length| self.files.contains_key(&path[..*length]))?;
        let (module, rest) = path.split_at(length);
        let passed_on = rest.first().and_then(|name| self.uses[module].iter().find(|one| one.name == *name));
        let origin =
            passed_on.and_then(|one| self.absolute(&module.to_vec(), &one.path)).filter(|origin| origin != path);
        origin.map_or_else(|| self.files.get(module).map(String::as_str), |origin| self.file_of(&origin))
    }
}

/// What a tree of names stands for: each path, and the name that it gets.
fn leaves(tree: &str, before: &[String]) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    let parts = |text: &str| {
        text.split("::").map(str::trim).filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    if let Some((head, branches)) = tree.split_once('{') {
        let before = [before, &parts(head)].concat();
        let branches = branches.strip_suffix('}').unwrap();
        let mut depth = 0;
        let is_between = |letter: char| {
            depth += i32::from(letter == '{') - i32::from(letter == '}');
            letter == ',' && depth == 0
        };
        let all = branches.split(is_between).filter(|branch| !branch.trim().is_empty());
        return all.flat_map(|branch| leaves(branch, &before)).collect();
    }
    let (path, name) =
        tree.split_once(" as ").map_or((tree, None), |(path, name)| (path, Some(name.trim().to_owned())));
    let mut path = [before, &parts(path)].concat();
    path.pop_if(|last| last == "self");
    let name = name.or_else(|| path.last().cloned()).unwrap_or_default();
    vec![(path, name)]
}

/// The paths of at least two parts that stand in some code.
fn paths(code: &str) -> impl Iterator<Item = Vec<String>> {
    let words = code.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
    let paths = words.filter(|word| word.contains("::") && word.starts_with(|first: char| first.is_lowercase()));
    paths.map(|path| path.split("::").map(ToOwned::to_owned).collect())
}

/// Those that lead to each other, whichever way: each circle in order.
pub(super) fn circles<'f>(imports: &BTreeMap<&'f str, BTreeSet<&'f str>>) -> BTreeSet<Vec<&'f str>> {
    let reached = |from: &'f str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(file) = open.pop() {
            open.extend(imports.get(file).into_iter().flatten().filter(|next| seen.insert(**next)));
        }
        seen
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = imports.keys().map(|file| (*file, reached(file))).collect();
    let circle = |file: &str| {
        let with_it = |other: &&&str| reached.get(**other).is_some_and(|others| others.contains(file));
        reached[file].iter().filter(with_it).copied().collect::<Vec<_>>()
    };
    imports.keys().map(|file| circle(file)).filter(|circle| !circle.is_empty()).collect()
}

#[test]
fn imports_are_followed_to_where_names_come_from() {
    let mut imports = Imports::default();
    imports.add("lib.rs", &["mod a;", "mod b;"]);
    imports.add("a/mod.rs", &["mod one;", "mod two;", "pub(crate) use one::{One, Other as Another};"]);
    imports.add("a/one.rs", &["use std::fmt;", "use crate::{", "b::B,", "};"]);
    imports.add("a/two.rs", &["use super::Another;", "fn x() { crate::b::x() }"]);
    imports.add("b.rs", &["mod c;", "use crate::a::{self, One};", "fn x() { c::x() }"]);
    imports.add("b/c.rs", &["use super::super::a::two::{Two};"]);
    let found = imports.by_file();
    let of = |file: &str| found[file].iter().copied().collect::<Vec<_>>();
    for (file, expected) in [
        ("a/mod.rs", &[][..]),
        ("a/one.rs", &["b.rs"]),
        ("a/two.rs", &["a/one.rs", "b.rs"]),
        ("b.rs", &["a/mod.rs", "a/one.rs", "b/c.rs"]),
        ("b/c.rs", &["a/two.rs"]),
    ] {
        assert_eq!(of(file), expected, "{file}");
    }
    assert_eq!(circles(&found), BTreeSet::from([vec!["a/one.rs", "a/two.rs", "b.rs", "b/c.rs"]]));
}
