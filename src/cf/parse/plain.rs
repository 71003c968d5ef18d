//! A failure in plain words: what cf passes on of its own machinery (errors of Go's network library, the platform's
//! JSON) says the same, but not to a person.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::cf::reason::Reason;

/// The longest answer that is told as it is, in bytes. None is cut: half a secret would not be known again.
const LONGEST: usize = 500;

/// The failure of this kind that `line` tells, one of `lines`, in plain words.
pub(super) fn words(reason: Reason, line: &str, lines: &[&str]) -> String {
    let plain = match reason {
        Reason::Connection => unreachable(line),
        Reason::TokenExpired => Some("cf is not logged in any more: the token expired or was revoked".to_owned()),
        Reason::Server | Reason::RateLimited => status(line, lines),
        _ => None,
    };
    plain.unwrap_or_else(|| line.to_owned())
}

/// Go 1.24, `net/http`: `Get "https://api.example.com/v3/apps": dial tcp 192.0.2.1:443: connect: connection refused`;
/// the method is Go's own spelling. cf 8.17 asks the API, and below `/oauth` the UAA.
fn unreachable(line: &str) -> Option<String> {
    static LINE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?:Get|Post|Put|Patch|Delete|Head) "([a-z]+://[^/"]+)(/[^"]*)?": (.+)$"#).ok());
    let found = LINE.as_ref()?.captures(line)?;
    let part = |index| found.get(index).map_or("", |part| part.as_str());
    let what = if part(2).starts_with("/oauth") { "login server" } else { "API" };
    Some(format!("the {what} {} cannot be reached ({})", part(1), cause(part(3))))
}

/// The cause at the end of Go's chain of errors.
fn cause(chain: &str) -> &str {
    const KNOWN: &[(&str, &str)] = &[
        ("no such host", "there is no such host"),
        ("connection refused", "connection refused"),
        ("connection reset", "the connection was reset"),
        ("i/o timeout", "no answer in time"),
        ("deadline exceeded", "no answer in time"),
        ("handshake timeout", "no answer in time"),
        ("does not look like a TLS handshake", "there is no TLS behind that port"),
        ("EOF", "the connection broke off"),
    ];
    let known = KNOWN.iter().find(|(words, _)| chain.contains(words)).map(|(_, plain)| *plain);
    known.unwrap_or_else(|| chain.rsplit(": ").next().unwrap_or(chain))
}

/// cf 8.17: `Response Code: 500`, and on the next line `Code: 0, Title: , Detail: …`, where the detail is what the
/// platform answered: its JSON, or a gateway's page.
fn status(line: &str, lines: &[&str]) -> Option<String> {
    let code = line.strip_prefix("Response Code: ")?;
    let detail = lines.iter().find_map(|line| line.split_once("Detail: ").map(|(_, detail)| detail.trim()));
    let said = match detail {
        None | Some("") => return Some(format!("the platform answered HTTP {code}")),
        Some(detail) => serde_json::from_str(detail).map_or_else(|_| short(detail), |body| errors(&body)),
    };
    Some(format!("the platform answered HTTP {code}: {said}"))
}

/// The errors of an answer as sentences: CC API 3 names each by `title` and `detail`.
pub(super) fn errors(body: &Value) -> String {
    let all = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let told: Vec<String> = all
        .iter()
        .map(|error| {
            sentence(error["title"].as_str().unwrap_or_default(), error["detail"].as_str().unwrap_or_default())
        })
        .collect();
    if told.is_empty() { "errors that it does not name".to_owned() } else { told.join("; ") }
}

/// One error of the platform: `App not found (CF-ResourceNotFound)`.
pub(super) fn sentence(title: &str, detail: &str) -> String {
    match (title, detail.trim_end_matches('.')) {
        ("", detail) => detail.to_owned(),
        (title, "") => title.to_owned(),
        (title, detail) => format!("{detail} ({title})"),
    }
}

/// An answer that is no JSON; a page of a gateway is no text for a person.
pub(super) fn short(answer: &str) -> String {
    match answer.trim() {
        page if page.starts_with('<') => "a page of HTML, so it was not the API that answered".to_owned(),
        long if long.len() > LONGEST => format!("{} bytes that are no JSON", long.len()),
        short => short.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::failure::recognise;
    use super::super::lines::Lines;

    #[test]
    fn failures_in_plain_words() {
        let cases = [
            (
                "Request error: Get \"https://api.example.com/v3/apps?names=a\": dial tcp 192.0.2.1:443: connect: connection refused",
                "the API https://api.example.com cannot be reached (connection refused)",
            ),
            (
                "Request error: Get \"https://api.example.com\": dial tcp: lookup api.example.com on 192.0.2.53:53: no such host",
                "the API https://api.example.com cannot be reached (there is no such host)",
            ),
            (
                "Request error: Post \"https://uaa.example.com/oauth/token\": net/http: TLS handshake timeout",
                "the login server https://uaa.example.com cannot be reached (no answer in time)",
            ),
            (
                "Request error: Post \"http://127.0.0.1:8080/v3/routes/22222222/destinations\": EOF",
                "the API http://127.0.0.1:8080 cannot be reached (the connection broke off)",
            ),
            (
                "Error performing request: Patch \"https://api.example.com/v3/apps\": dial tcp 192.0.2.1:443: connect: no route to host",
                "the API https://api.example.com cannot be reached (no route to host)",
            ),
            (
                "Unexpected Response\nResponse Code: 500\nCode: 0, Title: , Detail: {\"errors\": [{\"code\": 10001, \"title\": \"UnknownError\", \"detail\": \"An unknown error occurred.\"}]}",
                "the platform answered HTTP 500: An unknown error occurred (UnknownError)",
            ),
            (
                "Unexpected Response\nResponse Code: 502\nCode: 0, Title: , Detail: 502 Bad Gateway: Registered endpoint failed to handle the request.",
                "the platform answered HTTP 502: 502 Bad Gateway: Registered endpoint failed to handle the request.",
            ),
            (
                "Unexpected Response\nResponse Code: 503\nCode: 0, Title: , Detail: <html>",
                "the platform answered HTTP 503: a page of HTML, so it was not the API that answered",
            ),
            (
                "Unexpected Response\nResponse Code: 429\nCode: 10013, Title: CF-RateLimitExceeded, Detail: Rate Limit Exceeded",
                "the platform answered HTTP 429: Rate Limit Exceeded",
            ),
            ("Response Code: 503", "the platform answered HTTP 503"),
            ("Invalid Auth Token", "cf is not logged in any more: the token expired or was revoked"),
            ("Domain 'a' not found.", "Domain 'a' not found."),
            ("connection refused by somebody", "connection refused by somebody"),
        ];
        for (text, plain) in cases {
            assert_eq!(recognise(&Lines::of(text)).map(|(_, words)| words).as_deref(), Some(plain), "{text}");
        }
    }
}
