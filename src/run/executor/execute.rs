//! A deployment's graph, step by step: each is confirmed before what waits for it starts.
//!
//! Steps that wait for nothing any more run side by side, in as many lanes as there are: this file hands them out. How one
//! app is watched over while its steps run is told in `guarded_step`, and how a step itself is done and confirmed in `step_runner`.

use std::collections::BTreeSet;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::event::{Happening, Opening, Report};
use crate::plan;
use crate::run::reading::parts::Parts;
use crate::run::reading::reader::{Unread, refresh_patiently};
use crate::run::reading::view::SharedView;
use crate::space::Space;
use crate::space::section::Section;
use crate::steps::{AppDeployment, Deployment, Step, Verb, strategy};

use super::ended::{Ended, Unfinished, Why};
use super::endings::Endings;
use super::runner::Runner;
use super::track::Track;

/// How long nothing is heard of the lanes before it is told that the platform is out of reach.
const TROUBLE: Duration = Duration::from_secs(2);

/// What a lane says.
enum Message {
    Told(Happening),
    /// The step of that number of the app of that number has come to its end.
    Over {
        app: usize,
        step: usize,
        ended: Ended,
    },
    /// It has panicked.
    Lost,
}

/// A lane, as long as a step runs in it.
struct Lane {
    say: Sender<Message>,
}

impl Lane {
    /// Says something to the thread that hands out steps, which hears until the last lane has ended.
    fn say(&self, what: Message) {
        let _heard = self.say.send(what);
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if thread::panicking() {
            self.say(Message::Lost);
        }
    }
}

/// One app of a deployment in the hands of those who run its steps.
struct Work<'d, 't> {
    part: &'d AppDeployment<'d>,
    track: &'t Track<'d>,
    /// The numbers of the steps that were handed out.
    begun: BTreeSet<usize>,
    in_flight: usize,
    ended: Option<Ended>,
}

impl<'d, 't> Work<'d, 't> {
    fn new(track: &'t Track<'d>) -> Self {
        let part = track.part;
        let ended = part.steps.is_empty().then_some(Ok(()));
        Self { part, track, begun: BTreeSet::new(), in_flight: 0, ended }
    }

    /// The first step that was not handed out and waits for nothing any more, by what is confirmed of all apps.
    fn next(&self, confirmed: &BTreeSet<&str>) -> Option<usize> {
        let is_ready = |step: &Step| step.after.iter().all(|id| confirmed.contains(id.as_str()));
        let mut open = (0..self.part.steps.len()).filter(|number| !self.begun.contains(number));
        open.find(|number| is_ready(&self.part.steps[*number])).filter(|_| self.ended.is_none())
    }

    /// The first step that is not confirmed.
    fn unconfirmed(&self, confirmed: &BTreeSet<&str>) -> Option<&'d Step> {
        self.part.steps.iter().find(|step| !confirmed.contains(step.id.as_str()))
    }

    fn has_begun(&self) -> bool {
        !self.begun.is_empty()
    }

    /// Takes note of how the step of that number has ended. Returns whether the app is done with it.
    fn has_ended(
        &mut self,
        step: usize,
        ended: Ended,
        confirmed: &mut BTreeSet<&'d str>,
        report: &mut Report<'_>,
    ) -> bool {
        self.in_flight -= 1;
        match ended {
            Ok(()) => {
                confirmed.insert(&self.part.steps[step].id);
                let is_done = self.unconfirmed(confirmed).is_none();
                if is_done {
                    self.ended = Some(Ok(()));
                }
                is_done
            }
            Err(unfinished) => {
                report_end(&unfinished, report);
                let other = self.ended.as_ref().and_then(|ended| ended.as_ref().err());
                if other.is_none_or(|other| unfinished.outweighs(other)) {
                    self.ended = Some(Err(unfinished));
                }
                false
            }
        }
    }
}

impl Runner<'_> {
    /// Runs the steps of a deployment: side by side where they do not wait for each other, those of apps that have begun
    /// first. Where one is not confirmed, or somebody else is found at work, nothing more of its app is started, and no
    /// further app is begun; those that have begun go on to their end. Where the run is to stop, nothing more is started.
    ///
    /// `space` is what was read last, and is kept up to date with what is read on the way. `what` tells what is done to an
    /// app, in words.
    pub fn run<'d>(
        &self,
        what: &dyn Fn(&plan::App) -> String,
        deployment: &'d Deployment<'d>,
        space: &mut Space,
        report: &mut Report<'_>,
    ) -> Endings<'d> {
        let begun = self.clock.now();
        let view = SharedView::new(
            self.reader,
            self.clock,
            std::mem::take(space),
            &Parts::new(&Section::DESIRED, None),
            self.read,
        );
        // What was compiled for an app fits the space as it was at the beginning, also where its turn comes late.
        let first = view.space();
        let tracks: Vec<Track<'d>> = deployment.apps.iter().map(|part| Track::new(part, &first, begun)).collect();
        let mut all: Vec<Work<'d, '_>> = tracks.iter().map(Work::new).collect();
        self.run_all(what, deployment, &mut all, &view, report);
        let mut endings = Endings { apps: Vec::new(), not_begun: Vec::new() };
        for work in all {
            match work.ended {
                Some(ended) => endings.apps.push((work.part, ended)),
                None => endings.not_begun.push(work.part),
            }
        }
        *space = Space::clone(&view.space());
        endings
    }

    fn run_all<'d>(
        &self,
        what: &dyn Fn(&plan::App) -> String,
        deployment: &'d Deployment<'d>,
        all: &mut [Work<'d, '_>],
        view: &SharedView<'_>,
        report: &mut Report<'_>,
    ) {
        let (say, hear) = channel();
        let mut confirmed: BTreeSet<&'d str> = BTreeSet::new();
        // Whether it was told, since the last step began, that the platform is out of reach.
        let mut is_told = false;
        thread::scope(|scope| {
            loop {
                while let Some((app, step)) = next(all, &confirmed, self.lanes) {
                    let work = &mut all[app];
                    if !work.has_begun() {
                        report(started(what(&work.part.app), deployment.verb, work.part));
                        work.track.begins(self.clock.now());
                    }
                    work.begun.insert(step);
                    work.in_flight += 1;
                    let (track, lane) = (work.track, Lane { say: say.clone() });
                    scope.spawn(move || {
                        let mut tell = |what: Happening| lane.say(Message::Told(what));
                        let ended = self.run_step(track, step, view, &mut tell);
                        lane.say(Message::Over { app, step, ended });
                    });
                }
                if all.iter().all(|work| work.in_flight == 0) {
                    break;
                }
                match hear.recv_timeout(TROUBLE) {
                    Err(RecvTimeoutError::Timeout) => {
                        if let Some(text) = view.trouble().filter(|_| !std::mem::replace(&mut is_told, true)) {
                            report(Happening::Note { text });
                        }
                    }
                    Ok(Message::Told(what)) => {
                        is_told &= !matches!(what, Happening::StepStarted { .. });
                        report(what);
                    }
                    Ok(Message::Over { app, step, ended }) => {
                        let work = &mut all[app];
                        if work.has_ended(step, ended, &mut confirmed, report) {
                            report(work.track.done(what(&work.part.app), &view.space(), self.clock.now()));
                        }
                    }
                    // A lane has panicked, which is heard of below; or there is nobody left, which cannot be.
                    Ok(Message::Lost) | Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        });
        for work in all.iter_mut().filter(|work| work.has_begun() && work.ended.is_none()) {
            let why = "it waits for a step that does not come before it";
            let first = work.unconfirmed(&confirmed);
            work.ended = first.map(|step| Err(Unfinished::at(step, Why::Failed(why.to_owned()))));
        }
    }

    /// Reads the whole space again, also where the platform is out of reach for a while.
    pub(crate) fn look_again(&self, space: &mut Space, report: &mut Report<'_>) -> Result<(), Unread> {
        let mut told = false;
        refresh_patiently(self.reader, self.clock, space, &Parts::all(), &mut |trouble| {
            if !std::mem::replace(&mut told, true) {
                report(Happening::Note { text: trouble.to_owned() });
            }
        })
    }
}

/// The step that is handed out next, by the numbers of its app and of itself: of an app that has begun, else the first of
/// one that has not.
fn next(all: &[Work<'_, '_>], confirmed: &BTreeSet<&str>, lanes: usize) -> Option<(usize, usize)> {
    if all.iter().map(|work| work.in_flight).sum::<usize>() >= lanes {
        return None;
    }
    let may_begin = all.iter().all(|work| matches!(work.ended, None | Some(Ok(()))));
    let begun = all.iter().enumerate().filter(|(_, work)| work.has_begun());
    let others = all.iter().enumerate().filter(|(_, work)| may_begin && !work.has_begun());
    begun.chain(others).find_map(|(app, work)| Some((app, work.next(confirmed)?)))
}

fn started(what: String, verb: Verb, part: &AppDeployment<'_>) -> Happening {
    let opening = (verb == Verb::Apply).then(|| {
        let (title, told) = strategy::of(&part.app).opening(&part.app, &part.standing);
        Opening { title, told }
    });
    Happening::Started { app: part.app.name.to_string(), what, steps: part.steps.len(), opening }
}

/// Tells how a step of an app ended; that it has failed a step itself has told.
fn report_end(unfinished: &Unfinished, report: &mut Report<'_>) {
    let (app, step) = (unfinished.step.app.to_string(), unfinished.step.id.clone());
    match &unfinished.why {
        Why::Stopped(why) => report(Happening::Stopped { app, step, why: why.to_string() }),
        Why::Interrupted(signal) => report(Happening::Interrupted { app, step, exit_code: signal.exit_code() }),
        Why::Unanswered(question) => report(Happening::AwaitsApproval { app, step, question: question.clone() }),
        Why::Failed(_) => {}
    }
}
