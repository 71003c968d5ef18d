//! What process groups take, as `/proc` tells it; nothing where there is no `/proc`.

use std::fs;
use std::path::Path;

use jiff::Timestamp;

/// Clock ticks a second in `/proc/PID/stat`. (Linux: `USER_HZ` is 100 on all architectures in use.)
const TICKS: f64 = 100.0;

/// What an instance takes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Usage {
    /// Cores, averaged over its life: 0.5 is half a core.
    pub cpu: f64,
    /// Bytes in memory.
    pub memory: u64,
    /// Bytes on disk when it was started.
    pub disk: u64,
}

impl Usage {
    /// What the processes of some groups take, which were started at `since`.
    pub(super) fn of(groups: &[u32], since: Timestamp, disk: u64) -> Self {
        let mut ticks = 0.0;
        let mut memory = 0;
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some((spent, resident)) = member(&process.path(), groups) else { continue };
            ticks += spent;
            memory += resident;
        }
        let lived = Timestamp::now().duration_since(since).as_secs_f64().max(1.0);
        Self { cpu: ticks / TICKS / lived, memory, disk }
    }
}

/// Ticks and bytes of a process, if it belongs to one of the groups.
fn member(process: &Path, groups: &[u32]) -> Option<(f64, u64)> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    // The name in brackets may hold anything; what follows the last bracket starts with field 3.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    if !groups.contains(&fields.get(2)?.parse().ok()?) {
        return None;
    }
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    let status = fs::read_to_string(process.join("status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = resident.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0);
    Some((ticks, kilobytes * 1024))
}

/// The bytes of all files below a directory.
pub(super) fn disk(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => disk(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
