//! The bytes of a file → text.

use super::syntax_error::SyntaxError;
use crate::plan::value_error::ValueError;

/// The bytes as text without a byte order mark, as far as they are UTF-8, and what is wrong behind that.
pub(crate) fn decode(bytes: &[u8]) -> (String, Option<SyntaxError>) {
    let (text, broken) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).and_then(|good| std::str::from_utf8(good).ok());
            (good.unwrap_or_default(), bytes.get(error.valid_up_to()))
        }
    };
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text).to_owned();
    let error = broken.map(|byte| SyntaxError {
        offset: text.len(),
        quotes: false,
        error: if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            ValueError::hinted("the file is UTF-16", "save it as UTF-8")
        } else {
            ValueError::hinted(format!("the byte 0x{byte:02X} here is no UTF-8"), "save the file as UTF-8")
        },
    });
    (text, error)
}
