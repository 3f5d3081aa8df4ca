//! The lines that a reward command reads and writes. Knows nothing of processes.
//!
//! ```text
//! → {"id": 7, "prompt": "1+1=", "response": "2", "label": "2"}
//! ← {"id": 7, "reward": 1.0, "reason": "equal"}      or      {"id": 7, "error": "no such unit"}
//! ```

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    json,
    reward::{RemoteReward, RewardQuery, Scored, Unscored},
};

#[derive(Serialize)]
struct QueryLine<'a> {
    id: u64,
    prompt: &'a str,
    response: &'a str,
    label: &'a str,
}

/// A query as a line, its end included.
///
/// # Panics
/// Never: texts are JSON.
pub(crate) fn question(id: u64, query: &RewardQuery<'_>) -> Vec<u8> {
    let RewardQuery { prompt, response, label } = *query;
    let question = QueryLine { id, prompt, response, label };
    let mut line = serde_json::to_vec(&question).expect("texts are JSON");
    line.push(b'\n');
    line
}

/// A line that names the query it replies to.
#[derive(Debug, PartialEq)]
pub(crate) struct Reply {
    pub id: u64,
    pub scored: Scored,
}

/// Reads a reply; `None` for a line that is none.
pub(crate) fn reply(line: &[u8]) -> Option<Reply> {
    let Value::Object(fields) = json::parse(line).ok()? else { return None };
    let id = fields.get("id")?.as_u64()?;
    Some(Reply { id, scored: scored(&fields) })
}

fn scored(fields: &Map<String, Value>) -> Scored {
    if let Some(error) = text(fields, "error") {
        return Err(Unscored { reason: format!("the reward command says: {error}") });
    }
    let Some(reward) = fields.get("reward") else {
        let reason = "the reward command replied with neither \"reward\" nor \"error\"".to_owned();
        return Err(Unscored { reason });
    };
    Ok(RemoteReward { reward: json::finite(reward)?, reason: text(fields, "reason") })
}

/// A field's text, or what else it holds written out; `None` where it is missing or null.
fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    match fields.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_one_line() {
        let query = RewardQuery { prompt: "a\nb", response: "\"", label: "é" };
        let line = String::from_utf8(question(3, &query)).unwrap();
        assert_eq!(line, "{\"id\":3,\"prompt\":\"a\\nb\",\"response\":\"\\\"\",\"label\":\"é\"}\n");
    }

    #[test]
    fn replies_are_rewards_or_reasons() {
        let read = |line: &str| reply(line.as_bytes()).unwrap();
        let reward =
            |reward, reason: Option<&str>| Ok(RemoteReward { reward, reason: reason.map(str::to_owned) });
        let unscored = |line| read(line).scored.unwrap_err().reason;

        assert_eq!(read("{\"id\": 7, \"reward\": 0.5}\n"), Reply { id: 7, scored: reward(0.5, None) });
        assert_eq!(read(r#"{"reward": 1, "id": 0, "reason": "so"}"#).scored, reward(1.0, Some("so")));
        assert_eq!(
            read(r#"{"id": 1, "reward": 1, "reason": null, "error": null}"#).scored,
            reward(1.0, None)
        );
        assert_eq!(
            read(r#"{"id": 1, "reward": 1, "reason": {"unit": 1}}"#).scored,
            reward(1.0, Some("{\"unit\":1}"))
        );
        assert!(unscored(r#"{"id": 1, "error": "no unit"}"#).ends_with("no unit"));
        assert!(unscored(r#"{"id": 1, "reward": 1, "error": "no unit"}"#).ends_with("no unit"));
        assert!(unscored(r#"{"id": 1}"#).contains("neither"));
        assert!(unscored(r#"{"id": 1, "reward": null}"#).contains("the reward is null"));
        assert!(unscored(r#"{"id": 1, "reward": NaN}"#).contains("the reward is \"NaN\""));
    }

    #[test]
    fn a_line_without_an_id_is_no_reply() {
        for line in
            ["", "loading…", "1.0", "[]", "{\"reward\": 1}", "{\"id\": \"1\", \"reward\": 1}", "{\"id\": -1}"]
        {
            assert_eq!(reply(line.as_bytes()), None, "{line}");
        }
        assert_eq!(reply(b"\xff\xfe"), None);
    }
}
