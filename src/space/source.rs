//! The droplet of another app that a plan deploys.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::Lifecycle;

/// What was found of the droplet that an app of the plan is to run, and that another app runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The app of the plan that it is for.
    pub plan_app: String,
    /// The organization that was looked at.
    pub org: String,
    /// The space that was looked at.
    pub space: String,
    /// What was found there.
    pub found: Found,
}

/// What was found of a droplet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It is there.
    Droplet(SourceDroplet),
    /// There is no such organization, or it is hidden from the user.
    NoOrg,
    /// There is no such space, or it is hidden from the user.
    NoSpace,
    /// None of these apps is there.
    NoApp(Vec<String>),
    /// A deployment, or a way back, is under way on this colour: nothing tells which version is meant.
    UnderWay(String),
    /// None of these colours, or more than one, is marked as live.
    NoneLive(Vec<String>),
    /// The app has no droplet.
    NoDroplet(String),
}

/// A droplet that can be copied, and what it was made by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SourceDroplet {
    /// The app that runs it.
    pub app: String,
    /// The guid.
    pub guid: String,
    /// The digest of its content: SHA-256 in hex. (CC: an older droplet has a SHA-1.)
    pub checksum: Option<String>,
    /// The lifecycle that it was made by; `None` is one that is not known here.
    pub lifecycle: Option<Lifecycle>,
    /// The stack that it runs on.
    pub stack: Option<String>,
    /// What made it: names of buildpacks, with versions where they are told.
    pub buildpacks: Vec<String>,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// The types of its processes; empty where they are hidden from the user.
    pub processes: Vec<String>,
}

impl Source {
    /// Where it was looked for.
    pub(crate) fn place(&self) -> String {
        format!("{} / {}", self.org, self.space)
    }

    /// The droplet; fails with why it cannot be had, as a sentence without its end.
    pub(crate) fn droplet(&self) -> Result<&SourceDroplet, String> {
        let place = self.place();
        Err(match &self.found {
            Found::Droplet(droplet) => return Ok(droplet),
            Found::NoOrg => format!("there is no organization {} that you can see", self.org),
            Found::NoSpace => format!("there is no space {} that you can see in organization {}", self.space, self.org),
            Found::NoApp(names) => format!("there is no app {} in {place}", names.join(", and none ")),
            Found::UnderWay(app) => {
                format!("a deployment is under way in {place}, of {app}: what is live there may change")
            }
            Found::NoneLive(names) => {
                format!("nothing tells which of {} is live in {place}", names.join(" and "))
            }
            Found::NoDroplet(app) => format!("app {app} in {place} has no droplet"),
        })
    }
}

impl fmt::Display for SourceDroplet {
    /// What it is, for whoever decides whether it is the one that was tested.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256 {}, made {}", self.checksum.as_deref().unwrap_or("not told"), self.created_at)?;
        if !self.buildpacks.is_empty() {
            write!(f, " by {}", self.buildpacks.join(", "))?;
        }
        if let Some(stack) = &self.stack {
            write!(f, " for {stack}")?;
        }
        if !self.processes.is_empty() {
            write!(f, ", with {}", self.processes.join(", "))?;
        }
        Ok(())
    }
}
