//! A signal that asks for the end of a run.

/// A signal that asks for the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM, or SIGHUP: the terminal or the CI runner is gone.
    Terminate,
}

impl Signal {
    /// The exit code that tells of it, by the shells' convention of 128 and the signal's number.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}
