//! Conversations of every shape, and what is said of bad ones.

use super::*;
use crate::data::{ChatTurn, Speaker};

fn parse(row_fields: Value) -> Result<ScoredRow, Complaint> {
    let directory = tempfile::tempdir().unwrap();
    for name in ["a.png", "b.png"] {
        std::fs::write(directory.path().join(name), b"").unwrap();
    }
    let files = ImageFiles { roots: &[directory.path()], must_exist: true, store: None };
    row(row_fields.as_object().unwrap(), files, "rows:1".into())
}

fn names(row: &ScoredRow) -> Vec<String> {
    row.chat.images.iter().map(|i| i.path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

fn user(content: Value) -> Value {
    json!([{"role": "user", "content": content}])
}

#[test]
fn images_stand_where_their_parts_are() {
    let parts = json!([{"type": "text", "text": "one"}, {"type": "image"}, {"type": "text", "text": "two"},
        {"type": "image"}]);
    let row =
        parse(json!({"messages": user(parts.clone()), "images": ["b.png", "a.png"], "completion": "c"}));
    let row = row.unwrap();
    assert_eq!(names(&row), ["b.png", "a.png"]);
    assert_eq!(row.chat.messages[0]["content"], parts);
}

#[test]
fn a_part_may_carry_its_own_path_and_bounds() {
    let parts =
        json!([{"type": "image", "image": "a.png", "max_pixels": 64}, {"type": "image", "path": "b.png"}]);
    let row = parse(json!({"messages": user(parts), "completion": "c"})).unwrap();
    assert_eq!(
        (names(&row), row.chat.images[0].max_pixels),
        (vec!["a.png".into(), "b.png".into()], Some(64))
    );
}

#[test]
fn shown_and_listed_images_that_agree_are_one() {
    let parts =
        json!([{"type": "image", "image": "a.png"}, {"type": "image", "image": "b.png", "max_pixels": 64}]);
    let images = json!([{"path": "a.png", "min_pixels": 16}, "b.png"]);
    let row = parse(json!({"messages": user(parts), "images": images, "completion": "c"})).unwrap();
    assert_eq!(names(&row), ["a.png", "b.png"]);
    let bounds = |image: &ImageRef| (image.min_pixels, image.max_pixels);
    assert_eq!(row.chat.images.iter().map(bounds).collect::<Vec<_>>(), [(Some(16), None), (None, Some(64))]);
}

#[test]
fn a_list_of_all_images_fills_the_parts_without_a_path() {
    let parts = json!([{"type": "image"}, {"type": "image", "image": "b.png"}]);
    let row =
        parse(json!({"messages": user(parts), "images": ["a.png", "b.png"], "completion": "c"})).unwrap();
    assert_eq!(names(&row), ["a.png", "b.png"]);
}

#[test]
fn shown_and_listed_images_that_disagree_are_refused_with_both() {
    let parts =
        json!([{"type": "image", "image": "a.png", "max_pixels": 64}, {"type": "image", "image": "b.png"}]);
    for (images, expected) in [
        (json!(["b.png", "a.png"]), vec!["image 1 is", "a.png in \"messages\"", "b.png in \"images\""]),
        (json!(["a.png"]), vec!["shows 2 images", "0 of them without a path", "\"images\" lists 1"]),
        (json!([{"path": "a.png", "max_pixels": 32}, "b.png"]), vec!["image 1", "bounds"]),
    ] {
        let row = json!({"messages": user(parts.clone()), "images": images, "completion": "c"});
        let complaint = parse(row).unwrap_err();
        assert!(expected.iter().all(|part| complaint.contains(part)), "{complaint}");
    }
}

#[test]
fn images_without_a_place_come_before_the_first_question() {
    let messages = json!([{"role": "system", "content": "s"}, {"role": "user", "content": "q"},
        {"role": "assistant", "content": "a"}, {"role": "user", "content": "r"}]);
    let row = parse(json!({"messages": messages, "images": ["a.png"], "completion": ""})).unwrap();
    let expected = json!([{"type": "image"}, {"type": "text", "text": "q"}]);
    assert_eq!((row.chat.messages[1]["content"].clone(), names(&row)), (expected, vec!["a.png".into()]));
    assert_eq!(row.chat.messages[3]["content"], "r");
}

#[test]
fn a_bad_row_is_told_its_field_and_the_remedy() {
    let image = || user(json!([{"type": "image"}]));
    for (row, expected) in [
        (json!({"completion": "c"}), "unknown row shape"),
        (json!({"messages": [], "completion": "c"}), "not empty"),
        (json!({"messages": user(json!("q"))}), "\"completion\" is missing"),
        (json!({"messages": [{"content": "q"}], "completion": "c"}), "\"role\""),
        (json!({"messages": user(json!(3)), "completion": "c"}), "content must be"),
        (json!({"messages": user(json!([{"type": "text"}])), "completion": "c"}), "has no \"text\""),
        (json!({"messages": user(json!("q")), "videos": ["v.mp4"], "completion": "c"}), "\"videos\""),
        (json!({"messages": user(json!([{"type": "video"}])), "completion": "c"}), "\"video\""),
        (
            json!({"messages": image(), "completion": "c"}),
            "shows 1 images without a path, and \"images\" lists 0",
        ),
        (json!({"messages": image(), "images": ["a.png", "b.png"], "completion": "c"}), "lists 2"),
        (json!({"messages": image(), "images": ["c.png"], "completion": "c"}), "no image file"),
        (
            json!({"messages": [{"role": "system", "content": "s"}], "images": ["a.png"], "completion": "c"}),
            "no user message",
        ),
    ] {
        let complaint = parse(row.clone()).unwrap_err();
        assert!(complaint.contains(expected), "{row}: {complaint}");
    }
}

#[test]
fn marks_in_texts_are_parts_and_other_texts_stay_as_they_are() {
    let messages = json!([{"role": "user", "content": "a <image>\nb"},
        {"role": "assistant", "content": [{"type": "text", "text": "c"}], "name": "n"},
        {"role": "user", "content": [{"type": "text", "text": "<image>d"}, {"type": "text", "text": "e"}]}]);
    let row = parse(json!({"messages": messages, "images": ["b.png", "a.png"], "completion": "c"})).unwrap();
    assert_eq!(names(&row), ["b.png", "a.png"]);
    let text = |text: &str| json!({"type": "text", "text": text});
    let image = || json!({"type": "image"});
    assert_eq!(row.chat.messages[0]["content"], json!([text("a "), image(), text("\nb")]));
    assert_eq!(row.chat.messages[1], messages[1]);
    assert_eq!(row.chat.messages[2]["content"], json!([image(), text("d"), text("e")]));
}

#[test]
fn what_is_asked_may_have_any_shape_of_a_problem() {
    let row =
        parse(json!({"system": "s", "prompt": "a <image> b", "image": "a.png", "completion": "c"})).unwrap();
    let content = json!([{"type": "text", "text": "a "}, {"type": "image"}, {"type": "text", "text": " b"}]);
    let expected = json!([{"role": "system", "content": "s"}, {"role": "user", "content": content}]);
    assert_eq!((json!(row.chat.messages), names(&row)), (expected, vec!["a.png".to_owned()]));
    let complaint =
        parse(json!({"messages": user(json!("q")), "image_url": "x", "completion": "c"})).unwrap_err();
    assert!(complaint.contains("\"image_url\" looks like an image"), "{complaint}");
}

#[test]
fn a_problem_puts_its_turns_and_images_in_order() {
    let image = |name: &str| ImageRef::from(std::path::PathBuf::from(name));
    let problem = Problem {
        system: Some("s".into()),
        history: vec![
            ChatTurn {
                speaker: Speaker::User,
                text: "one".into(),
                images: vec![image("1")],
                image_places: vec![],
            },
            ChatTurn {
                speaker: Speaker::Assistant,
                text: "two".into(),
                images: vec![],
                image_places: vec![],
            },
        ],
        question: "abc".into(),
        images: vec![image("2"), image("3")],
        image_places: vec![1, 3],
        ..Problem::default()
    };
    let text = |text: &str| json!({"type": "text", "text": text});
    let shown = || json!({"type": "image"});
    let chat = Chat::of(&problem, None).unwrap();
    assert_eq!(chat.images, [image("1"), image("2"), image("3")]);
    let turn = |role: &str, content: Value| json!({"role": role, "content": content});
    assert_eq!(
        chat.messages,
        [
            turn("system", json!("s")),
            turn("user", json!([shown(), text("one")])),
            turn("assistant", json!("two")),
            turn("user", json!([text("a"), shown(), text("bc"), shown()])),
        ]
    );
    let instructed = Chat::of(&problem, Some("Box it.")).unwrap();
    assert_eq!(
        instructed.messages[3]["content"],
        json!([text("a"), shown(), text("bc"), shown(), text("\nBox it.")])
    );
    let misplaced = Problem { image_places: vec![1, 4], ..problem };
    assert!(Chat::of(&misplaced, None).unwrap_err().to_string().contains("places [1, 4]"));
}
