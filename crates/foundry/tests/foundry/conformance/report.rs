//! What a run says of each spec: the JSON report of Ginkgo 2.

use serde::Deserialize;

/// A spec, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spec {
    /// Its full name: the texts of its containers and its own. No two specs have the same.
    pub(super) name: String,
    /// The file of its outermost container, without folders: a spec itself can stand in a helper's file.
    pub(super) file: String,
    pub(super) outcome: Outcome,
}

/// What came of a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was not its turn.
    NotRun,
    Passed,
    /// With what was wrong.
    Failed(String),
    /// It says itself that it cannot be run, with the reason.
    Skipped(String),
    /// It is left out here, with the reason.
    Excluded(String),
}

/// A report on one run of one binary.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) specs: Vec<Spec>,
    /// What was wrong with the setup that all specs share.
    pub(super) setup: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Suite {
    #[serde(default)]
    spec_reports: Option<Vec<Node>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    #[serde(default)]
    container_hierarchy_texts: Option<Vec<String>>,
    #[serde(default)]
    container_hierarchy_locations: Option<Vec<Location>>,
    leaf_node_type: String,
    leaf_node_location: Location,
    leaf_node_text: String,
    state: String,
    num_attempts: u32,
    #[serde(default)]
    failure: Failure,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Failure {
    message: String,
    location: Location,
    forwarded_panic: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Location {
    file_name: String,
    line_number: u32,
}

impl Location {
    fn file(&self) -> &str {
        self.file_name.rsplit('/').next().unwrap_or_default()
    }
}

impl Node {
    fn name(&self) -> String {
        let containers = self.container_hierarchy_texts.iter().flatten();
        containers.chain([&self.leaf_node_text]).filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join(" ")
    }

    fn file(&self) -> &str {
        let mut locations = self.container_hierarchy_locations.iter().flatten();
        locations.next().unwrap_or(&self.leaf_node_location).file()
    }

    fn outcome(&self) -> Outcome {
        let Failure { message, location, forwarded_panic } = &self.failure;
        match self.state.as_str() {
            "passed" => Outcome::Passed,
            "pending" => Outcome::Skipped("its authors have put it off".to_owned()),
            "skipped" if self.num_attempts > 0 => Outcome::Skipped(message.clone()),
            "skipped" => Outcome::NotRun,
            state => {
                let place = format!("{}:{}", location.file(), location.line_number);
                Outcome::Failed(format!("{state} at {place}: {message}{forwarded_panic}"))
            }
        }
    }
}

/// Reads a report. `None` where it is none.
pub(super) fn parse(json: &[u8]) -> Option<Report> {
    let [suite] = <[Suite; 1]>::try_from(serde_json::from_slice::<Vec<Suite>>(json).ok()?).ok()?;
    let nodes = suite.spec_reports.unwrap_or_default();
    let (specs, setups): (Vec<&Node>, _) = nodes.iter().partition(|node| node.leaf_node_type == "It");
    let setup = setups.into_iter().filter(|node| node.leaf_node_type.ends_with("BeforeSuite")).find_map(|node| {
        match node.outcome() {
            Outcome::Failed(why) => Some(why),
            _ => None,
        }
    });
    let spec = |node: &&Node| Spec { name: node.name(), file: node.file().to_owned(), outcome: node.outcome() };
    Some(Report { specs: specs.iter().map(spec).collect(), setup })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(kind: &str, texts: &[&str], state: &str, attempts: u32, message: &str) -> serde_json::Value {
        let (own, containers) = texts.split_last().unwrap();
        json!({
            "ContainerHierarchyTexts": containers, "LeafNodeType": kind, "LeafNodeText": own, "State": state,
            "LeafNodeLocation": { "FileName": "/somewhere/a_test.go", "LineNumber": 7 }, "NumAttempts": attempts,
            "Failure": { "Message": message, "Location": { "FileName": "/somewhere/b.go", "LineNumber": 8 } },
        })
    }

    #[test]
    fn a_report_says_what_came_of_each_spec() {
        let nodes = [
            node("SynchronizedBeforeSuite", &[""], "passed", 1, ""),
            node("It", &["stop", "works"], "passed", 1, ""),
            node("It", &["stop", "", "breaks"], "failed", 1, "Expected"),
            node("It", &["stop", "hangs"], "interrupted", 1, "Interrupted"),
            node("It", &["stop", "cannot"], "skipped", 1, "no router"),
            node("It", &["stop", "waits"], "skipped", 0, ""),
            node("It", &["stop", "rests"], "pending", 0, ""),
            node("SynchronizedAfterSuite", &[""], "failed", 1, "Expected"),
        ];
        let report =
            parse(json!([{ "SuiteDescription": "Suite", "SpecReports": nodes }]).to_string().as_bytes()).unwrap();
        assert_eq!(report.setup, None);
        let told: Vec<_> = report.specs.into_iter().map(|spec| (spec.name, spec.outcome)).collect();
        let spec = |name: &str, outcome| (format!("stop {name}"), outcome);
        assert_eq!(
            told,
            [
                spec("works", Outcome::Passed),
                spec("breaks", Outcome::Failed("failed at b.go:8: Expected".to_owned())),
                spec("hangs", Outcome::Failed("interrupted at b.go:8: Interrupted".to_owned())),
                spec("cannot", Outcome::Skipped("no router".to_owned())),
                spec("waits", Outcome::NotRun),
                spec("rests", Outcome::Skipped("its authors have put it off".to_owned())),
            ]
        );
        let failed =
            json!([{ "SuiteDescription": "", "SpecReports": [node("BeforeSuite", &[""], "failed", 1, "No")] }]);
        assert_eq!(parse(failed.to_string().as_bytes()).unwrap().setup.as_deref(), Some("failed at b.go:8: No"));
        assert!(parse(b"[]").is_none() && parse(b"[{").is_none());
    }
}
