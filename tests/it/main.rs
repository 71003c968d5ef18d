//! What users rely on, tried from outside.

#![cfg(feature = "rehearse")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends")]

mod asking;
mod bad_moments;
mod checks;
mod deployment;
mod driven;
mod endings;
mod equality;
mod failures;
mod images;
mod init;
mod interleavings;
mod lanes;
mod load;
mod lock;
mod manifests;
mod matrix;
mod output;
mod preflight;
mod refusal;
mod resumed;
mod routes;
mod safeguards;
mod security;
mod sessions;
mod shapes;
mod situations;
mod sources;
mod support;
mod switch;
mod teams;
mod tls;
mod turns;
mod unchanged;
mod uploads;
mod whole;
mod workers;
