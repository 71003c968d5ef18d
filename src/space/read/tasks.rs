//! Tasks.

use serde::Deserialize;
use serde_json::Value;

use super::answer::{ToOne, Unreadable, parse_all};
use crate::space::{Task, TaskState};

/// Reads tasks from `/v3/tasks`, each with the guid of its app.
pub(crate) fn tasks(path: &str, resources: &[Value]) -> Result<Vec<(String, Task)>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        sequence_id: u64,
        name: String,
        state: TaskState,
        memory_in_mb: u64,
        #[serde(default)]
        result: Outcome,
        relationships: Relationships,
    }
    #[derive(Deserialize, Default)]
    struct Outcome {
        failure_reason: Option<String>,
    }
    #[derive(Deserialize)]
    struct Relationships {
        app: ToOne,
    }
    let raw: Vec<Raw> = parse_all(path, resources)?;
    let task = |raw: Raw| {
        let app = raw.relationships.app.guid()?;
        let failure = raw.result.failure_reason.filter(|why| !why.is_empty());
        let Raw { sequence_id: id, name, state, memory_in_mb: memory_mb, .. } = raw;
        Some((app, Task { id, name, state, memory_mb, failure }))
    };
    Ok(raw.into_iter().filter_map(task).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tasks_are_read_with_their_apps() {
        let task = |id: u64, state: &str, why: Value| {
            json!({
                "guid": format!("g{id}"), "sequence_id": id, "name": "smoke", "command": "bin/smoke", "state": state, "memory_in_mb": 64,
                "result": {"failure_reason": why}, "relationships": {"app": {"data": {"guid": "a"}}},
            })
        };
        let read = tasks("/v3/tasks", &[task(2, "FAILED", json!("Exited")), task(1, "RUNNING", Value::Null)]).unwrap();
        let one = |id, state, failure: Option<&str>| {
            let failure = failure.map(ToOwned::to_owned);
            ("a".to_owned(), Task { id, name: "smoke".to_owned(), state, memory_mb: 64, failure })
        };
        assert_eq!(read, [one(2, TaskState::Failed, Some("Exited")), one(1, TaskState::Running, None)]);
        let unknown = tasks("/v3/tasks", &[task(1, "LOST", Value::Null)]).unwrap_err().to_string();
        assert!(
            unknown.starts_with("the API's answer to /v3/tasks cannot be read: unknown variant `LOST`"),
            "{unknown}"
        );
    }
}
