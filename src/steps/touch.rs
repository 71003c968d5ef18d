//! What an action itself may change of what a deployment hangs on: whatever else changes meanwhile, somebody else has
//! done.

use crate::space::condition::Section;
use crate::space::difference::Facet;

use super::Action;

impl Action {
    /// The desired parts of the space that the action may change: they are read after it, so that what it has changed
    /// is told from what somebody else changes later.
    pub fn changes(&self) -> &'static [Section] {
        match self {
            Self::Push { .. } | Self::Delete { .. } => &Section::DESIRED,
            Self::Create { .. } | Self::Stage { .. } | Self::SetDroplet { .. } | Self::Start { .. } => {
                &[Section::Apps, Section::Processes]
            }
            Self::Annotate { .. } | Self::Stop { .. } => &[Section::Apps],
            Self::Map { .. } | Self::Unmap { .. } => &[Section::Routes],
            Self::Scale { .. } => &[Section::Processes],
            Self::Bind { .. } | Self::Check { .. } | Self::Drain { .. } => &[],
        }
    }

    /// Whether the action may bring about a change of this.
    pub fn may_change(&self, facet: &Facet) -> bool {
        let own = self.app();
        if facet.app() != own {
            return false;
        }
        match (self, facet) {
            // Whatever is told of it goes with it.
            (Self::Delete { .. }, _)
            | (Self::Create { .. }, Facet::App(_) | Facet::State(_) | Facet::Instances { .. })
            // A push takes all routes off the app, stops it, and applies the manifest.
            | (
                Self::Push { .. },
                Facet::App(_) | Facet::State(_) | Facet::Instances { .. } | Facet::Droplet(_) | Facet::Leads { .. },
            )
            // A droplet may bring processes of its own.
            | (
                Self::Stage { .. } | Self::SetDroplet { .. } | Self::Start { .. },
                Facet::Droplet(_) | Facet::Instances { .. },
            )
            | (Self::Scale { .. }, Facet::Instances { .. })
            | (Self::Start { .. } | Self::Stop { .. }, Facet::State(_)) => true,
            (Self::Annotate { annotations, .. }, Facet::Annotation { key, .. }) => {
                annotations.iter().any(|(written, _)| written == key)
            }
            (Self::Map { url, .. } | Self::Unmap { url, .. }, Facet::Leads { url: led, .. }) => {
                led.eq_ignore_ascii_case(&url.to_string())
            }
            (
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
                | Self::Check { .. }
                | Self::Drain { .. }
                | Self::Stop { .. },
                _,
            ) => false,
        }
    }
}

impl Facet {
    /// The part of the space that it is read from.
    pub fn section(&self) -> Section {
        match self {
            Self::App(_) | Self::State(_) | Self::Droplet(_) | Self::Annotation { .. } => Section::Apps,
            Self::Instances { .. } => Section::Processes,
            Self::Leads { .. } => Section::Routes,
        }
    }

    /// The app that it is about.
    fn app(&self) -> &str {
        match self {
            Self::App(app)
            | Self::State(app)
            | Self::Instances { app, .. }
            | Self::Droplet(app)
            | Self::Annotation { app, .. }
            | Self::Leads { app, .. } => app,
        }
    }
}
