//! The embedded Cloud Foundry, tried from outside with the real cf.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends")]

mod apps;
mod commands;
mod conformance;
mod faults;
mod foundry;
mod logs;
mod restore;
mod support;
mod transcripts;
