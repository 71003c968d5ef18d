//! Steps in words: what they are for and what confirms them, as the preview and the reports tell it.

use std::fmt;

use crate::plan::{Check, CommandLine, HttpCheck, format_duration};

use super::{Action, Heading, NewApp, RouterQuestion};

impl Action {
    /// What the step is for, as a phrase that completes "this step will …".
    pub fn purpose(&self) -> String {
        let app = self.app();
        match self {
            Self::Create { kind, .. } => match kind {
                NewApp::Default => format!("create {app} without anything"),
                NewApp::Docker => format!("create {app} as an app that runs an image, without anything"),
                NewApp::Cnb { .. } => format!("create {app} as an app of Cloud Native Buildpacks, without anything"),
            },
            Self::Push { size, image, .. } => {
                let what = match image {
                    Some(image) => format!("set image {image} for {app}"),
                    None => format!("upload {app}"),
                };
                format!("{what}, {} × {} MB, without routes and without starting it", size.instances, size.memory_mb)
            }
            Self::Annotate { annotations, .. } => format!("write on {app} that it is {}", annotations.role()),
            Self::Bind { service, .. } => format!("bind service instance {service} to {app}"),
            Self::Map { url, .. } => format!("map {url} to {app}"),
            Self::Unmap { url, .. } => format!("unmap {url} from {app}"),
            Self::Stage { .. } => format!("stage the newest package of {app}"),
            Self::SetDroplet { .. } => format!("make the new droplet the one that {app} runs"),
            Self::Scale { instances, .. } => format!("give {app} {instances} web instances"),
            Self::Start { instances, .. } => format!("start {app} and wait for all instances ({instances} of web)"),
            Self::Check { url, check, .. } => match check {
                Check::Http(http) => format!("check {app} at {url}: GET {}", http.path),
                Check::Command(command) => format!("check {app} at {url}: {}", command_text(&command.run)),
            },
            Self::Drain { time, .. } => {
                format!("let {app} finish the requests that it has begun ({})", format_duration(*time))
            }
            Self::Stop { .. } => format!("stop {app}, to save resources"),
            Self::Delete { .. } => format!("delete {app}"),
        }
    }

    /// What confirms the step, in the order in which it is asked.
    pub fn confirmations(&self) -> Vec<String> {
        let mut told = Vec::new();
        if self.expectation().is_some() {
            told.push("cf: its output".to_owned());
        }
        if let Some(condition) = self.condition() {
            told.push(format!("space: {condition}"));
        }
        match self.router_question() {
            Some(RouterQuestion::Reached { app, url }) => {
                told.push(format!("router: {url} reaches every instance of {app}"));
            }

            Some(RouterQuestion::Gone { app, url }) => {
                told.push(format!("router: {url} reaches no instance of {app}"));
            }

            None => {}
        }
        match self {
            Self::Check { check: Check::Http(http), .. } => told.push(http_text(http)),
            Self::Check { check: Check::Command(command), .. } => {
                told.push(format!("command: exits with 0 within {}", format_duration(command.within)));
            }
            Self::Drain { time, .. } => told.push(format!("clock: {} have passed", format_duration(*time))),
            Self::Create { .. }
            | Self::Push { .. }
            | Self::Annotate { .. }
            | Self::Bind { .. }
            | Self::Map { .. }
            | Self::Unmap { .. }
            | Self::Stage { .. }
            | Self::SetDroplet { .. }
            | Self::Scale { .. }
            | Self::Start { .. }
            | Self::Stop { .. }
            | Self::Delete { .. } => {}
        }
        told
    }
}

/// A command check as a person reads it.
fn command_text(run: &CommandLine) -> String {
    match run {
        CommandLine::Shell(line) => line.clone(),
        CommandLine::Argv(argv) => argv.join(" "),
    }
}

fn http_text(http: &HttpCheck) -> String {
    let status = http.status.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    let body =
        http.body.as_ref().map(|body| format!(" and a body that matches /{}/", body.as_str())).unwrap_or_default();
    format!("http: {status}{body}, {} in a row, within {}", http.successes, format_duration(http.within))
}

impl fmt::Display for Heading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clear => "take back what an earlier deployment left half done",
            Self::Live => "the app is live as its first colour",
            Self::Push => "push the update as the second colour, on the staging route only",
            Self::Check => "check the new version at the staging route",
            Self::Map => "map the live routes to the new colour; both are load-balanced",
            Self::UnmapLive => "unmap the live routes from the old colour",
            Self::UnmapStaging => "unmap the staging route from the new colour",
            Self::Stop => "stop the old colour, after it has drained",
            Self::FallBack => "fall back to the old colour",
        })
    }
}
