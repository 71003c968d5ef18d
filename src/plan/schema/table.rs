//! What the table of keys is made of.

use crate::plan::value_error::ValueError;

/// A mapping that a plan may hold.
#[derive(Debug)]
pub(crate) struct Table {
    /// What it describes, with its article: `an app`.
    pub noun: &'static str,
    /// Its keys in the order in which they are documented.
    pub keys: &'static [Key],
    /// Whether it has exactly one of its keys.
    pub one_of: bool,
}

impl Table {
    /// The key of a name.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// A key of a mapping.
#[derive(Debug)]
pub(crate) struct Key {
    /// The key as written.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether it may be left out.
    pub need: Need,
    /// What it is for.
    pub doc: &'static str,
}

/// Whether a key may be left out, and what then holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// It may not.
    Required,
    /// It may, and then there is none; the text says what that means.
    Optional(&'static str),
    /// It may; this value, written as in a plan, then holds.
    Default(&'static str),
}

/// What a value is.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A text with rules of its own.
    Text(&'static Text),
    /// A whole number within bounds, both included.
    Number(u32, u32),
    /// A whole number within bounds, or one of a few words, each with what it means.
    NumberOrWord(u32, u32, &'static [(&'static str, &'static str)]),
    /// `true` or `false`.
    Flag,
    /// One of a few words, each with what it means.
    Choice(&'static [(&'static str, &'static str)]),
    /// A list with at least and at most so many items.
    List(&'static Kind, usize, Option<usize>),
    /// One item, or a list of one or more.
    OneOrMore(&'static Kind),
    /// A mapping with known keys.
    Table(&'static Table),
    /// A mapping with known keys, or what stands at this one of them, alone.
    TableOr(&'static Table, &'static str),
    /// A mapping with keys of the user's own, whose values are texts, numbers or booleans.
    Variables,
    /// A mapping with keys of the user's own, and what each value is.
    Entries(&'static Text, &'static Kind),
    /// Anything that JSON can hold.
    Any,
}

/// A kind of text.
#[derive(Debug)]
pub(crate) struct Text {
    /// What it is, with its article: `a route`.
    pub noun: &'static str,
    /// Examples for documents and messages.
    pub examples: &'static [&'static str],
    /// A regular expression for editors (ECMA-262); looser than the check where that cannot be expressed.
    pub pattern: Option<&'static str>,
    /// The check.
    pub check: fn(&str) -> Result<(), ValueError>,
}
