use std::fs;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::data::BadRows;

/// A file of so many problems `1`, `2` … under a directory of its own.
fn write(folder: &TempDir, name: &str, count: usize, more: &serde_json::Value) -> DataFile {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let row = |number: usize| {
        let mut row = json!({"question": format!("{name} {number}?"), "answer": number});
        row.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        format!("{row}\n")
    };
    fs::write(&path, (1..=count).map(row).collect::<String>()).unwrap();
    path.into()
}

fn load(files: Vec<DataFile>, max_problems: Option<usize>) -> Result<Vec<FileProblems>> {
    load_files(&files.into(), max_problems, |_| BadRows::Refuse.into())
}

fn ids(file: &FileProblems) -> Vec<&str> {
    file.loaded.problems.iter().map(|problem| problem.id.as_str()).collect()
}

fn sources(file: &FileProblems) -> Vec<&str> {
    file.loaded.problems.iter().map(|problem| problem.source.as_deref().unwrap_or_default()).collect()
}

#[test]
fn one_file_stays_as_it_is() {
    let folder = TempDir::new().unwrap();
    let file = write(&folder, "a.jsonl", 3, &json!({}));
    let alone = load_problems(&file.path, BadRows::Refuse).unwrap();
    let read = load(vec![file], None).unwrap();
    assert_eq!((read[0].wanted, read[0].order()), (3, vec![0, 1, 2]));
    assert_eq!(read[0].loaded, alone);
}

#[test]
fn problems_without_a_source_are_of_their_file_and_a_named_source_replaces_all() {
    let folder = TempDir::new().unwrap();
    let plain = write(&folder, "plain.jsonl", 2, &json!({}));
    let own = write(&folder, "own.jsonl", 2, &json!({"source": "row"}));
    let named = DataFile {
        source: Some("mine".into()),
        ..write(&folder, "named.jsonl", 2, &json!({"source": "row"}))
    };
    let read = load(vec![plain.clone(), own, named.clone()], None).unwrap();
    let found: Vec<_> = read.iter().map(sources).collect();
    assert_eq!(found, [["plain"; 2], ["row"; 2], ["mine"; 2]]);
    assert!(read[0].loaded.notes[0].contains("2 problems name no source"), "{:?}", read[0].loaded.notes);
    assert_eq!(read[1].loaded.notes, [""; 0]);
    assert!(read[2].loaded.notes[0].contains("no longer of the one in their rows"));
    let alone = load(vec![DataFile { source: Some("mine".into()), ..plain }], None).unwrap();
    assert_eq!((sources(&alone[0]), alone[0].loaded.notes.len()), (vec!["mine"; 2], 0));
}

#[test]
fn ids_that_stand_in_several_files_are_told_apart() {
    let folder = TempDir::new().unwrap();
    let [a, b] = ["a/train.jsonl", "b/train.jsonl"].map(|name| write(&folder, name, 2, &json!({})));
    let read = load(vec![a, b], None).unwrap();
    assert_eq!(ids(&read[0]), ["a/train/train:1", "a/train/train:2"]);
    assert_eq!(ids(&read[1]), ["b/train/train:1", "b/train/train:2"]);
    assert!(read[1].loaded.notes.iter().any(|note| note.contains("2 ids stand in other files")));
    let c = write(&folder, "c.jsonl", 1, &json!({"id": "same"}));
    let d = write(&folder, "d.jsonl", 1, &json!({"id": "same"}));
    let e = write(&folder, "e.jsonl", 1, &json!({"id": "c/same"}));
    assert_eq!(ids(&load(vec![c.clone(), d.clone()], None).unwrap()[1]), ["d/same"]);
    let error = load(vec![c, d, e], None).unwrap_err().to_string();
    assert!(error.contains("id \"c/same\" stands in several of the files"), "{error}");
}

#[test]
fn a_bound_takes_a_sample_that_depends_on_nothing_but_the_file() {
    let folder = TempDir::new().unwrap();
    let file = write(&folder, "a.jsonl", 100, &json!({}));
    let taken = |most: usize| {
        let file = DataFile { max_problems: Some(most), ..file.clone() };
        let read = load(vec![file], None).unwrap().remove(0);
        assert_eq!(read.wanted, most.min(100));
        read.order()[..read.wanted].to_vec()
    };
    let (few, more) = (taken(10), taken(30));
    assert_eq!(few, more[..10], "a smaller sample is part of a larger one");
    assert!(few != Vec::from_iter(0..10), "not just the first");
    assert!(few.iter().any(|&place| place >= 50));
    assert_eq!(taken(100), Vec::from_iter(0..100));
    assert_eq!(taken(500), Vec::from_iter(0..100));
}

#[test]
fn a_bound_on_all_problems_is_shared_out_by_the_sizes_of_the_files() {
    let folder = TempDir::new().unwrap();
    let a = write(&folder, "a.jsonl", 80, &json!({}));
    let b = DataFile { max_problems: Some(20), ..write(&folder, "b.jsonl", 50, &json!({})) };
    let wanted = |most| -> Vec<usize> {
        load(vec![a.clone(), b.clone()], most).unwrap().iter().map(|file| file.wanted).collect()
    };
    assert_eq!(wanted(None), [80, 20]);
    assert_eq!(wanted(Some(10)), [8, 2]);
    assert_eq!(wanted(Some(1000)), [80, 20]);
    let read = load(vec![a.clone(), b.clone()], Some(10)).unwrap();
    assert!(read[0].loaded.notes.last().unwrap().contains("8 of 80 problems are used"));
    assert!(load(vec![a, b], Some(1)).unwrap_err().to_string().contains("fewer than the 2 files"));
}

#[test]
fn a_setting_may_do_nothing_to_one_file_but_not_to_all() {
    let folder = TempDir::new().unwrap();
    let a = write(&folder, "a.jsonl", 2, &json!({"note": "x"}));
    let b = write(&folder, "b.jsonl", 2, &json!({}));
    let reading = |field: &str| ReadOptions {
        ignore_fields: vec![field.into()],
        strip_suffix: vec!["1?".into()],
        must_occur: true,
        ..ReadOptions::default()
    };
    let load = |field: &str, files: [&DataFile; 2]| {
        let files: DataFiles = files.map(Clone::clone).to_vec().into();
        load_files(&files, None, |_| reading(field)).map_err(|error| error.to_string())
    };
    assert_eq!(load("note", [&a, &b]).unwrap()[0].loaded.problems[0].question, "a.jsonl");
    let error = load("other", [&a, &b]).unwrap_err();
    assert!(
        error.contains("data.ignore_fields = \"other\" changes no row of") && error.contains("b.jsonl"),
        "{error}"
    );
}
