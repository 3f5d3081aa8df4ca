//! The tables of docs/verifiers.md are true.

use std::fs;

use spark::{
    data::Problem,
    verify::{Verdict, Verifier, VerifyConfig},
};

/// The rows of the table under a heading: what stands between the backticks of each cell.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = fs::read_to_string("docs/verifiers.md").unwrap();
    let (_, section) = page.split_once(&format!("\n### {heading}\n")).unwrap();
    let section = section.split("\n#").next().unwrap();
    let code = |cell: &str| cell.trim().trim_matches('`').replace("` ⏎ `", "\n");
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(code).collect();
    let rows: Vec<Vec<String>> = section.lines().filter(|line| line.starts_with("| `")).map(cells).collect();
    assert!(rows.len() > 5, "{heading}");
    rows
}

fn verify(answer: &str, response: &str) -> Verdict {
    let verifier = Verifier::new(VerifyConfig::anywhere()).unwrap();
    let problem = Problem {
        id: "docs".to_owned(),
        answer: answer.to_owned(),
        verifier: Some("math".to_owned()),
        ..Problem::default()
    };
    verifier.verify(&problem, response)
}

#[test]
fn what_is_said_to_be_extracted_is() {
    for row in table("Extracted") {
        let verdict = verify("(B)", &row[0]);
        assert_eq!(verdict.extracted.as_deref(), Some(&*row[1]), "{row:?}");
    }
}

#[test]
fn what_is_said_to_be_equal_is() {
    for row in table("Equal") {
        let verdict = verify(&row[0], &format!("\\boxed{{{}}}", row[1]));
        assert!(verdict.is_correct(), "{row:?}: {}", verdict.reason);
    }
}

#[test]
fn what_is_said_to_be_different_is() {
    for row in table("Different") {
        let verdict = verify(&row[0], &format!("\\boxed{{{}}}", row[1]));
        assert_eq!((verdict.reward, verdict.reason.as_str()), (0.0, "different"), "{row:?}");
    }
}

#[test]
fn every_verifier_that_ships_has_its_row() {
    let page = fs::read_to_string("docs/verifiers.md").unwrap();
    let (_, table) = page.split_once("| verifier | right when |").unwrap();
    let table = table.split("\n\n").next().unwrap();
    let rows: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let mut names = Verifier::default().names().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let mut listed: Vec<String> = rows.into_iter().map(str::to_owned).collect();
    names.sort();
    listed.sort();
    assert_eq!(listed, names);
}
