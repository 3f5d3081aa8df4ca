//! Rows of reward benchmarks: a question with a better and a worse reply, whatever they are called. They have no reference
//! answer; which of the two is better is what a judge is asked.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    ImageFiles, Problem, format,
    rows::{Complaint, Fields, present, type_name},
};

const CHOSEN: &str = "chosen";
const REJECTED: &str = "rejected";

/// The row as a problem with a reference answer, or as a question with a better and a worse reply, which
/// [`preference`] gives.
pub(super) fn problem_or_preference(
    fields: &Fields,
    files: ImageFiles<'_>,
    fallback_id: String,
) -> Result<Problem, Complaint> {
    let fields = plain(fields)?;
    if present(&fields, CHOSEN).is_none() || present(&fields, REJECTED).is_none() {
        return format::problem(&fields, files, fallback_id);
    }
    let problem = format::problem_without_answer(&fields, files, fallback_id)?;
    if !problem.lacks_answer() {
        return Err(
            r#"fields "chosen" and "rejected" go with a question that has no "answer"; keep either"#.into()
        );
    }
    Ok(problem)
}

/// The better and the worse reply to a problem that was read off a reward benchmark's row; `None` of any other.
pub fn preference(problem: &Problem) -> Option<[&str; 2]> {
    let reply = |name: &str| problem.columns.get(name)?.as_str();
    problem.lacks_answer().then(|| Some([reply(CHOSEN)?, reply(REJECTED)?])).flatten()
}

/// The row with both replies as texts under our names, and its subset as its source: RewardBench's rows may hold replies
/// as conversations, VL-RewardBench's have a list of two and their ranks, of which 0 is the better.
fn plain(fields: &Fields) -> Result<Cow<'_, Fields>, Complaint> {
    let mut plain = Cow::Borrowed(fields);
    if let (Some(replies), Some(ranks)) = (present(fields, "response"), present(fields, "human_ranking")) {
        let own = plain.to_mut();
        let [first, second] = two(replies, "response")?;
        let (chosen, rejected) = match two(ranks, "human_ranking")?.map(|rank| rank.as_f64()) {
            [Some(one), Some(other)] if one < other => (first, second),
            [Some(one), Some(other)] if one > other => (second, first),
            _ => return Err(r#"field "human_ranking" must hold two different numbers"#.into()),
        };
        own.insert(CHOSEN.to_owned(), chosen.clone());
        own.insert(REJECTED.to_owned(), rejected.clone());
        for name in ["response", "human_ranking"] {
            own.remove(name);
        }
        if let Some(question) = own.remove("query") {
            own.insert("question".to_owned(), question);
        }
    }
    for name in [CHOSEN, REJECTED] {
        if let Some(value) = present(fields, name).filter(|value| !value.is_string()) {
            let text = last_reply(value).ok_or_else(|| {
                let given = type_name(value);
                format!(r#"field "{name}" must be a text or messages that end with a reply, this is {given}"#)
            })?;
            plain.to_mut().insert(name.to_owned(), text.into());
        }
    }
    let has_source = ["source", "dataset", "data_source"].iter().any(|name| present(&plain, name).is_some());
    if let (false, true, Some(subset)) =
        (has_source, present(&plain, CHOSEN).is_some(), present(fields, "subset").cloned())
    {
        plain.to_mut().insert("source".to_owned(), subset);
    }
    Ok(plain)
}

fn two<'a>(value: &'a Value, field: &str) -> Result<[&'a Value; 2], Complaint> {
    match value.as_array().map(Vec::as_slice) {
        Some([first, second]) => Ok([first, second]),
        _ => Err(format!(r#"field "{field}" must be a list of two, this is {}"#, type_name(value))),
    }
}

/// The text of the reply that messages end with.
fn last_reply(messages: &Value) -> Option<&str> {
    let last = messages.as_array()?.last()?;
    (last["role"] == "assistant").then(|| last["content"].as_str()).flatten()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::data::{Loaded, ReadOptions, load_problems};

    fn load(row: &Value) -> anyhow::Result<Loaded> {
        let dir = tempfile::tempdir()?;
        fs::write(dir.path().join("rows.jsonl"), row.to_string())?;
        load_problems(
            &dir.path().join("rows.jsonl"),
            ReadOptions { preferences: true, ..ReadOptions::default() },
        )
    }

    fn read(row: Value) -> Problem {
        load(&row).unwrap().problems.remove(0)
    }

    #[test]
    fn the_shapes_of_reward_benchmarks_are_one() {
        let ours = read(json!({"question": "q", "chosen": "good", "rejected": "bad", "source": "s"}));
        let reward_bench =
            read(json!({"prompt": "q", "chosen": "good", "rejected": "bad", "subset": "s", "id": 7}));
        let conversation =
            |reply: &str| json!([{"role": "user", "content": "q"}, {"role": "assistant", "content": reply}]);
        let messages = read(
            json!({"question": "q", "chosen": conversation("good"), "rejected": conversation("bad"), "source": "s"}),
        );
        let ranked = |response: [&str; 2], ranks: [u8; 2]| {
            read(json!({"query": "q", "response": response, "human_ranking": ranks, "source": "s"}))
        };
        let all =
            [ours, reward_bench, messages, ranked(["good", "bad"], [0, 1]), ranked(["bad", "good"], [1, 0])];
        for problem in &all {
            assert_eq!(preference(problem), Some(["good", "bad"]), "{problem:?}");
            assert_eq!((problem.question.as_str(), problem.source.as_deref()), ("q", Some("s")));
        }
        assert_eq!(preference(&read(json!({"question": "q", "answer": "7"}))), None);
    }

    #[test]
    fn a_pair_that_cannot_be_read_is_refused_by_name() {
        let refusal = |row: Value| format!("{:#}", load(&row).unwrap_err());
        let pair = |chosen: Value| json!({"question": "q", "chosen": chosen, "rejected": "bad"});
        assert!(refusal(pair(json!(7))).contains("\"chosen\""));
        assert!(
            refusal(json!({"question": "q", "response": ["a"], "human_ranking": [0, 1]}))
                .contains("list of two")
        );
        assert!(
            refusal(json!({"question": "q", "response": ["a", "b"], "human_ranking": [1, 1]}))
                .contains("different")
        );
        let mut answered = pair(json!("good"));
        answered["answer"] = json!("7");
        assert!(refusal(answered).contains("keep either"));
        assert!(refusal(json!({"question": "q", "chosen": "good"})).contains("\"answer\" is missing"));
    }
}
