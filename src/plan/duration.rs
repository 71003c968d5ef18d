//! Spans of time as people write them: `35s`, `2m`, `1m30s`, `500ms`, `0s`.

use std::fmt::Write as _;
use std::time::Duration;

use super::value_error::ValueError;

/// The longest span that a plan may name; more is a slip of the pen.
const MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The units, largest first, in milliseconds.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a span of time: one or more whole numbers, each with a unit (`h`, `m`, `s`, `ms`), units from large to small
/// and each at most once. The error says what else was found; nothing above 24 hours is taken.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, ValueError> {
    const HINT: &str = "write a number and a unit: 35s, 2m, 1m30s, 500ms";
    let bad = || ValueError::hinted(format!("`{text}` is no duration"), HINT);
    if text.starts_with('-') {
        return Err(ValueError::hinted(format!("the duration `{text}` is negative"), HINT));
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ValueError::hinted(
            format!("the duration `{text}` has no unit"),
            format!("write {text}s for seconds"),
        ));
    }
    let too_long = || ValueError::hinted(format!("the duration `{text}` is longer than 24 hours"), HINT);
    let mut total: u64 = 0;
    let mut rest = text;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, tail) = tail.split_at(letters);
        // A unit that is not found uses the iterator up, so that a smaller one cannot come before a larger one.
        let (_, factor) = units.find(|(name, _)| *name == unit).ok_or_else(bad)?;
        if number.is_empty() {
            return Err(bad());
        }
        let number: u64 = number.parse().map_err(|_| too_long())?;
        total = number.checked_mul(*factor).and_then(|part| total.checked_add(part)).ok_or_else(too_long)?;
        rest = tail;
    }
    if text.is_empty() {
        return Err(bad());
    }
    let span = Duration::from_millis(total);
    if span > MAX { Err(too_long()) } else { Ok(span) }
}

/// Writes a span of time the way [`parse_duration`] reads it, down to milliseconds.
pub(crate) fn format_duration(span: Duration) -> String {
    let mut rest = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, factor) in UNITS {
        if rest >= factor {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}{unit}", rest / factor);
            rest %= factor;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Serializes a span of time as its text.
pub(super) mod text {
    use std::time::Duration;

    use serde::Serializer;

    pub(in super::super) fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::format_duration(*span))
    }
}

/// The same of one that need not be there.
pub(super) mod optional_text {
    use std::time::Duration;

    use serde::Serializer;

    #[expect(clippy::ref_option, reason = "serde's form")]
    pub(in super::super) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => serializer.serialize_str(&super::format_duration(*span)),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (text, ms) in [
            ("35s", 35_000),
            ("2m", 120_000),
            ("1m30s", 90_000),
            ("0s", 0),
            ("500ms", 500),
            ("1h", 3_600_000),
            ("1h2m3s4ms", 3_723_004),
            ("24h", 86_400_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
            assert_eq!(format_duration(Duration::from_millis(ms)), text);
        }
        assert_eq!(parse_duration("90s"), parse_duration("1m30s"));
    }

    #[test]
    fn refused() {
        for (text, why) in [
            ("", "`` is no duration"),
            ("35", "the duration `35` has no unit"),
            ("-1s", "the duration `-1s` is negative"),
            ("1.5s", "`1.5s` is no duration"),
            ("35 s", "`35 s` is no duration"),
            ("35sec", "`35sec` is no duration"),
            ("s", "`s` is no duration"),
            ("30s1m", "`30s1m` is no duration"),
            ("1s1s", "`1s1s` is no duration"),
            ("25h", "the duration `25h` is longer than 24 hours"),
            ("99999999999999999999s", "the duration `99999999999999999999s` is longer than 24 hours"),
            ("9999999999999999999h", "the duration `9999999999999999999h` is longer than 24 hours"),
        ] {
            assert_eq!(parse_duration(text).map_err(|f| f.message), Err(why.to_owned()));
        }
    }
}
