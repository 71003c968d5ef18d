//! Text from outside, made harmless before a person or a terminal sees it.
//!
//! What cf, an app, a router or a check prints may move the cursor, change the title of the window, or turn the
//! direction of writing so that a line reads as another one. Three forms, by what the text is for:
//!
//! - [`harmless`]: words from outside, wherever they are shown;
//! - [`for_terminal`]: whole texts of our own on their way out, whose colours stay;
//! - [`json`]: JSON, in which such a character is escaped, so that nothing is lost.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// Whether a character moves the cursor, ends the line, is invisible or turns the direction of writing.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// Whether a character must not stand in a shown text: as [`is_unprintable`], less what lays out a text (line feed,
/// tab) and what joins letters and emoji.
fn does_harm(c: char) -> bool {
    is_unprintable(c) && !matches!(c, '\n' | '\t' | '\u{200C}' | '\u{200D}')
}

/// Removes terminal control sequences: `ESC[32;1mOK ESC[0;22m` → `OK `.
pub(crate) fn without_escapes(text: &str) -> Cow<'_, str> {
    static ESCAPE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])").ok());
    match ESCAPE.as_ref() {
        Some(escape) if text.contains('\x1b') => escape.replace_all(text, ""),
        Some(_) | None => Cow::Borrowed(text),
    }
}

/// The text without control sequences, and with U+FFFD for every other character that does harm. Line ends stay.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(does_harm) {
        return Cow::Borrowed(text);
    }
    let plain = without_escapes(text).replace("\r\n", "\n");
    Cow::Owned(plain.chars().map(|c| if does_harm(c) { char::REPLACEMENT_CHARACTER } else { c }).collect())
}

/// The text as it may go to a terminal: colours stay, everything else is made harmless.
pub(crate) fn for_terminal(text: &str) -> Cow<'_, str> {
    static COLOUR: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\x1b\[[0-9;]*m").ok());
    let Some(colour) = COLOUR.as_ref().filter(|_| text.contains(does_harm)) else { return harmless(text) };
    let mut out = String::new();
    let mut told = 0;
    for found in colour.find_iter(text) {
        out.push_str(&harmless(&text[told..found.start()]));
        out.push_str(found.as_str());
        told = found.end();
    }
    out.push_str(&harmless(&text[told..]));
    Cow::Owned(out)
}

/// JSON with an escape (`\u202e`) for every character that does harm: such a one only occurs within its texts.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    if !text.contains(does_harm) {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    for c in text.chars() {
        if does_harm(c) {
            // Writing to a String cannot fail; all of them have four digits.
            let _ = write!(out, "\\u{:04x}", c as u32);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod laws {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_harm_is_left(text in "[\\x00-\\x9f\u{1b}\\[\\]0-9;mKé\u{202a}-\u{202e}]{0,60}") {
            prop_assert!(!harmless(&text).contains(does_harm));
            let shown = for_terminal(&text);
            let colour = Regex::new(r"\x1b\[[0-9;]*m").unwrap();
            prop_assert!(!colour.replace_all(&shown, "").contains(does_harm), "{:?}", shown);
            let written = Value::from(text.as_str()).to_string();
            let escaped = json(&written);
            prop_assert!(!escaped.contains(does_harm));
            prop_assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
        }
    }
}

/// Changes each text of a JSON value; keys stay.
pub(crate) fn each_text(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(all) => all.iter_mut().for_each(|one| each_text(one, change)),
        Value::Object(all) => all.values_mut().for_each(|one| each_text(one, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_from_outside_do_no_harm() {
        for (text, shown) in [
            ("plain, é, 日本, \ttab\n", "plain, é, 日本, \ttab\n"),
            ("\u{1b}[32;1mOK\u{1b}[0;22m", "OK"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]8;;http://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("cut \u{1b}[31", "cut \u{fffd}[31"),
            ("over\rwritten\r\nline", "over\u{fffd}written\nline"),
            ("\u{8}\u{7f}\u{9b}31m", "\u{fffd}\u{fffd}\u{fffd}31m"),
            ("user\u{202e}nimda", "user\u{fffd}nimda"),
            ("👨\u{200d}👩", "👨\u{200d}👩"),
        ] {
            assert_eq!(harmless(text), shown, "{text:?}");
        }
    }

    #[test]
    fn colours_of_our_own_stay() {
        let text = "\u{1b}[31mred\u{1b}[0m \u{1b}[2J\u{1b}]0;x\u{7}\u{9b}K\n";
        assert_eq!(for_terminal(text), "\u{1b}[31mred\u{1b}[0m \u{fffd}K\n");
        assert_eq!(for_terminal("plain"), "plain");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({ "a\u{202e}": "\u{1b}[31m\u{9b}\u{7f}\u{2028}é" });
        let text = serde_json::to_string_pretty(&value).unwrap();
        let escaped = json(&text);
        assert!(!escaped.contains(does_harm), "{escaped:?}");
        assert_eq!(serde_json::from_str::<Value>(&escaped).unwrap(), value);
    }
}
