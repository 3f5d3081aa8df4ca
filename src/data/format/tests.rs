//! Rows of every shape, and what is said of bad ones.

use serde_json::{Value, json};

use super::*;

/// Parses a row next to which the images `a.png` and `b.png` lie.
fn parse(row: Value) -> (tempfile::TempDir, Result<Problem, Complaint>) {
    let directory = tempfile::tempdir().unwrap();
    for name in ["a.png", "b.png"] {
        std::fs::write(directory.path().join(name), b"").unwrap();
    }
    let files = ImageFiles { roots: &[directory.path()], must_exist: true, store: None };
    let parsed = problem(row.as_object().unwrap(), files, "file:1".into());
    (directory, parsed)
}

fn complaint(row: Value) -> String {
    parse(row).1.unwrap_err()
}

#[test]
fn our_own_rows_carry_every_field_and_tolerate_others() {
    let (directory, parsed) = parse(json!({
        "id": 7, "question": "How many?", "answer": "3", "kind": "pointwise", "verifier": "math",
        "source": "digits", "system": "Count.", "difficulty": 0.5,
        "images": ["a.png", {"path": "b.png", "min_pixels": 16, "max_pixels": 64}],
    }));
    let expected = Problem {
        id: "7".into(),
        kind: Kind::POINTWISE,
        system: Some("Count.".into()),
        question: "How many?".into(),
        images: vec![
            directory.path().join("a.png").into(),
            ImageRef { path: directory.path().join("b.png"), min_pixels: Some(16), max_pixels: Some(64) },
        ],
        answer: "3".into(),
        verifier: Some("math".into()),
        source: Some("digits".into()),
        columns: json!({"difficulty": 0.5}).as_object().unwrap().clone(),
        ..Problem::default()
    };
    assert_eq!(parsed.unwrap(), expected);
}

#[test]
fn a_reflection_says_in_its_row_which_problem_it_is_about() {
    let row = json!({"id": "p", "kind": "reflection", "question": "How many? Somebody says 4.", "answer": "3",
        "reflects_on": {"start": 0, "length": 9, "right": false}});
    let read = parse(row).1.unwrap();
    assert!(read.columns.is_empty());
    assert_eq!(read.reflected().unwrap().question, "How many?");
    assert_eq!(parse(Value::Object(read.to_row())).1.unwrap(), read);
    let refused = complaint(json!({"question": "q", "answer": "a", "reflects_on": "p7"}));
    assert!(refused.contains("data.ignore_fields"), "{refused}");
}

#[test]
fn further_fields_are_kept_in_whatever_shape_a_row_has_and_survive_being_written() {
    let tests = json!({"in": ["1 2"], "out": [3.25]});
    for row in [
        json!({"question": "q", "answer": "a", "tests": tests, "level": null}),
        json!({"messages": [{"role": "user", "content": "q"}], "answer": "a", "tests": tests, "level": null}),
        json!({"id": 1, "question": "q", "images": [], "answer": "a", "tests": tests, "level": null}),
    ] {
        let read = parse(row).1.unwrap();
        assert_eq!(json!(read.columns), json!({"tests": tests, "level": null}));
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(serde_json::from_value::<Problem>(written.clone()).unwrap(), read);
        assert_eq!(parse(written).1.unwrap(), read);
    }
}

#[test]
fn recycled_rows_say_how_a_reply_is_read() {
    let read = |kind: &str, reply: Value| {
        let row = json!({"question": "q", "answer": "B", "kind": kind, "reply": reply});
        let problem = parse(row).1.unwrap();
        (problem.kind, problem.reply)
    };
    assert_eq!(read("choice", json!({"choice": 4})), (Kind::CHOICE, ReplyForm::Choice(4)));
    assert_eq!(read("pairwise", json!({"choice": 4})), (Kind::CHOICE, ReplyForm::Choice(4)));
    let critique = ReplyForm::Critique { right: true };
    assert_eq!(read("critique", json!({"critique": {"right": true}})), (Kind::CRITIQUE, critique));
    assert_eq!(read("my-own", json!(null)), (Kind::new("my-own"), ReplyForm::Answer));
}

#[test]
fn a_row_without_id_is_named_after_its_place() {
    assert_eq!(parse(json!({"question": "q", "answer": "a"})).1.unwrap().id, "file:1");
}

#[test]
fn answers_may_be_numbers_or_booleans() {
    for (answer, text) in [(json!(3), "3"), (json!(-0.25), "-0.25"), (json!(true), "true")] {
        assert_eq!(parse(json!({"question": "q", "answer": answer})).1.unwrap().answer, text);
    }
}

#[test]
fn chat_messages_come_as_array_or_as_text() {
    let messages = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [
            {"type": "image", "image": "a.png", "max_pixels": 1048576},
            {"type": "text", "text": "What "},
            {"type": "text", "text": "is it?"},
        ]},
    ]);
    for (field, value) in [
        ("message", messages.clone()),
        ("messages", messages.clone()),
        ("message", json!(messages.to_string())),
    ] {
        let (directory, parsed) = parse(json!({field: value, "answer": "a"}));
        let problem = parsed.unwrap();
        assert_eq!(problem.system.as_deref(), Some("Be brief."));
        assert_eq!(problem.question, "What is it?");
        assert_eq!(problem.images[0].path, directory.path().join("a.png"));
        assert_eq!(problem.images[0].max_pixels, Some(1_048_576));
    }
}

#[test]
fn benchmark_rows_have_one_image_several_or_none() {
    for (images, count) in [(json!(null), 0), (json!("a.png"), 1), (json!(["a.png", "b.png"]), 2)] {
        let row = json!({"dataset": "MathVista", "problem": "q", "answer": "a", "image_path": images});
        let problem = parse(row).1.unwrap();
        assert_eq!(problem.images.len(), count);
        assert_eq!((problem.question.as_str(), problem.source.as_deref()), ("q", Some("MathVista")));
    }
}

#[test]
fn a_bad_row_is_told_its_field_and_the_remedy() {
    let user = json!({"role": "user", "content": "q"});
    let cases = [
        (json!({"text": "q", "answer": "a"}), "unknown row shape"),
        (json!({"question": " ", "answer": "a"}), "\"question\" holds no question"),
        (json!({"question": 5, "answer": "a"}), "\"question\" must be a string"),
        (json!({"question": "q"}), "\"answer\" is missing or empty"),
        (json!({"question": "q", "answer": ""}), "\"answer\" is missing or empty"),
        (json!({"question": "q", "answer": []}), "\"answer\" is missing or empty"),
        (json!({"question": "q", "answer": [["a"]]}), "\"answer\" must be a string or a number"),
        (json!({"question": "q", "answer": ["a", " "]}), "lists an empty answer"),
        (json!({"question": "q", "answer": 1e300}), "write it as a string"),
        (json!({"question": "q", "answer": "a", "id": 12345678901234567890123.0}), "write it as a string"),
        (json!({"question": "q", "answer": "a", "kind": "a guess"}), "must be one word"),
        (json!({"question": "q", "answer": "a", "reply": {"choices": 3}}), "{\"choice\": candidates}"),
        (json!({"question": "q", "answer": "a", "reply": {"choice": 255}}), "letters are for 2 to 26"),
        (json!({"question": "q", "answer": "a", "images": ["c.png"]}), "no image file"),
        (json!({"question": "q", "answer": "a", "images": [3]}), "must be a path"),
        (json!({"question": "q", "answer": "a", "images": ["https://x.org/a.png"]}), "save it"),
        (
            json!({"question": "q", "answer": "a", "images": [{"path": "a.png", "min_pixels": 0}]}),
            "positive integer",
        ),
        (
            json!({"question": "q", "answer": "a", "images": [{"path": "a.png", "min_pixels": 9, "max_pixels": 4}]}),
            "swap them",
        ),
        (json!({"message": "[", "answer": "a"}), "not JSON"),
        (json!({"message": [user, user], "answer": "a"}), "two user turns in a row"),
        (json!({"message": [], "answer": "a"}), "0 user turns"),
        (json!({"message": [user, {"role": "assistant", "content": "a"}], "answer": "a"}), "assistant turn"),
        (json!({"message": [user, {"role": "system", "content": "s"}], "answer": "a"}), "one system message"),
        (json!({"message": [{"role": "tool", "content": "q"}], "answer": "a"}), "role \"tool\""),
        (json!({"message": [{"role": "user", "content": [{"type": "video"}]}], "answer": "a"}), "\"video\""),
        (json!({"message": [{"role": "user"}], "answer": "a"}), "content must be"),
    ];
    for (row, expected) in cases {
        let complaint = complaint(row.clone());
        assert!(complaint.contains(expected), "{row}: {complaint}");
    }
}
