//! Cases of every kind of answer that verifiers of the field are known to misjudge, each with its near misses.
//!
//! `tests/fixtures/verify_cases.jsonl` was written without a look at the code, `tests/fixtures/verify_rows.jsonl` beside it
//! by those who wrote it, what is expected before it was tried. A row is `{"kind", "answer", "response",
//! "verifier"?, "question"?, "expect"}`; where it is `"debatable"`, the rule is a choice that docs/verifiers.md states.

use std::{collections::BTreeMap, fs};

use serde_json::Value;
use spark::{
    data::Problem,
    verify::{Verifier, VerifyConfig},
};

/// Rows of one file that are judged otherwise than expected, those that are rewarded though wrong apart.
fn wrong(path: &str) -> (usize, Vec<String>, Vec<String>) {
    let config = VerifyConfig::anywhere();
    let verifier = Verifier::new(config).unwrap();
    let text = fs::read_to_string(path).unwrap();
    let (mut refused, mut rewarded, mut rows) = (Vec::new(), Vec::new(), 0);
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        if row["debatable"] == true {
            continue;
        }
        rows += 1;
        let text = |key: &str| row[key].as_str().map(str::to_owned);
        let problem = Problem {
            question: text("question").unwrap_or_default(),
            answer: text("answer").unwrap(),
            verifier: text("verifier"),
            ..Problem::default()
        };
        let right = verifier.check_gold(&problem).is_ok()
            && verifier.verify(&problem, row["response"].as_str().unwrap()).is_correct();
        match (right, row["expect"] == 1) {
            (true, false) => rewarded.push(line.to_owned()),
            (false, true) => refused.push(line.to_owned()),
            _ => {}
        }
    }
    (rows, refused, rewarded)
}

#[test]
fn nothing_wrong_is_rewarded_and_almost_nothing_right_is_refused() {
    let (rows, refused, rewarded) = wrong("tests/fixtures/verify_cases.jsonl");
    assert!(rows > 2000, "{rows}");
    assert!(rewarded.is_empty(), "rewarded though wrong:\n{}", rewarded.join("\n"));
    let share = refused.len() as f64 / rows as f64;
    assert!(share < 0.02, "refused though right:\n{}", refused.join("\n"));
}

#[test]
fn the_rows_written_beside_the_code_are_judged_as_expected() {
    let (rows, refused, rewarded) = wrong("tests/fixtures/verify_rows.jsonl");
    assert!(rows > 2500, "{rows}");
    assert!(rewarded.is_empty(), "rewarded though wrong:\n{}", rewarded.join("\n"));
    assert!(refused.len() < 10, "refused though right:\n{}", refused.join("\n"));
}

#[test]
fn every_kind_has_cases_of_both_sorts() {
    let text = fs::read_to_string("tests/fixtures/verify_cases.jsonl").unwrap();
    let mut sorts: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        sorts.entry(row["kind"].as_str().unwrap().to_owned()).or_default()
            [usize::from(row["expect"] == 1)] += 1;
    }
    assert!(sorts.len() > 50, "{}", sorts.len());
    assert!(sorts.values().all(|[wrong, right]| *right > 0 && wrong + right >= 8), "{sorts:?}");
}
