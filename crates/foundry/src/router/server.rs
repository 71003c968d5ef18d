//! Connections from clients, and the lookup of each request's route.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use regex::Regex;
use tokio::net::{TcpListener, TcpStream};

use super::access_log::Entry;
use super::answer::{Refusal, counted};
use super::backend::{Body, BoxError};
use super::clock::now;
use super::headers::{APP_INSTANCE, PROCESS_INSTANCE};
use super::http::Shared;
use super::pool::{Selection, SharedPool};
use super::registry::Wanted;
use super::{proxy, sticky};
use crate::accept::accept;
use crate::platform::lock;

const NO_CACHE: &str = "no-cache, no-store";
const SHORT_CACHE: &str = "public,max-age=2";

/// Takes connections until the router ends.
pub(super) async fn run(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (stream, client) = accept(&listener).await;
        shared.tasks.spawn(connection(stream, client, Arc::clone(&shared)));
    }
}

async fn connection(stream: TcpStream, client: SocketAddr, shared: Arc<Shared>) {
    // A connection that refuses the option is none that can be answered.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(|request| handle(Arc::clone(&shared), client, request));
    let served = http1::Builder::new()
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    // A connection that broke off has no one left to be told.
    drop(served);
}

/// Answers one request. Fails where the connection is to be closed without an answer.
async fn handle(
    shared: Arc<Shared>,
    client: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, BoxError> {
    let (parts, body) = request.into_parts();
    let host = match (parts.uri.authority(), parts.headers.get(HOST)) {
        (Some(authority), _) => authority.as_str().to_owned(),
        (None, Some(host)) => String::from_utf8_lossy(host.as_bytes()).into_owned(),
        (None, None) => String::new(),
    };
    let request_id = uuid::Uuid::new_v4().to_string();
    let mut entry = Entry::begin(Arc::clone(&shared), client, &parts, &host, &request_id);
    if parts.version == Version::HTTP_11 && parts.uri.authority().is_none() && !parts.headers.contains_key(HOST) {
        entry.answered(400, None);
        return Ok(no_host_header(entry));
    }
    match look_up(&shared, client.ip(), &host, parts.uri.path(), &parts.headers) {
        Ok(pool) => {
            let asked = sticky::asked(&parts.headers, &shared.settings.sticky_cookies);
            let selection = Selection::new(pool, asked.clone());
            let job = proxy::Job { shared, client, request_id, asked, selection, entry };
            job.run(Request::from_parts(parts, body)).await
        }
        Err(refusal) => Ok(refusal.answer(entry)),
    }
}

/// What Go's server answers to HTTP/1.1 without a host, before gorouter sees the request.
fn no_host_header(entry: Entry) -> Response<Body> {
    let text = Full::new(Bytes::from_static(b"400 Bad Request: missing required Host header"));
    let mut answer = Response::new(counted(text.map_err(|never: Infallible| match never {}), entry));
    *answer.status_mut() = StatusCode::BAD_REQUEST;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// The pool of a request's route, with only the instances that the client asks for.
fn look_up(
    shared: &Shared,
    client: IpAddr,
    host: &str,
    path: &str,
    headers: &HeaderMap,
) -> Result<SharedPool, Refusal> {
    let name = host.split(':').next().unwrap_or_default();
    if name.is_empty() || name == client.to_string() {
        return Err(Refusal::lookup(
            StatusCode::BAD_REQUEST,
            "empty_host",
            SHORT_CACHE,
            "Request had empty Host header",
        ));
    }
    let app_instance = header(headers, &APP_INSTANCE);
    let process_instance = header(headers, &PROCESS_INSTANCE).filter(|_| shared.settings.process_instance);
    let wanted = wanted(app_instance, process_instance)?;
    let pool = shared.registry().lookup(name, path, &wanted, now());
    match pool {
        Some(pool) if !lock(&pool).is_empty() => match lock(&pool).route_service_url {
            None => Ok(Arc::clone(&pool)),
            Some(_) => Err(Refusal::route_service_unsupported()),
        },
        Some(_) => Err(Refusal::lookup(
            StatusCode::SERVICE_UNAVAILABLE,
            "no_endpoints",
            SHORT_CACHE,
            &format!("Requested route ('{host}') has no available endpoints."),
        )),
        None => Err(missing_route(host, app_instance, process_instance)),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let value = headers.get(name)?;
    // A value that is no text is as badly formed as any other.
    Some(value.to_str().unwrap_or("?")).filter(|value| !value.is_empty())
}

/// What the headers ask for; the app's counts where both are sent.
fn wanted<'a>(app_instance: Option<&'a str>, process_instance: Option<&'a str>) -> Result<Wanted<'a>, Refusal> {
    let invalid = |error, name| {
        let text = format!("Invalid {name} Header");
        Refusal::lookup(StatusCode::BAD_REQUEST, error, NO_CACHE, &text)
    };
    match (app_instance, process_instance) {
        (Some(value), _) => match instance(value) {
            Some((guid, Some(index))) => Ok(Wanted::AppInstance { guid, index }),
            _ => Err(invalid("invalid_cf_app_instance_header", "X-CF-App-Instance")),
        },
        (None, Some(value)) => match instance(value) {
            Some((guid, index)) => Ok(Wanted::ProcessInstance { guid, index }),
            None => Err(invalid("invalid_cf_process_instance_header", "X-CF-Process-Instance")),
        },
        (None, None) => Ok(Wanted::Any),
    }
}

/// `GUID` or `GUID:INDEX`, the guid in small letters.
fn instance(value: &str) -> Option<(&str, Option<&str>)> {
    static FORM: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?::([0-9]+))?$").ok());
    let parts = FORM.as_ref()?.captures(value)?;
    Some((parts.get(1)?.as_str(), parts.get(2).map(|index| index.as_str())))
}

fn missing_route(host: &str, app_instance: Option<&str>, process_instance: Option<&str>) -> Refusal {
    let mut status = StatusCode::NOT_FOUND;
    let mut text = format!("Requested route ('{host}') does not exist.");
    if let Some(value) = app_instance {
        let (guid, index) = instance(value).unwrap_or_default();
        let index = index.unwrap_or_default();
        status = StatusCode::BAD_REQUEST;
        text = format!("Requested instance ('{index}') with guid ('{guid}') does not exist for route ('{host}')");
    }
    if let Some(value) = process_instance {
        let (guid, index) = instance(value).unwrap_or_default();
        status = StatusCode::BAD_REQUEST;
        let index = index.map_or_else(String::new, |index| format!(" ('{index}')"));
        text = format!("Requested instance{index} with process guid ('{guid}') does not exist for route ('{host}')");
    }
    Refusal::lookup(status, "unknown_route", NO_CACHE, &text)
}
