//! Deployments without downtime on Cloud Foundry, driven by the official `cf` CLI.
//!
//! The data goes one way:
//!
//! ```text
//! deploy.yaml ──plan──▶ Plan ─┐
//!                             ├─steps──▶ Deployment ──▶ proof
//! cf reads ─────space──▶ Space┘            ├─────▶ report (text · JSON · shell)
//!                                          └─────▶ run ──▶ events ──▶ report
//! ```
//!
//! `plan`, `settings`, `space` (its model), `steps`, `proof`, `init` and the parsers of `cf` are pure; `cf::spawn`, `run` and
//! `commands` act. `layers` keeps that.
//!
//! Two crates stand below this one: `guard` ends what was started, and `foundry`, the embedded Cloud Foundry, is what
//! `rehearse` and the tests run on. It cannot know of anything here.

#[cfg(test)]
mod arbitrary;
pub mod bounded;
mod byte_size;
pub mod cf;
pub mod cli;
pub mod commands;
pub mod event;
#[cfg(test)]
mod example;
mod init;
#[cfg(test)]
mod layers;
mod own_commands;
mod own_output;
pub mod plan;
pub mod proof;
#[cfg(feature = "rehearse")]
pub mod rehearse;
pub mod report;
pub mod run;
pub mod scratch;
pub mod secret;
pub mod settings;
pub mod shell;
pub mod space;
pub mod steps;
pub mod text;
