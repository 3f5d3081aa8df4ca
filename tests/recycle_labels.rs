//! No judge item has a false label, also when it is made of what real models reply.

use std::{fs, path::Path};

use serde_json::Value;
use spark::{
    data::{Kind, Problem},
    model::ModelInput,
    processor::Prompt,
    recycle::{RecycleConfig, Recycler},
    rollout::{Completion, FinishReason, Rollout, RolloutGroup},
    verify::{Penalties, Verifier, VerifyConfig},
};

fn verifier() -> Verifier {
    Verifier::new(VerifyConfig::anywhere()).unwrap()
}

/// A question with a number as its answer, and replies to it, judged as in a run.
fn group(id: usize, question: &str, answer: &str, replies: &[&str], verifier: &Verifier) -> RolloutGroup {
    let problem = Problem {
        id: id.to_string(),
        question: question.to_owned(),
        answer: answer.to_owned(),
        verifier: Some("math".to_owned()),
        ..Problem::default()
    };
    let rollout = |reply: &&str| Rollout {
        completion: Completion { token_ids: vec![], logprobs: vec![], finish_reason: FinishReason::Stop },
        verdict: verifier.verify(&problem, reply),
        penalties: Penalties::default(),
        own_reward: None,
        text: (*reply).to_owned(),
    };
    let rollouts = replies.iter().map(rollout).collect();
    let prompt = Prompt { text: String::new(), input: ModelInput::default() };
    RolloutGroup { problem, prompt, rollouts, unscored: vec![] }
}

/// All judge items of some groups, under several seeds.
fn items(groups: &[RolloutGroup], solution_share: f64, verifier: &Verifier) -> Vec<Problem> {
    let config = RecycleConfig {
        solution_share,
        choice_share: 0.3,
        reflection: false,
        max_judge_per_step: usize::MAX,
        queue_capacity: usize::MAX,
        ..RecycleConfig::default()
    };
    let made = |seed| {
        let mut recycler = Recycler::new(config.clone(), seed, Vec::new()).unwrap();
        recycler.push(groups, 0, verifier);
        recycler.take(usize::MAX, 0)
    };
    (0..4).flat_map(made).collect()
}

/// The numbers of a text as they are written in digits, thousands joined.
fn numbers(text: &str) -> Vec<f64> {
    let joined = text.replace(',', "");
    joined
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .filter_map(|part| part.trim_matches('.').parse().ok())
        .collect()
}

/// The number that an item's question asks for, and what the item shows behind the question.
fn asked<'a>(groups: &[RolloutGroup], item: &'a Problem) -> (f64, &'a str) {
    let of_item = |group: &&RolloutGroup| item.id.starts_with(&format!("{}#", group.problem.id));
    let problem = &groups.iter().find(of_item).unwrap().problem;
    (problem.answer.parse().unwrap(), &item.question[problem.question.len()..])
}

/// Checks items that show values: a value is right where it is the number of the reference.
fn labels_of_values_are_true(groups: &[RolloutGroup], items: &[Problem]) {
    for item in items {
        let (reference, shown) = asked(groups, item);
        // The lines behind the question show the candidates; the last one asks.
        let lines: Vec<&str> = shown.trim().lines().collect();
        let candidates = &lines[..lines.len() - 1];
        let right: Vec<bool> = candidates
            .iter()
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>() == Ok(reference))
            .collect();
        let label = match item.kind {
            Kind::POINTWISE => if right == [true] { "Yes" } else { "No" }.to_owned(),
            _ => {
                assert_eq!(right.iter().filter(|right| **right).count(), 1, "{}", item.question);
                char::from(b'A' + right.iter().position(|right| *right).unwrap() as u8).to_string()
            }
        };
        assert_eq!(item.answer, label, "reference {reference}: {}", item.question);
    }
}

/// Checks items that show whole texts: a wrong one holds the reference nowhere.
fn labels_of_texts_are_true(groups: &[RolloutGroup], items: &[Problem]) {
    for item in items.iter().filter(|item| item.kind == Kind::POINTWISE && item.answer == "No") {
        let (reference, shown) = asked(groups, item);
        assert!(!numbers(shown).contains(&reference), "reference {reference}: {}", item.question);
    }
}

/// Groups of a file of questions, answers and completions.
fn chat_replies(verifier: &Verifier) -> Vec<RolloutGroup> {
    let text = fs::read_to_string("tests/fixtures/chat_replies.jsonl").unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).enumerate();
    rows.map(|(id, row)| {
        let replies: Vec<&str> = row["completions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|completion| completion["text"].as_str().unwrap())
            .collect();
        let (question, answer) = (row["question"].as_str().unwrap(), row["answer"].as_str().unwrap());
        group(id, question, answer, &replies, verifier)
    })
    .collect()
}

#[test]
fn replies_of_a_chat_model_make_items_with_true_labels_only() {
    let verifier = verifier();
    let groups = chat_replies(&verifier);
    let values = items(&groups, 0.0, &verifier);
    assert!(values.len() > 100, "{}", values.len());
    labels_of_values_are_true(&groups, &values);
    labels_of_texts_are_true(&groups, &items(&groups, 1.0, &verifier));
}

/// Reads GSM8K in place; it is not part of the project.
#[test]
fn solutions_of_real_models_make_items_with_true_labels_only() {
    let path = Path::new("../shared/data/gsm8k/example_model_solutions.jsonl");
    let Ok(text) = fs::read_to_string(path) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    let verifier = verifier();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).enumerate();
    let groups: Vec<RolloutGroup> = rows
        .map(|(id, row)| {
            let models = row.as_object().unwrap().values().filter(|value| value.is_object());
            let replies: Vec<&str> = models.map(|model| model["solution"].as_str().unwrap()).collect();
            let answer = numbers(row["ground_truth"].as_str().unwrap()).pop().unwrap();
            group(id, row["question"].as_str().unwrap(), &answer.to_string(), &replies, &verifier)
        })
        .collect();
    let values = items(&groups, 0.0, &verifier);
    assert!(values.len() > 1000, "{}", values.len());
    labels_of_values_are_true(&groups, &values);
    labels_of_texts_are_true(&groups, &items(&groups, 1.0, &verifier));
}

/// The pairs that real replies of one value made in different spellings.
#[test]
fn two_spellings_of_one_value_are_no_pair() {
    let verifier = verifier();
    let replies = [
        ("12 + 4 = ?", "16", ["Reply: 12 + 4 equals 16.", "12 + 4 = 16"]),
        ("8 + 9 = ?", "17", ["8 + 9 is 17.", "8 + 9 = 17"]),
        ("3 + 1 = ?", "4", ["Three + 1 = 4", "The answer is four."]),
        ("1 / 2 = ?", "0.5", [r"\boxed{\frac{1}{2}}", "0.5"]),
    ];
    let groups: Vec<RolloutGroup> = replies
        .iter()
        .enumerate()
        .map(|(id, (question, answer, replies))| group(id, question, answer, replies, &verifier))
        .collect();
    for item in items(&groups, 0.5, &verifier) {
        assert_eq!((item.kind, item.answer.as_str()), (Kind::POINTWISE, "Yes"), "{}", item.question);
    }
}
