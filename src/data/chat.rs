//! Conversations as they are: several turns, images anywhere among the text, and a completion to score.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    ImageRef, format,
    rows::{Complaint, Fields, type_name},
    source::{BadRows, load},
};

/// Chat messages for a template, with the images that their parts show, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Chat {
    /// Each with `role` and `content`: a text, or parts of type `text` and `image`.
    pub messages: Vec<Value>,
    pub images: Vec<ImageRef>,
}

/// A conversation and what follows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredRow {
    pub id: String,
    pub chat: Chat,
    pub completion: String,
}

/// Reads rows of `messages`, `images` and `completion`.
///
/// An image part carries its path as `image` or `path`, or else takes the next of `images`. `images` may list the parts
/// with paths, too, where both agree: the same images in the same order. Where no message has image parts, the images
/// stand before the first user message's text.
///
/// # Errors
/// When the file cannot be read, is empty, or has a bad row: the message names file, line and field.
pub fn load_scored_rows(path: &Path) -> Result<Vec<ScoredRow>> {
    let (rows, _) = load(path, BadRows::Refuse, row, |row| &row.id)?;
    Ok(rows)
}

fn row(fields: &Fields, directory: &Path, fallback_id: String) -> Result<ScoredRow, Complaint> {
    let chat = chat(fields, directory)?;
    match format::string(fields, "completion")? {
        Some(completion) => Ok(ScoredRow { id: fallback_id, chat, completion }),
        None => Err(r#"field "completion" is missing; give the text to score"#.into()),
    }
}

fn chat(fields: &Fields, directory: &Path) -> Result<Chat, Complaint> {
    let mut messages = match fields.get("messages") {
        Some(Value::Array(messages)) if !messages.is_empty() => messages.clone(),
        Some(other) => {
            return Err(format!(
                r#"field "messages" must be an array of chat messages and not empty, this is {}"#,
                type_name(other)
            ));
        }
        None => return Err(r#"field "messages" is missing; give the chat before the completion"#.into()),
    };
    if fields.get("videos").is_some_and(|videos| !videos.is_null()) {
        return Err(r#"field "videos": video input is not supported; leave it out, or show single frames as "images""#.into());
    }
    let listed = format::images(fields, "images", directory)?;
    let mut shown = Vec::new();
    for message in &messages {
        if message.get("role").and_then(Value::as_str).is_none() {
            return Err(r#"field "messages": every message needs a "role""#.into());
        }
        image_parts(message, directory, &mut shown)?;
    }
    if shown.is_empty() && !listed.is_empty() {
        show_first(&mut messages, listed.len())?;
        return Ok(Chat { messages, images: listed });
    }
    let images = fill(shown, listed)?;
    Ok(Chat { messages, images })
}

/// The images that a message's parts show: `None` for one that is given elsewhere.
fn image_parts(
    message: &Value,
    directory: &Path,
    shown: &mut Vec<Option<ImageRef>>,
) -> Result<(), Complaint> {
    let parts = match message.get("content") {
        Some(Value::String(_)) => return Ok(()),
        Some(Value::Array(parts)) => parts,
        _ => {
            return Err(
                r#"field "messages": a message's content must be a string or an array of parts"#.into()
            );
        }
    };
    for part in parts {
        match part.get("type").and_then(Value::as_str) {
            Some("text") if part.get("text").and_then(Value::as_str).is_none() => {
                return Err(r#"field "messages": a text part has no "text""#.into());
            }
            Some("text") => {}
            Some("image") if part.get("image").or(part.get("path")).is_none() => shown.push(None),
            Some("image") => shown.push(Some(format::image(part, "messages", directory)?)),
            other => {
                return Err(format!(
                    r#"field "messages" has a part of type "{}"; "text" and "image" are understood"#,
                    other.unwrap_or("(none)")
                ));
            }
        }
    }
    Ok(())
}

/// The images of all parts, in order: `images` lists those without a path, or all of them.
fn fill(shown: Vec<Option<ImageRef>>, listed: Vec<ImageRef>) -> Result<Vec<ImageRef>, Complaint> {
    let open = shown.iter().filter(|image| image.is_none()).count();
    if open == listed.len() {
        let mut listed = listed.into_iter();
        let images = shown.into_iter().map(|image| image.or_else(|| listed.next()));
        return Ok(images.map(|image| image.expect("as many as are open")).collect());
    }
    let all = shown.len();
    if all != listed.len() {
        let listed = listed.len();
        return Err(match open == all {
            true => format!(
                r#"field "messages" shows {open} images without a path, and "images" lists {listed}; make them agree"#
            ),
            false => format!(
                r#"field "messages" shows {all} images, {open} of them without a path, and "images" lists {listed}; list all of them, those without a path, or none"#
            ),
        });
    }
    (1..)
        .zip(shown.into_iter().zip(listed))
        .map(|(number, (shown, listed))| agreed(number, shown, listed))
        .collect()
}

/// What a part shows and the list says of one image. Either may set the bounds of its area.
fn agreed(number: usize, shown: Option<ImageRef>, listed: ImageRef) -> Result<ImageRef, Complaint> {
    let Some(shown) = shown else { return Ok(listed) };
    let differ = |shown: Option<usize>, listed: Option<usize>| {
        shown.zip(listed).is_some_and(|(shown, listed)| shown != listed)
    };
    if shown.path != listed.path {
        return Err(format!(
            r#"image {number} is {} in "messages", and {} in "images"; make them agree, or leave out "images""#,
            shown.path.display(),
            listed.path.display()
        ));
    }
    if differ(shown.min_pixels, listed.min_pixels) || differ(shown.max_pixels, listed.max_pixels) {
        return Err(format!(
            r#"image {number} has other bounds of its area in "messages" than in "images"; make them agree"#
        ));
    }
    Ok(ImageRef {
        min_pixels: shown.min_pixels.or(listed.min_pixels),
        max_pixels: shown.max_pixels.or(listed.max_pixels),
        ..shown
    })
}

/// Puts images before the text of the first user message.
fn show_first(messages: &mut [Value], images: usize) -> Result<(), Complaint> {
    let user = messages.iter_mut().find(|message| message["role"] == "user");
    let user = user.ok_or(r#"field "messages": there is no user message to show "images" in"#)?;
    let text = match user["content"].take() {
        Value::String(text) => vec![json!({"type": "text", "text": text})],
        Value::Array(parts) => parts,
        _ => unreachable!("contents have been checked"),
    };
    let images = vec![json!({"type": "image"}); images];
    user["content"] = Value::Array([images, text].concat());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(row_fields: Value) -> Result<ScoredRow, Complaint> {
        let directory = tempfile::tempdir().unwrap();
        for name in ["a.png", "b.png"] {
            std::fs::write(directory.path().join(name), b"").unwrap();
        }
        row(row_fields.as_object().unwrap(), directory.path(), "rows:1".into())
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
        let parts = json!([{"type": "image", "image": "a.png", "max_pixels": 64}, {"type": "image", "path": "b.png"}]);
        let row = parse(json!({"messages": user(parts), "completion": "c"})).unwrap();
        assert_eq!(
            (names(&row), row.chat.images[0].max_pixels),
            (vec!["a.png".into(), "b.png".into()], Some(64))
        );
    }

    #[test]
    fn shown_and_listed_images_that_agree_are_one() {
        let parts = json!([{"type": "image", "image": "a.png"}, {"type": "image", "image": "b.png", "max_pixels": 64}]);
        let images = json!([{"path": "a.png", "min_pixels": 16}, "b.png"]);
        let row = parse(json!({"messages": user(parts), "images": images, "completion": "c"})).unwrap();
        assert_eq!(names(&row), ["a.png", "b.png"]);
        let bounds = |image: &ImageRef| (image.min_pixels, image.max_pixels);
        assert_eq!(
            row.chat.images.iter().map(bounds).collect::<Vec<_>>(),
            [(Some(16), None), (None, Some(64))]
        );
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
        let parts = json!([{"type": "image", "image": "a.png", "max_pixels": 64}, {"type": "image", "image": "b.png"}]);
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
            (json!({"completion": "c"}), "\"messages\" is missing"),
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
}
