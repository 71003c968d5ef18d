//! A failure in plain words: what cf passes on of its own machinery (errors of Go's network library, the platform's
//! JSON) says the same, but not to a person.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::cf::reason::Reason;

/// The longest answer that is told, in bytes. None is cut: half a secret would not be known again.
const LONGEST: usize = 2000;

/// A page of a gateway's, in words.
const PAGE: &str = "a page of HTML, so it was not the API that answered";

/// The text with words in the place of what is for programs: the platform's JSON, also where it breaks off, and the page of a
/// gateway.
pub(crate) fn plain(text: &str) -> String {
    let mut told = String::new();
    let mut rest = text;
    while let Some((at, words, length)) = for_programs(rest) {
        told.extend([&rest[..at], &words]);
        rest = &rest[at + length..];
    }
    told + rest
}

/// Where the first thing stands that is for programs, what it says, and how long it is.
fn for_programs(text: &str) -> Option<(usize, String, usize)> {
    text.char_indices().filter(|(_, c)| matches!(c, '{' | '[' | '<')).find_map(|(at, _)| {
        let (words, length) = json(&text[at..]).or_else(|| page(&text[at..]))?;
        Some((at, words, length))
    })
}

/// The JSON that the text begins with, in words, and its length.
fn json(text: &str) -> Option<(String, usize)> {
    let mut first = text.chars().filter(|c| !c.is_whitespace());
    if !matches!((first.next(), first.next()), (Some('{'), Some('"' | '}')) | (Some('['), Some('{'))) {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    Some(match values.next() {
        Some(Ok(body)) => (answer(&body), values.byte_offset()),
        Some(Err(_)) | None => ("an answer that cannot be read".to_owned(), text.len()),
    })
}

/// The page that the text begins with, in words, and its length.
fn page(text: &str) -> Option<(String, usize)> {
    static PAGES: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?is)^<(?:!doctype|html|head|body)\b.*?(?:</html>|$)").ok());
    Some((PAGE.to_owned(), PAGES.as_ref()?.find(text)?.len()))
}

/// The failure of this kind that `line` tells, one of `lines`, in plain words.
pub(super) fn words(reason: Reason, line: &str, lines: &[&str]) -> String {
    let plain = match reason {
        Reason::Connection => unreachable(line),
        Reason::TokenExpired => Some("cf is not logged in any more: the token expired or was revoked".to_owned()),
        Reason::Server | Reason::RateLimited => status(line, lines),
        _ => None,
    };
    plain.or_else(|| of_platform(line)).unwrap_or_else(|| line.to_owned())
}

/// cf 8.17: `Code: 10008, Title: CF-UnprocessableEntity, Detail: …`, an error of the platform that cf does not know.
pub(super) fn of_platform(line: &str) -> Option<String> {
    let (title, detail) = line.strip_prefix("Code: ")?.split_once(", Title: ")?.1.split_once(", Detail:")?;
    Some(sentence(title, detail.trim()))
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
/// platform answered.
fn status(line: &str, lines: &[&str]) -> Option<String> {
    let code = line.strip_prefix("Response Code: ")?;
    let detail = lines.iter().find_map(|line| line.split_once("Detail: ").map(|(_, detail)| detail.trim()));
    Some(match detail {
        None | Some("") => format!("the platform answered HTTP {code}"),
        Some(detail) => format!("the platform answered HTTP {code}: {}", short(detail)),
    })
}

/// An answer in words: CC API 3 names each error by `title` and `detail`, other calls name one by `error_code` and
/// `description`, the UAA by `error` and `error_description`.
pub(super) fn answer(body: &Value) -> String {
    let told = |error: &Value, [title, detail]: [&str; 2]| {
        sentence(error[title].as_str().unwrap_or_default(), error[detail].as_str().unwrap_or_default())
    };
    let listed = body["errors"].as_array().into_iter().flatten().map(|error| told(error, ["title", "detail"]));
    let named = [["error_code", "description"], ["error", "error_description"]].map(|keys| told(body, keys));
    let told: Vec<String> = listed.chain(named).filter(|told| !told.trim().is_empty()).collect();
    if told.is_empty() { "an answer that names no error".to_owned() } else { told.join("; ") }
}

/// One error of the platform: `App not found (CF-ResourceNotFound)`.
pub(super) fn sentence(title: &str, detail: &str) -> String {
    plain(&match (title, detail.trim_end_matches('.')) {
        ("", detail) => detail.to_owned(),
        (title, "") => title.to_owned(),
        (title, detail) => format!("{detail} ({title})"),
    })
}

/// An answer that is none of the API's.
pub(super) fn short(answer: &str) -> String {
    match answer.trim() {
        page if page.starts_with('<') => PAGE.to_owned(),
        long if long.len() > LONGEST => format!("{} bytes", long.len()),
        short => plain(short),
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
            assert_eq!(
                recognise(&Lines::of(&super::plain(text))).map(|(_, words)| words).as_deref(),
                Some(plain),
                "{text}"
            );
        }
    }
}
