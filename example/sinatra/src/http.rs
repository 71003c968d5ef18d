//! As much HTTP/1.1 as the app needs.

use std::io::{self, BufRead, Read, Write};
use std::time::Duration;

use crate::websocket;

/// How long a head may be, in bytes.
const MAX_HEAD: u64 = 64 * 1024;

/// A request whose body has been read.
#[derive(Debug)]
pub(crate) struct Request {
    method: String,
    target: String,
    version: String,
    headers: Vec<(String, String)>,
    body_length: u64,
}

impl Request {
    /// Reads one request; `None` at the end of the connection.
    pub(crate) fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let mut head = Vec::new();
        let mut limited = stream.by_ref().take(MAX_HEAD);
        while !head.ends_with(b"\r\n\r\n") {
            if limited.read_until(b'\n', &mut head)? == 0 {
                return if head.is_empty() { Ok(None) } else { Err(invalid("the head of a request broke off")) };
            }
        }
        let head = String::from_utf8_lossy(&head);
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
        let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next()) else {
            return Err(invalid("not a request"));
        };
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut request = Self { method, target, version, headers, body_length: 0 };
        request.body_length = request.skip_body(stream)?;
        Ok(Some(request))
    }

    fn skip_body(&self, stream: &mut impl BufRead) -> io::Result<u64> {
        if self.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            let mut total = 0;
            loop {
                let mut size = String::new();
                stream.read_line(&mut size)?;
                let size = u64::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16);
                let size = size.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not a chunk"))?;
                skip(stream, size + 2)?;
                total += size;
                if size == 0 {
                    return Ok(total);
                }
            }
        }
        let length = self.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        skip(stream, length)?;
        Ok(length)
    }

    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    /// By its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn has_cookie(&self, name: &str) -> bool {
        let cookies = self.header("cookie").unwrap_or_default();
        cookies.split(';').filter_map(|pair| pair.split_once('=')).any(|(found, _)| found.trim() == name)
    }

    /// The key of a client that asks for a WebSocket.
    pub(crate) fn websocket_key(&self) -> Option<&str> {
        let upgrade = self.header("upgrade").filter(|protocol| protocol.eq_ignore_ascii_case("websocket"));
        upgrade.and_then(|_| self.header("sec-websocket-key"))
    }

    pub(crate) fn body_length(&self) -> u64 {
        self.body_length
    }

    /// Whether the client wants the connection kept.
    pub(crate) fn keeps(&self) -> bool {
        self.version == "HTTP/1.1"
            && !self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    pub(crate) fn wants_head_only(&self) -> bool {
        self.method == "HEAD"
    }
}

fn skip(stream: &mut impl BufRead, length: u64) -> io::Result<()> {
    let skipped = io::copy(&mut stream.take(length), &mut io::sink())?;
    if skipped == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Whole(String),
    /// The same line so many times, so far apart.
    Lines(String, u64, Duration),
    /// None: from here on the connection is a WebSocket.
    WebSocket,
}

impl Answer {
    pub(crate) fn text(status: u16, text: &str) -> Self {
        let headers = vec![("Content-Type".to_owned(), "text/plain; charset=utf-8".to_owned())];
        Self { status, headers, body: Body::Whole(text.to_owned()) }
    }

    pub(crate) fn json(text: &str) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Self { headers, ..Self::text(200, text) }
    }

    pub(crate) fn lines(line: &str, count: u64, pause: Duration) -> Self {
        Self { body: Body::Lines(line.to_owned(), count, pause), ..Self::text(200, "") }
    }

    pub(crate) fn websocket(key: &str) -> Self {
        let answer = Self { status: 101, headers: Vec::new(), body: Body::WebSocket };
        answer.with("Upgrade", "websocket").with("Sec-WebSocket-Accept", &websocket::accept(key))
    }

    pub(crate) fn is_websocket(&self) -> bool {
        matches!(self.body, Body::WebSocket)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes the answer; `keep` says whether the connection stays open.
    pub(crate) fn write(&self, stream: &mut impl Write, head_only: bool, keep: bool) -> io::Result<()> {
        let reason = match self.status {
            101 => "Switching Protocols",
            200 => "OK",
            400 => "Bad Request",
            _ => "Not Found",
        };
        let headers: String = self.headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
        let connection = match (&self.body, keep) {
            (Body::WebSocket, _) => "Connection: Upgrade\r\n",
            (_, true) => "",
            (_, false) => "Connection: close\r\n",
        };
        let head = format!("HTTP/1.1 {} {reason}\r\n{headers}{connection}", self.status);
        match &self.body {
            Body::Whole(text) => {
                let body = if head_only { "" } else { text };
                stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", text.len()).as_bytes())?;
            }
            Body::WebSocket => stream.write_all(format!("{head}\r\n").as_bytes())?,
            Body::Lines(line, count, pause) => {
                stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes())?;
                if !head_only {
                    for _ in 0..*count {
                        stream.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes())?;
                        stream.flush()?;
                        std::thread::sleep(*pause);
                    }
                    stream.write_all(b"0\r\n\r\n")?;
                }
            }
        }
        stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_follow_each_other_on_a_connection() {
        let text = "POST /a?ms=1&x=2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
                    POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n\
                    GET /c HTTP/1.1\r\nConnection: close\r\nCookie: a=1; JSESSIONID=2\r\n\r\n";
        let mut stream = io::Cursor::new(text);
        let mut next = || Request::read(&mut stream).unwrap();
        let first = next().unwrap();
        assert_eq!((first.path(), first.query("x"), first.body_length(), first.keeps()), ("/a", Some("2"), 3, true));
        let second = next().unwrap();
        assert_eq!((second.path(), second.body_length()), ("/b", 5));
        let third = next().unwrap();
        assert_eq!((third.path(), third.keeps()), ("/c", false));
        assert!(third.has_cookie("JSESSIONID") && !third.has_cookie("b"));
        assert!(next().is_none());
    }

    #[test]
    fn half_a_request_is_an_error() {
        for text in ["GET / HTTP/1.1\r\nHost", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort", "x\r\n\r\n"] {
            assert!(Request::read(&mut io::Cursor::new(text)).is_err(), "{text:?}");
        }
    }
}
