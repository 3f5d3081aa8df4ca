//! Rows of files that pyarrow wrote, beside what pyarrow reads of them (`tests/oracle/parquet_rows.py`); and damaged
//! files.

use std::path::PathBuf;

use super::*;
use crate::{
    data::{BadRows, Problem, ReadOptions, load_problems, rows::for_each_row},
    error::is_input_error,
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parquet").join(name)
}

/// The rows of a file with their numbers.
fn rows(path: &Path) -> Result<Vec<(usize, serde_json::Value)>> {
    let mut rows = Vec::new();
    for_each_row(path, &mut |row| {
        rows.push((row.number, serde_json::Value::Object(row.fields.map_err(input_error)?)));
        Ok(())
    })?;
    Ok(rows)
}

#[test]
fn rows_are_those_that_pyarrow_reads() {
    for name in ["kinds", "groups", "gzip", "plain", "pictures", "verl"] {
        let ours = rows(&fixture(&format!("{name}.parquet"))).unwrap();
        let theirs = rows(&fixture(&format!("{name}.jsonl"))).unwrap();
        assert_eq!(ours.len(), theirs.len(), "{name}");
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "{name}");
        }
    }
}

#[test]
fn problems_come_from_it_as_from_json() {
    let read = |name: &str| load_problems(&fixture(name), BadRows::Refuse).unwrap().problems;
    assert_eq!(read("groups.parquet"), read("groups.jsonl"));
    assert_eq!(read("groups.parquet")[19].id, "groups:20");
    let verl = read("verl.parquet");
    assert_eq!(
        (verl[1].system.as_deref(), verl[1].question.as_str(), verl[1].answer.as_str()),
        (Some("Be brief."), "2+2?", "4")
    );
    assert_eq!(verl[0].source.as_deref(), Some("openai/gsm8k"));
}

#[test]
fn images_that_rows_hold_become_files() {
    let dir = tempfile::tempdir().unwrap();
    let options = ReadOptions { image_cache: Some(dir.path().join("images")), ..ReadOptions::default() };
    let read = |name: &str| load_problems(&fixture(name), options.clone()).unwrap().problems;
    let problems = read("pictures.parquet");
    let paths = |problem: &Problem| problem.images.iter().map(|image| image.path.clone()).collect::<Vec<_>>();
    let (first, second) = (paths(&problems[0]), paths(&problems[1]));
    assert_eq!((first.len(), second.len()), (1, 2));
    assert_eq!(first[0], second[1], "the same image is the same file");
    assert!(first[0] != second[0] && first[0].starts_with(dir.path()));
    assert!(std::fs::read(&first[0]).unwrap().starts_with(b"\x89PNG"));
    assert!(problems[1].image_places.is_empty());
    assert_eq!(read("pictures.jsonl"), problems);
    let error = load_problems(&fixture("pictures.parquet"), BadRows::Refuse).unwrap_err().to_string();
    assert!(
        error.contains("pictures.parquet, row 1: field \"images\"") && error.contains("data.image_cache"),
        "{error}"
    );
}

#[test]
fn several_files_are_read_as_one() {
    let loaded = load_problems(&fixture("{gzip,plain}.parquet"), BadRows::Refuse).unwrap();
    let ids: Vec<&str> = loaded.problems.iter().map(|problem| problem.id.as_str()).collect();
    assert_eq!(ids, ["gzip:1", "gzip:2", "gzip:3", "plain:1", "plain:2"]);
}

#[test]
fn what_is_not_read_is_named() {
    let error = rows(&fixture("brotli.parquet")).unwrap_err();
    assert!(is_input_error(&error) && error.to_string().contains("none, snappy, gzip or zstd"), "{error}");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    std::fs::write(&path, b"PAR1").unwrap();
    let error = rows(&path).unwrap_err();
    assert!(is_input_error(&error) && error.to_string().contains("x.parquet"), "{error}");
}

/// A damaged file gives rows, or an error that names it; never a panic.
#[test]
fn damaged_files_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("damaged.parquet");
    for (name, every) in [("groups", 7), ("kinds", 31), ("pictures", 11)] {
        let whole = std::fs::read(fixture(&format!("{name}.parquet"))).unwrap();
        let attempt = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            if let Err(error) = rows(&path) {
                assert!(is_input_error(&error), "{error:#}");
                let message = error.to_string();
                assert!(
                    message.contains("damaged.parquet")
                        || message.contains("field")
                        || message.contains("column"),
                    "{message}"
                );
            }
        };
        for end in (4..whole.len()).step_by(211) {
            attempt(&whole[..end]);
        }
        for place in (4..whole.len()).step_by(every) {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << (place % 8);
            attempt(&bytes);
        }
    }
}
