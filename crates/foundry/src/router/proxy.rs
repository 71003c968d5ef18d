//! One request forwarded: the attempts, the retries between them, the answer or the tunnel that comes of it.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body as _, Incoming};
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::rt::TokioIo;

use super::access_log::Entry;
use super::answer::{Refusal, Upload, pass_on};
use super::backend::{Backends, Body, BoxError, Failure, FailureKind};
use super::clock::now;
use super::endpoint::Endpoint;
use super::http::Shared;
use super::pool::{Choice, Selection};
use super::{headers, sticky};

/// A request with a route.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) shared: Arc<Shared>,
    pub(super) client: SocketAddr,
    pub(super) request_id: String,
    /// The instance that a sticky client came with.
    pub(super) asked: Option<String>,
    pub(super) selection: Selection,
    pub(super) entry: Entry,
}

impl Job {
    /// Forwards the request until an instance has answered, or gives up. Fails where the connection to the client is to
    /// be closed without an answer.
    pub(super) async fn run(mut self, mut request: Request<Incoming>) -> Result<Response<Body>, BoxError> {
        let request_id = HeaderValue::from_str(&self.request_id)?;
        let traced = headers::traced(request.headers(), &self.shared.settings.trace_key);
        let router = traced.then(|| self.shared.addr.ip());
        let wants_upgrade = headers::upgrade(request.headers()).is_some();
        let client_upgrade = wants_upgrade.then(|| hyper::upgrade::on(&mut request));
        let (parts, body) = request.into_parts();
        let head = self.outgoing_head(parts, &request_id)?;
        let upload = (!body.is_end_stream()).then(|| Upload { body, bytes: self.entry.request_bytes() });

        let begun = now();
        let forwarded = self.forward(&head, upload).await;
        self.entry.spent_on_instance(now().saturating_duration_since(begun));
        let (response, endpoint) = match forwarded {
            Ok(answered) => answered,
            Err(cause) => return Ok(Refusal::endpoint_failure(&cause).answer(self.entry)),
        };

        let mut response = response;
        let path = self.selection.context_path();
        let cookies = &self.shared.settings.sticky_cookies;
        if !endpoint.instance_guid.is_empty() {
            sticky::set(response.headers_mut(), &endpoint, self.asked.as_deref(), &path, cookies);
        }
        headers::prepare_answer(response.headers_mut(), &endpoint, &request_id, router);
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return match client_upgrade {
                Some(client) => Ok(self.tunnel(client, response)),
                None => Ok(Refusal::endpoint_failure("unexpected 101 answer").answer(self.entry)),
            };
        }
        let (parts, body) = response.into_parts();
        pass_on(parts, body, self.entry).await
    }

    /// The head of the request as an instance is sent it, but for what names the instance.
    fn outgoing_head(&mut self, mut parts: Parts, request_id: &HeaderValue) -> Result<Parts, BoxError> {
        headers::prepare_request(&mut parts.headers, self.client.ip(), request_id);
        self.entry.forwarded(&parts.headers);
        // Instances are asked in origin form, whatever form the client chose.
        if let Some(path) = parts.uri.path_and_query() {
            parts.uri = Uri::try_from(path.as_str())?;
        }
        parts.version = Version::HTTP_11;
        parts.extensions.clear();
        Ok(parts)
    }

    /// Tries one instance after the other. Fails with the cause of the last failure.
    async fn forward(
        &mut self,
        head: &Parts,
        mut upload: Option<Upload>,
    ) -> Result<(Response<Incoming>, Arc<Endpoint>), String> {
        let bodiless = upload.is_none();
        let idempotent = bodiless && idempotent(head);
        let mut body = upload.take().map(http_body_util::BodyExt::boxed_unsync);
        let mut cause = None;
        for attempt in 1..=self.shared.settings.max_attempts.max(1) {
            let endpoint = match self.selection.choose(attempt, now()) {
                Choice::Endpoint(endpoint) => endpoint,
                Choice::Exhausted => break,
                Choice::Empty => return Err(cause.unwrap_or_else(|| "No endpoints available".to_owned())),
            };
            self.entry.tried(&endpoint);
            let fresh = || request(head, &endpoint, Empty::new().map_err(|never| match never {}).boxed_unsync());
            let outgoing = match body.take() {
                Some(body) => request(head, &endpoint, body),
                None => fresh(),
            };
            let replay: Option<&(dyn Fn() -> Request<Body> + Sync)> = if idempotent { Some(&fresh) } else { None };
            let sent = Backends::send(&self.shared, endpoint.addr, outgoing, replay);
            let timeout = self.shared.settings.endpoint_timeout;
            let failure = match tokio::time::timeout(timeout, sent).await {
                Ok(Ok(response)) => return Ok((response, endpoint)),
                Ok(Err(failure)) => failure,
                Err(_) => {
                    let message = "context deadline exceeded".to_owned();
                    Failure { kind: FailureKind::Other, message, unsent: None }
                }
            };
            self.entry.failed_attempt();
            if failure.kind.marks() {
                self.selection.failed(&endpoint, now());
            }
            cause = Some(failure.message);
            body = failure.unsent.map(Request::into_body).filter(|_| !bodiless);
            // A body that is gone cannot be sent again, whatever the kind of the failure.
            if !failure.kind.retriable(idempotent) || !(bodiless || body.is_some()) {
                break;
            }
        }
        Err(cause.unwrap_or_else(|| "No endpoints available".to_owned()))
    }

    /// Passes the answer to an upgrade on and joins both connections, until one of them ends.
    fn tunnel(mut self, client: OnUpgrade, mut response: Response<Incoming>) -> Response<Body> {
        let instance = hyper::upgrade::on(&mut response);
        let (parts, _) = response.into_parts();
        self.entry.answered(parts.status.as_u16(), None);
        let mut entry = self.entry;
        let spawner = Arc::clone(&self.shared);
        spawner.tasks.spawn(async move {
            if let Ok((client, instance)) = tokio::try_join!(client, instance) {
                let (mut client, mut instance) = (TokioIo::new(client), TokioIo::new(instance));
                // Either side may break off; the tunnel ends with it.
                if let Ok((_, down)) = tokio::io::copy_bidirectional(&mut client, &mut instance).await {
                    entry.sent(usize::try_from(down).unwrap_or(usize::MAX));
                    entry.complete();
                }
            }
        });
        Response::from_parts(parts, Empty::new().map_err(|never| match never {}).boxed_unsync())
    }
}

fn request(head: &Parts, endpoint: &Endpoint, body: Body) -> Request<Body> {
    let mut request = Request::from_parts(head.clone(), body);
    headers::name_instance(request.headers_mut(), endpoint);
    request
}

/// Whether sending a request without a body twice does no harm (Go: `Request.isReplayable`).
fn idempotent(head: &Parts) -> bool {
    matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
        || head.headers.contains_key("idempotency-key")
        || head.headers.contains_key("x-idempotency-key")
}
