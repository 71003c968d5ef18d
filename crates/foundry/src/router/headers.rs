//! What the router changes in the headers that pass through it.

use std::net::IpAddr;
use std::time::SystemTime;

use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};

use super::endpoint::Endpoint;

pub(super) const APP_INSTANCE: HeaderName = HeaderName::from_static("x-cf-app-instance");
pub(super) const PROCESS_INSTANCE: HeaderName = HeaderName::from_static("x-cf-process-instance");
pub(super) const ROUTER_ERROR: HeaderName = HeaderName::from_static("x-cf-routererror");
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-vcap-request-id");
pub(super) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(super) const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const TRACE: HeaderName = HeaderName::from_static("x-vcap-trace");
const REQUEST_START: HeaderName = HeaderName::from_static("x-request-start");

/// Headers that concern one connection only (Go: `httputil.ReverseProxy`).
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "proxy-connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The protocol that a message asks to upgrade to, or agrees to.
pub(super) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let asks = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|token| token.trim().eq_ignore_ascii_case("upgrade"));
    if asks { headers.get(UPGRADE).cloned() } else { None }
}

/// Takes off what concerns one connection only, keeping an upgrade and `TE: trailers`.
fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let upgrade = upgrade(headers);
    let trailers = headers.get(TE).is_some_and(|te| te.to_str().is_ok_and(|te| te.contains("trailers")));
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|token| token.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    if let Some(protocol) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Makes a client's headers those that an instance is sent, but for what names the instance.
pub(super) fn prepare_request(headers: &mut HeaderMap, client: IpAddr, request_id: &HeaderValue) {
    let expects = headers.get("expect").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    strip_hop_by_hop(headers);
    if expects && !headers.contains_key(CONNECTION) {
        // gorouter: `keep_alive_100_continue_requests` is off by default.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    headers.insert(REQUEST_ID, request_id.clone());
    let before: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let client = client.to_string();
    let chain = before.into_iter().chain([client.as_str()]).collect::<Vec<_>>().join(", ");
    insert(headers, FORWARDED_FOR, &chain);
    if headers.get(FORWARDED_PROTO).is_none_or(HeaderValue::is_empty) {
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    }
    if !headers.contains_key(REQUEST_START) {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        insert(headers, REQUEST_START, &since_epoch.as_millis().to_string());
    }
    headers.remove(APP_INSTANCE);
}

/// Names the instance to itself.
pub(super) fn name_instance(headers: &mut HeaderMap, endpoint: &Endpoint) {
    let addr = endpoint.addr.to_string();
    let instance = if endpoint.instance_guid.is_empty() { &addr } else { &endpoint.instance_guid };
    insert(headers, HeaderName::from_static("x-cf-applicationid"), &endpoint.app_guid);
    insert(headers, HeaderName::from_static("x-cf-instanceid"), instance);
    insert(headers, HeaderName::from_static("x-cf-instanceindex"), &endpoint.index.to_string());
}

/// Whether a client asks for the trace headers.
pub(super) fn traced(headers: &HeaderMap, key: &str) -> bool {
    !key.is_empty() && headers.get(TRACE).is_some_and(|value| value.as_bytes() == key.as_bytes())
}

/// Makes an instance's headers those that the client is sent; `router` is set where the trace headers were asked for.
pub(super) fn prepare_answer(
    headers: &mut HeaderMap,
    endpoint: &Endpoint,
    request_id: &HeaderValue,
    router: Option<IpAddr>,
) {
    // The names of trailers are announced again, the way of framing is chosen anew.
    let trailer = headers.get(TRAILER).cloned().filter(|_| headers.contains_key(TRANSFER_ENCODING));
    strip_hop_by_hop(headers);
    if let Some(trailer) = trailer {
        headers.insert(TRAILER, trailer);
    }
    if headers.get(REQUEST_ID).is_none_or(HeaderValue::is_empty) {
        headers.insert(REQUEST_ID, request_id.clone());
    }
    if let Some(router) = router {
        let addr = endpoint.addr.to_string();
        insert(headers, HeaderName::from_static("x-cf-routeendpoint"), &addr);
        insert(headers, HeaderName::from_static("x-vcap-backend"), &addr);
        insert(headers, HeaderName::from_static("x-vcap-router"), &router.to_string());
    }
}

/// Sets a header; a value that cannot stand in one is left out.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
