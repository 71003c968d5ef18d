//! The walk over all that can happen: lists of steps with everything that can go wrong, and what is done with what that
//! leaves behind.

use std::collections::VecDeque;
use std::rc::Rc;

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};

use crate::plan::{self, Instances};
use crate::space::{App, Space};
use crate::steps::annotations::Origin;
use crate::steps::refusal::{ColourRefusal, Refusal, RouteRefusal, UnderWayRefusal};
use crate::steps::standing::UnderWay;
use crate::steps::strategy::{self, Goal};
use crate::steps::{Step, Verb};

use super::compile::Compile;
use super::counterexample::{Counterexample, about};
use super::fault::Fault;
use super::numbers::{Number, Numbers};
use super::orders::{Onward, Orders, Point, Points};
use super::proof::Proof;
use super::world::{Promise, StepEnd, WalkEnd, World};
use super::worlds::{Place, Worlds};

/// How many faults follow each other on one walk: one in the run, one in what is done about it.
const FAULTS: usize = 2;

/// A walk that does not hold: what was seen. The story is known to the caller.
type Broken = String;

/// What a walk has left behind, and how it came to that.
struct Left {
    world: World,
    story: Vec<String>,
    faults: usize,
    /// Whether all of it belongs to one deployment, whose beginning is known.
    one_deployment: bool,
}

/// Walks all that can happen to one app.
pub(super) struct Explorer<'a> {
    app: &'a plan::App,
    /// What is done first.
    verb: Verb,
    start: World,
    /// Whether the start is known for the beginning of a deployment.
    fresh: bool,
    compile: &'a Compile<'a>,
    promise: Promise,
    cases: usize,
    worlds: Worlds,
    numbers: Numbers,
    compiled: HashMap<(Verb, usize), Result<Rc<Orders>, Refusal>>,
    /// States that were left behind, and states from which a run has taken back what it did.
    visited: HashSet<Place>,
    taken_back: HashSet<(Place, bool)>,
    /// What was tried with everything that can go wrong with it: states, and the steps that were to follow.
    tried: HashMap<(Place, Promise, bool), Vec<Vec<Number>>>,
    /// Where walks have passed that come to their end in whatever order.
    passed: HashSet<Passed>,
    left: VecDeque<Left>,
}

/// Where a walk has passed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Passed {
    place: Place,
    onward: Onward,
    purpose: Rc<Purpose>,
}

/// What a walk keeps, and what it is to bring about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Purpose {
    promise: Promise,
    goal: Goal,
    /// Where everything goes wrong on it that can: whether it belongs to the one deployment.
    is_one: Option<bool>,
}

/// One move along a list of steps.
enum Move {
    /// Where it leads to.
    To(Box<Point>),
    /// The step is not confirmed: what it has left, and why.
    Fails(Box<World>, String),
}

impl Left {
    /// Whether what `verb` does from here still belongs to the one deployment.
    fn is_one(&self, verb: Verb) -> bool {
        self.one_deployment && (self.faults == 0 || verb != Verb::Apply)
    }
}

/// A counterexample in the making.
struct Found {
    story: Vec<String>,
    seen: Broken,
}

/// What is done from a state.
#[derive(Clone, Copy)]
struct Doing<'l> {
    left: &'l Left,
    verb: Verb,
}

impl Doing<'_> {
    /// The story up to here, with what follows of the verb.
    fn story(self, what: &str) -> Vec<String> {
        let line = format!("cutover {}{what}", self.verb);
        self.left.story.iter().cloned().chain([line]).collect()
    }

    fn found(self, what: &str, seen: Broken) -> Found {
        Found { story: self.story(what), seen }
    }

    /// As [`Self::found`], at a step.
    fn found_at(self, step: &Step, seen: Broken) -> Found {
        self.found(&format!(": {}", about(step)), seen)
    }
}

impl<'a> Explorer<'a> {
    pub(super) fn new(app: &'a plan::App, verb: Verb, space: &Space, compile: &'a Compile<'a>) -> Self {
        let start = World::observed(app, space);
        let fresh = UnderWay::of(app, &start.space).is_none();
        let promise = start.promise(app, verb, declared(app));
        Self {
            app,
            verb,
            start,
            fresh,
            compile,
            promise,
            cases: 0,
            worlds: Worlds::default(),
            numbers: Numbers::default(),
            compiled: HashMap::new(),
            visited: HashSet::new(),
            taken_back: HashSet::new(),
            tried: HashMap::new(),
            passed: HashSet::new(),
            left: VecDeque::new(),
        }
    }

    /// Walks from what is done first.
    pub(super) fn explore(mut self) -> Proof {
        let found = self.walk_all().err();
        let violations: Vec<_> = found
            .into_iter()
            .map(|found| Counterexample { app: self.app.name.to_string(), story: found.story, seen: found.seen })
            .collect();
        Proof { cases: self.cases, holds: violations.is_empty(), violations }
    }

    fn walk_all(&mut self) -> Result<(), Found> {
        let verb = self.verb;
        let first = Left {
            world: self.start.clone(),
            story: Vec::new(),
            faults: 0,
            one_deployment: self.fresh && verb == Verb::Apply,
        };
        self.do_verb(&first, verb)?;
        while let Some(left) = self.left.pop_front() {
            for verb in [Verb::Resume, Verb::Rollback, Verb::Apply] {
                self.do_verb(&left, verb)?;
            }
        }
        Ok(())
    }

    /// What a verb does from a state, with all that can go wrong as long as faults are left.
    fn do_verb(&mut self, left: &Left, verb: Verb) -> Result<(), Found> {
        let doing = Doing { left, verb };
        let Some(orders) = self.orders(doing)? else { return Ok(()) };
        let strategy = strategy::of(self.app);
        let purpose = Rc::new(Purpose {
            promise: left.world.kept(self.app, verb, &self.promise),
            goal: strategy.goal(self.app, verb, &left.world.space, left.one_deployment && left.faults > 0),
            is_one: (left.faults < FAULTS).then(|| left.is_one(verb)),
        });
        self.walk_orders(doing, &orders, &purpose)
    }

    /// The steps of a verb in all their orders; `None` where it may be refused, or has nothing to do.
    fn orders(&mut self, doing: Doing<'_>) -> Result<Option<Rc<Orders>>, Found> {
        let Doing { left, verb } = doing;
        let under_way = UnderWay::of(self.app, &left.world.space);
        if left.faults > 0 && under_way.is_none() && verb != Verb::Resume {
            // Nothing is half done: it would be a decision of its own.
            return Ok(None);
        }
        let leads_forward = verb != Verb::Rollback && under_way.as_ref().is_some_and(|under_way| !under_way.back);
        if self.verb == Verb::Rollback && left.faults > 0 && leads_forward {
            // Nothing tells of a way back yet: the way forward is what it was when that began, and proves itself once it is wanted.
            return Ok(None);
        }
        match self.compiled(verb, &left.world) {
            Ok(orders) => match self.strays(&orders.steps) {
                Some(seen) => Err(doing.found("", seen)),
                None => Ok(Some(orders)),
            },
            Err(Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { .. }))
                if left.faults > 0 && under_way.is_none() =>
            {
                let untold = || left.story.iter().cloned().chain(["and nothing tells that it is under way".to_owned()]);
                let found = self.half_done(&left.world).map(|seen| Found { story: untold().collect(), seen });
                found.map_or(Ok(None), Err)
            }
            Err(refusal) if left.faults == 0 || self.may_refuse(verb, &refusal, under_way.as_ref()) => Ok(None),
            Err(refusal) => Err(doing.found("", format!("it is refused, and the app stays half-way: {refusal}"))),
        }
    }

    /// Walks along the steps in whatever order they may come.
    fn walk_orders(&mut self, doing: Doing<'_>, orders: &Orders, purpose: &Rc<Purpose>) -> Result<(), Found> {
        let Doing { left, verb } = doing;
        let mut passed = Vec::new();
        let mut points = Points::default();
        points.add(orders.start(left.world.clone()));
        let mut is_done = false;
        let mut failed = None;
        while let Some(point) = points.next() {
            if let Some(onward) = orders.onward(&point) {
                let place = self.worlds.place(&point.world);
                let here = Passed { place, onward, purpose: Rc::clone(purpose) };
                if self.passed.contains(&here) {
                    is_done = true;
                    continue;
                }
                passed.push(here);
            }
            if Orders::is_done(&point) {
                is_done = true;
                self.cases += 1;
                if let Some(seen) = self.missed(&purpose.goal, &point.world) {
                    return Err(doing.found(" comes to its end", seen));
                }
            }
            let ready = orders.ready(&point);
            for position in ready.iter().filter(|_| left.faults < FAULTS) {
                let rest = Orders::rest(&point, *position);
                self.go_wrong(left, verb, &point.world, orders, &rest, &purpose.promise)?;
            }
            let is_first = left.faults == 0 && point.is_at_first_step();
            for (position, moved) in self.moves(&orders.steps, &ready, point, &purpose.promise) {
                let step = &orders.steps[position];
                match moved {
                    Ok(Move::To(next)) => points.add(*next),
                    Ok(Move::Fails(_, why)) if is_first => return Err(doing.found_at(step, why)),
                    Ok(Move::Fails(world, why)) => {
                        let story = doing.story(&format!(": {} fails", about(step)));
                        self.take_back(left.is_one(verb), &story, *world)?;
                        failed.get_or_insert((step, why));
                    }
                    Err(seen) => return Err(doing.found_at(step, seen)),
                }
            }
        }
        match failed {
            Some((step, why)) if is_done => {
                Err(doing.found_at(step, format!("it fails in one order and not in another: {why}")))
            }
            Some(_) => Ok(()),
            None => {
                self.has_passed(passed, purpose);
                Ok(())
            }
        }
    }

    /// Takes note of where walks have passed that come to their end: without going wrong they do, too.
    fn has_passed(&mut self, passed: Vec<Passed>, purpose: &Purpose) {
        if purpose.is_one.is_some() {
            let without = Rc::new(Purpose { is_one: None, ..purpose.clone() });
            self.passed.extend(passed.iter().map(|it| Passed { purpose: Rc::clone(&without), ..it.clone() }));
        }
        self.passed.extend(passed);
    }

    /// What a verb does in the space of a world.
    fn compiled(&mut self, verb: Verb, world: &World) -> Result<Rc<Orders>, Refusal> {
        let place = self.worlds.place(world);
        let Self { compiled, numbers, compile, .. } = self;
        let new = || compile(verb, &world.space).map(|steps| Rc::new(Orders::new(steps, numbers)));
        compiled.entry((verb, place.space)).or_insert_with(new).clone()
    }

    /// Where it goes on from a point, where nothing goes wrong: a step begins, or is confirmed. Each with the position of its step.
    fn moves(
        &self,
        steps: &[Step],
        ready: &[usize],
        point: Point,
        promise: &Promise,
    ) -> Vec<(usize, Result<Move, Broken>)> {
        let begin = |mut point: Point, position: usize| {
            if let Some(why) = point.world.lacks(&steps[position]) {
                return Ok(Move::Fails(Box::new(point.world), why));
            }
            let before = point.world.effect(self.app, &steps[position], promise)?;
            point.begin(position, before);
            Ok(Move::To(Box::new(point)))
        };
        let confirm = |mut point: Point, position: usize| {
            let Some(before) = point.in_flight.get(&position) else { return Ok(Move::To(Box::new(point))) };
            match point.world.confirm(self.app, &steps[position], before, promise)? {
                StepEnd::Fails(why) => Ok(Move::Fails(Box::new(point.world), why)),
                StepEnd::Confirmed => {
                    point.confirm(position);
                    Ok(Move::To(Box::new(point)))
                }
            }
        };
        // Beside a step that runs alone nothing can happen.
        if let ([alone], true) = (ready, point.in_flight.is_empty()) {
            let moved = match begin(point, *alone) {
                Ok(Move::To(point)) => confirm(*point, *alone),
                other => other,
            };
            return vec![(*alone, moved)];
        }
        let in_flight: Vec<usize> = point.in_flight.keys().copied().collect();
        let begins = ready.iter().map(|position| (*position, begin(point.clone(), *position)));
        begins.chain(in_flight.into_iter().map(|position| (position, confirm(point.clone(), position)))).collect()
    }

    /// Everything that can go wrong with the first of the steps, unless it was tried: many walks come to the same state.
    /// (Those with fewer faults come first.)
    fn go_wrong(
        &mut self,
        left: &Left,
        verb: Verb,
        world: &World,
        orders: &Orders,
        rest: &[usize],
        promise: &Promise,
    ) -> Result<(), Found> {
        let Some(step) = rest.first().map(|first| &orders.steps[*first]) else { return Ok(()) };
        let tried = self.tried.entry((self.worlds.place(world), promise.clone(), left.is_one(verb))).or_default();
        let numbers = orders.numbers(rest);
        if tried.contains(&numbers) {
            return Ok(());
        }
        tried.push(numbers);
        let mut done = world.clone();
        let effect = done.effect(self.app, step, promise).map(drop);
        for fault in Fault::of(step) {
            self.cases += 1;
            let story: Vec<_> =
                left.story.iter().cloned().chain([format!("cutover {verb}: {} {fault}", about(step))]).collect();
            let (after, happened) = match fault {
                Fault::Refused | Fault::KilledBefore => (world.clone(), Ok(())),
                Fault::ReportedFailed | Fault::AnswerLost | Fault::Late | Fault::KilledAfter => {
                    (done.clone(), effect.clone())
                }
                Fault::KilledDuring(part) => {
                    let mut cut = world.clone();
                    let happened = cut.change(self.app, step, promise, |before, after| {
                        (part.cut)(step.facts().app(), before, after);
                    });
                    (cut, happened.map(drop))
                }
            };
            if let Err(seen) = happened {
                return Err(Found { story, seen });
            }
            // What is reported as failed and is done is what goes on in any case.
            if fault != Fault::ReportedFailed {
                self.leave(left, verb, &story, &after);
                if fault.is_survived() {
                    self.take_back(left.is_one(verb), &story, after)?;
                }
            }
        }
        self.crash(left, verb, world, orders, rest, promise)
    }

    /// The new version crashes before the first of the steps, and the run goes on from there.
    fn crash(
        &mut self,
        left: &Left,
        verb: Verb,
        world: &World,
        orders: &Orders,
        rest: &[usize],
        promise: &Promise,
    ) -> Result<(), Found> {
        let Some(step) = rest.first().map(|first| &orders.steps[*first]) else { return Ok(()) };
        let next = UnderWay::of(self.app, &world.space).filter(|it| !it.back).map(|it| it.app);
        let Some(next) = next
            .filter(|next| world.is_checked(next.as_str()) && world.space.app(next.as_str()).is_some_and(App::serves))
        else {
            return Ok(());
        };
        self.cases += 1;
        let mut story = left.story.clone();
        story.push(format!("cutover {verb}: {} is begun, and the new version has crashed right before", about(step)));
        let mut world = world.clone();
        world.crash(self.app, next.as_str());
        match world.walk(self.app, rest.iter().map(|position| &orders.steps[*position]), promise) {
            WalkEnd::Done => Ok(()),
            WalkEnd::Fails(step, _) => {
                story.push(format!("{} fails", about(step)));
                self.leave(left, verb, &story, &world);
                self.take_back(left.is_one(verb), &story, world)
            }
            WalkEnd::Breaks(step, seen) => {
                story.push(about(step));
                Err(Found { story, seen })
            }
        }
    }

    /// What the run itself does after a step that has failed: it takes back what it has done.
    fn take_back(&mut self, one_deployment: bool, story: &[String], mut world: World) -> Result<(), Found> {
        let under_way = UnderWay::of(self.app, &world.space);
        self.cases += 1;
        if under_way.is_none() || !self.taken_back.insert((self.worlds.place(&world), one_deployment)) {
            return Ok(());
        }
        let mut story = story.to_vec();
        story.push("it is taken back".to_owned());
        let orders = match self.compiled(Verb::Rollback, &world) {
            Ok(orders) => orders,
            Err(refusal) if self.may_refuse(Verb::Rollback, &refusal, under_way.as_ref()) => return Ok(()),
            Err(refusal) => return Err(Found { story, seen: format!("that is refused: {refusal}") }),
        };
        let promise = world.kept(self.app, Verb::Rollback, &self.promise);
        match world.walk(self.app, &orders.steps, &promise) {
            WalkEnd::Done => {}
            // Where nothing was served, there is nothing to go back to that could be reached.
            WalkEnd::Fails(..) if self.promise.is_empty() => return Ok(()),
            WalkEnd::Fails(step, why) => return Err(Found { story, seen: format!("{} fails: {why}", about(step)) }),
            WalkEnd::Breaks(step, seen) => {
                story.push(about(step));
                return Err(Found { story, seen });
            }
        }
        let goal = if one_deployment { Goal::Start } else { Goal::Settled };
        self.missed(&goal, &world).map_or(Ok(()), |seen| Err(Found { story, seen }))
    }

    fn missed(&self, goal: &Goal, end: &World) -> Option<String> {
        let has_crashed = |app: &str| end.has_crashed(app);
        strategy::of(self.app).missed(self.app, goal, &self.start.space, &end.space, &has_crashed)
    }

    fn half_done(&self, end: &World) -> Option<String> {
        let has_crashed = |app: &str| end.has_crashed(app);
        strategy::of(self.app).half_done(self.app, &self.start.space, &end.space, &has_crashed)
    }

    /// Notes a state that a walk has left behind, unless it is known.
    fn leave(&mut self, left: &Left, verb: Verb, story: &[String], world: &World) {
        if self.visited.insert(self.worlds.place(world)) {
            let (faults, one_deployment) = (left.faults + 1, left.is_one(verb));
            self.left.push_back(Left { world: world.clone(), story: story.to_vec(), faults, one_deployment });
        }
    }

    /// Whether a verb may be refused in a state that a walk has left.
    fn may_refuse(&self, verb: Verb, refusal: &Refusal, under_way: Option<&UnderWay>) -> bool {
        // What did not lead forward when the way back began need not do so from half of it: that way leads on by itself.
        let leads_back = self.verb == Verb::Rollback && verb != Verb::Rollback;
        if leads_back && (self.compile)(verb, &self.start.space).is_err() {
            return true;
        }
        match (verb, refusal) {
            // It was so before the walk began; what the walk itself has marked is this plan's.
            (
                Verb::Resume,
                Refusal::UnderWay(
                    UnderWayRefusal::OtherPlan { .. }
                    | UnderWayRefusal::OtherPackage { .. }
                    | UnderWayRefusal::NoUpload { .. }
                    | UnderWayRefusal::OtherUpload { .. },
                ),
            ) => !self.fresh,
            (Verb::Rollback, Refusal::Colours(ColourRefusal::NoFallback { .. })) => {
                let start = &self.start.space;
                self.promise.is_empty() || !strategy::of(self.app).must_lead_back(self.app, start, under_way)
            }
            // It had none when the walk began, and nobody has given it any.
            (_, Refusal::Colours(ColourRefusal::NoInstances { app, .. })) => {
                self.start.space.app(app.as_str()).is_some_and(|app| app.web_instances() == 0)
            }
            // A new deployment may need more than what there is: of the very first one, which is live and not finished,
            // the next would be a second one beside it; and the one after a change of the lifecycle may go to an app that has the
            // old one. Resume and rollback lead on from there, whatever the platform allows.
            (Verb::Apply, Refusal::Colours(ColourRefusal::OtherLifecycle { app, .. })) => {
                self.start.space.app(app.as_str()).is_some()
            }
            // Whether others that share a route with it serve is no matter of the walk.
            (Verb::Apply, Refusal::Routes(RouteRefusal::GoesDark { .. })) => true,
            (Verb::Apply, refusal) => refusal.is_the_platforms(),
            (Verb::Resume | Verb::Rollback, _) => false,
        }
    }

    /// What a list of steps does to somebody else.
    fn strays(&self, steps: &[Step]) -> Option<String> {
        let is_ours = |name: &str| strategy::of(self.app).apps(self.app).iter().any(|own| own.as_str() == name);
        if let Some(step) = steps.iter().find(|step| !is_ours(step.facts().app())) {
            return Some(format!("{} touches app {}, which the plan does not name", about(step), step.facts().app()));
        }
        let routes = strategy::of(self.app).routes(self.app);
        let strange = |step: &&Step| {
            step.facts()
                .route()
                .is_some_and(|url| !routes.contains(&url) && !self.had(step.facts().app(), &url.to_string()))
        };
        steps.iter().find(strange).map(|step| format!("{} touches a route that the plan does not name", about(step)))
    }

    /// Whether an app held a route when the walk began, or was to have it back.
    fn had(&self, app: &str, url: &str) -> bool {
        let space = &self.start.space;
        let kept = space.app(app).and_then(Origin::of);
        space.routes_of(app).contains(&url)
            || kept.is_some_and(|origin| origin.kept_routes.iter().any(|kept| kept == url))
    }
}

/// How many instances the plan wants, where it wants them whatever runs now.
fn declared(app: &plan::App) -> Option<u32> {
    match app.instances {
        Instances::AtLeastLive => None,
        Instances::Manifest => Some(app.manifest.app.web_instances()),
    }
}
