//! What a row's fields are called in the data sets of others, and what is refused because it looks like a prompt, an
//! answer or an image and would be left unread: a dropped image makes a problem unsolvable, and nobody is told.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

use super::{
    ImageRef,
    image::{ImageFiles, listed_images},
    rows::{Complaint, Fields, present, type_name},
};

/// The fields that hold what is asked.
pub(super) const PROMPTS: [&str; 5] = ["question", "problem", "prompt", "message", "messages"];

/// The fields that hold images.
const IMAGES: [&str; 4] = ["images", "image", "image_path", "image_paths"];

/// The fields that hold a reference answer, the first that counts first: a `solution` may be a whole working. verl's
/// `reward_model` holds the answer as its `ground_truth`.
pub(super) const ANSWERS: [&str; 5] = ["answer", "answers", "ground_truth", "reward_model", "solution"];

/// The other fields that a problem holds otherwise than among its columns.
const OWN: [&str; 10] = [
    "id",
    "kind",
    "system",
    "verifier",
    "source",
    "reply",
    "reflects_on",
    "completion",
    "history",
    "image_places",
];

/// What else a question is called. Nobody reads it, and a row may well ask by it.
const LIKE_PROMPTS: [&str; 10] = [
    "query",
    "instruction",
    "conversation",
    "conversations",
    "dialog",
    "dialogue",
    "user_prompt",
    "system_prompt",
    "questions",
    "prompts",
];

/// What else an answer is called.
const LIKE_ANSWERS: [&str; 12] = [
    "solutions",
    "ground_truths",
    "groundtruth",
    "gold",
    "gold_answer",
    "golden_answers",
    "label",
    "reference_answer",
    "final_answer",
    "correct_answer",
    "expected_answer",
    "gt_answer",
];

/// What else images are called, and what can be seen or heard and is not supported.
const LIKE_IMAGES: [&str; 24] = [
    "img",
    "imgs",
    "img_path",
    "img_paths",
    "image_file",
    "image_files",
    "image_url",
    "image_urls",
    "image_bytes",
    "image_base64",
    "decoded_image",
    "picture",
    "pictures",
    "photo",
    "photos",
    "figure",
    "figures",
    "video",
    "videos",
    "video_path",
    "video_paths",
    "audio",
    "audios",
    "multi_modal_data",
];

/// The field that asks. Others that could are the same, or refused.
pub(super) fn prompt_field(fields: &Fields) -> Result<(&'static str, &Value), Complaint> {
    let mut found = PROMPTS.into_iter().filter_map(|name| Some((name, present(fields, name)?)));
    let Some((name, value)) = found.next() else {
        let names: Vec<_> = fields.keys().map(String::as_str).collect();
        return Err(format!(
            r#"unknown row shape: none of {} among its fields [{}]; give the question as "question""#,
            quoted(&PROMPTS),
            names.join(", ")
        ));
    };
    match found.find(|(_, other)| *other != value) {
        Some((other, _)) => Err(format!(
            r#"fields "{name}" and "{other}" both look like the prompt and differ; keep one, or name the other in data.ignore_fields"#
        )),
        None => Ok((name, value)),
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// The images that a row lists, under whatever name. Several fields must list the same.
pub(super) fn row_images(fields: &Fields, files: ImageFiles<'_>) -> Result<Vec<ImageRef>, Complaint> {
    let mut known: Option<(&str, Vec<ImageRef>)> = None;
    for (name, value) in IMAGES.iter().filter_map(|&name| Some((name, present(fields, name)?))) {
        let images = listed_images(value, name, files)?;
        match &known {
            _ if images.is_empty() => {}
            None => known = Some((name, images)),
            Some((_, same)) if *same == images => {}
            Some((first, _)) => {
                return Err(format!(
                    r#"fields "{first}" and "{name}" list different images; keep one, or name the other in data.ignore_fields"#
                ));
            }
        }
    }
    Ok(known.map(|(_, images)| images).unwrap_or_default())
}

/// Whether a field is one of those that a problem holds otherwise than among its columns.
pub(super) fn is_held(name: &str) -> bool {
    name == "alternatives"
        || [PROMPTS.as_slice(), &IMAGES, &ANSWERS, &OWN].iter().any(|names| names.contains(&name))
}

/// Refuses a row with a field that looks like a prompt, an answer or an image and is not read. `images` are those that
/// are; `answers_matter` where the row is to have a reference.
pub(super) fn refuse_unread(
    fields: &Fields,
    images: &[&ImageRef],
    files: ImageFiles<'_>,
    answers_matter: bool,
) -> Result<(), Complaint> {
    let refuse = |name: &str, like: &str, read: &str| {
        Err(format!(
            r#"field "{name}" looks like {like} and is not read; give it as {read}, leave it out, or name it in data.ignore_fields"#
        ))
    };
    let used: BTreeSet<&Path> = images.iter().map(|image| image.path.as_path()).collect();
    for (name, value) in fields.iter().filter(|(name, value)| !is_held(name) && !value.is_null()) {
        let lowered = name.to_lowercase();
        let is = |names: &[&str]| names.contains(&lowered.as_str());
        if is(&PROMPTS) || is(&IMAGES) || is(&ANSWERS) {
            return refuse(name, "a field that is written in small letters", &format!("\"{lowered}\""));
        }
        if lowered.starts_with("video") || lowered.starts_with("audio") {
            return Err(format!(
                r#"field "{name}": video and sound are not supported; leave it out, show single frames as "images", or name it in data.ignore_fields"#
            ));
        }
        if is(&LIKE_PROMPTS) {
            return refuse(name, "a prompt", r#""question" or "messages""#);
        }
        if answers_matter && is(&LIKE_ANSWERS) {
            return refuse(name, "an answer", r#""answer""#);
        }
        if is(&LIKE_IMAGES) || is_numbered_image(&lowered) || holds_image(value, &used, files) {
            return refuse(name, "an image", r#""images""#);
        }
    }
    Ok(())
}

/// `image_1`, `img2` and their like.
fn is_numbered_image(name: &str) -> bool {
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    stem.len() < name.len() && ["image", "img", "picture"].contains(&stem.trim_end_matches('_'))
}

/// Whether a value is or holds an image that is not among those used: a file by the ending of an image, image data in
/// a text, or an object with bytes, as data sets write them.
fn holds_image(value: &Value, used: &BTreeSet<&Path>, files: ImageFiles<'_>) -> bool {
    match value {
        Value::String(text) => text.starts_with("data:image/") || is_other_file(text, used, files),
        Value::Array(items) => items.iter().any(|item| holds_image(item, used, files)),
        Value::Object(fields) => {
            let bytes = fields.get("bytes").is_some_and(|bytes| bytes.is_string() || bytes.is_array());
            bytes && fields.contains_key("path")
                || fields.values().any(|value| holds_image(value, used, files))
        }
        _ => false,
    }
}

fn is_other_file(text: &str, used: &BTreeSet<&Path>, files: ImageFiles<'_>) -> bool {
    const ENDINGS: [&str; 8] = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"];
    if text.len() > 4096 || text.contains('\n') {
        return false;
    }
    let ending = Path::new(text).extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
    if !ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
        return false;
    }
    let look = ImageFiles { must_exist: true, ..files };
    look.find(text).is_ok_and(|file| !used.contains(file.as_path()))
}

/// A field that holds text or is absent; null counts as absent.
pub(super) fn string(fields: &Fields, field: &str) -> Result<Option<String>, Complaint> {
    match present(fields, field) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!(r#"field "{field}" must be a string, this is {}"#, type_name(other))),
    }
}

/// A value that is a text; numbers and booleans are taken at their JSON text.
pub(super) fn scalar(value: &Value, field: &str) -> Result<String, Complaint> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(truth) => Ok(truth.to_string()),
        // Beyond 64 bits a number has lost its last digits by now.
        Value::Number(number)
            if number.as_f64().is_some_and(|value| value.abs() >= 9.0e15) && number.is_f64() =>
        {
            Err(format!(
                r#"field "{field}" is a number with more digits than are kept ({number}); write it as a string"#
            ))
        }
        Value::Number(number) => Ok(number.to_string()),
        other => {
            Err(format!(r#"field "{field}" must be a string or a number, this is {}"#, type_name(other)))
        }
    }
}
