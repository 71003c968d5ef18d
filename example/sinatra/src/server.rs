//! Connections, a thread each, and their orderly end.

use std::collections::HashMap;
use std::io::{self, BufReader};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;

use crate::http::{Answer, Request};
use crate::websocket;

/// How many connections are served at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 512;

/// How long an idle connection is kept: longer than a gorouter keeps it (90 s), which so never sends a request into a
/// connection that is being closed.
const IDLE: Duration = Duration::from_secs(120);

/// Whether the instance is to end.
#[derive(Debug, Clone)]
pub(crate) struct Drain(Arc<AtomicBool>);

impl Drain {
    /// Begins to drain on SIGTERM; `address` is the listener's, which is woken by a connection.
    pub(crate) fn on_sigterm(address: SocketAddr) -> io::Result<Self> {
        let drain = Self(Arc::default());
        let (begun, mut signals) = (drain.clone(), Signals::new([SIGTERM])?);
        std::thread::spawn(move || {
            if signals.forever().next().is_some() {
                begun.begin(address);
            }
        });
        Ok(drain)
    }

    fn begin(&self, address: SocketAddr) {
        self.0.store(true, Ordering::SeqCst);
        // Nobody needs the connection: the listener only has to look up.
        drop(TcpStream::connect(address));
    }

    fn begun(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The open connections: those that wait for a request, to be closed at the end, and the number of all.
#[derive(Debug, Default)]
struct Connections {
    state: Mutex<Open>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Open {
    count: usize,
    next: u64,
    idle: HashMap<u64, TcpStream>,
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until fewer connections are open than `limit`.
    fn wait_below(&self, limit: usize) {
        let waited = self.changed.wait_while(self.lock(), |open| open.count >= limit);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// Serves until the drain has begun and every connection has ended. Fails where the listener does.
pub(crate) fn run(
    listener: TcpListener,
    drain: &Drain,
    answer: impl Fn(&Request) -> Answer + Clone + Send + 'static,
) -> io::Result<()> {
    let connections = Arc::new(Connections::default());
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                connections.lock().count += 1;
                let (connections, drain, answer) = (Arc::clone(&connections), drain.clone(), answer.clone());
                std::thread::spawn(move || {
                    // A client that breaks off harms nobody else.
                    drop(serve(&stream, &connections, &drain, &answer));
                    connections.lock().count -= 1;
                    connections.changed.notify_all();
                });
            }
            // What waited has been taken: from now on connections are refused, and tried elsewhere.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if drain.begun() => return Err(error),
            Err(_) => std::thread::yield_now(),
        }
        if drain.begun() {
            listener.set_nonblocking(true)?;
        } else {
            connections.wait_below(MAX_CONNECTIONS);
        }
    }
    drop(listener);
    for stream in connections.lock().idle.values() {
        // A request that has arrived is still read; else the connection ends.
        drop(stream.shutdown(Shutdown::Read));
    }
    connections.wait_below(1);
    Ok(())
}

fn serve(
    stream: &TcpStream,
    connections: &Connections,
    drain: &Drain,
    answer: &impl Fn(&Request) -> Answer,
) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(IDLE))?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let id = {
            let mut open = connections.lock();
            open.next += 1;
            let id = open.next;
            open.idle.insert(id, stream.try_clone()?);
            id
        };
        // The drain may have passed over the idle connections before this one was among them.
        if drain.begun() {
            stream.shutdown(Shutdown::Read)?;
        }
        let request = Request::read(&mut reader);
        connections.lock().idle.remove(&id);
        let Some(request) = request? else { return Ok(()) };
        let answer = answer(&request);
        let keep = request.keeps() && !drain.begun();
        answer.write(&mut writer, request.wants_head_only(), keep)?;
        if answer.is_websocket() {
            return websocket::echo(&mut reader, &mut writer);
        }
        if !keep {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_websocket_outlives_the_beginning_of_the_drain() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let drain = Drain(Arc::default());
        let draining = drain.clone();
        let server = std::thread::spawn(move || run(listener, &draining, |_| Answer::websocket("key")));
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"GET /ws HTTP/1.1\r\n\r\n").unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0; 1];
            client.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        assert!(head.starts_with(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"));
        drain.begin(address);
        while TcpStream::connect(address).is_ok() {
            std::thread::yield_now();
        }
        client.write_all(b"\x81\x82\x00\x00\x00\x00hi\x88\x80\x00\x00\x00\x00").unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, b"\x81\x02hi\x88\x00");
        server.join().unwrap().unwrap();
    }

    #[test]
    fn what_was_begun_is_finished_and_what_is_idle_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let drain = Drain(Arc::default());
        let (begun, release) = (mpsc::channel(), mpsc::channel::<()>());
        let release_for_app = Arc::new(Mutex::new(release.1));
        let (draining, begun_by_app) = (drain.clone(), begun.0);
        let server = std::thread::spawn(move || {
            run(listener, &draining, move |request| {
                if request.path() == "/slow" {
                    begun_by_app.send(()).unwrap();
                    release_for_app.lock().unwrap().recv().unwrap();
                }
                Answer::text(200, "done")
            })
        });
        let mut idle = TcpStream::connect(address).unwrap();
        idle.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut first = [0; 8];
        idle.read_exact(&mut first).unwrap();
        let mut slow = TcpStream::connect(address).unwrap();
        slow.write_all(b"GET /slow HTTP/1.1\r\n\r\n").unwrap();
        begun.1.recv().unwrap();

        drain.begin(address);
        let mut rest = String::new();
        idle.read_to_string(&mut rest).unwrap();
        assert!(rest.ends_with("done"), "{rest}");
        while TcpStream::connect(address).is_ok() {
            std::thread::yield_now();
        }
        release.0.send(()).unwrap();
        let mut answer = String::new();
        slow.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("Connection: close\r\n") && answer.ends_with("done"), "{answer}");
        server.join().unwrap().unwrap();
    }
}
