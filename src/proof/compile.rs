//! The compiler that a proof asks: the real one, or, in tests, a wrong one.

use crate::plan;
use crate::space::Space;
use crate::steps::refusal::Refusal;
use crate::steps::{Step, Verb};

/// Compiles what a verb does from a space: the compilers of [`steps`](crate::steps), or, in tests, wrong ones.
pub(crate) type Compile<'a> = dyn Fn(Verb, &Space) -> Result<Vec<Step>, Refusal> + 'a;

/// Compiles what a verb does to one of several apps.
pub(crate) type CompileApp<'a> = dyn Fn(&plan::App, Verb, &Space) -> Result<Vec<Step>, Refusal> + 'a;
