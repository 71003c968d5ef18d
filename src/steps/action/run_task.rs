//! Runs a task on an app, once.
//!
//! `cf run-task --wait` is not used: cf 8.0 to 8.7.3 do not have it, it has no time limit, and it prints `OK` before the task has
//! failed. So the task is asked for, and its list is looked at until it has ended.

use std::time::Duration;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::{Invocation, NewTask};
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Lifecycle, TaskCommand, Timeouts, format_duration};
use crate::shell::quote;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::space::{DEFAULT_MEMORY_MB, Space, Task, TaskState};

use super::facts::{Facts, NeededFlag, OneTask};
use super::limits::Limits;
use super::model;
use super::partial::PartialEffect;
use super::traffic::Traffic;
use super::work::Work;

/// Runs a task on the app, where there is none of its name, and waits for its success.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunTask {
    /// The app.
    pub(crate) app: AppName,
    /// The name of the task: no other one has it.
    pub(crate) name: String,
    /// What it runs.
    pub(crate) run: TaskCommand,
    /// The memory and the disk that it is to have, in megabytes; `None` is what the platform gives.
    pub(crate) size: TaskSize,
    /// The time after which it is terminated.
    pub(crate) within: Duration,
    /// Whether it was run before, by whoever was interrupted: then it is only waited for.
    pub(crate) is_begun: bool,
    /// What it tells about the version: that one is checked by it, and as many web instances are to run at the least once it has
    /// passed. `None` of a task that checks nothing.
    pub(crate) checks: Option<u32>,
}

/// The memory and the disk of a task, in megabytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskSize {
    /// The memory that is asked for.
    pub(crate) memory: Option<u64>,
    /// The disk that is asked for.
    pub(crate) disk: Option<u64>,
    /// The memory that it gets: as much as the platform counts against quotas.
    pub(crate) counted: u64,
}

impl TaskSize {
    /// That of a task on an app of the space, which runs that. (CC: `task_create.rb`.)
    pub(crate) fn of(run: &TaskCommand, memory: Option<u64>, disk: Option<u64>, app: &str, space: &Space) -> Self {
        let template = match run {
            TaskCommand::Command(_) => None,
            TaskCommand::Process(kind) => space.app(app).and_then(|app| app.process(kind)),
        };
        let by_template = template.map(|process| process.memory_mb);
        Self { memory, disk, counted: memory.or(by_template).unwrap_or(DEFAULT_MEMORY_MB) }
    }
}

/// What is found where it was cut off.
const PARTS: &[PartialEffect] = &[PartialEffect {
    when: "while the task runs",
    cut: |app, before, after| {
        let (then, Some(now)) = (before.app(app), after.app_mut(app)) else { return };
        for task in &mut now.tasks {
            let was_over = then.and_then(|then| then.task(&task.name)).is_some_and(|was| was.state.is_over());
            if !was_over {
                task.state = TaskState::Running;
            }
        }
    },
}];

impl Facts for RunTask {
    fn kind(&self) -> &'static str {
        "run-task"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let Self { app, name, run, .. } = self;
        let what = run.told();
        if self.is_begun {
            format!("wait for task {name} of {app}, which was run before: {what}")
        } else {
            format!("run task {name} on {app}: {what}")
        }
    }

    fn work(&self) -> Work<'_> {
        if self.is_begun { Work::Wait(Duration::ZERO) } else { Work::Cf }
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        let Self { app, name, run, size, .. } = self;
        let TaskSize { memory: memory_mb, disk: disk_mb, .. } = *size;
        let task = NewTask { app: app.as_str(), name, run, memory_mb, disk_mb };
        (!self.is_begun).then(|| Invocation::run_task(&task))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        let (app, task) = (self.app.to_string(), self.name.clone());
        (!self.is_begun).then_some(Expectation::TaskSubmitted { app, task })
    }

    fn must(&self) -> Option<Must> {
        Some(Must::TaskSucceeded { task: self.name.clone(), steady: self.checks })
    }

    fn own_confirmation(&self) -> Option<String> {
        Some(format!("clock: it ends within {}; it is terminated then", format_duration(self.within)))
    }

    fn effect(&self, space: &mut Space) {
        let app = model::app(space, self.app.as_str());
        if let Some(task) = app.tasks.iter_mut().find(|task| task.name == self.name) {
            task.state = TaskState::Succeeded;
            return;
        }
        let id = app.tasks.iter().map(|task| task.id).max().unwrap_or_default() + 1;
        let (name, memory_mb) = (self.name.clone(), self.size.counted);
        app.tasks.insert(0, Task { id, name, state: TaskState::Succeeded, memory_mb, failure: None });
    }

    fn partial_effects(&self) -> &'static [PartialEffect] {
        PARTS
    }

    fn traffic(&self) -> Traffic<'_> {
        match self.checks {
            Some(_) => Traffic::Checked,
            None => Traffic::Unchanged,
        }
    }

    /// Whether it ends well is another matter.
    fn is_asked_for(&self, space: &Space) -> bool {
        space.app(self.app.as_str()).is_some_and(|app| app.task(&self.name).is_some())
    }

    fn task(&self) -> Option<OneTask<'_>> {
        Some(OneTask { name: &self.name, within: self.within })
    }

    /// To ask for it has its own time.
    fn limits(&self, timeouts: &Timeouts) -> Limits {
        Limits { attempt: timeouts.call, within: self.within + timeouts.call }
    }

    fn changes(&self) -> &'static [Section] {
        &[Section::Tasks]
    }

    fn may_change(&self, _facet: &Facet) -> bool {
        false
    }

    /// CC: `ADMIN_SKIPPABLE`.
    fn needed_flags(&self, _lifecycle: Option<Lifecycle>, _space: &Space) -> &'static [NeededFlag] {
        const RUNS: &[NeededFlag] = &[NeededFlag::of_users("task_creation")];
        if self.is_begun { &[] } else { RUNS }
    }

    fn largest_instance_mb(&self) -> Option<u64> {
        (!self.is_begun).then_some(self.size.counted)
    }

    fn memory_meanwhile_mb(&self) -> u64 {
        // One that runs counts by itself.
        if self.is_begun { 0 } else { self.size.counted }
    }

    /// A script has no list of tasks but the one that cf prints: `id name state start time command`.
    fn script(&self, _within: Duration) -> Option<String> {
        let (app, name) = (quote(self.app.as_str()), self.name.replace('.', "\\."));
        let run = NewTask {
            app: self.app.as_str(),
            name: &self.name,
            run: &self.run,
            memory_mb: self.size.memory,
            disk_mb: self.size.disk,
        };
        let is = |states: &str| format!("cf tasks {app} | grep -Eq '^[0-9]+ +{name} +({states}) '");
        let wait = format!("while {}; do sleep 3; done\n{}", is("PENDING|RUNNING|CANCELING"), is("SUCCEEDED"));
        Some(if self.is_begun { wait } else { format!("{}\n{wait}", Invocation::run_task(&run).shell()) })
    }
}
