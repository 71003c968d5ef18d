//! Connections, taken one after the other whatever becomes of one of them.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

/// How long to wait where the process has no file descriptor or memory left for a connection. It stays in the
/// kernel's queue meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

/// Takes the next connection and tells where it comes from. No error ends who listens, and none keeps a core busy.
///
/// May be dropped while it waits: no connection is lost.
pub(crate) async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(connection) => return connection,
            Err(error) if is_of_the_client(&error) => {}
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Whether a connection broke before it was taken: the next one may be there already.
fn is_of_the_client(error: &Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
