//! The answers of `cf curl`.

use serde_json::Value;

use super::{failure, plain};
use crate::cf::reason::Reason;

/// Why an answer is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoJson {
    /// Nothing but blanks. cf 8.17: without `--fail`, a broken connection or a failed refresh of the token prints one
    /// empty line and exits with 0.
    Empty,
    /// The beginning of a JSON object.
    CutShort,
    /// Not JSON, or JSON that is no object (a gateway's error page, a trace in between).
    NotAnObject {
        /// What it is instead, for a person.
        what: String,
    },
    /// The platform's errors. cf 8.17: without `--fail`, HTTP 4xx and 5xx exit with 0.
    Errors {
        /// The kind, where it is known.
        reason: Option<Reason>,
        /// What each says.
        words: String,
    },
}

/// Reads the body that `cf curl` printed: one JSON object that is no error.
///
/// cf 8.17 prints the body as it came, and a newline; 7.x indents it anew. The platform's errors read
/// `{"errors":[{"code":10008,"title":"CF-UnprocessableEntity","detail":"…"}]}` (CC API 3), outside of `/v3`
/// `{"code":10000,"error_code":"CF-NotFound","description":"Unknown request"}`. A job has `errors` too, beside its
/// `guid`, and is no error.
pub fn json(stdout: &str) -> Result<Value, NoJson> {
    let text = stdout.trim();
    if text.is_empty() {
        return Err(NoJson::Empty);
    }
    let body: Value = serde_json::from_str(text).map_err(|error| {
        if error.is_eof() && text.starts_with('{') {
            NoJson::CutShort
        } else {
            NoJson::NotAnObject { what: plain::short(text) }
        }
    })?;
    if !body.is_object() {
        return Err(NoJson::NotAnObject { what: plain::short(text) });
    }
    let part = |of: &Value, key: &str| of[key].as_str().unwrap_or_default().to_owned();
    let errors = match (body.get("errors"), body.get("error_code")) {
        _ if body.get("guid").is_some() => return Ok(body),
        (Some(errors), _) => errors.as_array().map(Vec::as_slice).unwrap_or_default(),
        (None, Some(_)) => {
            let (title, detail) = (part(&body, "error_code"), part(&body, "description"));
            return Err(NoJson::Errors {
                reason: failure::reason_of_error(&title, &detail),
                words: plain::answer(&body),
            });
        }
        // The policy server's: `{"error":"policy quota exceeded"}`, and where the user may not even look,
        // `{"error":"provided scopes [cloud_controller.read] do not include allowed scopes [network.admin network.write]"}`.
        (None, None) if body["error"].is_string() => {
            let words = part(&body, "error");
            let may_not =
                words.contains("do not include allowed scopes") || words.contains("cannot be found or accessed");
            let reason = if may_not { Reason::NotAuthorized } else { Reason::Rejected };
            return Err(NoJson::Errors { reason: Some(reason), words });
        }
        (None, None) => return Ok(body),
    };
    let first = errors.first();
    let reason = first.and_then(|error| failure::reason_of_error(&part(error, "title"), &part(error, "detail")));
    let words = match first {
        Some(_) => plain::answer(&body),
        None => "the platform answered with errors that it does not name".to_owned(),
    };
    Err(NoJson::Errors { reason, words })
}

/// Takes the answer that `cf curl -i` printed apart: the status of its head, and its body.
///
/// cf 8.17 prints the head as it came: `HTTP/1.1 202 Accepted`, by TLS `HTTP/2.0 202 Accepted`, then a header a line,
/// and an empty line. Where the platform was not reached there is no head.
pub(crate) fn head(stdout: &str) -> Option<(u16, &str)> {
    let mut words = stdout.lines().next()?.strip_prefix("HTTP/")?.split(' ');
    let status = words.nth(1).filter(|status| status.len() == 3)?.parse().ok()?;
    let mut lines = stdout.split_inclusive('\n');
    lines.by_ref().find(|line| line.trim().is_empty());
    let body: usize = lines.map(str::len).sum();
    Some((status, stdout.get(stdout.len() - body..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_a_status_and_a_body() {
        for (stdout, expected) in [
            ("HTTP/1.1 202 Accepted\r\nLocation: /v3/jobs/x\r\n\r\n\n", Some((202, "\n"))),
            ("HTTP/2.0 202 Accepted\r\nLocation: /v3/jobs/x\r\n\r\n\n", Some((202, "\n"))),
            ("HTTP/1.1 404 Not Found\nA: b\n\n{\"errors\":[]}\n", Some((404, "{\"errors\":[]}\n"))),
            ("HTTP/1.1 202 Accepted", Some((202, ""))),
            ("HTTP/1.1 20", None),
            ("HTTP/1.1", None),
            ("{}\n", None),
            ("\n", None),
            ("", None),
        ] {
            assert_eq!(head(stdout), expected, "{stdout:?}");
        }
    }

    #[test]
    fn a_body_is_one_object_that_is_no_error() {
        for body in [
            r#"{"resources":[]}"#,
            "\n{\n   \"guid\": \"x\"\n}\n\n",
            r#"{"guid":"x","state":"FAILED","operation":"app.delete","errors":[{"title":"CF-X","detail":"y"}]}"#,
            r#"{"guid":"x","state":"PROCESSING","errors":[],"warnings":[]}"#,
        ] {
            assert!(json(body).is_ok(), "{body}");
        }
        for body in ["", "\n", " \r\n"] {
            assert_eq!(json(body), Err(NoJson::Empty), "{body:?}");
        }
        for body in ["{", r#"{"resources":[{"guid":"x"#] {
            assert_eq!(json(body), Err(NoJson::CutShort), "{body}");
        }
        for body in ["[]", "null", "\"text\"", "{}{}", "404 Not Found", "<html></html>", "REQUEST: [x]\n{}"] {
            assert!(matches!(json(body), Err(NoJson::NotAnObject { .. })), "{body}");
        }
    }

    #[test]
    fn errors_keep_the_platforms_words() {
        let errors = |body: &str| match json(body) {
            Err(NoJson::Errors { reason, words }) => (reason, words),
            other => panic!("{body}: {other:?}"),
        };
        let cases = [
            (
                r#"{"errors":[{"code":10003,"title":"CF-NotAuthorized","detail":"You are not authorized to perform the requested action"}]}"#,
                Some(Reason::NotAuthorized),
                "You are not authorized to perform the requested action (CF-NotAuthorized)",
            ),
            (
                r#"{"errors":[{"title":"CF-UnprocessableEntity","detail":"memory quota_exceeded"},{"title":"CF-X","detail":"more"}]}"#,
                Some(Reason::Quota),
                "memory quota_exceeded (CF-UnprocessableEntity); more (CF-X)",
            ),
            (
                r#"{"errors":[{"title":"CF-UnprocessableEntity","detail":"no"}]}"#,
                Some(Reason::Rejected),
                "no (CF-UnprocessableEntity)",
            ),
            (
                r#"{"errors":[{"title":"UnknownError","detail":"An unknown error occurred."}]}"#,
                Some(Reason::Server),
                "An unknown error occurred (UnknownError)",
            ),
            (r#"{"errors":[{"title":"CF-ToCome","detail":"new"}]}"#, None, "new (CF-ToCome)"),
            (r#"{"errors":[]}"#, None, "the platform answered with errors that it does not name"),
            (r#"{"errors":"all"}"#, None, "the platform answered with errors that it does not name"),
            (r#"{"error":"policy quota exceeded"}"#, Some(Reason::Rejected), "policy quota exceeded"),
            (
                r#"{"error":"provided scopes [cloud_controller.read] do not include allowed scopes [network.admin network.write]"}"#,
                Some(Reason::NotAuthorized),
                "provided scopes [cloud_controller.read] do not include allowed scopes [network.admin network.write]",
            ),
            (
                r#"{"code":10000,"error_code":"CF-NotFound","description":"Unknown request"}"#,
                Some(Reason::NotFound),
                "Unknown request (CF-NotFound)",
            ),
        ];
        for (body, reason, words) in cases {
            assert_eq!(errors(body), (reason, words.to_owned()), "{body}");
        }
    }
}
