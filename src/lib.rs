//! Deployments without downtime on Cloud Foundry, driven by the official `cf` CLI.
//!
//! The data goes one way:
//!
//! ```text
//! deploy.yaml ──plan──▶ Plan ─┐
//!                             ├─steps──▶ Steps ──▶ proof
//! cf reads ─────space──▶ Space┘            ├─────▶ report (text · JSON · shell)
//!                                          └─────▶ run ──▶ events ──▶ report
//! ```
//!
//! `plan`, `space` (its model), `steps`, `proof` and the parsers of `cf` are pure; `cf::spawn`, `run`, `commands` and the
//! embedded Cloud Foundry in `foundry` act.

#[cfg(test)]
mod arbitrary;
pub mod bounded;
pub mod cf;
pub mod cli;
pub mod commands;
pub mod digest;
#[cfg(test)]
mod example;
#[cfg(feature = "rehearse")]
pub mod foundry;
pub mod guard;
pub mod plan;
pub mod private;
pub mod proof;
#[cfg(feature = "rehearse")]
pub mod rehearse;
pub mod report;
pub mod run;
pub mod scratch;
pub mod secret;
pub mod space;
pub mod steps;
pub mod text;
