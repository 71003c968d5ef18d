//! The orders in which steps may come: those that wait for nothing any more begin and are confirmed in any order.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;

use crate::space::Space;
use crate::steps::Step;

use super::world::World;

/// A list of steps, and what waits for what in it.
pub(super) struct Orders<'s> {
    steps: &'s [Step],
    /// By the number of a step, the numbers of those that it waits for. What comes before the whole list is not among them.
    waits_for: Vec<Vec<usize>>,
}

/// How far a walk has come with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Progress {
    /// It has not begun.
    Open,
    /// It has had its effect, and is not confirmed.
    InFlight,
    Confirmed,
}

/// How far a walk along a list has come.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) world: World,
    /// By the numbers of the steps.
    progress: Vec<Progress>,
    /// The space before each step that is in flight, by their numbers.
    pub(super) in_flight: BTreeMap<usize, Rc<Space>>,
}

impl Point {
    /// Whether a step of the list was confirmed.
    pub(super) fn is_at_first_step(&self) -> bool {
        !self.progress.contains(&Progress::Confirmed)
    }

    /// A step has had its effect; `before` is the space before it.
    pub(super) fn begin(&mut self, number: usize, before: Rc<Space>) {
        self.progress[number] = Progress::InFlight;
        self.in_flight.insert(number, before);
    }

    /// A step is confirmed.
    pub(super) fn confirm(&mut self, number: usize) {
        self.progress[number] = Progress::Confirmed;
        self.in_flight.remove(&number);
    }

    fn open(&self) -> impl Iterator<Item = usize> {
        let numbered = self.progress.iter().enumerate();
        numbered.filter(|(_, progress)| **progress == Progress::Open).map(|(number, _)| number)
    }
}

impl<'s> Orders<'s> {
    pub(super) fn new(steps: &'s [Step]) -> Self {
        let number = |id: &String| steps.iter().position(|step| step.id == *id);
        let waits_for = steps.iter().map(|step| step.after.iter().filter_map(number).collect()).collect();
        Self { steps, waits_for }
    }

    /// The point at which nothing is begun.
    pub(super) fn start(&self, world: World) -> Point {
        Point { world, progress: vec![Progress::Open; self.steps.len()], in_flight: BTreeMap::new() }
    }

    /// Whether all steps are confirmed.
    pub(super) fn is_done(point: &Point) -> bool {
        point.progress.iter().all(|progress| *progress == Progress::Confirmed)
    }

    /// The numbers of the steps that may begin.
    pub(super) fn ready(&self, point: &Point) -> Vec<usize> {
        let is_confirmed = |number: &usize| point.progress[*number] == Progress::Confirmed;
        point.open().filter(|number| self.waits_for[*number].iter().all(is_confirmed)).collect()
    }

    /// The steps that have not begun, in their order, but that this one comes first.
    pub(super) fn rest(&self, point: &Point, first: usize) -> Vec<&'s Step> {
        let others = point.open().filter(|number| *number != first);
        [first].into_iter().chain(others).map(|number| &self.steps[number]).collect()
    }
}

/// The points to go on from, each once.
#[derive(Default)]
pub(super) struct Points {
    open: VecDeque<Point>,
    /// The worlds that were seen, by what was done in them.
    seen: HashMap<Vec<Progress>, Vec<World>>,
}

impl Points {
    /// Goes on from a point, too, unless it was seen.
    pub(super) fn add(&mut self, point: Point) {
        let seen = self.seen.entry(point.progress.clone()).or_default();
        if !seen.contains(&point.world) {
            seen.push(point.world.clone());
            self.open.push_back(point);
        }
    }

    pub(super) fn next(&mut self) -> Option<Point> {
        self.open.pop_front()
    }
}
