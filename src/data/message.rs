//! One chat message, read: who speaks, and texts and images in their order.

use serde_json::{Map, Value};

use super::{
    ImageRef,
    image::{ImageFiles, image_part},
    marks::{MarkedPiece, cut_at_marks},
    rows::{Complaint, present, type_name, unread},
};

/// A chat message whose images may be given elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ChatMessage {
    pub role: String,
    pub content: Vec<ContentPiece>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum ContentPiece {
    Text(String),
    Image(ShownImage),
}

/// How an image comes to stand in a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ShownImage {
    /// As a part: with its file, or for the next image of the row.
    Part(Option<ImageRef>),
    /// As a mark in the text: for the image of this number, from 1, or for the next one.
    Mark(Option<usize>),
}

impl ChatMessage {
    /// What a user asks in one text. Where `literal`, the text has no marks.
    pub(super) fn of_user(text: &str, literal: bool) -> Self {
        Self { role: "user".to_owned(), content: text_pieces(text, literal) }
    }

    /// Reads a message of the row's field. Its image files are looked for in `files`.
    pub(super) fn read(
        value: &Value,
        field: &str,
        files: ImageFiles<'_>,
        literal: bool,
    ) -> Result<Self, Complaint> {
        let Some(role) = value.get("role").and_then(Value::as_str) else {
            return Err(format!(
                r#"field "{field}": every message needs a "role" ("user", "assistant" or "system") and a "content""#
            ));
        };
        let content = match value.get("content") {
            Some(Value::String(text)) => text_pieces(text, literal),
            Some(Value::Array(parts)) => {
                let mut pieces = Vec::new();
                for part in parts {
                    pieces.extend(part_pieces(part, field, files, literal)?);
                }
                pieces
            }
            _ => {
                return Err(format!(
                    r#"field "{field}": a message's content must be a string or an array of parts"#
                ));
            }
        };
        Ok(Self { role: role.to_owned(), content })
    }

    /// Its images, in order.
    pub(super) fn images(&self) -> impl Iterator<Item = &ShownImage> {
        self.content.iter().filter_map(|piece| match piece {
            ContentPiece::Image(image) => Some(image),
            ContentPiece::Text(_) => None,
        })
    }

    /// Its texts, in order.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.content.iter().filter_map(|piece| match piece {
            ContentPiece::Text(text) => Some(text.as_str()),
            ContentPiece::Image(_) => None,
        })
    }
}

fn text_pieces(text: &str, literal: bool) -> Vec<ContentPiece> {
    if literal {
        return vec![ContentPiece::Text(text.to_owned())];
    }
    let piece = |piece| match piece {
        MarkedPiece::Text(text) => ContentPiece::Text(text.to_owned()),
        MarkedPiece::Mark(number) => ContentPiece::Image(ShownImage::Mark(number)),
    };
    cut_at_marks(text).into_iter().map(piece).collect()
}

fn part_pieces(
    part: &Value,
    field: &str,
    files: ImageFiles<'_>,
    literal: bool,
) -> Result<Vec<ContentPiece>, Complaint> {
    let Value::Object(part) = part else {
        return Err(format!(
            r#"field "{field}": a part must be an object with a "type", this is {}"#,
            type_name(part)
        ));
    };
    match part.get("type").and_then(Value::as_str) {
        Some("text") => Ok(text_pieces(text_of(part, field)?, literal)),
        Some("image" | "image_url") => {
            refuse_text(part, field)?;
            Ok(vec![ContentPiece::Image(ShownImage::Part(image_part(part, field, files)?))])
        }
        other => Err(format!(
            r#"field "{field}" has a part of type "{}"; "text", "image" and "image_url" are understood"#,
            other.unwrap_or("(none)")
        )),
    }
}

/// The text of a text part. What else a part may hold is null in tables whose parts all have the same fields.
fn text_of<'a>(part: &'a Map<String, Value>, field: &str) -> Result<&'a str, Complaint> {
    if let Some(name) = unread(part, |name| matches!(name, "type" | "text")) {
        return Err(format!(r#"field "{field}": a text part has "{name}", which is not read; leave it out"#));
    }
    part.get("text")
        .and_then(Value::as_str)
        .ok_or_else(|| format!(r#"field "{field}": a text part has no "text""#))
}

fn refuse_text(part: &Map<String, Value>, field: &str) -> Result<(), Complaint> {
    match present(part, "text") {
        None => Ok(()),
        Some(_) => Err(format!(
            r#"field "{field}": an image part has a "text"; give it as a part of type "text" of its own"#
        )),
    }
}
