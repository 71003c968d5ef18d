//! The official cf CLI as a child process: what is asked of it, how it is started, and what its answer means.
//!
//! 1. [`invocation`]: builders that return what to run and run nothing; their names are cf's own verbs.
//! 2. [`dialect`]: which cf this is, what it can do, and what differs between versions.
//! 3. [`session`]: a private copy of the user's cf configuration ([`config`]), so that no other terminal redirects a
//!    deployment.
//! 4. [`spawn`]: the one place that starts cf; it leaves an [`output`].
//! 5. [`outcome`]: what an output confirms (`expectation`), and if not, why (`verdict`, `reason`); [`parse`] reads its
//!    lines.
//! 6. [`ignore`]: what is not uploaded.
//!
//! [`invocation`], [`dialect`], [`output`], [`parse`], [`outcome`] and [`ignore`] are pure; [`config`], [`session`] and [`spawn`]
//! act.
//!
//! ```no_run
//! # use std::{path::Path, time::Duration};
//! # use cutover::cf::{invocation::Invocation, outcome::{Expectation, Verdict, confirm}, session::*, spawn::Cf};
//! # use guard::Guard;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let guard = Guard::start()?;
//! let home = PrivateHome::create(&guard)?;
//! let cf = Cf::discover(None, &home)?;
//! let session = Session::open(Path::new("/home/me/.cf/config.json"), home)?;
//! let argv = Invocation::curl_get("/v3/apps").resolve(&|_| None)?;
//! let output = cf.run(&argv, Duration::from_secs(60), &mut |_, line| println!("{line}"))?;
//! let verdict = confirm(&Expectation::Json, cf.version().dialect(), &output);
//! assert!(matches!(verdict, Verdict::Done | Verdict::AlreadyDone), "{verdict:?}");
//! session.close()?;
//! # Ok(())
//! # }
//! ```

pub(crate) mod config;
pub(crate) mod dialect;
mod expectation;
pub(crate) mod ignore;
pub mod invocation;
pub mod outcome;
pub mod output;
pub mod parse;
mod reason;
pub mod session;
pub mod spawn;
mod verdict;
