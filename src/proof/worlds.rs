//! Numbers in the place of worlds: many walks come to the same one, and what is known of it is then quickly found.

use std::hash::{Hash, Hasher};
use std::rc::Rc;

use foldhash::HashMap;

use crate::space::Space;
use crate::steps::annotations::Role;

use super::world::World;

/// The number of a world, and of its space: other worlds may have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    world: usize,
    pub(super) space: usize,
}

/// The worlds that have a number.
#[derive(Default)]
pub(super) struct Worlds {
    places: HashMap<World, Place>,
    spaces: HashMap<BySpace, usize>,
}

impl Worlds {
    /// The numbers of a world, which may be new ones.
    pub(super) fn place(&mut self, world: &World) -> Place {
        if let Some(place) = self.places.get(world) {
            return *place;
        }
        let (worlds, spaces) = (self.places.len(), self.spaces.len());
        let space = *self.spaces.entry(BySpace(Rc::clone(&world.space))).or_insert(spaces);
        *self.places.entry(world.clone()).or_insert(Place { world: worlds, space })
    }
}

/// A space to find its number by.
#[derive(PartialEq, Eq)]
struct BySpace(Rc<Space>);

impl Hash for BySpace {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_space(&self.0, state);
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_space(&self.space, state);
        self.requests.hash(state);
    }
}

/// Hashes what walks change most, which is little of a space: those that differ in the rest alone are few.
fn hash_space<H: Hasher>(space: &Space, state: &mut H) {
    for app in &space.apps {
        (app.state, Role::of(app), app.running(), &app.package, &app.staged, &app.droplet).hash(state);
    }
    for route in &space.routes {
        route.destinations.hash(state);
    }
}
