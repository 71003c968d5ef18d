//! Asking a person, on the terminal itself: where only one stream is redirected (`2>&1 | tee log`), too.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::run::waiting::clock::{Clock, Stop};
use crate::shell;
use crate::steps::Verb;
use crate::text::for_terminal;

use super::CliError;

/// How often it is looked while a person thinks whether the run is to stop.
const TICK: Duration = Duration::from_millis(50);

/// Who agrees to a change.
#[derive(Debug)]
pub(crate) enum Consent {
    /// Whoever wrote `--yes` on the command line.
    Given,
    /// A person at a terminal.
    Asked(File),
}

impl Consent {
    /// How it is had for a change: by `--yes`, or at the terminal that the process belongs to. Fails where there is
    /// neither: nobody would know what is done.
    pub(crate) fn new(yes: bool) -> Result<Self, CliError> {
        if yes {
            return Ok(Self::Given);
        }
        terminal().map(Self::Asked).map_err(|_| CliError::NobodyToAsk { command: with_yes(std::env::args()) })
    }

    /// Shows something and asks. Fails without a clear yes, and where the run is to stop before the answer.
    pub(crate) fn ask(&self, shown: &str, question: &str, clock: &dyn Clock) -> Result<(), CliError> {
        match self {
            Self::Given => Ok(()),
            Self::Asked(terminal) => match ask(terminal, shown, question, clock) {
                Ok(Answer::Yes) => Ok(()),
                Ok(Answer::No) => Err(CliError::NotAgreed),
                Err(source) => Err(CliError::NoAnswer { source }),
                Ok(Answer::Stopped(why)) => Err(CliError::Stopped(why)),
            },
        }
    }
}

/// The terminal of the process, whatever its streams are (POSIX: `/dev/tty`). Fails where it has none.
pub(crate) fn terminal() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open("/dev/tty")
}

/// The command line as it was typed, and with the flag that agrees beforehand.
fn with_yes(typed: impl IntoIterator<Item = String>) -> String {
    shell::command(["cutover".to_owned()].into_iter().chain(typed.into_iter().skip(1)).chain(["--yes".to_owned()]))
}

/// What becomes of a question.
pub(crate) enum Answer {
    Yes,
    No,
    /// The run is to stop.
    Stopped(Stop),
}

/// Shows something on a terminal and asks.
pub(crate) fn ask(mut terminal: &File, shown: &str, question: &str, clock: &dyn Clock) -> io::Result<Answer> {
    write!(terminal, "{}\n{question} [y/N] ", for_terminal(shown))?;
    terminal.flush()?;
    let (answered, answer) = channel();
    let reads = terminal.try_clone()?;
    // It ends with the process where nobody answers.
    thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(reads).read_line(&mut line);
        // Nobody waits for it any more where the run was to stop.
        let _unheard = answered.send(read.map(|_| line));
    });
    loop {
        match answer.recv_timeout(TICK) {
            Ok(line) => {
                let yes = matches!(line?.trim(), "y" | "Y" | "yes" | "Yes");
                return Ok(if yes { Answer::Yes } else { Answer::No });
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(Answer::No),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(why) = clock.stop() {
                    return Ok(Answer::Stopped(why));
                }
            }
        }
    }
}

/// The question that a verb asks.
pub(crate) fn question(verb: Verb) -> &'static str {
    match verb {
        Verb::Apply => "Deploy?",
        Verb::Resume => "Go on?",
        Verb::Rollback => "Fall back?",
    }
}
