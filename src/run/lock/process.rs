//! Which process this is, and whether another one of this machine is still there.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::space::lock::{Lock, ProcessId, Sighting};

/// This process. `None` where the system does not tell (it has no `/proc`).
pub(super) fn own() -> Option<ProcessId> {
    let pid = std::process::id();
    Some(ProcessId { machine: machine()?, pid, started: started(pid)? })
}

/// What this machine knows of the process that holds a lock.
pub(crate) fn sight(lock: &Lock) -> Sighting {
    let Some(holder) = &lock.process else { return Sighting::Elsewhere };
    if machine().as_ref() != Some(&holder.machine) {
        return Sighting::Elsewhere;
    }
    match started(holder.pid) {
        Some(started) if started == holder.started => Sighting::Alive,
        None if is_hidden(holder.pid) => Sighting::Elsewhere,
        Some(_) | None => Sighting::Gone,
    }
}

/// Whether there is such a process, and it is another user's: a system may show nothing of it (Linux, proc(5):
/// `hidepid`).
fn is_hidden(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::PERM))
}

/// This machine since it was started (Linux: `boot_id`), and its space of process numbers.
fn machine() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let numbers = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), numbers.to_string_lossy()))
}

/// When a process was started, in clock ticks since the machine was (Linux, proc(5): field 22 of `stat`). `None` where
/// it has ended, also where its parent has not yet heard of that.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program stands in brackets, and may hold any character.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ended = matches!(fields.first(), None | Some(&"Z" | &"X"));
    if ended { None } else { fields.get(19)?.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn a_process_is_seen_as_long_as_it_is_there() {
        let held_by = |process: Option<ProcessId>| sight(&Lock { process, ..example::lock() });
        let own = own().unwrap();
        assert_eq!(held_by(Some(own.clone())), Sighting::Alive);
        assert_eq!(held_by(Some(ProcessId { started: own.started + 1, ..own.clone() })), Sighting::Gone);
        assert_eq!(held_by(Some(ProcessId { pid: u32::MAX, ..own.clone() })), Sighting::Gone);
        assert_eq!(held_by(Some(ProcessId { machine: "another".to_owned(), ..own.clone() })), Sighting::Elsewhere);
        assert_eq!(held_by(None), Sighting::Elsewhere);
        assert_eq!(ProcessId::parse(&own.to_string()), Some(own));
    }
}
