//! A conversation on a WebSocket (RFC 6455), as a client that notices when it breaks off.

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::cause::Cause;

/// What both ends add to the key. (RFC 6455, 1.3.)
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// How many messages are sent, and how far apart.
const MESSAGES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(200);

/// Whole messages, and the end of a conversation that went well. (RFC 6455, 5.2 and 7.4.1.)
const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const NORMAL: [u8; 2] = 1000_u16.to_be_bytes();

/// A key for one handshake.
pub(super) fn key() -> String {
    STANDARD.encode(uuid::Uuid::new_v4().as_bytes())
}

/// What an end that accepts a key answers.
pub(super) fn accepted(key: &str) -> String {
    STANDARD.encode(Sha1::digest(format!("{key}{GUID}")))
}

/// Makes a request one for a WebSocket. Fails where the key is none.
pub(super) fn ask_for(headers: &mut HeaderMap, key: &str) -> Result<(), Cause> {
    let key = HeaderValue::from_str(key).map_err(|error| Cause::Connection(error.to_string()))?;
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.insert(SEC_WEBSOCKET_KEY, key);
    Ok(())
}

/// Fails where an answer does not accept the key.
pub(super) fn check_accepted(headers: &HeaderMap, key: &str) -> Result<(), Cause> {
    if headers.get(SEC_WEBSOCKET_ACCEPT).is_some_and(|value| *value == accepted(key)) {
        Ok(())
    } else {
        Err(Cause::Connection("the WebSocket was not accepted".to_owned()))
    }
}

/// Sends messages, expects each of them back, and closes. Fails where the other end does anything else.
pub(super) async fn converse(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    for number in 0..MESSAGES {
        let message = format!("message {number}");
        stream.write_all(&masked(TEXT, message.as_bytes())).await?;
        expect(stream, TEXT, message.as_bytes()).await?;
        tokio::time::sleep(PAUSE).await;
    }
    stream.write_all(&masked(CLOSE, &NORMAL)).await?;
    expect(stream, CLOSE, &NORMAL).await
}

/// A frame as a client sends it: with a mask, here of zeros. The payload must be shorter than 126 bytes.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap_or_default();
    [&[first, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

async fn expect(stream: &mut (impl AsyncRead + Unpin), first: u8, payload: &[u8]) -> io::Result<()> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).await?;
    // A frame of a server has no mask, and none that is expected is long.
    let mut read = vec![0; usize::from(head[1] & 0x7f)];
    stream.read_exact(&mut read).await?;
    match head[0] {
        found if found == first && read == payload => Ok(()),
        CLOSE => Err(io::Error::new(io::ErrorKind::InvalidData, "the WebSocket was closed by the other end")),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the WebSocket sent something else")),
    }
}
