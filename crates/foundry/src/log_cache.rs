//! Log cache: what apps and the platform wrote, as `cf push`, `cf logs` and `cf logs --recent` read it.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /api/v1/info` | the version, from which cf takes the path of the rest |
//! | `GET /api/v1/read/{source}` | the envelopes of an app |

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::logs::{Line, Stream};
use crate::platform::Platform;
use crate::uaa;

/// Beyond 2.6 cf asks below `/api/v1`. (go-log-cache v2: `getBaseApiPath`.)
const VERSION: &str = "3.1.0";

/// The routes of log cache.
pub(crate) fn routes(platform: &Arc<Platform>) -> Router {
    Router::new()
        .route("/api/v1/info", get(info))
        .route("/api/v1/read/{source}", get(read))
        .with_state(Arc::clone(platform))
}

/// Copies the routers' access log into the logs of the apps, until the foundry ends.
pub(crate) async fn keep_access_log(platform: Arc<Platform>) {
    let mut lines = platform.routers.subscribe();
    loop {
        let line = tokio::select! {
            line = lines.recv() => line,
            () = platform.ending() => None,
        };
        let Some(line) = line else { return };
        // The platform's own parts are no apps.
        if let Some(app) = line.app_id.as_ref().filter(|app| !app.is_empty()) {
            platform.logs.append(&app.as_str().into(), "RTR", "0", Stream::Out, &line.to_string());
        }
    }
}

/// Tells apps of their ports that are not to be had, until the foundry ends.
pub(crate) async fn keep_port_troubles(platform: Arc<Platform>) {
    let mut troubles = platform.routers.tcp().subscribe();
    loop {
        let trouble = tokio::select! {
            trouble = troubles.recv() => trouble,
            () = platform.ending() => None,
        };
        let Some(trouble) = trouble else { return };
        platform.logs.append(&trouble.app_guid.as_str().into(), "RTR", "0", Stream::Err, &trouble.text);
    }
}

async fn info() -> Json<Value> {
    Json(json!({ "version": VERSION, "vm_uptime": "1" }))
}

async fn read(
    State(platform): State<Arc<Platform>>,
    Path(source): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if !may_read(&platform, &source, &headers) {
        // The proxy before log cache hides what one may not see.
        return StatusCode::NOT_FOUND.into_response();
    }
    match Wanted::parse(query.as_deref().unwrap_or_default()) {
        Ok(wanted) => {
            let lines = platform.logs.of(&source);
            let got = wanted.of(&lines);
            let batch: Vec<Value> = got.iter().map(|line| envelope(&source, line)).collect();
            // cf asks for the newest one alone to know from where to follow, and prints nothing of it.
            if let Some(last) = got.last().filter(|_| !wanted.newest_first) {
                platform.logs.is_read(&source, last.at);
            }
            Json(json!({ "envelopes": { "batch": batch } })).into_response()
        }
        Err(message) => {
            // gRPC's code 3 is an invalid argument.
            (StatusCode::BAD_REQUEST, Json(json!({ "error": message, "code": 3, "message": message }))).into_response()
        }
    }
}

/// Whether the caller may see the app: an administrator, or one with a role in its space.
fn may_read(platform: &Platform, source: &str, headers: &HeaderMap) -> bool {
    let Some(who) = uaa::bearer(headers).and_then(|token| platform.uaa.verify(token)).map(Who) else { return false };
    who.is_admin()
        || platform.store.read(|db| db.apps.get(source).is_some_and(|app| who.can_read_space(db, &app.space)))
}

/// Which envelopes are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    /// In nanoseconds since 1970, the first one included.
    start: i128,
    /// In nanoseconds since 1970, itself not included.
    end: i128,
    limit: usize,
    newest_first: bool,
    /// Nothing but logs is kept here; whoever asks for other envelopes alone gets none.
    logs: bool,
}

impl Wanted {
    /// How many envelopes come where no limit is set.
    const LIMIT: usize = 100;
    /// How many can be asked for.
    const MAX_LIMIT: usize = 1000;

    fn parse(query: &str) -> Result<Self, String> {
        let mut wanted = Self { start: 0, end: i128::MAX, limit: Self::LIMIT, newest_first: false, logs: true };
        let mut kinds = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8_lossy();
            let number = || value.parse::<i64>().map_err(|_| format!("{name} must be a number"));
            match name {
                "start_time" => wanted.start = number()?.into(),
                "end_time" => wanted.end = number()?.into(),
                "limit" => {
                    wanted.limit = usize::try_from(number()?).unwrap_or(usize::MAX);
                    if wanted.limit > Self::MAX_LIMIT {
                        return Err(format!("limit must be between 0 and {}", Self::MAX_LIMIT));
                    }
                }
                "descending" => wanted.newest_first = value == "true",
                "envelope_types" => kinds.push(value.into_owned()),
                _ => return Err(format!("{name} is not implemented by this embedded Cloud Foundry")),
            }
        }
        wanted.logs = kinds.is_empty() || kinds.iter().any(|kind| kind == "LOG" || kind == "ANY");
        Ok(wanted)
    }

    fn of<'a>(&self, lines: &'a [Line]) -> Vec<&'a Line> {
        let within = lines.iter().filter(|line| self.logs && (self.start..self.end).contains(&line.at.as_nanosecond()));
        if self.newest_first { within.rev().take(self.limit).collect() } else { within.take(self.limit).collect() }
    }
}

/// A line as an envelope of Loggregator v2, in protobuf's JSON.
fn envelope(source: &str, line: &Line) -> Value {
    let kind = match line.stream {
        Stream::Out => "OUT",
        Stream::Err => "ERR",
    };
    json!({
        "timestamp": line.at.as_nanosecond().to_string(),
        "source_id": source,
        "instance_id": line.instance,
        "tags": { "source_type": line.source },
        "log": { "payload": STANDARD.encode(&line.text), "type": kind },
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn lines() -> Vec<Line> {
        (1..=5)
            .map(|at| Line {
                at: Timestamp::from_nanosecond(at).unwrap(),
                source: "APP/PROC/WEB".to_owned(),
                instance: "0".to_owned(),
                stream: Stream::Out,
                text: at.to_string(),
            })
            .collect()
    }

    #[test]
    fn a_query_chooses_lines() {
        let cases = [
            ("", "1 2 3 4 5"),
            // What `cf logs --recent` sends: the start is Go's zero time.
            ("descending=true&envelope_types=LOG&limit=1000&start_time=-6795364578871345152", "5 4 3 2 1"),
            ("descending=true&limit=1", "5"),
            ("limit=2", "1 2"),
            ("start_time=3", "3 4 5"),
            ("start_time=2&end_time=4", "2 3"),
            ("start_time=6", ""),
            ("envelope_types=GAUGE", ""),
            ("envelope_types=GAUGE&envelope_types=LOG", "1 2 3 4 5"),
        ];
        for (query, expected) in cases {
            let lines = lines();
            let found: Vec<&str> =
                Wanted::parse(query).unwrap().of(&lines).into_iter().map(|line| line.text.as_str()).collect();
            assert_eq!(found.join(" "), expected, "{query}");
        }
    }

    #[test]
    fn a_wrong_query_is_refused() {
        for query in ["limit=1001", "limit=-1", "limit=x", "start_time=now", "name_filter=a"] {
            assert!(Wanted::parse(query).is_err(), "{query}");
        }
    }

    #[test]
    fn an_envelope_is_protobufs_json() {
        let line = &lines()[0];
        let expected = json!({
            "timestamp": "1", "source_id": "app", "instance_id": "0",
            "tags": { "source_type": "APP/PROC/WEB" }, "log": { "payload": "MQ==", "type": "OUT" },
        });
        assert_eq!(envelope("app", line), expected);
    }
}
