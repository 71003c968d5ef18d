//! Holds a tree against the table of keys: unknown, missing and repeated keys, wrong types, and every rule that
//! concerns a single value. What passes here can be read without further questions.

use super::diagnostics::Collector;
use super::did_you_mean::closest;
use super::schema::{INSTANCES, Key, Kind, Need, TABLES, Table, Text, VERSION, hint_for_key, hint_for_value};
use super::value_error::ValueError;
use super::yaml::{Node, Scalar, ScalarKind, Value, key_path};
use crate::text::is_unprintable;

/// Checks a node against what it should be and notes all problems.
pub(super) fn validate(node: &Node, kind: &Kind, path: &str, collector: &mut Collector<'_>) {
    match kind {
        Kind::Table(table) => check_table(node, table, path, collector),
        Kind::TableOr(table, key) => match (&node.value, table.key(key)) {
            (Value::Scalar(_) | Value::List(_), Some(alone)) => validate(node, &alone.kind, path, collector),
            (Value::Scalar(_) | Value::List(_) | Value::Map(_), _) => check_table(node, table, path, collector),
        },
        Kind::List(item, least, most) => check_list(node, item, *least, *most, path, collector),
        Kind::OneOrMore(item) => match &node.value {
            Value::List(_) => check_list(node, item, 1, None, path, collector),
            Value::Scalar(_) | Value::Map(_) => validate(node, item, path, collector),
        },
        Kind::Variables => check_variables(node, path, collector),
        Kind::Entries(name, value) => check_entries(node, name, value, path, collector),
        Kind::Any => {}
        Kind::Text(_) | Kind::Number(..) | Kind::NumberOrWord(..) | Kind::Flag | Kind::Choice(_) => {
            let error = match &node.value {
                Value::Scalar(scalar) => check_scalar(scalar, kind).err(),
                Value::List(_) | Value::Map(_) => Some(wrong_type(node, kind)),
            };
            if let Some(error) = error {
                collector.node(node, path, error);
            }
        }
    }
}

fn check_table(node: &Node, table: &'static Table, path: &str, collector: &mut Collector<'_>) {
    let Value::Map(entries) = &node.value else {
        return collector.node(node, path, wrong_type(node, &Kind::Table(table)));
    };
    for (at, (key, value)) in entries.iter().enumerate() {
        let Some(name) = key.text() else {
            collector.node(key, path, ValueError::new("a key is a single word"));
            continue;
        };
        let path = key_path(path, name);
        if entries[..at].iter().any(|(earlier, _)| earlier.text() == Some(name)) {
            let error = ValueError::hinted(format!("the key `{name}` is given twice"), "keep one of them");
            collector.node(key, &path, error);
        }
        match table.key(name) {
            Some(known) => validate(value, &known.kind, &path, collector),
            None => collector.node(key, &path, unknown_key(name, table)),
        }
    }
    let has = |key: &Key| entries.iter().any(|(name, _)| name.text() == Some(key.name));
    for key in table.keys {
        if key.need == Need::Required && !has(key) {
            let first_sentence = key.doc.split(". ").next().unwrap_or_default().trim_end_matches('.');
            let hint = format!("`{}:` {}", key.name, first_sentence);
            let error = ValueError::hinted(format!("{} needs the key `{}`", table.noun, key.name), hint);
            collector.node(node, path, error);
        }
    }
    let known = table.keys.iter().filter(|key| has(key)).count();
    // Without any known key there is an unknown one, which is a problem already, or none at all.
    if table.one_of && (known > 1 || entries.is_empty()) {
        let names: Vec<_> = table.keys.iter().map(|key| format!("`{}`", key.name)).collect();
        let hint = "write each as an item of its own, with its own `-`";
        collector.node(
            node,
            path,
            ValueError::hinted(format!("{} has exactly one of {}", table.noun, listed(&names)), hint),
        );
    }
}

/// `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        names => names.concat(),
    }
}

fn unknown_key(name: &str, table: &'static Table) -> ValueError {
    let message = format!("{} has no key `{name}`", table.noun);
    if name == "<<" {
        return ValueError::hinted(
            "`<<` takes over a mapping, and there is none",
            "write `<<: *name`, with `&name` at a mapping above",
        );
    }
    let names = table.keys.iter().map(|key| key.name);
    if let Some(meant) = hint_for_key(name, table) {
        return ValueError::hinted(message, meant);
    }
    if let Some(close) = closest(name, names.clone()) {
        return ValueError::hinted(message, format!("did you mean `{close}`?"));
    }
    if let Some(home) = TABLES.iter().find(|other| other.key(name).is_some()) {
        return ValueError::hinted(message, format!("`{name}` is a key of {}; look at the indentation", home.noun));
    }
    ValueError::hinted(message, format!("its keys are {}", names.collect::<Vec<_>>().join(", ")))
}

fn check_list(node: &Node, item: &Kind, least: usize, most: Option<usize>, path: &str, collector: &mut Collector<'_>) {
    let Value::List(items) = &node.value else {
        return collector.node(node, path, not_a_list(node, item));
    };
    for (at, one) in items.iter().enumerate() {
        validate(one, item, &format!("{path}[{at}]"), collector);
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
        collector.node(
            node,
            path,
            ValueError::hinted(format!("{found}; {wanted}"), format!("an item is {}", noun(alone(item)))),
        );
    }
}

/// What stands for a mapping where it is written short.
fn alone(kind: &Kind) -> &Kind {
    match kind {
        Kind::TableOr(table, key) => table.key(key).map_or(kind, |key| &key.kind),
        Kind::Text(_)
        | Kind::Number(..)
        | Kind::NumberOrWord(..)
        | Kind::Flag
        | Kind::Choice(_)
        | Kind::List(..)
        | Kind::OneOrMore(_)
        | Kind::Table(_)
        | Kind::Variables
        | Kind::Entries(..)
        | Kind::Any => kind,
    }
}

fn not_a_list(node: &Node, item: &Kind) -> ValueError {
    let error = ValueError::new(format!("expected a list, found {}", found(node)));
    let of_table = match item {
        Kind::Table(table) => Some(*table),
        _ => None,
    };
    let hint = match &node.value {
        Value::Scalar(scalar) if scalar.kind == ScalarKind::Null => {
            format!("remove the key, or give it items, each {}", noun(item))
        }
        _ if of_table.and_then(|table| hint_for_value(table, node)).is_some() => {
            let hint = of_table.and_then(|table| hint_for_value(table, node)).unwrap_or_default();
            format!("begin each item with `- `; {hint}")
        }
        Value::Scalar(scalar) if !scalar.text.contains([',', '\n']) => format!("write [{}]", scalar.text),
        Value::Map(entries) => match entries.first().and_then(|(key, _)| key.text()) {
            Some(key) => match of_table.and_then(|table| hint_for_key(key, table)) {
                Some(hint) => format!("begin each item with `- `; {hint}"),
                None => format!("begin each item with `- `, as in `- {key}: …`"),
            },
            None => "begin each item with `- `".to_owned(),
        },
        Value::Scalar(_) | Value::List(_) => "begin each item with `- `".to_owned(),
    };
    ValueError { hint: Some(hint), ..error }
}

fn check_variables(node: &Node, path: &str, collector: &mut Collector<'_>) {
    let Value::Map(entries) = &node.value else {
        return collector.node(node, path, wrong_type(node, &Kind::Variables));
    };
    for (at, (key, value)) in entries.iter().enumerate() {
        let name = key.text().unwrap_or_default();
        let path = key_path(path, name);
        if name.is_empty() || name.starts_with('-') || name.contains(|c| c == '=' || is_unprintable(c)) {
            let hint = "letters, digits, `_` and `-` are safe; it may not begin with `-` or hold `=`";
            collector.node(key, &path, ValueError::hinted(format!("`{name}` is no name for a variable"), hint));
        }
        if entries[..at].iter().any(|(earlier, _)| earlier.text() == key.text()) {
            collector.node(
                key,
                &path,
                ValueError::hinted(format!("the variable `{name}` is given twice"), "keep one of them"),
            );
        }
        match value.text() {
            Some(text) if text.contains('\0') => {
                collector.node(value, &path, ValueError::new("the value holds a NUL character"));
            }
            Some(_) => {}
            None => {
                let message = format!("expected a text, a number or a boolean, found {}", found(value));
                let hint = "an empty text is written \"\"; lists and mappings belong into a vars file";
                collector.node(value, &path, ValueError::hinted(message, hint));
            }
        }
    }
}

fn check_entries(node: &Node, name: &'static Text, value: &'static Kind, path: &str, collector: &mut Collector<'_>) {
    let Value::Map(entries) = &node.value else {
        return collector.node(node, path, wrong_type(node, &Kind::Entries(name, value)));
    };
    for (at, (key, of)) in entries.iter().enumerate() {
        let Value::Scalar(scalar) = &key.value else {
            collector.node(key, path, ValueError::new("a key is a single word"));
            continue;
        };
        let path = key_path(path, &scalar.text);
        if entries[..at].iter().any(|(earlier, _)| earlier.text() == key.text()) {
            let error = ValueError::hinted(format!("the key `{}` is given twice", scalar.text), "keep one of them");
            collector.node(key, &path, error);
        } else if let Err(error) = check_scalar(scalar, &Kind::Text(name)) {
            collector.node(key, &path, error);
        }
        validate(of, value, &path, collector);
    }
}

fn check_scalar(scalar: &Scalar, kind: &Kind) -> Result<(), ValueError> {
    let Scalar { kind: is, text } = scalar;
    if *is == ScalarKind::Null {
        let hint = format!("give it a value ({}), or remove the key", noun(kind));
        return Err(ValueError::hinted("there is no value", hint));
    }
    match kind {
        Kind::Text(rules) => {
            // Checked first: `drain: 35` is better told that a unit is missing than that it is a number.
            (rules.check)(text)?;
            if *is == ScalarKind::Text {
                return Ok(());
            }
            Err(ValueError::hinted(
                format!("expected {}, found {}", rules.noun, named(scalar)),
                format!("to YAML this is no text; put it in quotes: \"{text}\""),
            ))
        }
        Kind::NumberOrWord(.., words) if words.iter().any(|(word, _)| word == text) => Ok(()),
        Kind::NumberOrWord(least, most, words) if !text.bytes().all(|b| b.is_ascii_digit()) => {
            let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("expected a whole number or one of {}, found {}", names.join(", "), named(scalar));
            Err(ValueError::hinted(
                message,
                format!("a number from {least} to {most} is needed, or one of these words"),
            ))
        }
        Kind::Number(least, most) | Kind::NumberOrWord(least, most, _) => check_number(scalar, *least, *most),
        Kind::Flag if *is == ScalarKind::Bool && matches!(text.as_str(), "true" | "false") => Ok(()),
        Kind::Flag => Err(ValueError::hinted(
            format!("expected true or false, found {}", named(scalar)),
            "write it in lower case and without quotes",
        )),
        Kind::Choice(words) => {
            if words.iter().any(|(word, _)| word == text) {
                return Ok(());
            }
            let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("`{text}` is none of {}", names.join(", "));
            if *is == ScalarKind::Int && *words == INSTANCES {
                let hint =
                    "how many instances run is said in the app's cf manifest; here stands only which number holds";
                return Err(ValueError::hinted(message, format!("{hint}: {}", names.join(" or "))));
            }
            let hint = closest(text, names.iter().copied()).map_or_else(
                || words.iter().map(|(word, meaning)| format!("{word}: {meaning}")).collect::<Vec<_>>().join("; "),
                |close| format!("did you mean `{close}`?"),
            );
            Err(ValueError::hinted(message, hint))
        }
        Kind::List(..)
        | Kind::OneOrMore(_)
        | Kind::Table(_)
        | Kind::TableOr(..)
        | Kind::Variables
        | Kind::Any
        | Kind::Entries(..) => Ok(()),
    }
}

fn check_number(scalar: &Scalar, least: u32, most: u32) -> Result<(), ValueError> {
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
        return Err(ValueError::hinted(format!("expected a whole number, found {}", named(scalar)), hint));
    }
    match text.parse::<u32>() {
        Ok(number) if (least..=most).contains(&number) => Ok(()),
        Ok(_) | Err(_) if version => Err(ValueError::hinted(
            format!("version {text} of the file format is not known to this cutover"),
            format!("it reads version {VERSION}; newer formats need a newer cutover"),
        )),
        Ok(_) | Err(_) => Err(ValueError::hinted(
            format!("{text} is out of bounds"),
            format!("a number from {least} to {most} is needed"),
        )),
    }
}

fn wrong_type(node: &Node, kind: &Kind) -> ValueError {
    let message = format!("expected {}, found {}", noun(kind), found(node));
    let hint = match (&node.value, kind) {
        (_, Kind::Table(table)) if hint_for_value(table, node).is_some() => hint_for_value(table, node),
        (_, Kind::Table(table)) => {
            let keys: Vec<_> = table.keys.iter().map(|key| key.name).collect();
            Some(format!("its keys are {}", keys.join(", ")))
        }
        (Value::List(items), _) if items.len() == 1 => Some("leave out the `-` or the brackets".to_owned()),
        (Value::Map(entries), _) if entries.len() == 1 => Some("a text that holds `: ` needs quotes".to_owned()),
        (Value::Scalar(_) | Value::List(_) | Value::Map(_), _) => None,
    };
    ValueError { hint, ..ValueError::new(message) }
}

/// What something should be, with its article.
fn noun(kind: &Kind) -> String {
    match kind {
        Kind::Text(rules) => match rules.examples.first() {
            Some(example) => format!("{}, such as {example}", rules.noun),
            None => rules.noun.to_owned(),
        },
        Kind::Number(..) | Kind::NumberOrWord(..) => "a whole number".to_owned(),
        Kind::Flag => "true or false".to_owned(),
        Kind::Choice(words) => {
            let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            format!("one of {}", names.join(", "))
        }
        Kind::List(item, ..) => format!("a list, each item {}", noun(item)),
        Kind::OneOrMore(item) => format!("{}, or a list of such", noun(item)),
        Kind::Table(table) | Kind::TableOr(table, _) => format!("{} (a mapping)", table.noun),
        Kind::Variables => "a mapping of names to values".to_owned(),
        Kind::Any => "a value".to_owned(),
        Kind::Entries(name, value) => format!("a mapping of {} to {}", name.noun, noun(value)),
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
