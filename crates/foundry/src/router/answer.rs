//! The bytes back to the client: an instance's answer as it comes, or the router's own.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::http::response::Parts;
use hyper::{Response, StatusCode};

use super::access_log::Entry;
use super::backend::{Body, BoxError};
use super::headers::ROUTER_ERROR;

/// How much of an answer of known length is held back at first. A gorouter's buffers do that: an answer that breaks off
/// within them never begins, and the client sees a closed connection instead of a piece.
const HELD_BYTES: usize = 4096;

/// How long it is held back at most (gorouter: the flush interval).
const HELD_FOR: Duration = Duration::from_millis(50);

/// An answer of the router's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The value of `X-Cf-Routererror`.
    pub(super) error: String,
    pub(super) cache: Option<&'static str>,
    /// The text of the body, without its newline.
    pub(super) text: String,
}

impl Refusal {
    /// Nothing to forward to; the text is preceded by the status.
    pub(super) fn lookup(status: StatusCode, error: &str, cache: &'static str, text: &str) -> Self {
        let reason = status.canonical_reason().unwrap_or_default();
        let text = format!("{} {reason}: {text}", status.as_u16());
        Self { status, error: error.to_owned(), cache: Some(cache), text }
    }

    /// The route is bound to a route service. (gorouter: `handlers/routeservice.go`, where `route_services_secret` is
    /// not set.)
    pub(super) fn route_service_unsupported() -> Self {
        Self {
            status: StatusCode::BAD_GATEWAY,
            error: "route_service_unsupported".to_owned(),
            cache: None,
            text: "502 Bad Gateway: Support for route services is disabled.".to_owned(),
        }
    }

    /// Every instance that was tried failed; `cause` is the last one's.
    pub(super) fn endpoint_failure(cause: &str) -> Self {
        Self {
            status: StatusCode::BAD_GATEWAY,
            error: format!("endpoint_failure ({cause})"),
            cache: None,
            text: "502 Bad Gateway: Registered endpoint failed to handle the request.".to_owned(),
        }
    }

    /// The refusal as an answer.
    pub(super) fn answer(self, mut entry: Entry) -> Response<Body> {
        entry.answered(self.status.as_u16(), Some(&self.error));
        let body = Full::new(Bytes::from(format!("{}\n", self.text)));
        let mut answer = Response::new(counted(body.map_err(BoxError::from), entry));
        *answer.status_mut() = self.status;
        let headers = answer.headers_mut();
        if let Some(cache) = self.cache {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if let Ok(error) = HeaderValue::from_str(&self.error) {
            headers.insert(ROUTER_ERROR, error);
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        answer
    }
}

/// Passes an instance's answer on as it comes. Fails where it breaks off before the first of it is sent: the connection
/// to the client is then closed without an answer.
pub(super) async fn pass_on(parts: Parts, mut body: Incoming, mut entry: Entry) -> Result<Response<Body>, BoxError> {
    entry.answered(parts.status.as_u16(), None);
    let mut held = BytesMut::new();
    let streams = parts
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("text/event-stream")));
    if parts.headers.contains_key(CONTENT_LENGTH) && !streams {
        let fill = async {
            while held.len() < HELD_BYTES {
                match body.frame().await {
                    Some(frame) => {
                        if let Ok(data) = frame?.into_data() {
                            held.extend_from_slice(&data);
                        }
                    }
                    None => break,
                }
            }
            Ok::<(), hyper::Error>(())
        };
        if let Ok(Err(broken)) = tokio::time::timeout(HELD_FOR, fill).await {
            return Err(broken.into());
        }
    }
    let rest = Prefixed { held: held.freeze(), rest: body };
    Ok(Response::from_parts(parts, counted(rest, entry)))
}

/// A body that counts into the access log and ends its entry.
pub(super) fn counted(
    body: impl HttpBody<Data = Bytes, Error = BoxError> + Send + Unpin + 'static,
    entry: Entry,
) -> Body {
    Counted { body, entry }.boxed_unsync()
}

struct Counted<B> {
    body: B,
    entry: Entry,
}

impl<B: HttpBody<Data = Bytes, Error = BoxError> + Unpin> HttpBody for Counted<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.entry.sent(data.len());
                }
                if self.body.is_end_stream() {
                    self.entry.complete();
                }
            }
            Some(Err(_)) => {}
            None => self.entry.complete(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What was held back, then the rest as it comes.
struct Prefixed {
    held: Bytes,
    rest: Incoming,
}

impl HttpBody for Prefixed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if !self.held.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.held)))));
        }
        Pin::new(&mut self.rest).poll_frame(cx).map_err(BoxError::from)
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.held.len() as u64;
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(held + rest.lower());
        if let Some(upper) = rest.upper() {
            hint.set_upper(held + upper);
        }
        hint
    }
}

/// A request's body on its way to an instance, counted.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) body: Incoming,
    pub(super) bytes: Arc<AtomicU64>,
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            let len = frame.data_ref().map_or(0, Bytes::len);
            self.bytes.fetch_add(len as u64, Ordering::Relaxed);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
