//! Replies of a small chat model (SmolLM2-135M-Instruct, greedy) to judge prompts, with what a person reads in them.

use super::*;

#[test]
fn judge_replies_of_a_chat_model_are_read_as_a_person_reads_them() {
    let text = include_str!("../../../tests/fixtures/judge_replies.jsonl");
    let verifier = Verifier::new(VerifyConfig::anywhere()).unwrap();
    let (mut read, mut rows) = (0, 0);
    for line in text.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| row[name].as_str().map(str::to_owned);
        let (kind, response) = (Kind::named(row["kind"].as_str().unwrap()), field("response").unwrap());
        let name = if kind == Kind::PAIRWISE { "choice" } else { "yes_no" };
        let problem = Problem {
            question: field("question").unwrap(),
            ..problem(&field("answer").unwrap(), Some(name), kind)
        };
        let verdict = verifier.verify(&problem, &response);
        let found = verdict.extracted.as_ref().and_then(|answer| verifier.canonical(&problem, answer));
        // A calculation that ends in the value of an option says which one is meant; we do not go by it.
        let may_stay_unread = row["may_stay_unread"] == true && found.is_none();
        assert!(may_stay_unread || found == field("reads"), "{response:?} is read as {found:?}");
        (read, rows) = (read + usize::from(found.is_some()), rows + 1);
    }
    assert!(rows >= 40 && read >= 15, "{read} of {rows}");
}
