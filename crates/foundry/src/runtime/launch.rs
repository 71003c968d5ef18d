//! The files, the environment and the process group of an instance or a task.

use std::ffi::OsStr;
use std::future::poll_fn;
use std::io::{self, Read as _};
use std::path::Path;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use guard::Group;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::task::{JoinHandle, JoinSet};

use crate::logs::Stream;
use crate::platform::Platform;
use crate::runtime::cell::Cell;
use crate::runtime::container::Container;
use crate::runtime::web_server;
use crate::state::Guid;

/// Where programs are looked for. (The stack's own.)
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What runs start commands on Cloud Foundry. (Diego: `launcher`, which executes `bash -c COMMAND`.)
const BASH: &str = "/bin/bash";

/// Something to run.
#[derive(Debug)]
pub(super) struct Launch<'a> {
    /// Its guid: the instance's or the task's.
    pub(super) guid: &'a Guid,
    pub(super) droplet: &'a Guid,
    pub(super) command: &'a str,
    /// As the app's process sees it; what the cell knows itself is added.
    pub(super) environment: Vec<(String, String)>,
}

impl Cell {
    /// Copies the droplet into a directory of its own. Fails where the disk is full or the droplet is gone.
    pub(super) fn container(&self, launch: &Launch<'_>) -> io::Result<Container> {
        let container = Container { path: self.containers().join(launch.guid.as_str()) };
        std::fs::create_dir_all(container.path().join("tmp"))?;
        // Not in this process: what it writes, a child that another thread is just starting has open, too, until it
        // becomes its program; and a file that somebody has open to write cannot be run ("Text file busy").
        let droplet = self.blobs().droplet(launch.droplet);
        let argv =
            [OsStr::new("cp"), OsStr::new("-RPp"), droplet.as_os_str(), container.path().join("app").as_os_str()]
                .map(OsStr::to_owned);
        let mut copying = self.guard.spawn(&argv, |command| {
            command.stdout(Stdio::null()).stderr(Stdio::piped());
        })?;
        let mut told = String::new();
        if let Some(mut err) = copying.stderr() {
            err.read_to_string(&mut told)?;
        }
        if copying.wait()?.success() { Ok(container) } else { Err(io::Error::other(told)) }
    }

    /// Starts the command in its container. Fails where no process can be had.
    pub(super) fn launch(&self, launch: &Launch<'_>, container: &Container) -> io::Result<Group> {
        let app = container.path().join("app");
        // Bash becomes a command that stands alone. Other shells stay before it and end with SIGTERM, and an app whose
        // first process has ended is not waited for.
        let shell = if Path::new(BASH).exists() { BASH } else { "/bin/sh" };
        self.guard.spawn(&[shell, "-c", launch.command], |command| {
            command
                .current_dir(&app)
                .env_clear()
                .env("PATH", PATH)
                .env("LANG", "en_US.UTF-8")
                .envs(launch.environment.iter().map(|(key, value)| (key, value)))
                .env("USER", "vcap")
                .env("HOME", &app)
                .env("PWD", &app)
                .env("TMPDIR", container.path().join("tmp"))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
        })
    }
}

/// What an instance knows of itself. (Diego's rep and launcher.)
pub(super) fn instance_environment(
    shared: &[(String, String)],
    instance: &Guid,
    index: u32,
    port: u16,
) -> Vec<(String, String)> {
    let mut environment: Vec<(String, String)> = shared.to_vec();
    for (key, value) in &mut environment {
        if key == "VCAP_APPLICATION"
            && let Ok(Value::Object(mut application)) = serde_json::from_str(value)
        {
            application.insert("host".to_owned(), json!("0.0.0.0"));
            application.insert("instance_id".to_owned(), json!(instance));
            application.insert("instance_index".to_owned(), json!(index));
            application.insert("port".to_owned(), json!(port));
            *value = Value::Object(application).to_string();
        }
    }
    let own = [
        ("PORT", port.to_string()),
        ("VCAP_APP_PORT", port.to_string()),
        ("VCAP_APP_HOST", "0.0.0.0".to_owned()),
        ("CF_INSTANCE_INDEX", index.to_string()),
        ("CF_INSTANCE_GUID", instance.to_string()),
        ("INSTANCE_INDEX", index.to_string()),
        ("INSTANCE_GUID", instance.to_string()),
        ("CF_INSTANCE_IP", "127.0.0.1".to_owned()),
        ("CF_INSTANCE_INTERNAL_IP", "127.0.0.1".to_owned()),
        ("CF_INSTANCE_PORT", port.to_string()),
        ("CF_INSTANCE_ADDR", format!("127.0.0.1:{port}")),
        ("CF_INSTANCE_PORTS", json!([{ "external": port, "internal": port }]).to_string()),
    ];
    environment.extend(own.map(|(key, value)| (key.to_owned(), value)));
    environment
}

/// A running program whose lines go to the log of its app.
#[derive(Debug)]
pub(super) struct Running {
    group: Arc<Group>,
    source: String,
    /// Until its leader is seen to have ended.
    over: Option<JoinHandle<()>>,
    lines: Vec<JoinHandle<()>>,
    /// Ends when it is dropped.
    server: Option<JoinSet<()>>,
}

impl Running {
    /// Takes a program over, and its lines into this log.
    pub(super) fn new(mut group: Group, log: &Log) -> Self {
        let mut lines = Vec::new();
        if let Some(out) = group.stdout().and_then(|out| tokio::process::ChildStdout::from_std(out).ok()) {
            lines.push(tokio::spawn(log.clone().follow(Stream::Out, out)));
        }
        if let Some(err) = group.stderr().and_then(|err| tokio::process::ChildStderr::from_std(err).ok()) {
            lines.push(tokio::spawn(log.clone().follow(Stream::Err, err)));
        }
        let group = Arc::new(group);
        let leader = Arc::clone(&group);
        let over = Some(tokio::task::spawn_blocking(move || leader.wait_for_leader()));
        Self { group, source: log.source.clone(), over, lines, server: None }
    }

    /// Lets the cell serve its files where it asks for that.
    pub(super) fn served(mut self, container: &Container, port: u16, log: &Log) -> Self {
        let mut server = JoinSet::new();
        server.spawn(web_server::serve(container.path().to_owned(), port, log.clone()));
        self.server = Some(server);
        self
    }

    /// The number of its process group.
    pub(super) fn id(&self) -> u32 {
        self.group.id()
    }

    /// Where its lines come from.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Sends a signal to the whole group.
    pub(super) fn signal(&self, signal: rustix::process::Signal) {
        self.group.signal(signal);
    }

    /// Resolves when its leader has ended.
    pub(super) async fn over(&mut self) {
        poll_fn(|context| self.poll_over(context)).await;
    }

    /// As [`Running::over`], for those who wait for several.
    pub(super) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(over) = &mut self.over {
            let _ = ready!(Pin::new(over).poll(context));
            self.over = None;
            self.server = None;
        }
        Poll::Ready(())
    }

    /// Whether its leader has been seen to end.
    pub(super) fn is_over(&self) -> bool {
        self.over.is_none()
    }

    /// Collects what is left of the group and of its lines, once its leader has ended. Returns the exit status as a
    /// shell tells it.
    pub(super) async fn end(self) -> i32 {
        let Self { group, source: _, over, lines, server } = self;
        drop((over, server));
        let group = Arc::into_inner(group);
        let status = tokio::task::spawn_blocking(move || group.and_then(|group| group.wait().ok())).await;
        for line in lines {
            let _ = line.await;
        }
        status.ok().flatten().map_or(255, guard::exit_code)
    }
}

/// Where the lines of a program go.
#[derive(Debug, Clone)]
pub(super) struct Log {
    pub(super) platform: Arc<Platform>,
    pub(super) app: Guid,
    pub(super) source: String,
    pub(super) instance: u32,
}

impl Log {
    pub(super) fn write(&self, stream: Stream, text: &str) {
        self.platform.logs.append(&self.app, &self.source, &self.instance.to_string(), stream, text);
    }

    async fn follow(self, stream: Stream, pipe: impl AsyncRead + Unpin) {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).await.is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']);
            if !text.is_empty() {
                self.write(stream, text);
            }
            line.clear();
        }
    }
}

/// The bytes of a container.
pub(super) fn disk(container: &Path) -> u64 {
    super::usage::disk(container)
}
