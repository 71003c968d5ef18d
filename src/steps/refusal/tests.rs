//! Every refusal, with hostile names: its hint is a shell's.

use std::collections::BTreeSet;

use super::*;
use crate::plan::{Lifecycle, RouteUrl};
use crate::space::native::NativeDeployment;
use crate::space::rules::{ForeignRoute, Owner, Stack, StackState, Suspended};
use crate::space::{QuotaKind, QuotaScope};
use crate::steps::annotations::APPS;
use crate::steps::put_back::PutBack;
use crate::steps::upload::Difference;

/// Names that a platform takes and a shell would take apart.
const HOSTILE: [&str; 8] = ["two words", "a;reboot", "50%", "d'or", "größe", "$(id)", "`id`&", "say \"hi\" \\ !x #y *"];

/// One refusal of each kind, with hostile names wherever there are names.
#[expect(clippy::too_many_lines, reason = "one line for each kind")]
fn each(text: &str) -> Vec<(Refusal, Vec<Vec<String>>)> {
    let name = AppName::parse(text).unwrap();
    let other = AppName::parse(&format!("{text} b")).unwrap();
    let (app, service) = (format!("old {text}"), format!("db {text}"));
    let (colours, second) = ([name.clone(), other.clone()], other.clone());
    let url = RouteUrl::parse("www.example.com").unwrap();
    let difference = Difference { changed: vec![app.clone()], ..Difference::default() };
    let words = |line: &[&str]| line.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    let ours = |verb: &str| words(&["cutover", verb, "--app", text]);
    let look = vec![words(&["cf", "app", text]), words(&["cf", "app", other.as_str()])];
    let holder = |free: Option<AppName>| {
        Refusal::Routes(RouteRefusal::ForeignHolder {
            name: name.clone(),
            colours: colours.clone(),
            free,
            url: url.clone(),
            app: app.clone(),
        })
    };
    let (on, back) = (words(&["cf", "continue-deployment", text]), words(&["cf", "cancel-deployment", text]));
    let native = |reason: &str| NativeDeployment {
        app: String::new(),
        strategy: "canary".to_owned(),
        reason: reason.to_owned(),
        since: String::new(),
    };
    let stack = Stack { name: app.clone(), state: StackState::Disabled, reason: None, default: true };
    let whole = url.clone();
    let other_destination = |is_extra| {
        Refusal::Routes(RouteRefusal::OtherDestination {
            name: name.clone(),
            app: other.clone(),
            url: url.clone(),
            leads: vec!["process api (http1)".to_owned()],
            is_extra,
        })
    };
    let route = ForeignRoute {
        wanted: url.to_string(),
        url: url.to_string(),
        owner: Some(Owner { org: Some(app.clone()), space: app.clone() }),
        apps: vec![app.clone()],
        shared: false,
        roles: None,
    };
    let quota = |what| {
        Refusal::Platform(PlatformRefusal::Quota {
            quota: app.clone(),
            scope: QuotaScope::Space,
            app: name.clone(),
            step: "start".to_owned(),
            needed: 2,
            limit: 1,
            what,
            fits: Vec::new(),
        })
    };
    let fits = vec![
        Fit::Instances { name: name.clone(), most: 1, wanted: 2 },
        Fit::Memory { name: name.clone(), most: 128, wanted: 256, used: Some(64) },
        Fit::Without { app: name.clone() },
        Fit::Limit { needed: 2 },
    ];
    vec![
        (holder(Some(other.clone())), vec![words(&["cf", "rename", &app, other.as_str()])]),
        (holder(None), vec![]),
        (
            Refusal::Routes(RouteRefusal::StagingTaken { name: name.clone(), url: url.clone(), app: app.clone() }),
            vec![],
        ),
        (Refusal::Routes(RouteRefusal::ExtraRoutes { name: name.clone(), routes: vec![url.clone()] }), vec![]),
        (
            Refusal::Routes(RouteRefusal::GoesDark {
                name: name.clone(),
                app: name.clone(),
                url: url.clone(),
                others: vec![app.clone()],
                commands: vec![shell::command(["cf", "unmap-route", text])],
            }),
            vec![words(&["cf", "unmap-route", text])],
        ),
        (other_destination(false), vec![]),
        (other_destination(true), vec![]),
        (Refusal::Colours(ColourRefusal::BothLive { name: name.clone(), colours: colours.clone() }), look.clone()),
        (
            Refusal::Colours(ColourRefusal::NoneLive {
                name: name.clone(),
                colours: colours.clone(),
                url: url.clone(),
            }),
            look.clone(),
        ),
        (Refusal::Colours(ColourRefusal::NotTold { name: name.clone(), colours: colours.clone() }), look),
        (
            Refusal::Routes(RouteRefusal::HasRoutes {
                name: name.clone(),
                app: name.clone(),
                routes: vec![url.to_string()],
            }),
            vec![],
        ),
        (
            Refusal::Colours(ColourRefusal::OfAnotherApp { name: name.clone(), app: name.clone(), of: app.clone() }),
            vec![],
        ),
        (
            Refusal::Colours(ColourRefusal::UnderWayAs { name: name.clone(), app: name.clone(), of: app.clone() }),
            vec![],
        ),
        (
            Refusal::Colours(ColourRefusal::InUse {
                name: name.clone(),
                app: name.clone(),
                routes: vec![url.to_string()],
            }),
            vec![],
        ),
        (
            Refusal::Routes(RouteRefusal::CannotKeep { app: name.clone(), url: url.to_string(), why: String::new() }),
            vec![],
        ),
        (Refusal::Routes(RouteRefusal::NoDomain { org: app.clone(), url, domains: vec![app.clone()] }), vec![]),
        (Refusal::Platform(PlatformRefusal::NoService { service: service.clone(), space: app.clone() }), vec![]),
        (
            Refusal::Platform(PlatformRefusal::ServiceNotReady { service: service.clone(), operation: None }),
            vec![words(&["cf", "service", &service])],
        ),
        (
            Refusal::Platform(PlatformRefusal::ServiceNotReady {
                service: service.clone(),
                operation: Some("create failed".to_owned()),
            }),
            vec![words(&["cf", "service", &service])],
        ),
        (quota(QuotaKind::Memory), vec![]),
        (quota(QuotaKind::InstanceMemory), vec![]),
        (quota(QuotaKind::Instances), vec![]),
        (quota(QuotaKind::Routes), vec![]),
        (quota(QuotaKind::ReservedPorts), vec![]),
        (quota(QuotaKind::LogRate), vec![]),
        (
            Refusal::Platform(PlatformRefusal::Quota {
                quota: app.clone(),
                scope: QuotaScope::Space,
                app: name.clone(),
                step: "start".to_owned(),
                needed: 2,
                limit: 1,
                what: QuotaKind::Memory,
                fits,
            }),
            vec![words(&["cf", "stop", text])],
        ),
        (
            Refusal::Platform(PlatformRefusal::UnlimitedLogs {
                app: app.clone(),
                process: "web".to_owned(),
                quota: app.clone(),
                scope: QuotaScope::Space,
                limit: 1,
            }),
            vec![],
        ),
        (Refusal::Routes(RouteRefusal::TooManyRoutes { app: name.clone() }), vec![]),
        (Refusal::UnderWay(UnderWayRefusal::TooLong { app: name.clone(), key: APPS }), vec![]),
        (Refusal::UnderWay(UnderWayRefusal::NoUpload { name: name.clone() }), vec![ours("resume"), ours("rollback")]),
        (
            Refusal::UnderWay(UnderWayRefusal::OtherUpload { name: name.clone(), difference }),
            vec![ours("resume"), ours("apply"), ours("rollback")],
        ),
        (Refusal::Platform(PlatformRefusal::NoSource { name: name.clone(), why: app.clone() }), vec![]),
        (
            Refusal::UnderWay(UnderWayRefusal::OtherDroplet {
                name: name.clone(),
                began: String::new(),
                now: app.clone(),
            }),
            vec![ours("apply"), ours("rollback"), ours("resume")],
        ),
        (Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { name: name.clone() }), vec![ours("status")]),
        (
            Refusal::UnderWay(UnderWayRefusal::OtherPlan { name: name.clone(), app: other.clone() }),
            vec![ours("status"), ours("rollback"), ours("apply")],
        ),
        (
            Refusal::UnderWay(UnderWayRefusal::OtherPackage { name: name.clone(), app: other }),
            vec![ours("rollback"), ours("apply")],
        ),
        (
            Refusal::UnderWay(UnderWayRefusal::NotDeployed {
                apps: vec![(name.clone(), String::new()), (second, String::new())],
            }),
            ["status", "apply"]
                .map(|verb| words(&["cutover", verb, "--app", text, "--app", &format!("{text} b")]))
                .to_vec(),
        ),
        (
            Refusal::Colours(ColourRefusal::NoInstances { name: name.clone(), app: name.clone() }),
            vec![words(&["cf", "scale", text, "-i", "1"])],
        ),
        (
            Refusal::Colours(ColourRefusal::OtherLifecycle {
                name: name.clone(),
                app: name.clone(),
                has: Lifecycle::Docker,
                wanted: Lifecycle::Buildpack,
                idle: true,
            }),
            vec![],
        ),
        (
            Refusal::Colours(ColourRefusal::NoFallback { name: name.clone(), why: String::new(), put_back: None }),
            vec![ours("apply")],
        ),
        (
            Refusal::Colours(ColourRefusal::NoFallback {
                name: name.clone(),
                why: String::new(),
                put_back: Some(PutBack {
                    is_mapped: false,
                    app: name.clone(),
                    commands: vec![shell::command(["cf", "start", text])],
                }),
            }),
            vec![words(&["cf", "start", text]), ours("apply")],
        ),
        (
            Refusal::UnderWay(UnderWayRefusal::InterruptedOtherPlan { id: app.clone(), apps: vec![name.clone()] }),
            vec![words(&["cutover", "rollback"]), words(&["cutover", "apply"])],
        ),
        (
            Refusal::UnderWay(UnderWayRefusal::OfAnotherDeployment {
                name: name.clone(),
                newest: app.clone(),
                own: Some(app.clone()),
            }),
            vec![ours("rollback")],
        ),
        (
            Refusal::Platform(PlatformRefusal::NativeDeployment { app: name.clone(), deployment: native("PAUSED") }),
            vec![on, back.clone()],
        ),
        (
            Refusal::Platform(PlatformRefusal::NativeDeployment { app: name.clone(), deployment: native("DEPLOYING") }),
            vec![back.clone()],
        ),
        (
            Refusal::Platform(PlatformRefusal::NativeDeployment { app: name.clone(), deployment: native("CANCELING") }),
            vec![],
        ),
        (Refusal::Platform(PlatformRefusal::Suspended { what: Suspended::Space, name: app.clone() }), vec![]),
        (Refusal::Platform(PlatformRefusal::MissingRole { space: app.clone(), roles: Vec::new() }), vec![]),
        (Refusal::Platform(PlatformRefusal::FlagOff { flag: "app_bits_upload".to_owned(), step: app.clone() }), vec![]),
        (Refusal::Platform(PlatformRefusal::NoDockerPassword { name: name.clone(), user: app.clone() }), vec![]),
        (Refusal::Platform(PlatformRefusal::NoStack { stack: app.clone(), known: vec![app.clone()] }), vec![]),
        (Refusal::Platform(PlatformRefusal::StackRefuses { app: name.clone(), stack }), vec![]),
        (
            Refusal::Platform(PlatformRefusal::NoBuildpack {
                name: name.clone(),
                buildpack: app.clone(),
                stack: Some(app.clone()),
                known: vec![app.clone()],
            }),
            vec![],
        ),
        (Refusal::Routes(RouteRefusal::ForeignRoute { route: Box::new(route) }), vec![]),
        (Refusal::Routes(RouteRefusal::RouteCannotBe { url: whole.clone(), why: String::new() }), vec![]),
        (
            Refusal::Several(vec![
                Refusal::Platform(PlatformRefusal::ServiceNotReady { service: service.clone(), operation: None }),
                Refusal::Routes(RouteRefusal::RouteCannotBe { url: whole, why: String::new() }),
            ]),
            vec![words(&["cf", "service", &service])],
        ),
    ]
}

/// The place of a kind among all. Whoever adds one adds it to [`each`], too.
fn place(refusal: &Refusal) -> usize {
    match refusal {
        Refusal::Routes(RouteRefusal::ForeignHolder { .. }) => 0,
        Refusal::Routes(RouteRefusal::StagingTaken { .. }) => 1,
        Refusal::Colours(ColourRefusal::BothLive { .. }) => 2,
        Refusal::Colours(ColourRefusal::NoneLive { .. }) => 3,
        Refusal::Colours(ColourRefusal::InUse { .. }) => 4,
        Refusal::Routes(RouteRefusal::CannotKeep { .. }) => 5,
        Refusal::Routes(RouteRefusal::NoDomain { .. }) => 6,
        Refusal::Platform(PlatformRefusal::NoService { .. }) => 7,
        Refusal::Platform(PlatformRefusal::ServiceNotReady { .. }) => 8,
        Refusal::Platform(PlatformRefusal::Quota { .. }) => 9,
        Refusal::Routes(RouteRefusal::TooManyRoutes { .. }) => 10,
        Refusal::UnderWay(UnderWayRefusal::NoUpload { .. }) => 11,
        Refusal::UnderWay(UnderWayRefusal::OtherUpload { .. }) => 12,
        Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { .. }) => 13,
        Refusal::UnderWay(UnderWayRefusal::NotDeployed { .. }) => 14,
        Refusal::UnderWay(UnderWayRefusal::OtherPlan { .. }) => 15,
        Refusal::Colours(ColourRefusal::NoInstances { .. }) => 16,
        Refusal::Colours(ColourRefusal::NoFallback { .. }) => 17,
        Refusal::Colours(ColourRefusal::OtherLifecycle { .. }) => 18,
        Refusal::Platform(PlatformRefusal::NativeDeployment { .. }) => 19,
        Refusal::Platform(PlatformRefusal::Suspended { .. }) => 20,
        Refusal::Platform(PlatformRefusal::MissingRole { .. }) => 21,
        Refusal::Platform(PlatformRefusal::FlagOff { .. }) => 22,
        Refusal::Platform(PlatformRefusal::NoStack { .. }) => 23,
        Refusal::Platform(PlatformRefusal::StackRefuses { .. }) => 24,
        Refusal::Routes(RouteRefusal::ForeignRoute { .. }) => 25,
        Refusal::Routes(RouteRefusal::RouteCannotBe { .. }) => 26,
        Refusal::Several(_) => 27,
        Refusal::Platform(PlatformRefusal::NoDockerPassword { .. }) => 28,
        Refusal::UnderWay(UnderWayRefusal::OfAnotherDeployment { .. }) => 29,
        Refusal::UnderWay(UnderWayRefusal::InterruptedOtherPlan { .. }) => 30,
        Refusal::Platform(PlatformRefusal::NoBuildpack { .. }) => 31,
        Refusal::UnderWay(UnderWayRefusal::OtherPackage { .. }) => 32,
        Refusal::Routes(RouteRefusal::ExtraRoutes { .. }) => 33,
        Refusal::Colours(ColourRefusal::NotTold { .. }) => 34,
        Refusal::Routes(RouteRefusal::HasRoutes { .. }) => 35,
        Refusal::Routes(RouteRefusal::OtherDestination { .. }) => 36,
        Refusal::Platform(PlatformRefusal::NoSource { .. }) => 37,
        Refusal::UnderWay(UnderWayRefusal::OtherDroplet { .. }) => 38,
        Refusal::Platform(PlatformRefusal::UnlimitedLogs { .. }) => 39,
        Refusal::UnderWay(UnderWayRefusal::TooLong { .. }) => 40,
        Refusal::Colours(ColourRefusal::OfAnotherApp { .. }) => 41,
        Refusal::Colours(ColourRefusal::UnderWayAs { .. }) => 42,
        Refusal::Routes(RouteRefusal::GoesDark { .. }) => 43,
    }
}

#[test]
fn each_kind_is_tried() {
    let tried: BTreeSet<usize> = each("shop").iter().map(|(refusal, _)| place(refusal)).collect();
    assert_eq!(tried, (0..44).collect());
}

#[test]
fn a_shell_reads_the_commands_of_every_hint_as_they_are_meant() {
    for text in HOSTILE {
        for (refusal, commands) in each(text) {
            let hint = refusal.hint(&OwnCommands::default());
            let (lines, prose): (Vec<&str>, Vec<&str>) = hint.lines().partition(|line| line.starts_with("  "));
            let read: Vec<Vec<String>> = lines.iter().map(|line| shlex::split(line).unwrap()).collect();
            assert_eq!(read, commands, "{hint}");
            // In the text around them no command has a name that would have to be quoted.
            for line in prose {
                let bare = |verb: &str| line.contains(&format!("{verb} {text}"));
                let verbs = ["cf app", "cf stop", "cf service", "cf rename", "cf logs", "--app"];
                assert!(!verbs.into_iter().any(bare), "{line}");
            }
        }
    }
}

#[test]
fn a_name_that_is_taken_is_not_given_to_another_app() {
    let hint = |which: usize| each("shop").remove(which).0.hint(&OwnCommands::default());
    let (free, taken) = (hint(0), hint(1));
    assert!(
        free.contains("\n  cf rename 'old shop' 'shop b'\n") && free.contains(r#"colours: ["old shop", shop]"#),
        "{free}"
    );
    assert!(!taken.contains("rename") && taken.contains("colours: ["), "{taken}");
}

#[test]
fn what_is_one_is_told_as_one() {
    let counted = [QuotaKind::Routes, QuotaKind::Instances, QuotaKind::ReservedPorts, QuotaKind::Memory]
        .map(|what| [what.counted(1), what.counted(2)].join(", "));
    let told = [
        "1 route, 2 routes",
        "1 app instance, 2 app instances",
        "1 reserved port, 2 reserved ports",
        "1 MB of memory, 2 MB of memory",
    ];
    assert_eq!(counted, told);
}
