//! The instances of an app, as a router is asked for them.

use crate::space::App;
use crate::steps::instance_header::InstanceHeader;

use super::http::InstanceKey;

/// The instances of an app, as a router is asked for them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Instances<'a> {
    header: InstanceHeader,
    /// For each the guid that the header takes, and its index. There is one at the least.
    all: Vec<(&'a str, u32)>,
}

impl<'a> Instances<'a> {
    /// By the app's guid, which every router knows; where it runs two versions, by those of their processes.
    pub(super) fn of(app: &'a App) -> Self {
        let wanted: Vec<_> = app.web_processes().filter(|web| web.instances > 0).collect();
        let (header, of) = match wanted.as_slice() {
            [] => (InstanceHeader::App, vec![(app.guid.as_str(), 1)]),
            [web] => (InstanceHeader::App, vec![(app.guid.as_str(), web.instances)]),
            several => {
                (InstanceHeader::Process, several.iter().map(|web| (web.guid.as_str(), web.instances)).collect())
            }
        };
        let each = |(guid, count): (&'a str, u32)| (0..count).map(move |index| (guid, index));
        Self { header, all: of.into_iter().flat_map(each).collect() }
    }

    /// What a router is asked by.
    pub(super) fn header(&self) -> InstanceHeader {
        self.header
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// The one of that number.
    pub(super) fn key(&self, number: usize) -> InstanceKey {
        let (guid, index) = self.all[number];
        InstanceKey { header: self.header, guid: guid.to_owned(), index }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Process;

    #[test]
    fn two_versions_of_one_app_are_asked_for_by_their_processes() {
        let of = |processes: &[(&str, &str, u32)]| {
            let mut app = App::new("app", "shop");
            app.processes = processes
                .iter()
                .map(|(guid, kind, instances)| Process {
                    guid: (*guid).to_owned(),
                    kind: (*kind).to_owned(),
                    instances: *instances,
                    memory_mb: 64,
                    states: Vec::new(),
                    ends_unseen: false,
                })
                .collect();
            let instances = Instances::of(&app);
            let asked: Vec<String> = instances.all.iter().map(|(guid, index)| format!("{guid}:{index}")).collect();
            (instances.header.name(), asked.join(" "))
        };
        for (processes, header, asked) in [
            (&[][..], "X-Cf-App-Instance", "app:0"),
            (&[("w", "web", 2), ("x", "worker", 3)], "X-Cf-App-Instance", "app:0 app:1"),
            (&[("w", "web", 0)], "X-Cf-App-Instance", "app:0"),
            (&[("new", "web", 1), ("old", "web", 2)], "X-Cf-Process-Instance", "new:0 old:0 old:1"),
            (&[("new", "web", 0), ("old", "web", 2)], "X-Cf-App-Instance", "app:0 app:1"),
        ] {
            assert_eq!(of(processes), (header, asked.to_owned()), "{processes:?}");
        }
    }
}
