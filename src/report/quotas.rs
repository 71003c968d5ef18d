//! What a deployment takes of the quotas, as one table and for programs.

use std::fmt::Write as _;

use console::style;
use serde_json::{Map, Value, json};

use crate::space::{QuotaKind, QuotaScope, Usage};
use crate::steps::course::Course;

/// One line of the table: one thing that one quota limits.
struct Row<'c> {
    what: QuotaKind,
    course: &'c Course<'c>,
    limit: u64,
}

impl Row<'_> {
    /// What is used at some point; nothing is told of the memory of one instance, which is no sum.
    fn cell(&self, used: &Usage) -> String {
        used.of(self.what).map_or_else(|| "-".to_owned(), |count| amount(self.what, count))
    }

    fn peak(&self) -> String {
        match (self.what, self.course.largest_instance_mb) {
            (QuotaKind::InstanceMemory, Some(largest)) => amount(self.what, largest),
            (_, _) => self.cell(&self.course.peak),
        }
    }

    fn write(&self, out: &mut String) {
        let Course { quota, after, .. } = self.course;
        let whose = match quota.scope {
            QuotaScope::Organization => "org",
            QuotaScope::Space => "space",
        };
        let _ = writeln!(
            out,
            "   {:<21} {:>9} {:>9} {:>9} {:>9}  {whose} {}",
            self.what.name(),
            self.cell(&quota.used),
            self.peak(),
            self.cell(after),
            amount(self.what, self.limit),
            quota.name
        );
    }
}

/// The table, with what it says of the whole way; nothing where no quota is told. So many apps are on their way at the same time.
pub(crate) fn table(courses: &[Course<'_>], apps_at_once: usize) -> String {
    if courses.is_empty() {
        return String::new();
    }
    let limited = |what: QuotaKind| {
        courses.iter().filter_map(move |course| Some(Row { what, course, limit: course.quota.limit(what)? }))
    };
    let rows: Vec<Row<'_>> = QuotaKind::ALL.into_iter().flat_map(limited).collect();
    let (mut out, title) = (String::new(), "quotas");
    let head = if rows.is_empty() {
        title.to_owned()
    } else {
        format!("{title:<24} {:>9} {:>9} {:>9} {:>9}  set by", "now", "peak", "after", "limit")
    };
    let _ = writeln!(out, "\n{}", style(head).bold());
    for row in &rows {
        row.write(&mut out);
    }
    let mut note = |text: String| {
        let _ = writeln!(out, "   {}", style(text).dim());
    };
    if apps_at_once > 1 {
        note(format!("the peak is that of {apps_at_once} apps on their way at the same time"));
    }
    for (step, names) in reached(courses, &rows) {
        note(format!("peak at {step}: {}", names.join(", ")));
    }
    if rows.iter().any(|row| row.what == QuotaKind::LogRate) {
        note("log rate: of the plan's own apps; the platform tells it of no others".to_owned());
    }
    let has_none = |what: &QuotaKind| rows.iter().all(|row| row.what != *what);
    let free: Vec<&str> = QuotaKind::ALL.into_iter().filter(has_none).map(QuotaKind::name).collect();
    if rows.is_empty() {
        note("no limit of anything that a deployment takes".to_owned());
    } else if !free.is_empty() {
        note(format!("no limit: {}", free.join(", ")));
    }
    out
}

/// The steps at which the most of something that is limited is in use, each with the names of what.
fn reached<'c>(courses: &'c [Course<'_>], rows: &[Row<'_>]) -> Vec<(&'c str, Vec<&'static str>)> {
    let mut steps: Vec<(&str, Vec<&'static str>)> = Vec::new();
    // All quotas are walked along the same steps.
    for (what, step) in courses.first().into_iter().flat_map(|course| &course.reached_at) {
        if rows.iter().all(|row| row.what != *what) {
            continue;
        }
        match steps.iter_mut().find(|(known, _)| known == step) {
            Some((_, names)) => names.push(what.name()),
            None => steps.push((step, vec![what.name()])),
        }
    }
    steps
}

/// A count with its unit; exact, so that what is told adds up.
fn amount(what: QuotaKind, count: u64) -> String {
    let with_unit = |units: &[&str]| {
        let (mut count, mut units) = (count, units.iter());
        let mut unit = units.next().copied().unwrap_or_default();
        while count >= 1024
            && count.is_multiple_of(1024)
            && let Some(larger) = units.next()
        {
            (count, unit) = (count / 1024, larger);
        }
        format!("{count} {unit}")
    };
    match what {
        QuotaKind::Memory | QuotaKind::InstanceMemory => format!("{count} MB"),
        QuotaKind::Instances | QuotaKind::Routes | QuotaKind::ReservedPorts => count.to_string(),
        QuotaKind::LogRate => with_unit(&["B/s", "KB/s", "MB/s"]),
    }
}

/// The same for programs, quota by quota.
pub(crate) fn json(courses: &[Course<'_>]) -> Value {
    let one = |course: &Course<'_>| {
        let Course { quota, peak, reached_at, after, largest_instance_mb } = course;
        let limits: Map<String, Value> =
            QuotaKind::ALL.into_iter().map(|what| (what.key().to_owned(), quota.limit(what).into())).collect();
        let at: Map<String, Value> =
            reached_at.iter().map(|(what, step)| (what.key().to_owned(), step.as_str().into())).collect();
        json!({
            "name": quota.name,
            "scope": quota.scope,
            "limits": limits,
            "used": quota.used,
            "peak": peak,
            "peak_at": at,
            "after": after,
            "largest_instance_mb": largest_instance_mb,
        })
    };
    courses.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::settings::{Is, ProcessSetting, Setting};
    use crate::space::{App, Quota, Space};
    use crate::steps::annotations::Role;
    use crate::steps::{Deployment, Verb};

    const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com], staging: shop-staging.example.com}
";

    fn quota(name: &str, scope: QuotaScope, memory_mb: Option<u64>, log_rate: Option<u64>) -> Quota {
        let used = Usage { memory_mb: 40 * 1024 + 512, instances: 30, routes: 2, reserved_ports: 1, log_rate: 0 };
        let org = scope == QuotaScope::Organization;
        Quota {
            name: name.to_owned(),
            scope,
            memory_mb,
            instance_memory_mb: org.then_some(2048),
            instances: None,
            routes: org.then_some(1000),
            reserved_ports: None,
            log_rate,
            used,
        }
    }

    fn shown(apps: Vec<App>, quotas: Vec<Quota>) -> (String, Value) {
        let plan = example::plan(PLAN);
        let mut space = Space { quotas, ..example::space(apps, [("shop.example.com", "shop_a")]) };
        let known = crate::steps::quota::usage(&space);
        space.quotas.iter_mut().for_each(|quota| quota.used.log_rate = known.log_rate);
        let deployment = Deployment::compile(&plan, &space, &example::request(&plan, Verb::Apply)).unwrap();
        let courses = deployment.courses(&space);
        console::set_colors_enabled(false);
        (table(&courses, deployment.apps_at_once), json(&courses))
    }

    #[test]
    fn quotas_are_told_in_one_table() {
        let live = || {
            let mut app = example::app("shop_a", true, 2, Some(Role::Live));
            app.set(Setting::Process("web".to_owned(), ProcessSetting::LogRate), Is::Set((16 << 10).into()));
            vec![app]
        };
        let org = |memory_mb| quota("default", QuotaScope::Organization, memory_mb, None);
        let space = || quota("shops", QuotaScope::Space, Some(41 * 1024 + 512), Some(1 << 20));
        let (both, json) = shown(live(), vec![org(Some(100 * 1024)), space()]);
        let json = serde_json::to_string_pretty(&json).unwrap();
        let (one, _) = shown(live(), vec![org(None)]);
        let unlimited = Quota { instance_memory_mb: None, routes: None, ..org(None) };
        let (none, _) = shown(live(), vec![unlimited]);
        let out = format!(
            "# both have limits{both}\n# for programs\n{json}\n\n# the organization's alone{one}\n# no limit at all{none}"
        );
        assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
        insta::assert_snapshot!(out);
        assert_eq!(shown(live(), Vec::new()).0, "", "what nobody tells is no table");
    }

    #[test]
    fn amounts_are_exact() {
        for (what, count, told) in [
            (QuotaKind::Memory, 0, "0 MB"),
            (QuotaKind::Memory, 1023, "1023 MB"),
            (QuotaKind::Memory, 1024, "1024 MB"),
            (QuotaKind::Memory, 1536, "1536 MB"),
            (QuotaKind::InstanceMemory, 1 << 20, "1048576 MB"),
            (QuotaKind::Routes, 2048, "2048"),
            (QuotaKind::LogRate, 16 << 10, "16 KB/s"),
            (QuotaKind::LogRate, 1000, "1000 B/s"),
            (QuotaKind::LogRate, 3 << 20, "3 MB/s"),
        ] {
            assert_eq!(amount(what, count), told);
        }
    }
}
