//! A deployment's graph, step by step, each confirmed before what waits for it starts.
//!
//! - [`runner`]: what runs steps, part by part
//! - [`execute`]: hands out the steps, side by side where they do not wait for each other
//! - `guarded_step`: one step, and that nobody else is at work; [`track`]: what is seen of one app on its way; `freshness`: how old
//!   that may be
//! - `step_runner`: how one step is done and confirmed; `call`: what cf is run for, repeated and settled; `awaited`: what the space and
//!   the routers are to show; `ahead`: what is looked at while its cf runs; `lookout`: what it hangs on, looked at while the routers
//!   are waited for; `references`: what its invocation refers to; `task_end`: the end of a task that takes too long
//! - `step_outcome`: how a step ends; [`ended`], [`endings`], [`intrusion`]: how an app does

mod ahead;
mod awaited;
mod call;
pub mod ended;
pub mod endings;
pub mod execute;
mod freshness;
mod guarded_step;
pub mod intrusion;
mod lookout;
mod references;
pub mod runner;
mod step_outcome;
mod step_runner;
mod task_end;
pub mod track;
