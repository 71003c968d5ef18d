//! The table of keys as a page for people.

use std::fmt::Write as _;

use super::keys::PLAN;
use super::table::{Kind, Need, Table};

/// The reference of the plan file as Markdown.
pub(crate) fn reference() -> String {
    let mut page = String::from(
        "# The plan file\n\n\
         `cutover` reads its plan from `deploy.yaml` (or the file named with `-f`). `deploy.example.yaml` has every key.\n\
         Paths are relative to the plan file. With `--env NAME` the file `deploy.NAME.yaml` beside it is laid over it: mappings\n\
         are united key by key, apps with the app of the same name; any other value takes the place of what it covers.\n\n\
         This page is made from the table that the checks and `cutover schema` use.\n",
    );
    section(&mut page, &PLAN, "");
    page
}

fn section(page: &mut String, table: &'static Table, path: &str) {
    let title = if path.is_empty() { "The top of the file".to_owned() } else { format!("`{path}`") };
    // Writing to a String cannot fail, here and below.
    let _ = write!(page, "\n## {title}\n\n");
    if table.one_of {
        let _ = write!(page, "{}{} has exactly one of these.\n\n", table.noun[..1].to_uppercase(), &table.noun[1..]);
    }
    let _ = writeln!(page, "| key | value | without it |\n|---|---|---|");
    for key in table.keys {
        let without = match key.need {
            Need::Required => "**required**".to_owned(),
            Need::Default(value) => format!("`{value}`"),
            Need::Optional(_) if table.one_of => String::new(),
            Need::Optional(meaning) => meaning.to_owned(),
        };
        let _ = writeln!(page, "| `{}` | {} {} | {without} |", key.name, kind(&key.kind), key.doc);
    }
    for key in table.keys {
        if let Some((inner, suffix)) = inner(&key.kind) {
            let path = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
            section(page, inner, &format!("{path}{suffix}"));
        }
    }
}

/// The table that describes a value or its items.
fn inner(kind: &Kind) -> Option<(&'static Table, &'static str)> {
    match kind {
        Kind::Table(table) | Kind::TableOr(table, _) => Some((table, "")),
        Kind::List(Kind::Table(table) | Kind::TableOr(table, _), ..) => Some((table, "[]")),
        Kind::Text(_)
        | Kind::Number(..)
        | Kind::NumberOrWord(..)
        | Kind::Flag
        | Kind::Choice(_)
        | Kind::List(..)
        | Kind::OneOrMore(_)
        | Kind::Variables
        | Kind::Any
        | Kind::Entries(..) => None,
    }
}

/// What a value is, as the beginning of a cell.
fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Text(text) => {
            let examples: Vec<_> =
                text.examples.iter().map(|example| format!("`{}`", example.replace('|', "\\|"))).collect();
            format!("*{}* ({}).", text.noun, examples.join(", "))
        }
        Kind::Number(least, most) if least == most => format!("`{least}`."),
        Kind::Number(least, most) => format!("*a whole number from {least} to {most}*."),
        Kind::NumberOrWord(least, most, words) => {
            let words: Vec<_> = words.iter().map(|(word, meaning)| format!("`{word}` ({meaning})")).collect();
            format!("*a whole number from {least} to {most}*, or one of {}.", words.join(", "))
        }
        Kind::Flag => "`true` or `false`.".to_owned(),
        Kind::Choice(words) => {
            let words: Vec<_> = words.iter().map(|(word, meaning)| format!("`{word}` ({meaning})")).collect();
            format!("{}.", words.join(", "))
        }
        Kind::List(item, least, most) => {
            let count = match (least, most) {
                (least, Some(most)) if least == most => format!("a list of exactly {least}"),
                (0, _) => "a list".to_owned(),
                (least, _) => format!("a list of at least {least}"),
            };
            match item {
                Kind::Text(text) => format!("*{count}, each {}*.", text.noun),
                Kind::Table(table) => format!("*{count}, each {}*, see below.", table.noun),
                Kind::TableOr(table, key) => {
                    format!("*{count}, each {}*: a mapping, see below, or its `{key}` alone.", table.noun)
                }
                Kind::Number(..)
                | Kind::NumberOrWord(..)
                | Kind::Flag
                | Kind::Choice(_)
                | Kind::List(..)
                | Kind::OneOrMore(_)
                | Kind::Variables
                | Kind::Any
                | Kind::Entries(..) => format!("*{count}*."),
            }
        }
        Kind::OneOrMore(item) => {
            let item = self::kind(item);
            format!("{}, or a list of such.", item.trim_end_matches('.'))
        }
        Kind::Table(_) => "*a mapping*, see below.".to_owned(),
        Kind::TableOr(_, key) => format!("*a mapping*, see below, or its `{key}` alone."),
        Kind::Variables => "*a mapping of names to texts, numbers or booleans*.".to_owned(),
        Kind::Any => "*anything*.".to_owned(),
        Kind::Entries(name, value) => {
            let examples: Vec<_> = name.examples.iter().map(|example| format!("`{example}`")).collect();
            format!("*a mapping*: of {} ({}) to {}", name.noun, examples.join(", "), self::kind(value))
        }
    }
}
