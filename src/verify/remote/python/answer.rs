//! What a worker answers: rewards, or why there are none. Knows nothing of processes.

use serde_json::{Map, Value};

use crate::verify::remote::{json, reward::Unscored};

/// What a function gave for a completion, `None` where it returned `None`; or why there is no reward.
pub(crate) type PythonReward = Result<Option<f64>, Unscored>;

/// The rewards in an answer, one for each of `expected` completions.
///
/// # Errors
/// What the function raised, or what is wrong with the answer.
pub(super) fn rewards(line: &[u8], expected: usize) -> Result<Vec<PythonReward>, String> {
    let mut fields = fields(line)?;
    match fields.remove("rewards") {
        Some(Value::Array(values)) if values.len() == expected => Ok(values.iter().map(reward).collect()),
        _ => Err(unreadable(line)),
    }
}

/// Whether a worker has loaded its functions.
///
/// # Errors
/// What kept it from that.
pub(super) fn ready(line: &[u8]) -> Result<(), String> {
    let fields = fields(line)?;
    fields.contains_key("ready").then_some(()).ok_or_else(|| unreadable(line))
}

/// The fields of an answer that is no error.
fn fields(line: &[u8]) -> Result<Map<String, Value>, String> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(line) else { return Err(unreadable(line)) };
    match fields.get("error").and_then(Value::as_str) {
        Some(error) => Err(error.to_owned()),
        None => Ok(fields),
    }
}

fn reward(value: &Value) -> PythonReward {
    match value {
        Value::Null => Ok(None),
        Value::Object(fields) => {
            let reason = fields.get("error").and_then(Value::as_str).unwrap_or("no reason given").to_owned();
            Err(Unscored { reason })
        }
        number => json::finite(number).map(Some),
    }
}

fn unreadable(line: &[u8]) -> String {
    format!(
        "its worker wrote what is no answer: {}; stdout is the worker's own, a function's output belongs on stderr",
        json::excerpt(line)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_value_by_value() {
        let read = rewards(br#"{"rewards": [1, null, -0.5, {"error": "it returned nan"}]}"#, 4).unwrap();
        let broken = Err(Unscored { reason: "it returned nan".to_owned() });
        assert_eq!(read, [Ok(Some(1.0)), Ok(None), Ok(Some(-0.5)), broken]);
        assert_eq!(ready(br#"{"ready": true}"#), Ok(()));
    }

    #[test]
    fn errors_and_other_shapes_are_reasons() {
        for (line, expected) in [
            (r#"{"error": "Traceback"}"#, "Traceback"),
            (r#"{"rewards": [1]}"#, "no answer"),
            (r#"{"rewards": 1}"#, "no answer"),
            (r#"{}"#, "no answer"),
            ("hello", "no answer: hello"),
            ("", "no answer"),
        ] {
            let reason = rewards(line.as_bytes(), 2).unwrap_err();
            assert!(reason.contains(expected), "{line}: {reason}");
        }
        assert!(ready(br#"{"rewards": []}"#).is_err());
        assert!(ready(br#"{"error": "no module"}"#).unwrap_err().contains("no module"));
    }
}
