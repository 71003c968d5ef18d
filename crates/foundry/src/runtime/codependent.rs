//! The process of an instance and its sidecars, in one container: when one of them ends, all are to end.
//! (Diego: `codependent_step.go`, with an end as a failure whatever its status.)

use std::future::poll_fn;
use std::task::Poll;

use rustix::process::Signal;

use crate::runtime::launch::Running;

/// Programs that end together.
#[derive(Debug)]
pub(super) struct Codependent {
    /// The process first, then its sidecars.
    programs: Vec<Running>,
    /// Which one has ended first.
    first: usize,
}

/// A program that has ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// Where its lines came from, such as `APP/PROC/WEB`.
    pub(super) source: String,
    /// As a shell tells it.
    pub(super) status: i32,
}

impl Ended {
    /// Why an instance crashed that this one ended. (Diego: `run_step.go`, `codependent_step.go`.)
    pub(super) fn description(&self) -> String {
        match self.status {
            0 => "Codependent step exited".to_owned(),
            status => format!("{}: Exited with status {status}", self.source),
        }
    }
}

impl Codependent {
    /// Takes a process over, and its sidecars.
    pub(super) fn new(process: Running, sidecars: impl Iterator<Item = Running>) -> Self {
        Self { programs: std::iter::once(process).chain(sidecars).collect(), first: 0 }
    }

    /// The numbers of their process groups.
    pub(super) fn ids(&self) -> Vec<u32> {
        self.programs.iter().map(Running::id).collect()
    }

    /// Sends a signal to those that have not been seen to end.
    pub(super) fn signal(&self, signal: Signal) {
        for program in self.programs.iter().filter(|program| !program.is_over()) {
            program.signal(signal);
        }
    }

    /// Sends a signal to the process alone.
    pub(super) fn signal_process(&self, signal: Signal) {
        if let Some(process) = self.programs.first() {
            process.signal(signal);
        }
    }

    /// Resolves when one has ended.
    pub(super) async fn broken(&mut self) {
        self.first = poll_fn(|context| {
            let ended = self.programs.iter_mut().position(|program| program.poll_over(context).is_ready());
            ended.map_or(Poll::Pending, Poll::Ready)
        })
        .await;
    }

    /// Resolves when all have ended.
    pub(super) async fn over(&mut self) {
        for program in &mut self.programs {
            program.over().await;
        }
    }

    /// Collects what is left of all once they have ended; the one that ended first comes first.
    pub(super) async fn end(self) -> Vec<Ended> {
        let mut ends = Vec::new();
        for program in self.programs {
            let source = program.source().to_owned();
            ends.push(Ended { source, status: program.end().await });
        }
        ends.swap(0, self.first);
        ends
    }
}
