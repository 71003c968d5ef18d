//! The orders in which steps may come: those that wait for nothing any more begin and are confirmed in any order.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use foldhash::HashMap;

use crate::space::Space;
use crate::steps::Step;

use super::numbers::{Number, Numbers};
use super::world::World;

/// A list of steps, and what waits for what in it.
pub(super) struct Orders {
    pub(super) steps: Vec<Step>,
    /// What does the same has the same number in other lists.
    numbers: Vec<Number>,
    /// By the position of a step, the positions of those that it waits for. What comes before the whole list is not among them.
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
    /// By the positions of the steps.
    progress: Vec<Progress>,
    /// The space before each step that is in flight, by their positions.
    pub(super) in_flight: BTreeMap<usize, Rc<Space>>,
}

impl Point {
    /// Whether no step of the list is confirmed yet.
    pub(super) fn is_at_first_step(&self) -> bool {
        !self.progress.contains(&Progress::Confirmed)
    }

    /// A step has had its effect; `before` is the space before it.
    pub(super) fn begin(&mut self, position: usize, before: Rc<Space>) {
        self.progress[position] = Progress::InFlight;
        self.in_flight.insert(position, before);
    }

    /// A step is confirmed.
    pub(super) fn confirm(&mut self, position: usize) {
        self.progress[position] = Progress::Confirmed;
        self.in_flight.remove(&position);
    }

    fn open(&self) -> impl Iterator<Item = usize> {
        let all = self.progress.iter().enumerate();
        all.filter(|(_, progress)| **progress == Progress::Open).map(|(position, _)| position)
    }
}

impl Orders {
    pub(super) fn new(steps: Vec<Step>, numbers: &mut Numbers) -> Self {
        let position = |id: &String| steps.iter().position(|step| step.id == *id);
        let waits_for = steps.iter().map(|step| step.after.iter().filter_map(position).collect()).collect();
        let numbers = steps.iter().map(|step| numbers.number(step)).collect();
        Self { steps, numbers, waits_for }
    }

    /// The point at which nothing is begun.
    pub(super) fn start(&self, world: World) -> Point {
        Point { world, progress: vec![Progress::Open; self.steps.len()], in_flight: BTreeMap::new() }
    }

    /// Whether all steps are confirmed.
    pub(super) fn is_done(point: &Point) -> bool {
        point.progress.iter().all(|progress| *progress == Progress::Confirmed)
    }

    /// The positions of the steps that may begin.
    pub(super) fn ready(&self, point: &Point) -> Vec<usize> {
        let is_confirmed = |position: &usize| point.progress[*position] == Progress::Confirmed;
        point.open().filter(|position| self.waits_for[*position].iter().all(is_confirmed)).collect()
    }

    /// The positions of the steps that have not begun, in their order, but that this one comes first.
    pub(super) fn rest(point: &Point, first: usize) -> Vec<usize> {
        let others = point.open().filter(|position| *position != first);
        [first].into_iter().chain(others).collect()
    }

    /// What is done at these positions, to be compared with what is done in other lists.
    pub(super) fn numbers(&self, positions: &[usize]) -> Vec<Number> {
        positions.iter().map(|position| self.numbers[*position]).collect()
    }

    /// The steps that have not begun, and what of them waits for what, to be compared with those of other lists. `None` while
    /// a step is in flight.
    pub(super) fn onward(&self, point: &Point) -> Option<Onward> {
        if !point.in_flight.is_empty() {
            return None;
        }
        let open: Vec<usize> = point.open().collect();
        let waits = |position: usize| {
            let waits = self.waits_for[position].iter();
            waits.filter_map(|waited| (1..).zip(&open).find(|(_, open)| *open == waited)).map(|(place, _)| place)
        };
        Some(open.iter().flat_map(|at| [self.numbers[*at]].into_iter().chain(waits(*at)).chain([0])).collect())
    }
}

/// Steps that come, in their order: the number of each, the places of those of them that it waits for, from 1, and a 0.
pub(super) type Onward = Vec<Number>;

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
