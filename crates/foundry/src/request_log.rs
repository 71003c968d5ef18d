//! Every call that the control plane heard, in order.

use std::sync::Mutex;

use jiff::Timestamp;

use crate::platform::lock;

/// A part of the control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The Cloud Controller, the network policy API and the routing API.
    Controller,
    /// UAA.
    Uaa,
    /// Log cache.
    LogCache,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who was called.
    pub service: Service,
    /// When it arrived.
    pub at: Timestamp,
    /// The method, in capitals.
    pub method: String,
    /// The path, and the query where there is one.
    pub target: String,
    /// The client's `User-Agent`, empty where it sent none.
    pub user_agent: String,
    /// The status of the answer; `None` while there is no answer, and for ever where it got none.
    pub status: Option<u16>,
}

impl Call {
    /// Whether the call can only read. A `POST` for a token or a manifest's difference counts as one that changes: who
    /// wants to allow those says so.
    pub fn only_reads(&self) -> bool {
        only_reads(&self.method)
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }
}

/// Whether calls with a method, in capitals, can only read.
pub(crate) fn only_reads(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

/// The calls so far.
#[derive(Debug, Default)]
pub struct RequestLog(Mutex<Vec<Call>>);

impl RequestLog {
    /// All calls so far, in the order of their arrival.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.0).clone()
    }

    /// Forgets the calls so far.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }

    /// Notes a call; the number is for [`RequestLog::answered`].
    pub(crate) fn heard(&self, call: Call) -> usize {
        let mut calls = lock(&self.0);
        calls.push(call);
        calls.len() - 1
    }

    /// Notes the status of an answer.
    pub(crate) fn answered(&self, number: usize, status: u16) {
        if let Some(call) = lock(&self.0).get_mut(number) {
            call.status = Some(status);
        }
    }
}
