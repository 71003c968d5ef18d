//! The one loop that all parts of the control plane share: it accepts connections, notes each call, delays it, and
//! lets it fail where a fault is set.

use std::future::pending;
use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, header};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;

use crate::accept::accept;
use crate::controller::error::ApiError;
use crate::faults::{Fault, Harm, Struck};
use crate::platform::Platform;
use crate::request_log::{Call, Service};

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed on purpose")]
struct Closed;

/// Serves `routes` on a bound listener until the foundry ends. Must be called inside the runtime.
/// Fails when the listener cannot be handed to the runtime.
pub(crate) fn serve(
    listener: TcpListener,
    service: Service,
    routes: Router,
    platform: &Arc<Platform>,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let platform = Arc::clone(platform);
    tokio::spawn(async move {
        loop {
            let (stream, _) = tokio::select! {
                connection = accept(&listener) => connection,
                () = platform.ending() => return,
            };
            tokio::spawn(connection_loop(stream, service, routes.clone(), Arc::clone(&platform)));
        }
    });
    Ok(())
}

async fn connection_loop(stream: tokio::net::TcpStream, service: Service, routes: Router, platform: Arc<Platform>) {
    // Small answers follow small requests: without this each of them waits for a delayed acknowledgement.
    let _unsupported = stream.set_nodelay(true);
    let calls = service_fn(|request| call(request, service, routes.clone(), Arc::clone(&platform)));
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), calls);
    tokio::select! {
        // Errors are broken connections and answers closed on purpose: nobody is left to be told.
        _over = connection.with_upgrades() => {}
        () = platform.ending() => {}
    }
}

/// Answers a call, unless a restore sends it away.
async fn call(
    request: Request<Incoming>,
    service: Service,
    routes: Router,
    platform: Arc<Platform>,
) -> Result<Response<Body>, Closed> {
    let call = platform.admission.admit().await;
    tokio::select! {
        answer = answer(request, service, routes, &platform) => answer,
        () = call.cancelled() => Err(Closed),
    }
}

async fn answer(
    request: Request<Incoming>,
    service: Service,
    routes: Router,
    platform: &Platform,
) -> Result<Response<Body>, Closed> {
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let number = platform.request_log.heard(Call {
        service,
        at: Timestamp::now(),
        method: method.clone(),
        target: request.uri().path_and_query().map_or_else(|| path.clone(), ToString::to_string),
        user_agent: agent.to_owned(),
        status: None,
    });
    let timing = platform.timing();
    let latency = timing.call_latency + timing.call_jitter.of(number);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let answer = match platform.faults.strike(service, &method, &path) {
        Some(struck) => disturbed(struck, routes, request, platform).await?,
        None => routed(routes, request.map(Body::new)).await,
    };
    platform.request_log.answered(number, answer.status().as_u16());
    Ok(answer)
}

/// Answers a call that is held or goes wrong, before or after its effect. It has been heard to its end before: only then
/// is it noticed when the client goes away.
async fn disturbed(
    Struck { fault, gate }: Struck,
    routes: Router,
    request: Request<Incoming>,
    platform: &Platform,
) -> Result<Response<Body>, Closed> {
    let wait = async {
        if let Some(gate) = gate {
            gate.pass().await;
        }
    };
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(Body::new(body), usize::MAX).await.map_err(|_broken| Closed)?;
    let request = Request::from_parts(head, Body::from(body));
    match fault {
        Fault::Before(harm) => {
            wait.await;
            match harmed(harm, platform).await? {
                Some(instead) => Ok(instead),
                None => Ok(routed(routes, request).await),
            }
        }
        Fault::After(harm) => {
            // The effect is whole only when the answer is complete: so the body is made first.
            let (head, body) = routed(routes, request).await.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
            wait.await;
            let instead = harmed(harm, platform).await?;
            Ok(instead.unwrap_or_else(|| Response::from_parts(head, Body::from(body))))
        }
    }
}

async fn routed(routes: Router, request: Request<Body>) -> Response<Body> {
    match TowerToHyperService::new(routes).call(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

/// Does harm; returns what is answered in place of the platform's answer, where there is something.
async fn harmed(harm: Harm, platform: &Platform) -> Result<Option<Response<Body>>, Closed> {
    match harm {
        Harm::Nothing => Ok(None),
        Harm::ExpireTokens => {
            platform.faults.expire_tokens();
            Ok(None)
        }
        Harm::Close => Err(Closed),
        Harm::Hang => pending().await,
        Harm::Answer { status, retry_after } => {
            let mut answer = ApiError::for_status(status).into_response();
            if let Some(after) = retry_after {
                answer.headers_mut().insert(header::RETRY_AFTER, after.as_secs().into());
            }
            Ok(Some(answer))
        }
    }
}
