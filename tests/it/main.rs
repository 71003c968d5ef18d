//! What users rely on, tried from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends")]

#[cfg(feature = "rehearse")]
mod deployment;
#[cfg(feature = "rehearse")]
mod driven;
#[cfg(feature = "rehearse")]
mod foundry;
#[cfg(feature = "rehearse")]
mod logs;
#[cfg(feature = "rehearse")]
mod refusal;
#[cfg(feature = "rehearse")]
mod support;
#[cfg(feature = "rehearse")]
mod switch;
#[cfg(feature = "rehearse")]
mod transcripts;
