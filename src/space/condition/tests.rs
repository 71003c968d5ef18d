//! What each condition takes for true, what it waits for, and what it gives up.

use super::*;
use crate::example;
use crate::space::{Droplet, Package, Task};

/// What has become of the app meanwhile.
type Change = fn(&mut App);

const ROUTE: &str = "www.example.com";

fn app() -> String {
    "shop".to_owned()
}

/// `shop` runs with two instances and a worker, holds a route and is bound to `db`.
fn before() -> Space {
    let mut shop = example::app("shop", true, 2, None);
    shop.annotations.insert("role".to_owned(), "live".to_owned());
    let web = shop.processes[0].clone();
    shop.processes.push(Process { guid: "worker-shop".to_owned(), kind: "worker".to_owned(), ..web });
    for instance in shop.processes.iter_mut().flat_map(|process| &mut process.states) {
        instance.id = Some(format!("id-{}", instance.index));
        instance.uptime = Some(60);
    }
    example::space(vec![shop], [(ROUTE, "shop")])
}

/// Tries a condition on what has become of the app: what it must say.
fn assert_says(condition: &Condition, cases: &[(Change, &str)]) {
    for (change, expected) in cases {
        let (before, mut now) = (before(), before());
        change(&mut now.apps[0]);
        let told = match condition.judge(&now, &before) {
            Judgement::Holds => "holds".to_owned(),
            Judgement::NotYet(why) => format!("not yet: {why}"),
            Judgement::Never(why) => format!("never: {why}"),
        };
        assert_eq!(told, *expected, "{condition}");
    }
}

#[test]
fn an_app_is_there_or_is_not() {
    let rename: Change = |app| app.name = "other".to_owned();
    assert_says(
        &Condition { app: app(), must: Must::Deleted },
        &[(|_| {}, "not yet: app shop is still there"), (rename, "holds")],
    );
    assert_says(
        &Condition { app: app(), must: Must::Stopped },
        &[
            (|_| {}, "not yet: app shop is started"),
            (|app| app.state = AppState::Stopped, "holds"),
            (rename, "never: app shop is not there any more"),
        ],
    );
    // One that is only being created may show later.
    let nowhere = Space { apps: Vec::new(), ..before() };
    let stopped = Condition { app: app(), must: Must::Stopped };
    assert_eq!(stopped.judge(&nowhere, &nowhere), Judgement::NotYet("app shop is not there".to_owned()));
}

#[test]
fn a_task_is_waited_for_until_it_has_ended() {
    fn task(app: &mut App, state: TaskState, failure: Option<&str>) {
        let (name, failure) = ("smoke".to_owned(), failure.map(ToOwned::to_owned));
        app.tasks = vec![Task { id: 3, name, state, memory_mb: 64, failure }];
    }
    let wanted = |steady| Condition { app: app(), must: Must::TaskSucceeded { task: "smoke".to_owned(), steady } };
    assert_says(
        &wanted(None),
        &[
            (|_| {}, "not yet: app shop has no task smoke"),
            (|app| task(app, TaskState::Pending, None), "not yet: task 3 (smoke) of app shop is about to run"),
            (|app| task(app, TaskState::Running, None), "not yet: task 3 (smoke) of app shop runs"),
            (|app| task(app, TaskState::Canceling, None), "not yet: task 3 (smoke) of app shop is being terminated"),
            (
                |app| task(app, TaskState::Failed, Some("APP/TASK/smoke: Exited with status 1")),
                "never: task 3 (smoke) of app shop has failed: APP/TASK/smoke: Exited with status 1",
            ),
            (|app| task(app, TaskState::Failed, None), "never: task 3 (smoke) of app shop has failed"),
            (|app| task(app, TaskState::Succeeded, None), "holds"),
        ],
    );
    // A task says nothing of the instances of its app.
    let crashed: Change = |app| {
        task(app, TaskState::Succeeded, None);
        app.processes[0].states[1].id = Some("another".to_owned());
    };
    assert_says(&wanted(None), &[(crashed, "holds")]);
    assert_says(
        &wanted(Some(2)),
        &[
            (|app| task(app, TaskState::Succeeded, None), "holds"),
            (crashed, "never: web instance 1 of app shop crashed, or was moved, while it was checked"),
            (|app| task(app, TaskState::Running, None), "not yet: task 3 (smoke) of app shop runs"),
        ],
    );
}

#[test]
fn an_app_runs_no_task_once_all_have_ended() {
    let task = |id, state| Task { id, name: format!("t{id}"), state, memory_mb: 64, failure: None };
    let with = |states: &[TaskState]| {
        let mut now = before();
        now.apps[0].tasks = (1..).zip(states).map(|(id, state)| task(id, *state)).collect();
        Condition { app: app(), must: Must::NoTasks }.judge(&now, &before())
    };
    let not_yet = |told: &str| Judgement::NotYet(format!("app shop still runs {told}"));
    for (states, expected) in [
        (&[][..], Judgement::Holds),
        (&[TaskState::Succeeded, TaskState::Failed], Judgement::Holds),
        (&[TaskState::Succeeded, TaskState::Running], not_yet("task 2 (t2)")),
        (&[TaskState::Pending, TaskState::Running, TaskState::Canceling], not_yet("3 tasks: 1 (t1), 2 (t2), 3 (t3)")),
    ] {
        assert_eq!(with(states), expected, "{states:?}");
    }
    assert_eq!(Condition { app: "gone".to_owned(), must: Must::NoTasks }.judge(&before(), &before()), Judgement::Holds);
}

#[test]
fn an_upload_is_done_with_a_new_package_of_a_stopped_app() {
    let stopped: Change = |app| app.state = AppState::Stopped;
    let uploaded = |before: &str| Condition { app: app(), must: Must::Uploaded { before: Some(before.to_owned()) } };
    assert_says(
        &uploaded("an older one"),
        &[
            (stopped, "holds"),
            (|_| {}, "never: app shop is started"),
            (|app| app.package = None, "not yet: app shop has no package"),
            (
                |app| app.package = Some(Package { guid: "p".to_owned(), ready: false }),
                "not yet: package p of app shop is not ready",
            ),
        ],
    );
    assert_says(&uploaded("package-shop"), &[(stopped, "not yet: app shop has no newer package than before")]);
}

#[test]
fn annotations_are_there_as_written() {
    let annotated = |value: Option<&str>| {
        let annotations = BTreeMap::from([("role".to_owned(), value.map(ToOwned::to_owned))]);
        Condition { app: app(), must: Must::Annotated { annotations, of_droplet: None } }
    };
    let clear: Change = |app| app.annotations.clear();
    assert_says(&annotated(Some("live")), &[(|_| {}, "holds"), (clear, "not yet: app shop does not carry role: live")]);
    assert_says(&annotated(Some("next")), &[(|_| {}, "not yet: app shop does not carry role: next")]);
    assert_says(&annotated(None), &[(|_| {}, "not yet: app shop still carries role"), (clear, "holds")]);
    let of_droplet = Condition {
        app: app(),
        must: Must::Annotated { annotations: BTreeMap::new(), of_droplet: Some("droplet".to_owned()) },
    };
    let written: Change = |app| {
        app.annotations.insert("droplet".to_owned(), "droplet-shop".to_owned());
    };
    assert_says(&of_droplet, &[(written, "holds"), (|_| {}, "not yet: app shop does not carry droplet: droplet-shop")]);
}

#[test]
fn services_and_routes_are_held() {
    let url = || RouteUrl::parse(ROUTE).unwrap();
    let unbind: Change = |app| app.bindings.clear();
    let another: Change = |app| app.guid = "of another app".to_owned();
    assert_says(
        &Condition { app: app(), must: Must::Bound { service: "db".to_owned() } },
        &[(|_| {}, "holds"), (unbind, "not yet: service instance db is not bound to app shop")],
    );
    assert_says(
        &Condition { app: app(), must: Must::Mapped { url: url(), protocol: Protocol::Http1 } },
        &[(|_| {}, "holds"), (another, "not yet: www.example.com is not mapped to app shop")],
    );
    assert_says(
        &Condition { app: app(), must: Must::Mapped { url: url(), protocol: Protocol::Http2 } },
        &[
            (|_| {}, "never: www.example.com is mapped to app shop by http1, and not by http2"),
            (another, "not yet: www.example.com is not mapped to app shop"),
        ],
    );
    assert_says(&Condition { app: app(), must: Must::RouteThere { url: url() } }, &[(|_| {}, "holds")]);
    let missing = RouteUrl::parse("other.example.com").unwrap();
    assert_says(
        &Condition { app: app(), must: Must::RouteThere { url: missing } },
        &[(|_| {}, "not yet: there is no route other.example.com")],
    );
    assert_says(
        &Condition { app: app(), must: Must::Unmapped { url: url() } },
        &[(|_| {}, "not yet: www.example.com is still mapped to app shop"), (another, "holds")],
    );
}

#[test]
fn the_newest_package_is_staged_and_its_droplet_is_the_apps() {
    let of_none: Change = |app| app.staged = Some(Droplet { guid: "d".to_owned(), package: None, checksum: None });
    assert_says(
        &Condition { app: app(), must: Must::Staged },
        &[
            (|_| {}, "holds"),
            (
                |app| app.package = Some(Package { guid: "p".to_owned(), ready: true }),
                "not yet: package p of app shop is not staged",
            ),
            // A droplet that does not tell its package must be another than before.
            (of_none, "holds"),
            (
                |app| app.staged.as_mut().unwrap().package = None,
                "not yet: package package-shop of app shop is not staged",
            ),
            (|app| app.staged = None, "not yet: package package-shop of app shop is not staged"),
            (|app| app.package = None, "not yet: app shop has no package"),
        ],
    );
    let copied: Change = |app| {
        app.staged = Some(Droplet { guid: "d".to_owned(), package: None, checksum: Some("c0ffee".to_owned()) });
    };
    let wanted = |before: &str| Condition {
        app: app(),
        must: Must::Droplet { checksum: "c0ffee".to_owned(), before: Some(before.to_owned()) },
    };
    assert_says(
        &wanted("droplet-shop"),
        &[
            (copied, "holds"),
            (|_| {}, "not yet: app shop has no newer droplet than before"),
            (of_none, "not yet: the newest droplet of app shop, d, has the sha256 not told, and not c0ffee"),
        ],
    );
    // One of the same content that was there before is no copy of now.
    assert_says(&wanted("d"), &[(copied, "not yet: app shop has no newer droplet than before")]);
    assert_says(
        &Condition { app: app(), must: Must::DropletSet },
        &[
            (|_| {}, "holds"),
            (of_none, "not yet: droplet d is not yet app shop's"),
            (|app| app.staged = None, "not yet: app shop has no staged droplet"),
        ],
    );
}

#[test]
fn every_instance_of_every_process_runs() {
    const WORKER: usize = 1;
    assert_says(
        &Condition { app: app(), must: Must::Scaled { instances: 2 } },
        &[
            (|_| {}, "holds"),
            (|app| app.processes[0].instances = 1, "not yet: app shop does not have 2 web instances"),
            (|app| app.processes.clear(), "not yet: app shop does not have 2 web instances"),
        ],
    );
    assert_says(
        &Condition { app: app(), must: Must::Running { instances: 2 } },
        &[
            (|_| {}, "holds"),
            (|app| app.state = AppState::Stopped, "not yet: app shop is stopped"),
            (
                |app| {
                    let last = &mut app.processes[0].states[1];
                    (last.state, last.details) = (InstanceState::Starting, Some("no room yet".to_owned()));
                },
                "not yet: 1 of 2 web instances of app shop run, #1 starting (no room yet)",
            ),
            (
                |app| app.processes[0].states[1].state = InstanceState::Crashed,
                "not yet: 1 of 2 web instances of app shop run, #1 crashed",
            ),
            (|app| app.processes[WORKER].states.clear(), "not yet: 0 of 2 worker instances of app shop run"),
            (
                |app| app.processes[WORKER].states.iter_mut().for_each(|one| one.state = InstanceState::Crashed),
                "never: all instances of process worker of app shop crashed",
            ),
            (
                |app| {
                    let worker = &mut app.processes[WORKER];
                    worker.instances = 0;
                    worker.states.iter_mut().for_each(|one| one.state = InstanceState::Crashed);
                },
                "holds",
            ),
            (
                |app| {
                    app.processes[0].instances = 1;
                    app.processes[0].states.truncate(1);
                },
                "not yet: app shop is to have 2 web instances and 1 of 1 run",
            ),
            (|app| drop(app.processes.remove(0)), "not yet: app shop has no web process"),
        ],
    );
}

/// While a deployment of the platform's own is under way an app has two web processes, the newest first; routes lead to both.
#[test]
fn two_web_processes_count_together() {
    const OLDER: usize = 2;
    let two_more: Change = |app| {
        let web = app.processes[0].clone();
        app.processes.push(Process { guid: "older-web".to_owned(), ..web });
        app.processes[0].instances = 1;
        app.processes[0].states.truncate(1);
    };
    let says = |condition: &Condition, change: Change| {
        let mut then = before();
        two_more(&mut then.apps[0]);
        let mut now = then.clone();
        change(&mut now.apps[0]);
        match condition.judge(&now, &then) {
            Judgement::Holds => "holds".to_owned(),
            Judgement::NotYet(why) => format!("not yet: {why}"),
            Judgement::Never(why) => format!("never: {why}"),
        }
    };
    let running = |instances| Condition { app: app(), must: Must::Running { instances } };
    let steady = Condition { app: app(), must: Must::Steady { instances: 3 } };
    let scaled = |instances| Condition { app: app(), must: Must::Scaled { instances } };
    let as_it_was: Change = |_| {};
    let one_starts: Change = |app| app.processes[OLDER].states[1].state = InstanceState::Starting;
    let crashes: Change = |app| app.processes[OLDER].states.iter_mut().for_each(|it| it.state = InstanceState::Crashed);
    let lost: Change = |app| app.processes[OLDER].states.truncate(1);
    let cases: [(Condition, Change, &str); 9] = [
        (running(3), as_it_was, "holds"),
        (running(4), as_it_was, "not yet: app shop is to have 4 web instances and 3 of 3 run"),
        (running(1), one_starts, "not yet: 1 of 2 web instances of app shop run, #1 starting"),
        (running(1), crashes, "never: all instances of process web of app shop crashed"),
        (steady.clone(), as_it_was, "holds"),
        (steady, lost, "never: web instance 1 of app shop crashed, or was moved, while it was checked"),
        // A scale changes the newest.
        (scaled(1), as_it_was, "holds"),
        (scaled(2), as_it_was, "not yet: app shop does not have 2 web instances"),
        (scaled(3), as_it_was, "not yet: app shop does not have 3 web instances"),
    ];
    for (condition, change, expected) in cases {
        assert_eq!(says(&condition, change), expected, "{condition}");
    }
}

#[test]
fn what_is_checked_runs_on_without_a_crash() {
    let lost = "never: web instance 1 of app shop crashed, or was moved, while it was checked";
    assert_says(
        &Condition { app: app(), must: Must::Steady { instances: 2 } },
        &[
            (|_| {}, "holds"),
            (|app| app.processes[0].states[1].uptime = Some(61), "holds"),
            (|app| app.processes[0].states[1].uptime = Some(59), lost),
            (|app| app.processes[0].states[1].id = Some("another".to_owned()), lost),
            (|app| app.processes[0].states[1].index = 7, lost),
            (|app| app.processes[0].states.truncate(1), lost),
            (
                |app| app.processes[0].guid = "another".to_owned(),
                "never: web instance 0 of app shop crashed, or was moved, while it was checked",
            ),
            // One more instance than before is none that was lost.
            (
                |app| {
                    let more = Instance { index: 2, id: None, ..app.processes[0].states[1].clone() };
                    app.processes[0].states.push(more);
                },
                "holds",
            ),
        ],
    );
}

/// What still ends counts, where the platform tells of it.
#[test]
fn a_process_has_as_many_instances_as_it_is_to_have_and_no_more() {
    let process = |instances| Condition {
        app: app(),
        must: Must::Process { process: "worker".to_owned(), instances, or_absent: false },
    };
    let scaled: fn(&mut App, u32) = |app, instances| app.processes[1].instances = instances;
    assert_says(
        &process(2),
        &[
            (|_| {}, "holds"),
            (|app| app.processes[1].instances = 3, "not yet: process worker of app shop is to have 3 instances, not 2"),
            (|app| app.processes[1].states.truncate(1), "not yet: 1 of 2 worker instances of app shop run"),
            (
                |app| app.processes[1].states.iter_mut().for_each(|one| one.state = InstanceState::Crashed),
                "never: all instances of process worker of app shop crashed",
            ),
            (|app| app.state = AppState::Stopped, "holds"),
            (|app| app.processes.truncate(1), "not yet: app shop has no process worker"),
        ],
    );
    let or_absent =
        Condition { app: app(), must: Must::Process { process: "worker".to_owned(), instances: 2, or_absent: true } };
    assert_says(
        &or_absent,
        &[
            (|app| app.processes.truncate(1), "holds"),
            (|app| app.processes[1].states.truncate(1), "not yet: 1 of 2 worker instances of app shop run"),
        ],
    );
    let cases: [(Change, &str); 4] = [
        (|_| {}, "not yet: 2 worker instances of app shop still end"),
        (|app| app.processes[1].states.clear(), "holds"),
        (|app| app.processes[1].ends_unseen = true, "holds"),
        (|app| app.processes.truncate(1), "holds"),
    ];
    for (change, expected) in cases {
        let mut now = before();
        scaled(&mut now.apps[0], 0);
        change(&mut now.apps[0]);
        let told = match process(0).judge(&now, &before()) {
            Judgement::Holds => "holds".to_owned(),
            Judgement::NotYet(why) | Judgement::Never(why) => format!("not yet: {why}"),
        };
        assert_eq!(told, expected);
    }
}

#[test]
fn no_room_on_any_cell_is_told_from_what_passes() {
    let running = Condition { app: "shop_b".to_owned(), must: Must::Running { instances: 2 } };
    let stopped = Condition { app: "shop_b".to_owned(), must: Must::Stopped };
    let told = |condition: &Condition, state: InstanceState, details: Option<&str>, started: bool| {
        let mut app = example::app("shop_b", started, 2, None);
        app.processes[0].states =
            vec![Instance { index: 1, id: None, uptime: None, state, details: details.map(str::to_owned) }];
        condition.no_room(&example::space(vec![app], []))
    };
    let memory = Some("insufficient resources: memory");
    for (state, details, is_told) in [
        (InstanceState::Down, memory, true),
        (InstanceState::Down, Some("insufficient resources: disk, memory"), true),
        (InstanceState::Down, Some("found no compatible cell"), true),
        (InstanceState::Down, Some("unable to communicate to compatible cells"), false),
        (InstanceState::Down, None, false),
        (InstanceState::Starting, memory, false),
        (InstanceState::Crashed, memory, false),
    ] {
        let why = told(&running, state, details, true);
        assert_eq!(why.is_some(), is_told, "{state} {details:?}");
        assert_eq!(told(&stopped, state, details, true), None, "that one waits for no instance");
        assert_eq!(told(&running, state, details, false), None, "a stopped app has none");
        if let Some(why) = why {
            assert!(why.contains("web instance #1 of app shop_b") && why.contains(details.unwrap()), "{why}");
        }
    }
}
