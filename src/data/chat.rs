//! Conversations as templates take them: messages with texts and images in their order, and a completion to score.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    ImageRef, Problem, ReadOptions, ShownPiece,
    asked::messages_of,
    fields::{prompt_field, refuse_unread, row_images, string},
    format::problem_without_answer,
    image::ImageFiles,
    message::{ChatMessage, ContentPiece},
    placing::placed_images,
    rows::{Complaint, Fields},
    shown_pieces,
    source::load,
};
use crate::error::input_error;

/// Chat messages for a template, with the images that their parts show, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Chat {
    /// Each with `role` and `content`: a text, or parts of type `text` and `image`.
    pub messages: Vec<Value>,
    pub images: Vec<ImageRef>,
}

impl Chat {
    /// What a problem puts to the model, up to its reply. An instruction goes behind the question, on a line of its own.
    ///
    /// # Errors
    /// When the problem has images at places that its text does not have.
    pub fn of(problem: &Problem, instruction: Option<&str>) -> Result<Self> {
        let mut messages: Vec<Value> =
            problem.system.iter().map(|text| json!({"role": "system", "content": text})).collect();
        for turn in &problem.history {
            let content = content(&turn.text, &turn.images, &turn.image_places)?;
            messages.push(json!({"role": turn.speaker.role(), "content": content}));
        }
        let asked = match instruction {
            Some(instruction) => &format!("{}\n{instruction}", problem.question),
            None => &problem.question,
        };
        let content = content(asked, &problem.images, &problem.image_places)?;
        messages.push(json!({"role": "user", "content": content}));
        Ok(Self { messages, images: problem.all_images().cloned().collect() })
    }
}

/// Just the text where there are no images, else parts.
fn content(text: &str, images: &[ImageRef], places: &[usize]) -> Result<Value> {
    let Some(pieces) = shown_pieces(text, images, places) else {
        return Err(input_error(format!(
            "its {} images stand at the places {places:?}, which its text does not have",
            images.len()
        )));
    };
    if images.is_empty() {
        return Ok(json!(text));
    }
    let mut parts: Vec<Value> = pieces
        .into_iter()
        .map(|piece| match piece {
            ShownPiece::Text(text) => json!({"type": "text", "text": text}),
            ShownPiece::Image(_) => json!({"type": "image"}),
        })
        .collect();
    if text.is_empty() {
        parts.push(json!({"type": "text", "text": ""}));
    }
    Ok(Value::Array(parts))
}

/// A conversation and what follows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredRow {
    pub id: String,
    pub chat: Chat,
    pub completion: String,
}

/// Reads rows with a `completion` besides what they ask, which is in `messages` or in any other shape of a problem.
///
/// Messages are kept as they are. An image part carries its path, or else takes the next of `images`; `images` may list
/// the parts with paths, too, where both agree. `<image>` in a text is such a part. Where no message shows an image, the
/// images stand before the first user message's text.
///
/// # Errors
/// When the file cannot be read, is empty, or has a bad row: the message names file, line and field.
pub fn load_scored_rows(path: &Path) -> Result<Vec<ScoredRow>> {
    load_scored_rows_with(path, &ReadOptions::default())
}

/// Reads what [`load_scored_rows`] reads, as the options say.
///
/// # Errors
/// As [`load_scored_rows`].
pub fn load_scored_rows_with(path: &Path, options: &ReadOptions) -> Result<Vec<ScoredRow>> {
    Ok(load(path, options, row, |row| &row.id)?.items)
}

fn row(fields: &Fields, files: ImageFiles<'_>, fallback_id: String) -> Result<ScoredRow, Complaint> {
    let chat = chat(fields, files, &fallback_id)?;
    match string(fields, "completion")? {
        Some(completion) => Ok(ScoredRow { id: fallback_id, chat, completion }),
        None => Err(r#"field "completion" is missing; give the text to score"#.into()),
    }
}

fn chat(fields: &Fields, files: ImageFiles<'_>, id: &str) -> Result<Chat, Complaint> {
    let (field, value) = prompt_field(fields)?;
    let Some(mut messages) = messages_of(field, value)? else {
        let problem = problem_without_answer(fields, files, id.to_owned())?;
        return Chat::of(&problem, None).map_err(|error| error.to_string());
    };
    if messages.is_empty() {
        return Err(format!(r#"field "{field}" must be an array of chat messages and not empty"#));
    }
    if string(fields, "system")?.is_some() {
        return Err(format!(r#"field "system": put it into "{field}", as its first message"#));
    }
    let mut read: Vec<ChatMessage> = messages
        .iter()
        .map(|message| ChatMessage::read(message, field, files, false))
        .collect::<Result<_, _>>()?;
    let images = placed_images(&mut read, row_images(fields, files)?, field)?;
    for (message, read) in messages.iter_mut().zip(read) {
        if read.images().next().is_some() {
            message["content"] = read.content.into_iter().map(part).collect();
        }
    }
    refuse_unread(fields, &images.iter().collect::<Vec<_>>(), files, false)?;
    Ok(Chat { messages, images })
}

fn part(piece: ContentPiece) -> Value {
    match piece {
        ContentPiece::Text(text) => json!({"type": "text", "text": text}),
        ContentPiece::Image(_) => json!({"type": "image"}),
    }
}

#[cfg(test)]
mod tests;
