//! The answers of `cf curl`.

use serde_json::Value;

use super::super::outcome::Reason;
use super::failure;

/// Why an answer is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoJson {
    /// Nothing but blanks. cf 8.17: without `--fail`, a broken connection or a failed refresh of the token prints one empty line and
    /// exits with 0.
    Empty,
    /// Not JSON, or JSON that is no object (a gateway's error page, a trace in between, an answer cut short).
    NotAnObject,
    /// The platform's errors. cf 8.17: without `--fail`, HTTP 4xx and 5xx exit with 0.
    Errors {
        /// The kind, where it is known.
        reason: Option<Reason>,
        /// `TITLE: DETAIL` of each.
        words: String,
    },
}

/// Reads the body that `cf curl` printed: one JSON object without `errors`.
///
/// cf 8.17 prints the body as it came, and a newline; 7.x indents it anew. The platform's errors read
/// `{"errors":[{"code":10008,"title":"CF-UnprocessableEntity","detail":"…"}]}`.
pub fn json(stdout: &str) -> Result<Value, NoJson> {
    let text = stdout.trim();
    if text.is_empty() {
        return Err(NoJson::Empty);
    }
    let body: Value = serde_json::from_str(text).map_err(|_| NoJson::NotAnObject)?;
    if !body.is_object() {
        return Err(NoJson::NotAnObject);
    }
    let Some(errors) = body.get("errors") else { return Ok(body) };
    let errors = errors.as_array().map(Vec::as_slice).unwrap_or_default();
    let part = |error: &Value, key: &str| error[key].as_str().unwrap_or_default().to_owned();
    let words = errors
        .iter()
        .map(|error| format!("{}: {}", part(error, "title"), part(error, "detail")))
        .collect::<Vec<_>>()
        .join("; ");
    let reason =
        errors.first().and_then(|error| failure::reason_of_error(&part(error, "title"), &part(error, "detail")));
    let words =
        if words.is_empty() { "the platform answered with errors that it does not name".to_owned() } else { words };
    Err(NoJson::Errors { reason, words })
}
