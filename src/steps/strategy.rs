//! How the new version of an app takes the place of the old one: one folder a strategy, with everything about it.
//!
//! - `model`: what a strategy is asked; `title`: what its phases are called
//! - `assumed`: what it takes for so that a space does not tell; `known`: what routers know; `promised`: what it promises of the
//!   live routes; `goal`: what a walk is to bring about
//! - [`blue_green`]: two apps that take turns on the live routes

mod assumed;
pub mod blue_green;
mod goal;
mod known;
mod model;
mod promised;
mod title;

use crate::plan;
use crate::space::Space;

use super::put_back::PutBack;
use super::refusal::Refusal;
use super::standing::{Standing, UnderWay};

pub(crate) use assumed::Assumed;
pub(crate) use goal::Goal;
pub(crate) use known::Known;
pub(crate) use model::Strategy;
pub(crate) use promised::Promised;
pub use title::Title;

/// The strategy of an app of the plan.
pub(crate) fn of(app: &plan::App) -> &'static dyn Strategy {
    if app.has_routes() {
        &blue_green::BlueGreen { has_routes: true }
    } else {
        &blue_green::BlueGreen { has_routes: false }
    }
}

impl Standing {
    /// Reads off the space where the versions of an app stand. Refuses where the space does not tell, never guesses.
    pub(crate) fn of(app: &plan::App, space: &Space) -> Result<Self, Refusal> {
        of(app).standing(app, space)
    }
}

impl UnderWay {
    /// What is under way, by what is written on the apps. `None` where nothing tells of it.
    pub(crate) fn of(app: &plan::App, space: &Space) -> Option<Self> {
        of(app).under_way(app, space)
    }
}

impl PutBack {
    /// How a version of an app comes to serve again. `None` where one serves, where none ever did, and of an app without routes.
    pub(crate) fn of(app: &plan::App, space: &Space) -> Option<Self> {
        Self::among(app, of(app).apps(app), space)
    }
}
