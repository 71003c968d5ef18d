//! What keeps a deployment safe, taken away piece by piece: each time a test must turn red.
//!
//! A mutation is a text of the source that stands there exactly once, and what is put in its place. It is made in a
//! copy of the project below `target/mutations`, built there, and the test that guards it is run. A test that stays
//! green guards nothing.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A mutation: what is taken away, where, the text, what is put in its place, and the test that must notice.
struct Mutation {
    what: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    test: Test,
}

/// Which test must turn red.
#[derive(Clone, Copy)]
enum Test {
    /// One beside the code.
    Unit(&'static str),
    /// One that drives the tool from outside.
    Whole(&'static str),
}

impl Test {
    const fn name(self) -> &'static str {
        let (Unit(name) | Whole(name)) = self;
        name
    }
}

use Test::{Unit, Whole};

const TABLE: &[Mutation] = &[
    Mutation {
        what: "the lock is not checked before a step",
        file: "src/run/execute.rs",
        from: "(self.hold)(step).map_err(|why| NotStarted::Stopped(Intrusion::LockLost(why)))?;",
        to: "",
        test: Whole("resumed::a_broken_lock_stops_the_run"),
    },
    Mutation {
        what: "a lock that somebody holds is taken",
        file: "src/run/lock.rs",
        from: "                        Standing::Held | Standing::HeldForGood => {\n                            return Err(LockError::Held { lock, now });\n                        }\n                        Standing::Expired => {",
        to: "                        Standing::Held | Standing::HeldForGood | Standing::Expired => {",
        test: Whole("lock::of_two_deployments_one_proceeds"),
    },
    Mutation {
        what: "what others change is not noticed",
        file: "src/run/execute.rs",
        from: "changed.retain(|difference|",
        to: "changed.clear();\n        changed.retain(|difference|",
        test: Whole("resumed::a_change_by_somebody_else_stops_the_run"),
    },
    Mutation {
        what: "what a step relies on is not waited for",
        file: "src/run/execute.rs",
        from: "let Some(condition) = &step.requires else { return Ok(()) };",
        to: "let Some(condition) = step.requires.as_ref().filter(|_| false) else { return Ok(()) };",
        test: Whole("resumed::nothing_is_taken_off_while_the_new_version_does_not_run"),
    },
    Mutation {
        what: "the space is not read back",
        file: "src/run/attempt.rs",
        from: "if let Some(condition) = step.action.condition()\n            && let Err(why)",
        to: "if let Some(condition) = step.action.condition().filter(|_| false)\n            && let Err(why)",
        test: Whole("failures::a_cf_that_says_ok_and_does_nothing_is_not_believed"),
    },
    Mutation {
        what: "an unknown outcome is taken for a failure",
        file: "src/run/attempt.rs",
        from: "                Verdict::Holds => return Settled::Done,",
        to: "                Verdict::Holds => return Settled::NotDone,",
        test: Whole("failures::an_answer_that_is_lost_after_its_effect_is_no_failure"),
    },
    Mutation {
        what: "the router is not asked",
        file: "src/run/attempt.rs",
        from: "let Some(question) = step.action.router_question() else { return Ok(None) };",
        to: "let Some(question) = step.action.router_question().filter(|_| false) else { return Ok(None) };",
        test: Whole("load::no_request_fails_where_routers_learn_late_of_a_change"),
    },
    Mutation {
        what: "the old colour does not drain",
        file: "src/run/attempt.rs",
        from: "if self.interrupt.pause(*time) {",
        to: "if self.interrupt.pause(time.saturating_sub(*time)) {",
        test: Whole("load::no_request_is_cut_off_where_apps_are_stopped_at_once"),
    },
    Mutation {
        what: "a check that fails is passed over",
        file: "src/run/attempt.rs",
        from: "check::Outcome::Failed(why) => StepEnd::Failed(why),",
        to: "check::Outcome::Failed(why) => StepEnd::Confirmed(vec![why]),",
        test: Whole("deployment::a_check_that_fails_leaves_the_old_colour_live"),
    },
    Mutation {
        what: "nothing is tried again",
        file: "src/run/retry.rs",
        from: "Some(_) | None => Next::Again(pause),",
        to: "Some(_) | None => Next::GiveUp,",
        test: Unit("run::retry::"),
    },
    Mutation {
        what: "nothing relies on the new colour",
        file: "src/steps/list.rs",
        from: "let requires = self.relied_on.clone().filter(|_| action.takes_away());",
        to: "let requires = self.relied_on.clone().filter(|_| false);",
        test: Unit("proof::tests::every_verb"),
    },
    Mutation {
        what: "a way back does not tell that it has begun",
        file: "src/steps/back.rs",
        from: "    list.role(Heading::FallBack, &from, Role::RollingBack);\n",
        to: "",
        test: Unit("proof::tests::every_verb"),
    },
    Mutation {
        what: "an interrupted way back takes the routers for informed",
        file: "src/steps/back.rs",
        from: "if may_have_left(space, &from) { Routers::Unsure }",
        to: "if false && may_have_left(space, &from) { Routers::Unsure }",
        test: Unit("proof::tests::every_verb"),
    },
    Mutation {
        what: "a colour that runs is pushed over as it is",
        file: "src/steps/forward.rs",
        from: "    } else {\n        list.leave_and_stop(Heading::Clear, next)?;",
        to: "    } else if false {\n        list.leave_and_stop(Heading::Clear, next)?;",
        test: Unit("proof::tests::every_verb"),
    },
    Mutation {
        what: "the proof does not see a route without an app",
        file: "src/proof/world.rs",
        from: "if serving == 0 && !self.excused",
        to: "if false && !self.excused",
        test: Unit("proof::tests::wrong_compilers"),
    },
    Mutation {
        what: "the proof does not see an app that is stopped while routers know it",
        file: "src/proof/world.rs",
        from: "if !self.runs(app) && !self.crashed.contains(app) {",
        to: "if false && !self.crashed.contains(app) {",
        test: Unit("proof::tests::wrong_compilers"),
    },
    Mutation {
        what: "the proof does not see a version that was not checked",
        file: "src/proof/world.rs",
        from: "if !self.checked.contains(app) {",
        to: "if false && !self.checked.contains(app) {",
        test: Unit("proof::tests::wrong_compilers"),
    },
    Mutation {
        what: "the proof does not see a drain that is missing",
        file: "src/proof/world.rs",
        from: "if self.busy.contains(&app) && !plan.drain.is_zero()",
        to: "if false && !plan.drain.is_zero()",
        test: Unit("proof::tests::wrong_compilers"),
    },
    Mutation {
        what: "another space is taken for the plan's",
        file: "src/commands/workplace.rs",
        from: "        check_target(plan, &target.api, &target.org, &target.space)?;\n",
        to: "",
        test: Whole("refusal::the_wrong_target"),
    },
    Mutation {
        what: "the quotas are not looked at",
        file: "src/steps/forward.rs",
        from: "    quota::check(space, &steps)?;\n",
        to: "",
        test: Whole("refusal::a_quota_that_is_too_small"),
    },
    Mutation {
        what: "the steps are not proved",
        file: "src/commands/deployment.rs",
        from: "if proof.holds { Ok(proof) }",
        to: "if true || proof.holds { Ok(proof) }",
        test: Unit("commands::deployment::"),
    },
    Mutation {
        what: "the space is not read again under the lock",
        file: "src/commands/carry_out.rs",
        from: "    place.observer(plan).refresh_patiently(&mut space, &Section::ALL)?;\n",
        to: "",
        test: Whole("lock::waiting_ends_when_the_holder_is_done"),
    },
    Mutation {
        what: "a lock that has just expired is taken over",
        file: "src/space/lock.rs",
        from: "now > later(expires, SLACK)",
        to: "now > expires",
        test: Whole("lock::a_lock_is_taken_over_only_when"),
    },
    Mutation {
        what: "a lock is not given back",
        file: "src/commands/lock.rs",
        from: "    for note in locks.into_inner().release() {\n        tell(&format!(\"note: {note}\"));\n    }\n    ending",
        to: "    ending",
        test: Whole("lock::of_two_deployments_one_proceeds"),
    },
    Mutation {
        what: "an interrupted deployment is finished by another plan",
        file: "src/steps/forward.rs",
        from: "if origin.plan != plan.digest {",
        to: "if false && origin.plan != plan.digest {",
        test: Whole("resumed::another_plan_does_not_finish_it"),
    },
    Mutation {
        what: "an interrupted upload is finished with other files",
        file: "src/steps/forward.rs",
        from: "Some(bits) if bits != origin.bits =>",
        to: "Some(bits) if false && bits != origin.bits =>",
        test: Whole("resumed::an_upload_that_is_not_finished"),
    },
    Mutation {
        what: "what a step relies on is not given time",
        file: "src/run/execute.rs",
        from: "if Instant::now() >= until => return Err(NotStarted::Failed(why)),",
        to: "if true || Instant::now() >= until => return Err(NotStarted::Failed(why)),",
        test: Whole("resumed::an_instance_that_comes_back"),
    },
    Mutation {
        what: "a signal does not end the run between two steps",
        file: "src/run/execute.rs",
        from: "            if let Some(signal) = self.interrupt.seen() {\n                return Ended::Interrupted",
        to: "            if let Some(signal) = self.interrupt.seen().filter(|_| false) {\n                return Ended::Interrupted",
        test: Whole("sessions::interrupted_while_it_uploads"),
    },
    Mutation {
        what: "a platform that is out of reach is not waited for",
        file: "src/run/observe.rs",
        from: "Err(error) if !error.lasts() && Instant::now() < until => thread::sleep(PAUSE),",
        to: "Err(error) if false && !error.lasts() && Instant::now() < until => thread::sleep(PAUSE),",
        test: Whole("failures::the_platform_is_out_of_reach"),
    },
    Mutation {
        what: "a platform that asks for patience does not get it",
        file: "src/run/attempt.rs",
        from: "Next::WhenAllowed => self.observer.api().asked_patience(),",
        to: "Next::WhenAllowed => Duration::ZERO,",
        test: Whole("resumed::a_platform_that_asks_for_patience"),
    },
    Mutation {
        what: "a version that crashes while it is checked passes",
        file: "src/space/condition.rs",
        from: "match before.app(app).and_then(|then| replaced(then, now)) {",
        to: "match before.app(app).filter(|_| false).and_then(|then| replaced(then, now)) {",
        test: Whole("deployment::an_app_that_dies_while_it_is_checked"),
    },
    Mutation {
        what: "one answer of one router is enough",
        file: "src/run/probe.rs",
        from: "let enough = IN_A_ROW.max(instances * 2);",
        to: "let enough = 1;",
        test: Whole("load::no_request_fails_with_several_routers"),
    },
    Mutation {
        what: "nothing settles where the router cannot be asked",
        file: "src/run/probe.rs",
        from: "            thread::sleep(self.settle);\n",
        to: "",
        test: Whole("routes::an_internal_route_settles"),
    },
    Mutation {
        what: "the guard is not told of what was started",
        file: "src/guard/lib.rs",
        from: "        self.guard.tell(\"group\", OsStr::new(&leader.to_string()))?;\n",
        to: "",
        test: Whole("resumed::a_check_command_ends"),
    },
];

/// Where mutants are built: two at once, since their tests wait for platforms as much as for a core.
const LANES: usize = 2;

/// A copy of the project, and where it is built.
struct Lane {
    tree: PathBuf,
    build: PathBuf,
}

#[test]
fn each_turns_a_test_red() {
    let next = AtomicUsize::new(0);
    let mut told: Vec<String> = thread::scope(|scope| {
        let work = |number: usize| {
            let (lane, next) = (Lane::new(number), &next);
            scope.spawn(move || {
                // What is red in a copy as it is would be red with anything.
                let mut told = if number == 0 { lane.is_green() } else { Vec::new() };
                while let Some(mutation) = TABLE.get(next.fetch_add(1, Ordering::Relaxed)) {
                    told.extend(lane.stays_green(mutation));
                }
                told
            })
        };
        let lanes: Vec<_> = (0..LANES).map(work).collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
    });
    told.sort();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

impl Lane {
    fn new(number: usize) -> Self {
        let folder = root().join(format!("target/mutations/{number}"));
        let lane = Self { tree: folder.join("tree"), build: folder.join("build") };
        if !lane.build.exists() {
            // What the project depends on is built already.
            link_foreign(&root().join("target/debug"), &lane.build.join("debug"));
        }
        lane
    }

    /// Shows that tests of either kind can be green in a copy; that each of them is, they have shown where they stand.
    fn is_green(&self) -> Vec<String> {
        self.copy_project();
        let (beside, outside): (Vec<Test>, _) =
            TABLE.iter().map(|mutation| mutation.test).partition(|test| matches!(test, Unit(_)));
        let told = [&beside[..], &outside[..1]].map(|tests| self.run(tests));
        let red = told.into_iter().filter(|told| !told.contains("test result: ok."));
        red.map(|told| format!("red before anything is taken away:\n{told}")).collect()
    }

    /// What is to be told where no test turns red.
    fn stays_green(&self, mutation: &Mutation) -> Option<String> {
        let what = mutation.what;
        self.copy_project();
        let file = self.tree.join(mutation.file);
        let text = fs::read_to_string(&file).unwrap();
        if text.matches(mutation.from).count() != 1 {
            return Some(format!("the table is out of date: {what}"));
        }
        fs::write(file, text.replace(mutation.from, mutation.to)).unwrap();
        let told = self.run(&[mutation.test]);
        let red = told.contains("test result: FAILED");
        let line = format!("{} {what}\n", if red { "red  " } else { "GREEN" });
        io::stderr().write_all(line.as_bytes()).unwrap();
        if red {
            None
        } else if told.contains("test result:") {
            Some(format!("no test notices that {what}"))
        } else {
            Some(format!("it does not build where {what}:\n{told}"))
        }
    }

    /// Brings the copy up to date: a file that is as it was keeps its time, so that little is built anew.
    fn copy_project(&self) {
        for name in COPIED {
            copy(&root().join(name), &self.tree.join(name));
        }
    }

    /// Builds the copy and runs tests of one kind: what cargo and they have told.
    fn run(&self, tests: &[Test]) -> String {
        #[expect(clippy::disallowed_methods, reason = "the mutated project is built and tested as any other")]
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // They wait for platforms rather than for a core.
        command.env("RUST_TEST_THREADS", "8").env("CUTOVER_CF", crate::support::cf::binary());
        command.current_dir(&self.tree).env("CARGO_TARGET_DIR", &self.build);
        // Each mutation is built and run once: what optimization takes to build, it does not save.
        for setting in ["opt-level=0", "debug=false"] {
            command.args(["--config", &format!("profile.dev.package.cutover.{setting}")]);
        }
        command.args(["test", "--package", "cutover"]);
        match tests.first() {
            Some(Unit(_)) => command.arg("--lib"),
            Some(Whole(_)) | None => command.args(["--test", "it"]),
        };
        let output = command.arg("--").args(tests.iter().map(|test| test.name())).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }
}

/// What of the project is needed to build and to test it.
const COPIED: [&str; 13] = [
    "Cargo.toml",
    "Cargo.lock",
    "clippy.toml",
    "README.md",
    "deploy.example.yaml",
    "rust-toolchain.toml",
    "src",
    "tests",
    "fixtures",
    "example",
    "docs",
    "proptest-regressions",
    "target/app/sinatra",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Links what was built of other crates into another target directory: cargo goes by times, which links keep.
fn link_foreign(from: &Path, to: &Path) {
    for folder in ["deps", "build", ".fingerprint"] {
        link(&from.join(folder), &to.join(folder));
    }
}

fn link(from: &Path, to: &Path) {
    let name = from.file_name().unwrap().to_string_lossy();
    let of = name.strip_prefix("lib").unwrap_or(&name);
    if ["cutover-", "foundry-", "guard-", "it-", "sinatra-"].iter().any(|own| of.starts_with(own)) {
        return;
    }
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            link(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::hard_link(from, to).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry: PathBuf = entry.unwrap().path();
            copy(&entry, &to.join(entry.file_name().unwrap()));
        }
    } else if fs::read(to).ok() != Some(fs::read(from).unwrap()) {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}
