//! What a function is asked: a batch as one line of JSON, its columns as lists. Knows nothing of processes.

use serde::Serialize;
use serde_json::{Map, Value};

/// One completion to score.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PythonQuery {
    /// A text, or chat messages.
    pub prompt: Value,
    /// A text, or chat messages.
    pub completion: Value,
    /// What else the function may ask for, by name.
    pub columns: Map<String, Value>,
    /// Which prompt it belongs to; completions of one prompt stand together.
    pub group: usize,
}

#[derive(Serialize)]
struct QueryBatch<'a> {
    function: usize,
    prompts: Vec<&'a Value>,
    completions: Vec<&'a Value>,
    columns: Map<String, Value>,
}

/// The line that asks the function of this number about a batch, its end included.
///
/// # Panics
/// Never: values are JSON.
pub(super) fn question(function: usize, batch: &[PythonQuery]) -> Vec<u8> {
    let question = QueryBatch {
        function,
        prompts: batch.iter().map(|query| &query.prompt).collect(),
        completions: batch.iter().map(|query| &query.completion).collect(),
        columns: columns(batch),
    };
    let mut line = serde_json::to_vec(&question).expect("values are JSON");
    line.push(b'\n');
    line
}

/// A list for every column that occurs in a batch; null where a row does not have it.
///
/// `[{"answer": 1}, {"answer": 2, "unit": "m"}]` becomes `{"answer": [1, 2], "unit": [null, "m"]}`.
fn columns(batch: &[PythonQuery]) -> Map<String, Value> {
    let mut columns = Map::new();
    for (place, query) in batch.iter().enumerate() {
        for (name, value) in &query.columns {
            let column =
                columns.entry(name.clone()).or_insert_with(|| Value::Array(vec![Value::Null; batch.len()]));
            column[place] = value.clone();
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_batch_is_one_line_of_lists() {
        let query = |number: u64, columns: Value| PythonQuery {
            prompt: json!(format!("p\n{number}")),
            completion: json!([{"role": "assistant", "content": number.to_string()}]),
            columns: columns.as_object().unwrap().clone(),
            group: 0,
        };
        let batch = [query(1, json!({"answer": "a"})), query(2, json!({"answer": "b", "unit": ["m"]}))];
        let line = question(3, &batch);
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let expected = json!({
            "function": 3,
            "prompts": ["p\n1", "p\n2"],
            "completions": [[{"role": "assistant", "content": "1"}], [{"role": "assistant", "content": "2"}]],
            "columns": {"answer": ["a", "b"], "unit": [null, ["m"]]},
        });
        assert_eq!(serde_json::from_slice::<Value>(&line).unwrap(), expected);
    }
}
