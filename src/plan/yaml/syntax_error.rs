//! Why a text is no YAML: what the scanner's messages mean to the writer of a plan.

use std::sync::LazyLock;

use regex::Regex;

use crate::plan::value_error::ValueError;

/// Why a text is no document, and where (in bytes from the start of the text).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub offset: usize,
    /// Whether the error repeats a part of the text.
    pub quotes: bool,
    pub error: ValueError,
}

/// The places that the library writes into its messages; a problem carries its place itself.
static PLACES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r" at (?:line \d+ column \d+|position \d+)").ok());

/// What was being read when an error was found.
static CONTEXT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"while (?:parsing|scanning) a [a-z ]*(?:flow|quoted|simple)[a-z -]* at line (\d+) column (\d+)").ok()
});

const BLANKS: &str = "indent with blanks; YAML allows no tabs there";
const INDENT: &str = "compare the indentation with the lines above: what belongs together begins in the same column";

/// Says what a message of the library means, for an error found at a byte of the text, and where the error is best
/// shown: where a bracket or a quote is opened rather than where the file ends without its counterpart.
pub(crate) fn explain(text: &str, offset: usize, message: &str) -> SyntaxError {
    let shown = match message {
        m if m.contains("scanning an alias") || m.contains("unknown anchor") => start_of_alias(text, offset),
        m if ["flow sequence", "flow mapping", "flow node", "quoted scalar", "simple key"]
            .iter()
            .any(|what| m.contains(what)) =>
        {
            opened_at(text, message).unwrap_or(offset)
        }
        _ => offset,
    };
    let error = meaning(text, offset, message);
    // The text of an alias, and the one character that no value can begin with.
    let quotes = message.contains("alias") || message.contains("unknown anchor");
    SyntaxError { offset: shown, quotes, error }
}

fn meaning(text: &str, offset: usize, message: &str) -> ValueError {
    let plain = match &*PLACES {
        Some(places) => places.replace_all(message, "").into_owned(),
        None => message.to_owned(),
    };
    let here = text.get(offset..).and_then(|rest| rest.chars().next());
    let error = |what: &str, hint: &str| ValueError::hinted(what, hint);
    let has = |part: &str| plain.contains(part);
    if has("found character that cannot start any token") {
        return match here {
            Some('\t') => error("a tab stands where YAML expects blanks", BLANKS),
            Some(c) => {
                ValueError::hinted(format!("no value can begin with `{c}`"), "put the whole value in single quotes")
            }
            None => error("the file ends in the middle of a value", INDENT),
        };
    }
    if has("tab character") {
        return error("a tab stands where YAML expects blanks", BLANKS);
    }
    if has("scanning an alias") || has("unknown anchor") {
        let value = alias_at(text, start_of_alias(text, offset));
        return ValueError::hinted(
            format!("`{value}` is a YAML alias, and there is no anchor for it"),
            format!("a text that begins with `*` needs quotes: '{value}'"),
        );
    }
    if has("scanning an anchor") {
        return error("`&` begins a YAML anchor, but no name follows", "a text that begins with `&` needs quotes");
    }
    if has("mapping values are not allowed") {
        return error(
            "a `:` stands where no key can be",
            "the line is indented too far, or a value holds `: ` and needs quotes, or the line above has no blank behind its `:`",
        );
    }
    if has("more than one document") {
        return error(
            "the file holds several YAML documents",
            "one document is read; remove what follows `---` or `...`",
        );
    }
    if has("recursion limit") {
        return error("the values are nested too deeply", "a plan is at most a few levels deep");
    }
    if has("repetition limit") {
        return error("the aliases repeat too much", "write the values out");
    }
    if has("could not find expected ':'") {
        return error(
            "a `:` is missing after a key",
            "a key is written `key: value`; a text of several lines needs `|` or quotes",
        );
    }
    if has("found unexpected end of stream") && has("quoted scalar") {
        return error("a quote is opened and never closed", "close it with the same kind of quote");
    }
    if has("flow sequence") || has("flow mapping") || has("flow node") {
        return error("a bracket is opened and not closed properly", "check `[`, `]`, `{`, `}` and the commas between");
    }
    if matches!(here, Some(']' | '}')) {
        return error("a bracket is closed that was never opened", "remove it, or put the text in quotes");
    }
    if has("scanning a block scalar") {
        return error("a text of several lines begins on the line after `|` or `>`", "begin a new line, or use quotes");
    }
    if has("block mapping") || has("block collection") || has("block sequence entries are not allowed") {
        return error("the structure breaks off here", INDENT);
    }
    if has("unknown escape character") || has("hexdecimal number") {
        return error("a backslash in double quotes begins an escape that YAML does not know", "use single quotes");
    }
    ValueError::new(format!("this is no YAML: {plain}"))
}

/// Where the alias around a byte begins; the library points behind the `*` of one that it cannot read.
fn start_of_alias(text: &str, offset: usize) -> usize {
    let line = text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let end = (offset + 1).min(text.len());
    text.get(line..end).and_then(|part| part.rfind('*')).map_or(offset, |at| line + at)
}

/// The alias that begins at a byte.
fn alias_at(text: &str, offset: usize) -> &str {
    let rest = text.get(offset..).unwrap_or_default();
    rest.split(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}')).next().unwrap_or_default()
}

/// The byte of the place that a message names for what is not closed. The library's lines end with any of YAML 1.1's
/// breaks, its columns count characters.
fn opened_at(text: &str, message: &str) -> Option<usize> {
    let found = CONTEXT.as_ref()?.captures(message)?;
    let number = |at: usize| found.get(at).and_then(|part| part.as_str().parse::<usize>().ok());
    let (line, column) = (number(1)?, number(2)?);
    let breaks = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut offset = 0;
    for _ in 1..line {
        let rest = text.get(offset..)?;
        let end = rest.find(breaks)?;
        offset += end + if rest[end..].starts_with("\r\n") { 2 } else { rest[end..].chars().next()?.len_utf8() };
    }
    let within = text.get(offset..)?.char_indices().nth(column.checked_sub(1)?)?.0;
    Some(offset + within)
}
