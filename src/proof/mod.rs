//! The model check of compiled steps: before anything runs, the list is walked on the model of the user's real space.
//!
//! What is checked today is every point between two steps, each step having its whole effect: the invariants below hold
//! there. Failures in the middle of a step are not walked yet.

use serde::Serialize;

use crate::plan;
use crate::space::{App, Space};
use crate::steps::Step;

/// What the walk has shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// How many states of the space were looked at.
    pub cases: usize,
    /// Whether every invariant held in each of them.
    pub holds: bool,
    /// Each state and invariant that did not hold, in the order of the steps.
    pub violations: Vec<String>,
}

/// Walks the steps of one app and checks the invariants before the first and after each step:
///
/// - a live route that a started app serves at the beginning is served by a started app at every point;
/// - no app and no route changes that the plan does not name.
pub fn walk(app: &plan::App, space: &Space, steps: &[Step]) -> Proof {
    let served_at_start: Vec<_> = app.live.iter().filter(|url| is_served(space, url)).collect();
    let mut model = space.clone();
    let mut violations = Vec::new();
    let mut look = |at: &str, model: &Space| {
        for url in served_at_start.iter().filter(|url| !is_served(model, url)) {
            violations.push(format!("{at}: no started app serves {url}"));
        }
        for stranger in space.apps.iter().filter(|other| !is_colour(app, other)) {
            if model.app(&stranger.name) != Some(stranger)
                || model.routes_of(&stranger.name) != space.routes_of(&stranger.name)
            {
                violations.push(format!("{at}: app {}, which the plan does not name, is changed", stranger.name));
            }
        }
    };
    look("before the first step", &model);
    for step in steps {
        step.action.apply(&mut model);
        look(&format!("after step {}", step.id), &model);
    }
    Proof { cases: steps.len() + 1, holds: violations.is_empty(), violations }
}

impl Proof {
    /// Several walks as one.
    pub fn together(proofs: impl IntoIterator<Item = Self>) -> Self {
        proofs.into_iter().fold(Self { cases: 0, holds: true, violations: Vec::new() }, |mut all, one| {
            all.cases += one.cases;
            all.holds &= one.holds;
            all.violations.extend(one.violations);
            all
        })
    }
}

fn is_served(space: &Space, url: &plan::RouteUrl) -> bool {
    space.apps.iter().any(|app| app.serves() && space.is_mapped(&app.name, url))
}

fn is_colour(app: &plan::App, other: &App) -> bool {
    app.colours.iter().any(|colour| colour.as_str() == other.name)
}
