//! OpenRLHF's reward protocol, what its `remote_rm_fn_ray` sends and its servers answer. Knows nothing
//! of how it travels.
//!
//! ```text
//! → {"query": ["1+1=2"], "prompts": ["1+1="], "labels": ["2"]}
//! ← {"rewards": [1.0], …}
//! ```
//! Further fields of the answer (`scores`, `extra_logs`) are for OpenRLHF's own loop and left unread.

use serde::Serialize;
use serde_json::Value;

use super::{
    json,
    reward::{RemoteReward, RewardQuery, Scored},
};

#[derive(Serialize)]
struct RewardRequest<'a> {
    /// Prompt and response in one text.
    query: Vec<String>,
    prompts: Vec<&'a str>,
    labels: Vec<&'a str>,
}

/// The request for a batch.
///
/// # Panics
/// Never: texts are JSON.
pub(crate) fn request(batch: &[RewardQuery<'_>]) -> String {
    let request = RewardRequest {
        query: batch.iter().map(|query| [query.prompt, query.response].concat()).collect(),
        prompts: batch.iter().map(|query| query.prompt).collect(),
        labels: batch.iter().map(|query| query.label).collect(),
    };
    serde_json::to_string(&request).expect("texts are JSON")
}

/// The rewards in an answer, one for each of `expected` queries; those that are no finite number are
/// unscored.
///
/// # Errors
/// When the answer has another shape or another number of rewards.
pub(crate) fn rewards(answer: &[u8], expected: usize) -> Result<Vec<Scored>, String> {
    let remedy = "the server must answer {\"rewards\": [one number per query]}";
    let complain = |what: String| format!("{what} ({}); {remedy}", json::excerpt(answer));
    let value = json::parse(answer).map_err(|error| complain(format!("the answer is not JSON: {error}")))?;
    let rewards = match value {
        Value::Object(mut fields) => fields
            .remove("rewards")
            .ok_or_else(|| complain("the answer has no field \"rewards\"".to_owned()))?,
        bare => bare,
    };
    let Value::Array(rewards) = rewards else {
        return Err(complain("the answer's rewards are not a list".to_owned()));
    };
    let rewards = flat(rewards);
    if rewards.len() != expected {
        return Err(complain(format!("{} rewards for {expected} queries", rewards.len())));
    }
    Ok(rewards.iter().map(reward).collect())
}

fn reward(value: &Value) -> Scored {
    json::finite(value).map(|reward| RemoteReward { reward, reason: None })
}

/// Reward models answer with their head's shape: a row `[[a, b]]` or a column `[[a], [b]]` is `[a, b]`.
fn flat(mut rewards: Vec<Value>) -> Vec<Value> {
    if let [Value::Array(row)] = rewards.as_mut_slice() {
        return std::mem::take(row);
    }
    if rewards.iter().all(|value| value.as_array().is_some_and(|cell| cell.len() == 1)) {
        return rewards.iter().map(|cell| cell[0].clone()).collect();
    }
    rewards
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn numbers(answer: &str, expected: usize) -> Vec<f64> {
        let scored = rewards(answer.as_bytes(), expected).unwrap();
        scored.into_iter().map(|scored| scored.unwrap().reward).collect()
    }

    #[test]
    fn the_request_is_openrlhfs() {
        let batch = [
            RewardQuery { prompt: "1+1=", response: "2", label: "two" },
            RewardQuery { prompt: "\"é\"\n", response: "", label: "" },
        ];
        let sent: Value = serde_json::from_str(&request(&batch)).unwrap();
        let expected = json!({
            "query": ["1+1=2", "\"é\"\n"],
            "prompts": ["1+1=", "\"é\"\n"],
            "labels": ["two", ""],
        });
        assert_eq!(sent, expected);
    }

    #[test]
    fn rewards_are_read_in_every_shape_servers_give_them() {
        for answer in [
            r#"{"rewards": [1, -0.5]}"#,
            r#"{"scores": [9, 9], "extra_logs": {"length": [3, 4]}, "rewards": [1.0, -0.5]}"#,
            r#"{"rewards": [[1.0, -0.5]]}"#,
            r#"{"rewards": [[1.0], [-0.5]]}"#,
            "[1.0, -0.5]",
            "[[1.0, -0.5]]",
        ] {
            assert_eq!(numbers(answer, 2), [1.0, -0.5], "{answer}");
        }
        assert_eq!(numbers(r#"{"rewards": [[0.25]]}"#, 1), [0.25]);
    }

    #[test]
    fn an_answer_of_another_shape_is_refused_as_a_whole() {
        for (answer, expected) in [
            ("<html>Hello", "not JSON"),
            ("<html>Hello", "Hello"),
            (r#"{"reward": [1, 2]}"#, "no field \"rewards\""),
            (r#"{"rewards": 1}"#, "not a list"),
            (r#"{"rewards": null}"#, "not a list"),
            (r#"{"rewards": [1]}"#, "1 rewards for 2 queries"),
            (r#"{"rewards": [1, 2, 3]}"#, "3 rewards for 2 queries"),
            (r#"{"rewards": []}"#, "0 rewards for 2 queries"),
            (r#"{"rewards": [[1, 2, 3]]}"#, "3 rewards for 2 queries"),
            (r#"{"rewards": [1e999, 1]}"#, "out of range"),
        ] {
            let reason = rewards(answer.as_bytes(), 2).unwrap_err();
            assert!(reason.contains(expected), "{answer}: {reason}");
        }
    }

    #[test]
    fn a_value_that_is_no_finite_number_leaves_its_own_query_unscored() {
        let answer = br#"{"rewards": [0.5, null, "1.0", NaN, [1, 2], 1]}"#;
        let scored = rewards(answer, 6).unwrap();
        assert_eq!(scored[0].as_ref().unwrap().reward, 0.5);
        assert_eq!(scored[5].as_ref().unwrap().reward, 1.0);
        for (index, shown) in [(1, "null"), (2, "\"1.0\""), (3, "\"NaN\""), (4, "[1,2]")] {
            let reason = &scored[index].as_ref().unwrap_err().reason;
            assert!(
                reason.contains(&format!("the reward is {shown}: it must be a finite number")),
                "{reason}"
            );
        }
    }
}
