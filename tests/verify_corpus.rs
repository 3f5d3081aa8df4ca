//! The verifier on many pairs whose truth is known: made by construction (`tests/oracle/math_pairs.py`), and
//! real solutions of real models with published correctness.

use std::{fs, path::Path};

use rayon::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use spark::{
    data::Problem,
    verify::{Verdict, Verifier, VerifyConfig},
};

fn lenient() -> Verifier {
    Verifier::new(VerifyConfig::anywhere()).unwrap()
}

fn problem(answer: &str) -> Problem {
    Problem { id: "pair".to_owned(), answer: answer.to_owned(), ..Problem::default() }
}

fn check(verifier: &Verifier, answer: &str, response: &str) -> Verdict {
    let problem = problem(answer);
    verifier.check_gold(&problem).unwrap();
    verifier.verify(&problem, response)
}

#[derive(Deserialize)]
struct Pair {
    category: String,
    answer: String,
    response: String,
    equal: bool,
}

#[test]
fn pairs_by_construction_are_told_apart() {
    let rows = fs::read_to_string("tests/fixtures/math_pairs.jsonl").unwrap();
    let pairs: Vec<Pair> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(pairs.len() >= 3000);
    let verifier = lenient();
    let wrong: Vec<(bool, String)> = pairs
        .par_iter()
        .filter_map(|pair| {
            let verdict = check(&verifier, &pair.answer, &pair.response);
            let line = format!("{}: {} | {} | {}", pair.category, pair.answer, pair.response, verdict.reason);
            (verdict.is_correct() != pair.equal).then_some((pair.equal, line))
        })
        .collect();
    let list = |lines: Vec<&(bool, String)>| {
        lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
    };
    let different: Vec<_> = wrong.iter().filter(|(equal, _)| !equal).collect();
    assert!(different.is_empty(), "different values called equal:\n{}", list(different));
    let share = 1.0 - wrong.len() as f64 / pairs.len() as f64;
    assert!(share >= 0.995, "{share}:\n{}", list(wrong.iter().collect()));
}

/// Reads GSM8K in place; it is not part of the project.
#[test]
fn real_solutions_are_judged_as_published() {
    let path = Path::new("../shared/data/gsm8k/example_model_solutions.jsonl");
    let Ok(rows) = fs::read_to_string(path) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verifier = lenient();
    let solutions: Vec<(&str, &str, bool)> = rows
        .iter()
        .flat_map(|row| {
            let gold = row["ground_truth"].as_str().unwrap();
            let models = row.as_object().unwrap().values().filter(|value| value.is_object());
            models.map(move |model| {
                (gold, model["solution"].as_str().unwrap(), model["is_correct"].as_bool().unwrap())
            })
        })
        .collect();
    assert_eq!(solutions.len(), 5276);
    let agreeing = solutions
        .par_iter()
        .filter(|(gold, solution, right)| check(&verifier, gold, solution).is_correct() == *right)
        .count();
    let share = agreeing as f64 / solutions.len() as f64;
    assert!(share >= 0.995, "{agreeing} of {}", solutions.len());
}
