//! The commands that the embedded foundry promises: each has a folder of transcripts of its own, with a run that works
//! and one that is refused, and each way to use it that matters stands in a run that works.

use std::collections::BTreeSet;
use std::path::Path;

use crate::transcripts;

/// Commands, and what must stand in the arguments of a run that works.
const COMMANDS: &[(&str, &[&str])] = &[
    ("add-network-policy", &["--protocol", "--port"]),
    ("api", &["http://"]),
    ("app", &["--guid"]),
    ("apps", &["--labels", "--no-stats"]),
    ("auth", &["--client-credentials", "--origin"]),
    ("bind-route-service", &["--hostname"]),
    ("bind-service", &[]),
    ("buildpacks", &[]),
    ("cancel-deployment", &[]),
    ("check-route", &["--path", "--port"]),
    ("continue-deployment", &[]),
    ("create-app", &[]),
    ("create-app-manifest", &[]),
    ("create-org", &[]),
    ("create-private-domain", &[]),
    ("create-route", &["--hostname", "--path", "--port"]),
    ("create-service", &["--wait"]),
    ("create-shared-domain", &["--internal", "--router-group"]),
    ("create-space", &[]),
    ("create-user-provided-service", &["-p"]),
    ("curl", &["-X POST", "-X PATCH", "-X DELETE", "-i", "--fail"]),
    ("delete", &["-f", "-f -r"]),
    ("delete-org", &["-f"]),
    ("delete-route", &["-f"]),
    ("delete-service", &["-f", "--wait"]),
    ("delete-space", &["-f"]),
    ("domains", &[]),
    ("download-droplet", &["--path"]),
    ("enable-feature-flag", &[]),
    ("env", &[]),
    ("events", &[]),
    ("feature-flags", &[]),
    ("labels", &["app", "org", "space", "route"]),
    ("login", &["-a", "-o", "-s"]),
    ("logout", &[]),
    ("logs", &["--recent"]),
    ("map-route", &["--hostname", "--path", "--port"]),
    ("network-policies", &["--source"]),
    ("org-quota", &[]),
    ("orgs", &[]),
    (
        "push",
        &[
            "--no-route",
            "--no-start",
            "--no-wait",
            "--strategy rolling",
            "--strategy canary",
            "--instance-steps",
            "--max-in-flight",
            "--vars-file",
            "--var ",
            "-f",
            "-p",
            "-b",
            "-c",
            "-m",
            "-k",
            "-i",
            "-u",
        ],
    ),
    ("rename", &[]),
    ("restart", &["--strategy rolling"]),
    ("route", &["--hostname", "--port"]),
    ("router-groups", &[]),
    ("routes", &["--labels"]),
    ("run-task", &["--command", "--name", "--wait"]),
    ("scale", &["-i", "-m", "-k", "-f"]),
    ("service", &["--guid"]),
    ("services", &[]),
    ("set-env", &[]),
    ("set-label", &["app", "org", "space", "route"]),
    ("space-quota", &[]),
    ("spaces", &[]),
    ("stacks", &[]),
    ("start", &[]),
    ("stop", &[]),
    ("target", &["-o", "-s"]),
    ("tasks", &[]),
    ("unbind-service", &["--wait"]),
    ("unmap-route", &["--hostname", "--path", "--port"]),
    ("unset-label", &[]),
];

/// A command as it stands in a transcript, and whether cf was content.
#[derive(Debug)]
struct Run {
    folder: String,
    command: String,
    arguments: String,
    good: bool,
}

/// All runs of all transcripts.
fn runs() -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for file in transcripts::files() {
        let folder = file.parent().and_then(Path::file_name).unwrap().to_string_lossy().into_owned();
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            if let Some(command) = line.strip_prefix("$ cf ") {
                let (command, arguments) = command.split_once(' ').unwrap_or((command, ""));
                runs.push(Run {
                    folder: folder.clone(),
                    command: command.to_owned(),
                    arguments: format!(" {arguments} "),
                    good: true,
                });
            } else if line.starts_with("? ") {
                runs.last_mut().unwrap().good = false;
            }
        }
    }
    runs
}

#[test]
fn every_command_has_transcripts_of_its_good_and_its_wrong_use() {
    let runs = runs();
    let mut missing = BTreeSet::new();
    for &(command, ways) in COMMANDS {
        let of_it = || runs.iter().filter(|run| run.command == command);
        let own = || of_it().filter(|run| run.folder == command);
        if !own().any(|run| run.good) {
            missing.insert(format!("fixtures/{command}: a run that works"));
        }
        if !own().any(|run| !run.good) {
            missing.insert(format!("fixtures/{command}: a run that is refused"));
        }
        for way in ways {
            if !of_it().any(|run| run.good && run.arguments.contains(&format!(" {}", way.trim_start()))) {
                missing.insert(format!("cf {command} {way}"));
            }
        }
    }
    assert!(missing.is_empty(), "no transcript has\n{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn what_is_left_out_never_works() {
    let made_up = |run: &&Run| run.folder == "left-out" && run.good && LEFT_OUT.contains(&run.command.as_str());
    let runs = runs();
    assert!(LEFT_OUT.iter().all(|command| runs.iter().any(|run| run.command == *command)));
    assert!(runs.iter().find(made_up).is_none(), "{:#?}", runs.iter().find(made_up));
}

/// Commands of cf 8 that are left out.
const LEFT_OUT: [&str; 17] = [
    "bind-security-group",
    "create-buildpack",
    "create-isolation-segment",
    "create-security-group",
    "create-service-broker",
    "delete-buildpack",
    "delete-service-broker",
    "disable-service-access",
    "move-route",
    "purge-service-offering",
    "running-security-groups",
    "security-groups",
    "share-route",
    "share-service",
    "ssh",
    "update-buildpack",
    "update-service-broker",
];
