//! The web server of apps that are nothing but files.
//!
//! A real droplet of such an app brings nginx along, which its script `boot.sh` starts. Here the cell is that server,
//! for as long as the script runs: whatever the app's start command does before, or instead, stays what it is. The
//! script asks for it with a file beside the app's folder, which every shell can make; no pipe or socket that a shell
//! can open is to be had everywhere.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower_http::services::ServeDir;
use tower_http::services::fs::ServeFileSystemResponseBody;

use crate::accept::accept;
use crate::logs::Stream;
use crate::runtime::launch::Log;

/// The script; it lies in the app's folder, and what is served in `public` beside it.
pub(crate) const BOOT: &str = "#!/bin/sh\n: > \"$HOME/../serve\" && exec tail -f /dev/null\n";

/// The script of an image that stands in for another one: the cell answers every request itself.
pub(crate) const STAND_IN: &str =
    "#!/bin/sh\n# Stands in for an image.\n: > \"$HOME/../serve\" && exec tail -f /dev/null\n";

/// How often the cell looks whether the script runs.
const LOOK: Duration = Duration::from_millis(20);

/// Serves what lies in a container on a port of 127.0.0.1, once its script asks for it, until this is dropped. Never
/// resolves.
pub(super) async fn serve(container: PathBuf, port: u16, log: Log) {
    let Some(script) = script(&container) else { return std::future::pending().await };
    while !container.join("serve").exists() {
        tokio::time::sleep(LOOK).await;
    }
    // A port that somebody else has taken meanwhile is seen by the health check, as with any other app.
    let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await else { return std::future::pending().await };
    let files = ServeDir::new(container.join("app/public"));
    // They end with the server, as those of a process do.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            (connection, _) = accept(&listener) => {
                let (files, log, connection) = (files.clone(), log.clone(), TokioIo::new(connection));
                match script {
                    Script::Files => {
                        let service = service_fn(move |request| answer(files.clone(), request, log.clone()));
                        connections.spawn(http1::Builder::new().serve_connection(connection, service));
                    }
                    Script::StandIn => {
                        let service = service_fn(|_| std::future::ready(Ok::<_, Infallible>(stand_in())));
                        connections.spawn(http1::Builder::new().serve_connection(connection, service));
                    }
                }
            }
            Some(_ended) = connections.join_next() => {}
        }
    }
}

/// Answers a request and writes the line of nginx's log. (`staticfile-buildpack` 1.6.40: the log format
/// `cloudfoundry`.)
async fn answer(
    mut files: ServeDir,
    request: Request<Incoming>,
    log: Log,
) -> io::Result<Response<ServeFileSystemResponseBody>> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("-").to_owned();
    let (client, referer) = (header("x-forwarded-for"), header("referer"));
    let what = format!("{} {} {:?}", request.method(), request.uri(), request.version());
    let answer = files.try_call(request).await?;
    let time = Timestamp::now().strftime("%d/%b/%Y:%H:%M:%S %z").to_string();
    let status = answer.status().as_u16();
    let bytes = answer.body().size_hint().exact().unwrap_or_default();
    log.write(Stream::Out, &format!("{client} - {referer} - [{time}] \"{what}\" {status} {bytes}"));
    Ok(answer)
}

/// Which of the scripts an app brings.
#[derive(Debug, Clone, Copy)]
enum Script {
    Files,
    StandIn,
}

fn script(container: &Path) -> Option<Script> {
    let script = fs::read(container.join("app/boot.sh")).ok()?;
    [(BOOT, Script::Files), (STAND_IN, Script::StandIn)]
        .into_iter()
        .find_map(|(text, kind)| (script == text.as_bytes()).then_some(kind))
}

/// The answer of an image that stands in for another one.
fn stand_in() -> Response<Full<Bytes>> {
    Response::new(Full::from("This stands in for the app's image, which is not pulled here.\n"))
}
