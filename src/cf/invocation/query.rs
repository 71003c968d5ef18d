//! The query of a path of the API.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is percent-encoded in a value: all but the unreserved characters (RFC 3986), and the comma between the items of a
/// list (CC API 3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b',');

/// Puts a query behind a path, every value percent-encoded.
///
/// CC API 3: a list is separated by commas, and a comma inside of a value is not told apart from them; the caller
/// compares the names that come back.
pub fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ENCODED))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}
