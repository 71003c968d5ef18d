//! Holds a tree against the table of keys: unknown, missing and repeated keys, wrong types, and every rule that
//! concerns a single value. What passes here can be read without further questions.

use super::fault::Fault;
use super::foreign;
use super::keys::{self, INSTANCES, Key, Kind, Need, Table, VERSION};
use super::node::{Node, Scalar, ScalarKind, Value};
use super::report::Report;
use super::similar;
use crate::text::is_unprintable;

/// Checks a node against what it should be and notes all problems.
pub(super) fn check(node: &Node, kind: &Kind, path: &str, report: &mut Report<'_>) {
    match kind {
        Kind::Table(table) => check_table(node, table, path, report),
        Kind::List(item, least, most) => check_list(node, item, *least, *most, path, report),
        Kind::OneOrMore(item) => match &node.value {
            Value::List(_) => check_list(node, item, 1, None, path, report),
            Value::Scalar(_) | Value::Map(_) => check(node, item, path, report),
        },
        Kind::Variables => check_variables(node, path, report),
        Kind::Text(_) | Kind::Number(..) | Kind::Choice(_) => {
            let fault = match &node.value {
                Value::Scalar(scalar) => check_scalar(scalar, kind).err(),
                Value::List(_) | Value::Map(_) => Some(wrong_type(node, kind)),
            };
            if let Some(fault) = fault {
                report.node(node, path, fault);
            }
        }
    }
}

/// The path of a key within a path.
pub(super) fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn check_table(node: &Node, table: &'static Table, path: &str, report: &mut Report<'_>) {
    let Value::Map(entries) = &node.value else {
        return report.node(node, path, wrong_type(node, &Kind::Table(table)));
    };
    for (at, (key, value)) in entries.iter().enumerate() {
        let Some(name) = key.text() else {
            report.node(key, path, Fault::new("a key is a single word"));
            continue;
        };
        let path = below(path, name);
        if entries[..at].iter().any(|(earlier, _)| earlier.text() == Some(name)) {
            let fault = Fault::hinted(format!("the key `{name}` is given twice"), "keep one of them");
            report.node(key, &path, fault);
        }
        match table.key(name) {
            Some(known) => check(value, &known.kind, &path, report),
            None => report.node(key, &path, unknown_key(name, table)),
        }
    }
    let has = |key: &Key| entries.iter().any(|(name, _)| name.text() == Some(key.name));
    for key in table.keys {
        if key.need == Need::Required && !has(key) {
            let first_sentence = key.doc.split(". ").next().unwrap_or_default().trim_end_matches('.');
            let hint = format!("`{}:` {}", key.name, first_sentence);
            let fault = Fault::hinted(format!("{} needs the key `{}`", table.noun, key.name), hint);
            report.node(node, path, fault);
        }
    }
    let known = table.keys.iter().filter(|key| has(key)).count();
    // Without any known key there is an unknown one, which is a problem already, or none at all.
    if table.one_of && (known > 1 || entries.is_empty()) {
        let names: Vec<_> = table.keys.iter().map(|key| format!("`{}`", key.name)).collect();
        let hint = "write each as an item of its own, with its own `-`";
        report.node(
            node,
            path,
            Fault::hinted(format!("{} has exactly one of {}", table.noun, names.join(" and ")), hint),
        );
    }
}

fn unknown_key(name: &str, table: &'static Table) -> Fault {
    let message = format!("{} has no key `{name}`", table.noun);
    if name == "<<" {
        return Fault::hinted(
            "`<<` takes over a mapping, and there is none",
            "write `<<: *name`, with `&name` at a mapping above",
        );
    }
    let names = table.keys.iter().map(|key| key.name);
    if let Some(meant) = foreign::meant(name, table) {
        return Fault::hinted(message, meant);
    }
    if let Some(close) = similar::closest(name, names.clone()) {
        return Fault::hinted(message, format!("did you mean `{close}`?"));
    }
    if let Some(home) = keys::TABLES.iter().find(|other| other.key(name).is_some()) {
        return Fault::hinted(message, format!("`{name}` is a key of {}; look at the indentation", home.noun));
    }
    Fault::hinted(message, format!("its keys are {}", names.collect::<Vec<_>>().join(", ")))
}

fn check_list(node: &Node, item: &Kind, least: usize, most: Option<usize>, path: &str, report: &mut Report<'_>) {
    let Value::List(items) = &node.value else {
        return report.node(node, path, not_a_list(node, item));
    };
    for (at, one) in items.iter().enumerate() {
        check(one, item, &format!("{path}[{at}]"), report);
    }
    let count = items.len();
    if count < least || most.is_some_and(|most| count > most) {
        let wanted = match most {
            Some(most) if most == least => format!("exactly {least} items are needed"),
            Some(_) | None => format!("at least {least} is needed"),
        };
        let found = if count == 0 {
            "the list is empty".to_owned()
        } else {
            format!("the list has {count} item{}", if count == 1 { "" } else { "s" })
        };
        report.node(node, path, Fault::hinted(format!("{found}; {wanted}"), format!("an item is {}", noun(item))));
    }
}

fn not_a_list(node: &Node, item: &Kind) -> Fault {
    let fault = Fault::new(format!("expected a list, found {}", found(node)));
    let hint = match &node.value {
        Value::Scalar(scalar) if scalar.kind == ScalarKind::Null => {
            format!("remove the key, or give it items, each {}", noun(item))
        }
        Value::Scalar(scalar) if !scalar.text.contains([',', '\n']) => format!("write [{}]", scalar.text),
        Value::Scalar(_) | Value::List(_) | Value::Map(_) => "begin each item with `- `".to_owned(),
    };
    Fault { hint: Some(hint), ..fault }
}

fn check_variables(node: &Node, path: &str, report: &mut Report<'_>) {
    let Value::Map(entries) = &node.value else {
        return report.node(node, path, wrong_type(node, &Kind::Variables));
    };
    for (at, (key, value)) in entries.iter().enumerate() {
        let name = key.text().unwrap_or_default();
        let path = below(path, name);
        if name.is_empty() || name.starts_with('-') || name.contains(|c| c == '=' || is_unprintable(c)) {
            let hint = "letters, digits, `_` and `-` are safe; it may not begin with `-` or hold `=`";
            report.node(key, &path, Fault::hinted(format!("`{name}` is no name for a variable"), hint));
        }
        if entries[..at].iter().any(|(earlier, _)| earlier.text() == key.text()) {
            report.node(key, &path, Fault::hinted(format!("the variable `{name}` is given twice"), "keep one of them"));
        }
        match value.text() {
            Some(text) if text.contains('\0') => {
                report.node(value, &path, Fault::new("the value holds a NUL character"));
            }
            Some(_) => {}
            None => {
                let message = format!("expected a text, a number or a boolean, found {}", found(value));
                let hint = "an empty text is written \"\"; lists and mappings belong into a vars file";
                report.node(value, &path, Fault::hinted(message, hint));
            }
        }
    }
}

fn check_scalar(scalar: &Scalar, kind: &Kind) -> Result<(), Fault> {
    let Scalar { kind: is, text } = scalar;
    if *is == ScalarKind::Null {
        let hint = format!("give it a value ({}), or remove the key", noun(kind));
        return Err(Fault::hinted("there is no value", hint));
    }
    match kind {
        Kind::Text(rules) => {
            // Checked first: `drain: 35` is better told that a unit is missing than that it is a number.
            (rules.check)(text)?;
            if *is == ScalarKind::Text {
                return Ok(());
            }
            Err(Fault::hinted(
                format!("expected {}, found {}", rules.noun, named(scalar)),
                format!("to YAML this is no text; put it in quotes: \"{text}\""),
            ))
        }
        Kind::Number(least, most) => check_number(scalar, *least, *most),
        Kind::Choice(words) => {
            if words.iter().any(|(word, _)| word == text) {
                return Ok(());
            }
            let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("`{text}` is none of {}", names.join(", "));
            if *is == ScalarKind::Int && *words == INSTANCES {
                let hint =
                    "how many instances run is said in the app's cf manifest; here stands only which number holds";
                return Err(Fault::hinted(message, format!("{hint}: {}", names.join(" or "))));
            }
            let hint = similar::closest(text, names.iter().copied()).map_or_else(
                || words.iter().map(|(word, meaning)| format!("{word}: {meaning}")).collect::<Vec<_>>().join("; "),
                |close| format!("did you mean `{close}`?"),
            );
            Err(Fault::hinted(message, hint))
        }
        Kind::List(..) | Kind::OneOrMore(_) | Kind::Table(_) | Kind::Variables => Ok(()),
    }
}

fn check_number(scalar: &Scalar, least: u32, most: u32) -> Result<(), Fault> {
    let Scalar { kind: is, text } = scalar;
    let version = least == VERSION && most == VERSION;
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    if *is != ScalarKind::Int || !digits {
        let hint = match is {
            ScalarKind::Text if digits && text.starts_with('0') => {
                format!("write it without leading zeros: {}", text.trim_start_matches('0'))
            }
            ScalarKind::Text if digits => format!("write it without quotes: {text}"),
            ScalarKind::Float if text.ends_with(".0") => format!("write {}", text.trim_end_matches(".0")),
            ScalarKind::Null | ScalarKind::Bool | ScalarKind::Int | ScalarKind::Float | ScalarKind::Text if version => {
                format!("write {VERSION}")
            }
            ScalarKind::Null | ScalarKind::Bool | ScalarKind::Int | ScalarKind::Float | ScalarKind::Text => {
                format!("a number from {least} to {most} is needed")
            }
        };
        return Err(Fault::hinted(format!("expected a whole number, found {}", named(scalar)), hint));
    }
    match text.parse::<u32>() {
        Ok(number) if (least..=most).contains(&number) => Ok(()),
        Ok(_) | Err(_) if version => Err(Fault::hinted(
            format!("version {text} of the file format is not known to this cutover"),
            format!("it reads version {VERSION}; newer formats need a newer cutover"),
        )),
        Ok(_) | Err(_) => {
            Err(Fault::hinted(format!("{text} is out of bounds"), format!("a number from {least} to {most} is needed")))
        }
    }
}

fn wrong_type(node: &Node, kind: &Kind) -> Fault {
    let message = format!("expected {}, found {}", noun(kind), found(node));
    let hint = match (&node.value, kind) {
        (_, Kind::Table(table)) if foreign::written_out(table, node).is_some() => foreign::written_out(table, node),
        (_, Kind::Table(table)) => {
            let keys: Vec<_> = table.keys.iter().map(|key| key.name).collect();
            Some(format!("its keys are {}", keys.join(", ")))
        }
        (Value::List(items), _) if items.len() == 1 => Some("leave out the `-` or the brackets".to_owned()),
        (Value::Map(entries), _) if entries.len() == 1 => Some("a text that holds `: ` needs quotes".to_owned()),
        (Value::Scalar(_) | Value::List(_) | Value::Map(_), _) => None,
    };
    Fault { hint, ..Fault::new(message) }
}

/// What something should be, with its article.
fn noun(kind: &Kind) -> String {
    match kind {
        Kind::Text(rules) => match rules.examples.first() {
            Some(example) => format!("{}, such as {example}", rules.noun),
            None => rules.noun.to_owned(),
        },
        Kind::Number(..) => "a whole number".to_owned(),
        Kind::Choice(words) => {
            let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            format!("one of {}", names.join(", "))
        }
        Kind::List(item, ..) => format!("a list, each item {}", noun(item)),
        Kind::OneOrMore(item) => format!("{}, or a list of such", noun(item)),
        Kind::Table(table) => format!("{} (a mapping)", table.noun),
        Kind::Variables => "a mapping of names to values".to_owned(),
    }
}

/// What type was found, with its article; for values that may come from a vars file and be secret.
pub(super) fn found_type(node: &Node) -> &'static str {
    match &node.value {
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
        Value::Scalar(scalar) => match scalar.kind {
            ScalarKind::Null => "nothing",
            ScalarKind::Bool => "a boolean",
            ScalarKind::Int => "a whole number",
            ScalarKind::Float => "a number with a fraction",
            ScalarKind::Text => "a text",
        },
    }
}

/// What was found, with its article.
fn found(node: &Node) -> String {
    match &node.value {
        Value::Scalar(scalar) => named(scalar),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
    }
}

fn named(scalar: &Scalar) -> String {
    let short: String = scalar.text.chars().take(40).collect();
    match scalar.kind {
        ScalarKind::Null => "nothing".to_owned(),
        ScalarKind::Bool => format!("the boolean {short}"),
        ScalarKind::Int | ScalarKind::Float => format!("the number {short}"),
        ScalarKind::Text => format!("the text `{short}`"),
    }
}
