//! Whole files: ids, places, what is refused, skipped and changed.

use super::*;
use crate::error::is_input_error;

fn load_text(content: &str, bad_rows: BadRows) -> Result<Loaded> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("train.jsonl");
    std::fs::write(&path, content).unwrap();
    load_problems(&path, bad_rows)
}

fn refused(content: &str) -> String {
    let error = load_text(content, BadRows::Refuse).unwrap_err();
    assert!(is_input_error(&error));
    error.to_string()
}

const GOOD: &str = r#"{"question": "1+1?", "answer": 2}"#;

#[test]
fn ids_default_to_the_file_and_the_line() {
    let ids = |content: &str| -> Vec<String> {
        let loaded = load_text(content, BadRows::Refuse).unwrap();
        loaded.problems.into_iter().map(|problem| problem.id).collect()
    };
    assert_eq!(ids(&format!("{GOOD}\n\n{GOOD}\n")), ["train:1", "train:3"]);
    assert_eq!(ids(&format!("[{GOOD},\n\n{GOOD}]")), ["train:1", "train:2"]);
}

#[test]
fn refusing_names_file_line_and_field() {
    let message = refused(&format!("{GOOD}\n{{\"question\": \"q\"}}\n"));
    assert!(message.contains("train.jsonl, line 2: field \"answer\""), "{message}");
    let message = refused(&format!("[{GOOD}, {{\"question\": \"q\"}}]"));
    assert!(message.contains("train.jsonl, row 2: field \"answer\""), "{message}");
}

#[test]
fn skipping_keeps_the_good_rows_and_tells_of_the_bad() {
    let loaded = load_text(&format!("{{\n{GOOD}\n{{\"question\": \"q\"}}\n"), BadRows::Skip).unwrap();
    assert_eq!(loaded.problems.len(), 1);
    assert_eq!(loaded.skipped.len(), 2);
    assert!(loaded.skipped[0].contains("line 1: malformed JSON"), "{}", loaded.skipped[0]);
    assert!(loaded.skipped[1].contains("line 3: field \"answer\""), "{}", loaded.skipped[1]);
}

#[test]
fn repeated_ids_name_both_lines() {
    let row = r#"{"id": "x", "question": "q", "answer": "a"}"#;
    let message = refused(&format!("{row}\n{row}\n"));
    assert!(message.contains("line 2") && message.contains("of line 1"), "{message}");
}

#[test]
fn a_file_without_one_usable_problem_is_refused() {
    assert!(refused("\n").contains("is empty"));
    assert!(refused("[]").contains("is empty"));
    let message = load_text("{}\n{}\n", BadRows::Skip).unwrap_err().to_string();
    assert!(message.contains("all 2 are bad") && message.contains("unknown row shape"), "{message}");
    let error = load_problems(Path::new("/nowhere/x.jsonl"), BadRows::Skip).unwrap_err();
    assert!(is_input_error(&error) && error.to_string().contains("/nowhere/x.jsonl"));
}

#[test]
fn a_system_message_is_that_of_rows_without_one() {
    let own = r#"{"question": "q", "answer": 1, "system": "row"}"#;
    let load = |rows: &[&str], must_occur| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("train.jsonl");
        std::fs::write(&path, rows.join("\n")).unwrap();
        load_problems(&path, ReadOptions { system: Some("all".into()), must_occur, ..ReadOptions::default() })
    };
    let loaded = load(&[GOOD, own], true).unwrap();
    let systems: Vec<_> = loaded.problems.iter().map(|problem| problem.system.as_deref().unwrap()).collect();
    assert_eq!(systems, ["all", "row"]);
    assert!(loaded.notes[0].contains("1 of 2 rows have a system message of their own"), "{:?}", loaded.notes);
    assert_eq!(load(&[GOOD, GOOD], true).unwrap().notes, [""; 0]);
    let refused = load(&[own, own], true).unwrap_err().to_string();
    assert!(
        refused.contains("data.system: all 2 rows of") && is_input_error(&load(&[own], true).unwrap_err())
    );
    let unused = load(&[own], false).unwrap();
    assert_eq!((unused.unused.as_slice(), unused.notes.len()), (["data.system".to_owned()].as_slice(), 1));
}
