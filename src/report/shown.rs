//! Events as they may be shown: what came from outside is without secrets and control characters, whoever reports it.

use crate::run::event::Event;
use crate::secret::Redactor;
use crate::text::harmless;

/// Hands an event on with its texts made fit to be shown.
pub fn pass_on(event: &Event<'_>, redactor: &Redactor, to: &mut dyn FnMut(&Event<'_>)) {
    let shown = |text: &str| redactor.shown(&harmless(text)).into_owned();
    match *event {
        Event::StepStarted { step, argv } => {
            let argv: Vec<String> = argv.iter().map(|word| shown(word)).collect();
            to(&Event::StepStarted { step, argv: &argv });
        }
        Event::Line { step, stream, text } => to(&Event::Line { step, stream, text: &shown(text) }),
        Event::Waiting { step, what } => to(&Event::Waiting { step, what: &shown(what) }),
        Event::Repeating { step, why } => to(&Event::Repeating { step, why: &shown(why) }),
        Event::StepConfirmed { step, exit_code, seconds, notes } => {
            let notes: Vec<String> = notes.iter().map(|note| shown(note)).collect();
            to(&Event::StepConfirmed { step, exit_code, seconds, notes: &notes });
        }
        Event::StepFailed { step, exit_code, seconds, why } => {
            to(&Event::StepFailed { step, exit_code, seconds, why: &shown(why) });
        }
        Event::Stopped { step, why } => to(&Event::Stopped { step, why: &shown(why) }),
        Event::Serves { .. }
        | Event::Started { .. }
        | Event::Interrupted { .. }
        | Event::RolledBack { .. }
        | Event::Done { .. } => to(event),
    }
}
