//! The tasks that a deployment runs, each once: a task is known by its name, which carries the id of the deployment. So what has
//! become of one is seen in the list of tasks, whatever has become of the answer, and whatever machine goes on.

use crate::plan::{self, Check, TaskCheck};
use crate::space::App;

use super::annotations::{Origin, Role};

/// What the name of the check at that place begins with.
fn stem(task: &TaskCheck, place: usize) -> String {
    format!("{}-{}", task.name, place + 1)
}

/// What the names begin with of all tasks that a deployment of an app runs.
pub(crate) fn stems(app: &plan::App) -> Vec<String> {
    let of_checks = app.checks.iter().enumerate().filter_map(|(place, check)| match check {
        Check::Task(task) => Some(stem(task, place)),
        Check::Local(_) => None,
    });
    of_checks.collect()
}

/// The names of the tasks with these beginnings that the deployment which is under way on an app may have run there.
pub(crate) fn under_way(stems: &[String], app: &App) -> Vec<String> {
    let origin = Origin::of(app).filter(|_| Role::of(app) == Some(Role::Next));
    origin.map(|origin| stems.iter().map(|stem| name(stem, &origin.deployment.id)).collect()).unwrap_or_default()
}

/// The name of the task of the check at that place, of that deployment.
pub(super) fn of_check(task: &TaskCheck, place: usize, deployment: &str) -> String {
    name(&stem(task, place), deployment)
}

fn name(stem: &str, deployment: &str) -> String {
    format!("{stem}-{deployment}")
}
