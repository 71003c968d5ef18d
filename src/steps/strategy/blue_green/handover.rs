//! What no route leads to goes from one colour to the other, on either way: a version is started without the processes that are
//! handed over; once the live routes are with it, those of the other one end, and then its own run.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{self, AppName};
use crate::settings::{Is, ProcessSetting, Setting, WEB};
use crate::space::{App, AppState, Space};
use crate::steps::action::{Aim, Annotate, AwaitEnd, ScaleProcess};
use crate::steps::annotations::{Annotations, Role};
use crate::steps::builder::{GraphBuilder, SideList};
use crate::steps::phase::Phase;
use crate::steps::process_counts::{ProcessCounts, count};
use crate::steps::refusal::Refusal;
use crate::steps::sizing;
use crate::steps::wanted::Wanted;

/// How many instances the processes are to have that are handed over to the next colour: what its manifest says, or else what it
/// had; more where it is to be equal to a live colour that has more.
pub(super) fn counts(
    app: &plan::App,
    space: &Space,
    live: Option<&AppName>,
    next: &AppName,
    wanted: &Wanted,
) -> ProcessCounts {
    let there = space.app(next.as_str());
    let had = |kind: &str| there.map_or(0, |there| count(there, kind));
    let existing = there.into_iter().flat_map(|there| &there.processes).map(|one| (one.kind.clone(), had(&one.kind)));
    let named = app.manifest.app.others.iter();
    let named = named.map(|one| (one.process_type.clone(), one.instances.unwrap_or_else(|| had(&one.process_type))));
    let equal = wanted.iter().filter_map(|(setting, is)| match (setting, is) {
        (Setting::Process(kind, ProcessSetting::Instances), Is::Set(value)) => {
            Some((kind.clone(), value.as_u64().and_then(|count| u32::try_from(count).ok())?))
        }
        _ => None,
    });
    let web = [(WEB.to_owned(), sizing::of(app, space, live, next).declared.size.instances)];
    let all: BTreeMap<String, u32> = existing.chain(named).chain(equal).chain(web).collect();
    all.into_iter().filter(|(kind, _)| app.hands_over(kind)).collect()
}

/// Whether a colour runs something that is handed over.
pub(super) fn works(app: &plan::App, space: &Space, colour: &AppName) -> bool {
    let there = space.app(colour.as_str()).filter(|there| there.state == AppState::Started);
    there.is_some_and(|there| there.processes.iter().any(|one| one.instances > 0 && app.hands_over(&one.kind)))
}

/// Whether something that a colour is to be set to is left to the handover.
pub(super) fn is_handed_over(app: &plan::App, setting: &Setting) -> bool {
    matches!(setting, Setting::Process(kind, ProcessSetting::Instances) if app.hands_over(kind))
}

/// Leaves a colour that is about to be started without instances of what is handed over; how many it is to have is written on it.
/// A process that is handed over no more gets its instances back.
pub(super) fn hold(list: &mut GraphBuilder<'_>, phase: Phase, colour: &AppName) {
    let app = list.app();
    let Some(there) = list.model().app(colour.as_str()).filter(|there| there.state == AppState::Stopped) else {
        return;
    };
    let held = ProcessCounts::of(there);
    let runs = |kind: &str| there.instances_of(kind) > 0;
    // One that only a droplet brings is asked for nothing here but whether it is there.
    let absent = held.iter().map(|(kind, _)| kind).filter(|kind| !there.has_process(kind));
    let large = there.processes.iter().map(|one| one.kind.as_str()).filter(|kind| runs(kind));
    let leave: BTreeSet<String> =
        absent.chain(large).filter(|kind| app.hands_over(kind)).map(ToOwned::to_owned).collect();
    let back: Vec<(String, u32)> = held
        .iter()
        .filter(|(kind, _)| !app.hands_over(kind) && there.has_process(kind) && !runs(kind))
        .map(|(kind, count)| (kind.to_owned(), count))
        .collect();
    let scale = |process: String, instances, aim| {
        let is_optional = !there.has_process(&process);
        ScaleProcess { app: colour.clone(), process, instances, aim, is_optional }
    };
    let back = back.into_iter().map(|(kind, count)| ("run-process", scale(kind, count, Aim::Run)));
    let leave = leave.into_iter().map(|kind| ("hold-process", scale(kind, 0, Aim::Hold)));
    for (name, scale) in back.chain(leave).collect::<Vec<_>>() {
        list.add(phase, name, scale);
    }
}

/// Writes on a colour how many instances the processes have that are handed over, where that is not written there.
pub(super) fn note(list: &mut GraphBuilder<'_>, phase: Phase, colour: &AppName) {
    let app = list.app();
    let Some(there) = list.model().app(colour.as_str()) else { return };
    // On the next colour it is written by its mark.
    if Role::of(there) == Some(Role::Next) {
        return;
    }
    let is_large = there.processes.iter().any(|one| app.hands_over(&one.kind) && one.instances > 0);
    let has = there.processes.iter().map(|one| (one.kind.clone(), count(there, &one.kind)));
    let has: ProcessCounts = has.filter(|(kind, _)| app.hands_over(kind)).collect();
    if is_large && ProcessCounts::of(there) != has {
        let annotations = Annotations::held(&has);
        list.add(phase, "note", Annotate { app: colour.clone(), annotations });
    }
}

/// One process on its way from one colour to the other.
struct Handed {
    kind: String,
    /// Whether that of the colour that leaves is to end first.
    ends: bool,
    /// How many instances that of the other one is to have, where they do not run.
    runs: Option<u32>,
    /// Whether only its droplet may bring it.
    is_optional: bool,
}

/// Hands over what no route leads to, as far as that is not done and there is a version to hand it over to. How it stands is seen
/// in the space: what has ended and was to is made sure of once more, as long as that of the other colour does not run.
pub(super) fn hand_over(
    list: &mut GraphBuilder<'_>,
    phase: Phase,
    from: &AppName,
    to: &AppName,
) -> Result<(), Refusal> {
    let (app, model) = (list.app(), list.model());
    let leaves = model.app(from.as_str()).filter(|from| from.state == AppState::Started);
    let Some(stays) = model.app(to.as_str()) else { return Ok(()) };
    let kinds: BTreeSet<&str> = leaves
        .iter()
        .flat_map(|from| from.processes.iter().map(|one| one.kind.as_str()))
        .chain(stays.processes.iter().map(|one| one.kind.as_str()))
        .filter(|kind| app.hands_over(kind))
        .collect();
    let held = ProcessCounts::of(stays);
    let absent = held.iter().map(|(kind, _)| kind).filter(|kind| app.hands_over(kind));
    let handed = |kind: &str| {
        let wanted = count(stays, kind);
        let runs = (wanted > 0 && !is_up(stays, kind, wanted)).then_some(wanted);
        let leaving = leaves.and_then(|from| from.process(kind));
        let is_there = leaving.is_some_and(|one| one.instances > 0 || !one.states.is_empty());
        let has_ended = runs.is_some() && leaves.is_some_and(|from| count(from, kind) > 0);
        let is_optional = !stays.has_process(kind);
        Handed { kind: kind.to_owned(), ends: is_there || has_ended, runs, is_optional }
    };
    let all: Vec<Handed> = kinds.into_iter().chain(absent).collect::<BTreeSet<_>>().into_iter().map(handed).collect();
    let ends_unseen = |kind: &str| leaves.and_then(|from| from.process(kind)).is_some_and(|one| one.ends_unseen);
    let unseen: BTreeSet<String> = all.iter().map(|one| one.kind.clone()).filter(|kind| ends_unseen(kind)).collect();
    if leaves.is_some() {
        note(list, phase, from);
    }
    let mut lists: Vec<Box<SideList<'_, '_>>> = Vec::new();
    for Handed { kind, ends, runs, is_optional } in all {
        let unseen = unseen.contains(&kind);
        lists.push(Box::new(move |list: &mut GraphBuilder<'_>| {
            if ends {
                let aim = Aim::End { next: runs.map(|_| to.clone()) };
                let (app, process) = (from.clone(), kind.clone());
                let end = ScaleProcess { app, process, instances: 0, aim, is_optional: false };
                list.add(phase, "end-process", end);
                if unseen {
                    list.add(phase, "await-end", AwaitEnd { app: from.clone(), process: kind.clone() });
                }
            }
            if let Some(instances) = runs {
                let (app, process) = (to.clone(), kind.clone());
                let run = ScaleProcess { app, process, instances, aim: Aim::Run, is_optional };
                list.add(phase, "run-process", run);
            }
            Ok(())
        }));
    }
    let mut lists: Vec<&mut SideList<'_, '_>> =
        lists.iter_mut().map(|list| &mut **list as &mut SideList<'_, '_>).collect();
    list.side_by_side(&mut lists)
}

/// Whether as many instances of a process run as are wanted; of a version that is stopped none can.
fn is_up(app: &App, kind: &str, wanted: u32) -> bool {
    app.process(kind)
        .is_some_and(|one| one.instances == wanted && (app.state == AppState::Stopped || one.running() >= wanted))
}
