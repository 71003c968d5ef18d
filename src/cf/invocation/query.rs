//! The query of a path of the API.

use std::fmt::Write as _;

/// Puts a query behind a path, every value percent-encoded (RFC 3986).
///
/// CC API 3: a list is separated by commas, and a comma inside of a value is not told apart from them; the caller
/// compares the names that come back.
pub fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut url = path.to_owned();
    for (index, (name, value)) in pairs.iter().enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        url.push_str(name);
        url.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b',' => {
                    url.push(char::from(byte));
                }
                other => {
                    let _ = write!(url, "%{other:02X}");
                }
            }
        }
    }
    url
}
