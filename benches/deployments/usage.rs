//! What a process took: time, its own CPU, memory.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Clock ticks in a second (Linux: `USER_HZ`).
const TICKS: u32 = 100;

/// What a process took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usage {
    /// From its start to its end.
    pub(crate) took: Duration,
    /// Its own time on a core, without that of the processes that it started.
    pub(crate) cpu: Duration,
    /// The most memory that it had at once.
    pub(crate) memory_mb: u64,
    /// Its exit code.
    pub(crate) code: i32,
    /// What it printed on both streams.
    pub(crate) told: String,
}

/// Runs a process to its end. Its usage is looked at every few milliseconds: the last look counts.
pub(crate) fn watch(command: &mut Command, every: Duration) -> Usage {
    let out = tempfile::NamedTempFile::new().unwrap();
    command.stdin(Stdio::null()).stdout(out.reopen().unwrap()).stderr(out.reopen().unwrap());
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let (mut cpu, mut memory_mb) = (Duration::ZERO, 0);
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code().unwrap_or(-1);
        }
        if let Ok(stat) = fs::read_to_string(format!("/proc/{}/stat", child.id())) {
            let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
            let ticks: u32 = fields[11].parse::<u32>().unwrap() + fields[12].parse::<u32>().unwrap();
            cpu = cpu.max(Duration::from_secs(1) * ticks / TICKS);
        }
        if let Ok(status) = fs::read_to_string(format!("/proc/{}/status", child.id()))
            && let Some(line) = status.lines().find(|line| line.starts_with("VmHWM"))
        {
            let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
            memory_mb = memory_mb.max(kib / 1024);
        }
        thread::sleep(every);
    };
    Usage { took: begun.elapsed(), cpu, memory_mb, code, told: fs::read_to_string(out.path()).unwrap() }
}
