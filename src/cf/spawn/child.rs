//! A running cf: watched, ended with its whole group, its exit status collected.

use std::io;
use std::process::ExitStatus;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use guard::Registration;
use rustix::process::Signal;

use crate::cf::output::Exit;

/// How often the output and the deadline are looked at; the end of the process is noticed at once.
const TICK: Duration = Duration::from_millis(40);

/// A running cf with its process group, which is killed when this is dropped.
pub(super) struct Child {
    handle: duct::Handle,
    group: Registration,
}

impl Child {
    pub(super) fn new(handle: duct::Handle, group: Registration) -> Self {
        Self { handle, group }
    }

    /// Calls `look` every [`TICK`], and once more when the process is over (`true`). Where `look` wants an end, the
    /// group gets SIGTERM, and SIGKILL after the grace; that reason is returned. The exit status stays to be collected.
    /// Fails where `look` does.
    pub(super) fn watch(
        &self,
        grace: Duration,
        mut look: impl FnMut(bool) -> io::Result<Option<Exit>>,
    ) -> io::Result<Option<Exit>> {
        let (over, wait) = mpsc::channel::<()>();
        thread::scope(|scope| {
            // Whatever happens below, a panic of the caller's too, the waiting thread must come to its end.
            let killer = Killer(&self.group);
            scope.spawn(move || {
                self.group.wait_for_leader();
                drop(over);
            });
            let mut reason = None;
            while wait.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                reason = look(false)?;
                if reason.is_some() {
                    self.group.signal(Signal::TERM);
                    let _ = wait.recv_timeout(grace);
                    break;
                }
            }
            drop(killer);
            look(true)?;
            Ok(reason)
        })
    }

    /// Collects the exit status, once whatever is left of the group is killed.
    pub(super) fn collect(self) -> io::Result<ExitStatus> {
        let Self { handle, group } = self;
        group.signal(Signal::KILL);
        group.wait_for_leader();
        drop(group);
        Ok(handle.wait()?.status)
    }
}

/// Kills a group when it is dropped.
struct Killer<'a>(&'a Registration);

impl Drop for Killer<'_> {
    fn drop(&mut self) {
        self.0.signal(Signal::KILL);
    }
}
