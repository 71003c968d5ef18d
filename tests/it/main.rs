//! What users rely on, tried from outside.

#![cfg(feature = "rehearse")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends")]

mod apps;
mod asking;
mod bad_moments;
mod commands;
mod conformance;
mod deployment;
mod driven;
mod endings;
mod failures;
mod faults;
mod foundry;
mod images;
mod load;
mod lock;
mod logs;
mod matrix;
mod output;
mod preflight;
mod refusal;
mod restore;
mod resumed;
mod routes;
mod safeguards;
mod security;
mod sessions;
mod situations;
mod support;
mod switch;
mod teams;
mod transcripts;
mod uploads;
