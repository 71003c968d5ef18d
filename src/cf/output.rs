//! What one run of cf left behind.

use std::fmt;

use serde::Serialize;

use crate::secret::Redactor;

/// A stream of the child's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How a cf process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It exited by itself with this code.
    Code(i32),
    /// A signal that we did not send ended it.
    Signal(i32),
    /// It was still running at its deadline and was ended by us; the platform may go on with what it asked for.
    TimedOut,
    /// It was ended by us because the user wants to stop; the platform may go on with what it asked for.
    Interrupted,
}

impl Exit {
    /// Tells whether cf exited with code 0, which alone confirms nothing.
    pub(crate) fn is_success(self) -> bool {
        self == Self::Code(0)
    }

    /// The exit code, where there is one.
    pub(crate) fn code(self) -> Option<i32> {
        match self {
            Self::Code(code) => Some(code),
            Self::Signal(_) | Self::TimedOut | Self::Interrupted => None,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "ended by signal {signal}"),
            Self::TimedOut => f.write_str("ended at its deadline"),
            Self::Interrupted => f.write_str("ended on an interrupt"),
        }
    }
}

/// What one run of cf left behind.
///
/// Text that is no UTF-8 is kept with U+FFFD in the place of each bad sequence. The texts are the truth, for those who
/// parse them, and may hold secrets: what is shown of them goes through [`super::parse::excerpt`] or
/// [`super::outcome::confirm`], which hide these.
#[derive(Clone)]
pub struct Output {
    /// The arguments, without the program.
    pub argv: Vec<String>,
    /// How the process ended.
    pub exit: Exit,
    /// Everything it wrote to standard output, as it was written.
    pub stdout: String,
    /// Everything it wrote to standard error; cf writes the platform's warnings there too, also when it succeeds.
    pub stderr: String,
    /// Hides the secrets of the session wherever a part of the output is shown.
    pub redactor: Redactor,
}

impl Output {
    /// Whether it has succeeded without a word.
    pub(crate) fn is_silent(&self) -> bool {
        self.exit.is_success() && self.stdout.trim().is_empty() && self.stderr.trim().is_empty()
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("argv", &self.argv)
            .field("exit", &self.exit)
            .field("stdout", &self.redactor.shown(&self.stdout))
            .field("stderr", &self.redactor.shown(&self.stderr))
            .finish_non_exhaustive()
    }
}
