//! What is wrong with an answer to an HTTP check.

use std::time::Duration;

use serde_json::Value;

use crate::plan::{HttpCheck, format_duration};

use super::http::Answer;

/// How many lines of the body of a wrong answer are told, and how many characters of each.
const LINES: usize = 5;
const WIDTH: usize = 200;

/// What is wrong with an answer that has taken so long, or that there is none.
pub(super) fn fault(check: &HttpCheck, answer: &Result<Answer, String>, took: Duration) -> Option<String> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(why) => return Some(format!("no answer: {why}")),
    };
    let status = answer.status;
    if !check.status.iter().any(|wanted| wanted.is(status)) {
        let of_router =
            answer.router_error.as_ref().map(|error| format!(" from the router ({error})")).unwrap_or_default();
        let wanted = check.status.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        return Some(format!("HTTP {status}{of_router}, and {wanted} is wanted"));
    }
    let wrong = of_headers(check, answer).or_else(|| of_body(check, answer)).or_else(|| of_json(check, answer));
    let slow = || {
        let latency = check.latency.filter(|latency| took >= *latency)?;
        Some(format!("the answer took {}, and less than {} is wanted", told(took), format_duration(latency)))
    };
    wrong.or_else(slow).map(|why| format!("HTTP {status}, but {why}"))
}

fn of_headers(check: &HttpCheck, answer: &Answer) -> Option<String> {
    let values = |name: &str| -> Vec<String> {
        answer
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect()
    };
    check.response_headers.iter().find_map(|(name, pattern)| {
        let values = values(name);
        if values.iter().any(|value| pattern.is_match(value)) {
            return None;
        }
        let found = match values.first() {
            Some(value) => format!("is `{}`", shortened(value)),
            None => "is not there".to_owned(),
        };
        Some(format!("the header {name} {found}, and what matches /{}/ is wanted", pattern.as_str()))
    })
}

fn of_body(check: &HttpCheck, answer: &Answer) -> Option<String> {
    let pattern = check.body.as_ref().filter(|pattern| !pattern.is_match(&answer.body))?;
    Some(format!("the body does not match /{}/", pattern.as_str()))
}

fn of_json(check: &HttpCheck, answer: &Answer) -> Option<String> {
    if check.json.is_empty() {
        return None;
    }
    let Ok(body) = serde_json::from_str::<Value>(&answer.body) else { return Some("the body is no JSON".to_owned()) };
    check.json.iter().find_map(|(pointer, wanted)| {
        let found = match body.pointer(pointer) {
            Some(found) if is_equal(found, wanted) => return None,
            Some(found) => format!("is {}", shortened(&found.to_string())),
            None => "is not there".to_owned(),
        };
        Some(format!("{} in its JSON {found}, and {wanted} is wanted", named(pointer)))
    })
}

/// A pointer, in words where it points to all there is.
fn named(pointer: &str) -> &str {
    if pointer.is_empty() { "what stands" } else { pointer }
}

/// Whether two values are the same, numbers by what they are worth.
fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| is_equal(value, other)))
        }
        (one, other) => one == other,
    }
}

/// How long an answer took.
pub(super) fn told(took: Duration) -> String {
    if took < Duration::from_secs(1) {
        format!("{} ms", took.as_millis())
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}

/// The first lines of a body, each on a line of its own behind a mark.
pub(super) fn beginning(body: &str) -> String {
    let mut lines = body.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let shown: Vec<String> = lines.by_ref().take(LINES).map(shortened).collect();
    if shown.is_empty() {
        return "; its body is empty".to_owned();
    }
    let more = if lines.next().is_some() { "\n  | …" } else { "" };
    format!("; its body begins:\n  | {}{more}", shown.join("\n  | "))
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(WIDTH) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;
    use crate::plan::{Check, LocalCheck};

    fn check(keys: &str) -> HttpCheck {
        let text = format!(
            "version: 1\ntarget: {{api: https://api.example.com, org: acme, space: production}}\napps:\n  - name: shop\n    path: app\n    \
             manifest: manifest.yml\n    routes: {{live: [shop.example.com], staging: shop-staging.example.com}}\n    checks:\n      - \
             http: {{{keys}}}\n"
        );
        match &crate::example::plan(&text).apps[0].checks[0] {
            Check::Local(LocalCheck::Http(http)) => http.clone(),
            Check::Local(_) | Check::Task(_) => panic!("another check"),
        }
    }

    fn answer(status: u16, router_error: Option<&str>, body: &str) -> Answer {
        Answer {
            status,
            headers: HeaderMap::new(),
            router_error: router_error.map(ToOwned::to_owned),
            body: body.to_owned(),
        }
    }

    #[test]
    fn what_is_wrong_with_an_answer() {
        let quick = Duration::from_millis(20);
        let (plain, several) = (check("path: /health"), check("status: [204, 3xx, 200], body: ^ok"));
        let cases = [
            (&plain, Ok(answer(200, None, "")), None),
            (&plain, Ok(answer(500, None, "")), Some("HTTP 500, and 200 is wanted")),
            (&several, Ok(answer(302, None, "ok")), None),
            (
                &several,
                Ok(answer(502, Some("endpoint_failure (EOF)"), "")),
                Some("HTTP 502 from the router (endpoint_failure (EOF)), and 204 or 3xx or 200 is wanted"),
            ),
            (&several, Ok(answer(204, None, "no")), Some("HTTP 204, but the body does not match /^ok/")),
            (&plain, Err("connection refused".to_owned()), Some("no answer: connection refused")),
        ];
        for (check, answer, expected) in cases {
            assert_eq!(fault(check, &answer, quick).as_deref(), expected);
        }
    }

    #[test]
    fn what_is_wrong_with_a_header() {
        let check = check("response_headers: {content-type: ^application/json, X-Version: '^2\\.'}");
        let told = |headers: &[(&'static str, &'static str)]| {
            let mut answer = answer(200, None, "");
            answer.headers.extend(
                headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))),
            );
            fault(&check, &Ok(answer), Duration::ZERO)
        };
        let json = ("content-type", "application/json");
        assert_eq!(told(&[json, ("x-version", "1.0"), ("x-version", "2.0")]), None);
        let old = "HTTP 200, but the header X-Version is `1.0`, and what matches /^2\\./ is wanted";
        assert_eq!(told(&[json, ("x-version", "1.0")]).as_deref(), Some(old));
        let none = "HTTP 200, but the header X-Version is not there, and what matches /^2\\./ is wanted";
        assert_eq!(told(&[json]).as_deref(), Some(none));
    }

    #[test]
    fn what_is_wrong_with_json() {
        let check = check("json: {/status: UP, /db/0/latency: 1, '/a~1b': null}");
        for (body, expected) in [
            (r#"{"status":"UP","db":[{"latency":1.0}],"a/b":null,"more":[]}"#, None),
            (r#"{"status":"DOWN"}"#, Some("/a~1b in its JSON is not there, and null is wanted")),
            (r#"{"a/b":null,"db":[{"latency":2}]}"#, Some("/db/0/latency in its JSON is 2, and 1 is wanted")),
            (
                r#"{"a/b":null,"db":[{"latency":1}],"status":true}"#,
                Some("/status in its JSON is true, and \"UP\" is wanted"),
            ),
            ("<html>", Some("the body is no JSON")),
        ] {
            let told = fault(&check, &Ok(answer(200, None, body)), Duration::ZERO);
            assert_eq!(told, expected.map(|expected| format!("HTTP 200, but {expected}")), "{body}");
        }
        let all = self::check("json: {'': {ok: [1, true]}}");
        assert_eq!(fault(&all, &Ok(answer(200, None, r#"{"ok":[1,true]}"#)), Duration::ZERO), None);
        let told = fault(&all, &Ok(answer(200, None, r#"{"ok":[1]}"#)), Duration::ZERO);
        let expected = r#"HTTP 200, but what stands in its JSON is {"ok":[1]}, and {"ok":[1,true]} is wanted"#;
        assert_eq!(told.as_deref(), Some(expected));
    }

    #[test]
    fn an_answer_that_takes_too_long() {
        let check = check("latency: 500ms");
        let told = |took| fault(&check, &Ok(answer(200, None, "")), Duration::from_millis(took));
        assert_eq!(told(499), None);
        let slow = "HTTP 200, but the answer took 1.2 s, and less than 500ms is wanted";
        assert_eq!(told(1200).as_deref(), Some(slow));
    }

    #[test]
    fn how_long_a_request_took() {
        assert_eq!(told(Duration::from_micros(3400)), "3 ms");
        assert_eq!(told(Duration::from_millis(1250)), "1.2 s");
    }

    #[test]
    fn the_first_lines_of_a_body() {
        assert_eq!(beginning(" \n\n"), "; its body is empty");
        assert_eq!(beginning("{\"error\":\"no db\"}\n"), "; its body begins:\n  | {\"error\":\"no db\"}");
        assert_eq!(beginning("1\r\n2\n\n3\n4\n5\n6\n"), "; its body begins:\n  | 1\n  | 2\n  | 3\n  | 4\n  | 5\n  | …");
        let long = beginning(&"é".repeat(WIDTH + 1));
        assert!(long.ends_with("é…") && long.chars().count() < WIDTH + 40, "{long}");
    }
}
