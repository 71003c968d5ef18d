//! The embedded Cloud Foundry: the platform as the official cf CLI and an HTTP client see it, on the loopback.
//!
//! It knows nothing of the tool that is rehearsed on it. Its parts:
//!
//! 1. `router`: gorouter's behaviour, from the routing table to the bytes of an answer.

pub mod router;
