//! What users rely on, tried from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends")]

#[cfg(feature = "rehearse")]
<<<<<<< HEAD
mod deployment;
#[cfg(feature = "rehearse")]
mod foundry;
#[cfg(feature = "rehearse")]
mod refusal;
=======
mod driven;
>>>>>>> 2df1a28 (Drive the real cf against the foundry, each answer judged)
#[cfg(feature = "rehearse")]
mod support;
#[cfg(feature = "rehearse")]
mod transcripts;
