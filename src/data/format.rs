//! One row into one problem. Three shapes are read: our own (`question`), chat messages (`message` or
//! `messages`), and benchmark rows (`problem`). Touches the file system only to see whether images exist.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{
    ImageRef, Kind, Problem, ReplyForm,
    rows::{Complaint, Fields, type_name},
};

type Parsed<T> = Result<T, Complaint>;

/// The row without its reference answer: SFT rows may have none.
///
/// `directory` is where relative image paths start; `fallback_id` names the row where it has no id.
pub(super) fn problem_without_answer(
    fields: &Fields,
    directory: &Path,
    fallback_id: String,
) -> Parsed<Problem> {
    let asked = asked(fields, directory)?;
    Ok(Problem {
        id: scalar(fields, "id")?.unwrap_or(fallback_id),
        kind: kind(fields)?,
        system: asked.system.or(string(fields, "system")?),
        question: asked.question,
        images: asked.images,
        answer: scalar(fields, "answer")?.unwrap_or_default(),
        verifier: string(fields, "verifier")?,
        source: match string(fields, "source")? {
            Some(source) => Some(source),
            None => string(fields, "dataset")?,
        },
        reply: reply(fields)?,
        columns: columns(fields),
    }
    .under_its_own_kind())
}

/// The row as a problem with a reference answer.
pub(super) fn problem(fields: &Fields, directory: &Path, fallback_id: String) -> Parsed<Problem> {
    let problem = problem_without_answer(fields, directory, fallback_id)?;
    if problem.answer.trim().is_empty() {
        return Err(r#"field "answer" is missing or empty; give the reference answer"#.into());
    }
    Ok(problem)
}

/// What is put to the model.
struct Asked {
    system: Option<String>,
    question: String,
    images: Vec<ImageRef>,
}

fn asked(fields: &Fields, directory: &Path) -> Parsed<Asked> {
    let field = ["question", "message", "messages", "problem"]
        .into_iter()
        .find(|&name| fields.contains_key(name))
        .ok_or_else(|| {
            let found: Vec<_> = fields.keys().map(String::as_str).collect();
            format!(
                r#"unknown row shape: none of "question", "message" or "problem" among its fields [{}]; give the question as "question""#,
                found.join(", ")
            )
        })?;
    let asked = match field {
        "message" | "messages" => chat(&fields[field], field, directory)?,
        "problem" => plain(fields, "problem", "image_path", directory)?,
        _ => plain(fields, "question", "images", directory)?,
    };
    if asked.question.trim().is_empty() {
        return Err(format!(r#"field "{field}" holds no question; give its text"#));
    }
    Ok(asked)
}

fn plain(fields: &Fields, question: &str, image_field: &str, directory: &Path) -> Parsed<Asked> {
    Ok(Asked {
        system: None,
        question: string(fields, question)?.unwrap_or_default(),
        images: images(fields, image_field, directory)?,
    })
}

/// Chat messages: at most one system message, then one user message. The images of the user message
/// are shown before its text, whatever their order among the parts.
fn chat(value: &Value, field: &str, directory: &Path) -> Parsed<Asked> {
    let parsed;
    let value = match value {
        Value::String(text) => {
            parsed = serde_json::from_str(text)
                .map_err(|error| format!(r#"field "{field}" is a string that is not JSON: {error}"#))?;
            &parsed
        }
        value => value,
    };
    let messages = value.as_array().ok_or_else(|| {
        format!(r#"field "{field}" must be an array of chat messages, this is {}"#, type_name(value))
    })?;
    let mut asked = Asked { system: None, question: String::new(), images: Vec::new() };
    let mut user_turns = 0;
    for message in messages {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        let (text, images) = content(message.get("content"), field, directory)?;
        match role {
            "system" if user_turns == 0 && asked.system.is_none() && images.is_empty() => {
                asked.system = Some(text);
            }
            "system" => {
                return Err(format!(
                    r#"field "{field}": only one system message, first and without images, is understood"#
                ));
            }
            "user" => {
                user_turns += 1;
                asked.question = text;
                asked.images = images;
            }
            "assistant" => {
                return Err(format!(
                    r#"field "{field}" has an assistant turn; leave it out: the model is to answer (the reference belongs in "answer")"#
                ));
            }
            other => {
                return Err(format!(
                    r#"field "{field}" has role "{other}"; "system" and "user" are understood"#
                ));
            }
        }
    }
    match user_turns {
        1 => Ok(asked),
        n => Err(format!(r#"field "{field}" has {n} user turns; exactly one is understood"#)),
    }
}

/// Text and images of a message's content: a string, or parts.
fn content(value: Option<&Value>, field: &str, directory: &Path) -> Parsed<(String, Vec<ImageRef>)> {
    let parts = match value {
        Some(Value::String(text)) => return Ok((text.clone(), Vec::new())),
        Some(Value::Array(parts)) => parts,
        _ => {
            return Err(format!(
                r#"field "{field}": a message's content must be a string or an array of parts"#
            ));
        }
    };
    let mut text = String::new();
    let mut images = Vec::new();
    for part in parts {
        match part.get("type").and_then(Value::as_str) {
            Some("text") => text.push_str(
                part.get("text")
                    .and_then(Value::as_str)
                    .ok_or_else(|| format!(r#"field "{field}": a text part has no "text""#))?,
            ),
            Some("image") => images.push(image(part, field, directory)?),
            other => {
                return Err(format!(
                    r#"field "{field}" has a part of type "{}"; "text" and "image" are understood"#,
                    other.unwrap_or("(none)")
                ));
            }
        }
    }
    Ok((text, images))
}

/// One image, several, or none.
pub(super) fn images(fields: &Fields, field: &str, directory: &Path) -> Parsed<Vec<ImageRef>> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(|item| image(item, field, directory)).collect(),
        Some(one) => Ok(vec![image(one, field, directory)?]),
    }
}

/// A path, or an object with the path under "path" or "image" and bounds of its area in pixels.
pub(super) fn image(value: &Value, field: &str, directory: &Path) -> Parsed<ImageRef> {
    let path = [Some(value), value.get("path"), value.get("image")]
        .into_iter()
        .flatten()
        .find_map(Value::as_str)
        .ok_or_else(|| format!(r#"field "{field}": an image must be a path, or an object with a "path""#))?;
    let image = ImageRef {
        path: local_file(path, field, directory)?,
        min_pixels: pixels(value, "min_pixels", field)?,
        max_pixels: pixels(value, "max_pixels", field)?,
    };
    match (image.min_pixels, image.max_pixels) {
        (Some(min), Some(max)) if min > max => {
            Err(format!(r#"field "{field}": min_pixels {min} is above max_pixels {max}; swap them"#))
        }
        _ => Ok(image),
    }
}

fn local_file(path: &str, field: &str, directory: &Path) -> Parsed<PathBuf> {
    if ["http://", "https://", "data:"].iter().any(|scheme| path.starts_with(scheme)) {
        return Err(format!(
            r#"field "{field}" refers to an image that is not a file; save it and give its path"#
        ));
    }
    let file = directory.join(path.strip_prefix("file://").unwrap_or(path));
    if !file.is_file() {
        return Err(format!(
            r#"field "{field}": no image file {}; relative paths start at the data file"#,
            file.display()
        ));
    }
    Ok(file)
}

fn pixels(value: &Value, name: &str, field: &str) -> Parsed<Option<usize>> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(number) => match number.as_u64() {
            Some(pixels) if pixels > 0 => Ok(Some(pixels as usize)),
            _ => Err(format!(r#"field "{field}": {name} must be a positive integer, not {number}"#)),
        },
    }
}

/// Any word may be a kind; whether it is one that is known is for those to say who know the kinds.
fn kind(fields: &Fields) -> Parsed<Kind> {
    let Some(name) = string(fields, "kind")? else { return Ok(Kind::default()) };
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if name.is_empty() || !name.chars().all(fits) {
        return Err(format!(
            r#"field "kind" is "{name}"; it must be one word of letters, digits, "_" and "-""#
        ));
    }
    Ok(Kind::named(&name))
}

/// The fields that a problem holds in no other way.
fn columns(fields: &Fields) -> Fields {
    let held = |name: &str| {
        matches!(name, "id" | "kind" | "system" | "question" | "answer" | "verifier" | "source" | "reply")
            || matches!(name, "message" | "messages" | "images" | "image_path" | "completion")
    };
    fields.iter().filter(|(name, _)| !held(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// How a reply is read, as recycled problems in a file say it.
fn reply(fields: &Fields) -> Parsed<ReplyForm> {
    match fields.get("reply") {
        None | Some(Value::Null) => Ok(ReplyForm::Answer),
        Some(value) => match serde_json::from_value(value.clone()) {
            Ok(ReplyForm::Choice(candidates)) if !(2..=26).contains(&candidates) => {
                Err(format!(r#"field "reply" has {candidates} candidates; letters are for 2 to 26"#))
            }
            Ok(reply) => Ok(reply),
            Err(error) => Err(format!(
                r#"field "reply" is {value} ({error}); it must be "answer", {{"choice": candidates}} or {{"critique": {{"right": true or false}}}}"#
            )),
        },
    }
}

/// A field that holds text or is absent; null counts as absent.
pub(super) fn string(fields: &Fields, field: &str) -> Parsed<Option<String>> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!(r#"field "{field}" must be a string, this is {}"#, type_name(other))),
    }
}

/// Like [`string`], but numbers and booleans are taken at their JSON text.
fn scalar(fields: &Fields, field: &str) -> Parsed<Option<String>> {
    match fields.get(field) {
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
        Some(other @ (Value::Array(_) | Value::Object(_))) => {
            Err(format!(r#"field "{field}" must be a string or a number, this is {}"#, type_name(other)))
        }
        _ => string(fields, field),
    }
}

#[cfg(test)]
mod tests;
