//! What a row asks: a text, or a conversation that ends in a question, with every image at its place.

use serde_json::Value;

use super::{
    ChatTurn, ImageRef, Speaker,
    fields::{prompt_field, row_images, string},
    image::ImageFiles,
    message::{ChatMessage, ContentPiece},
    placing::placed_images,
    rows::{Complaint, Fields, present, type_name, unread},
    shown_pieces,
};

/// What is put to the model.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Asked {
    pub system: Option<String>,
    pub history: Vec<ChatTurn>,
    pub question: String,
    pub images: Vec<ImageRef>,
    pub image_places: Vec<usize>,
}

/// Reads what a row asks.
pub(super) fn asked(fields: &Fields, files: ImageFiles<'_>) -> Result<Asked, Complaint> {
    let (field, value) = prompt_field(fields)?;
    let mut asked = match messages_of(field, value)? {
        Some(messages) => {
            if let Some(name) =
                ["history", "image_places"].iter().find(|name| present(fields, name).is_some())
            {
                return Err(format!(
                    r#"field "{name}" goes with a question as text; the messages of "{field}" hold it already"#
                ));
            }
            let listed = row_images(fields, files)?;
            conversation(&messages, listed, field, files)?
        }
        None if present(fields, "image_places").is_some() => placed(fields, field, files)?,
        None => marked(fields, field, files)?,
    };
    match (&asked.system, string(fields, "system")?) {
        (Some(own), Some(other)) if *own != other => {
            return Err(format!(
                r#"field "system" and the system message of "{field}" differ; keep one of them"#
            ));
        }
        (None, system) => asked.system = system,
        _ => {}
    }
    if asked.question.trim().is_empty() {
        return Err(format!(r#"field "{field}" holds no question; give its text"#));
    }
    Ok(asked)
}

/// The chat messages of a field; `None` where it holds a text. `message` and `messages` hold messages alone, also as
/// JSON in a string, `prompt` either.
pub(super) fn messages_of(field: &str, value: &Value) -> Result<Option<Vec<Value>>, Complaint> {
    match (field, value) {
        ("message" | "messages", Value::String(text)) => {
            let parsed = super::json::parse_json(text)
                .map_err(|error| format!(r#"field "{field}" is a string that is not JSON: {error}"#))?;
            match parsed {
                Value::Array(messages) => Ok(Some(messages)),
                other => Err(no_messages(field, &other)),
            }
        }
        ("message" | "messages" | "prompt", Value::Array(messages)) => Ok(Some(messages.clone())),
        ("message" | "messages", other) => Err(no_messages(field, other)),
        (_, Value::String(_)) => Ok(None),
        ("prompt", other) => Err(format!(
            r#"field "prompt" must be a string or an array of chat messages, this is {}"#,
            type_name(other)
        )),
        (_, other) => Err(format!(r#"field "{field}" must be a string, this is {}"#, type_name(other))),
    }
}

fn no_messages(field: &str, value: &Value) -> Complaint {
    format!(r#"field "{field}" must be an array of chat messages, this is {}"#, type_name(value))
}

/// A text in which marks stand for images.
fn marked(fields: &Fields, field: &str, files: ImageFiles<'_>) -> Result<Asked, Complaint> {
    let question = string(fields, field)?.unwrap_or_default();
    let mut messages = history(fields, files, false)?;
    messages.push(ChatMessage::of_user(&question, false));
    let images = placed_images(&mut messages, row_images(fields, files)?, field)?;
    spoken(messages, images, field)
}

/// A text that is literal, with the places of its images beside it, as spark writes it.
fn placed(fields: &Fields, field: &str, files: ImageFiles<'_>) -> Result<Asked, Complaint> {
    let question = string(fields, field)?.unwrap_or_default();
    let images = row_images(fields, files)?;
    let value = present(fields, "image_places").unwrap_or(&Value::Null);
    let places: Vec<usize> = serde_json::from_value(value.clone()).map_err(|_| {
        format!(
            r#"field "image_places" must be a list of numbers: for each image the characters of "{field}" before it"#
        )
    })?;
    if places.len() != images.len() || shown_pieces(&question, &images, &places).is_none() {
        return Err(format!(
            r#"field "image_places" must have one number for each of the {} images, in order, each at most the length of "{field}" in characters"#,
            images.len()
        ));
    }
    let mut messages = history(fields, files, true)?;
    let earlier = placed_images(&mut messages, Vec::new(), "history")?;
    messages.push(ChatMessage::of_user("", true));
    let asked = spoken(messages, earlier, "history")?;
    Ok(Asked { question, images, image_places: plain(places), ..asked })
}

/// The turns before a question that is a text.
fn history(fields: &Fields, files: ImageFiles<'_>, literal: bool) -> Result<Vec<ChatMessage>, Complaint> {
    let Some(value) = present(fields, "history") else { return Ok(Vec::new()) };
    let Value::Array(messages) = value else { return Err(no_messages("history", value)) };
    read_all(messages, "history", files, literal)
}

fn read_all(
    messages: &[Value],
    field: &str,
    files: ImageFiles<'_>,
    literal: bool,
) -> Result<Vec<ChatMessage>, Complaint> {
    messages
        .iter()
        .map(|message| {
            refuse_other_keys(message, field)?;
            ChatMessage::read(message, field, files, literal)
        })
        .collect()
}

/// What a problem has no place for would be lost.
fn refuse_other_keys(message: &Value, field: &str) -> Result<(), Complaint> {
    let keys = message.as_object();
    match keys.and_then(|keys| unread(keys, |name| matches!(name, "role" | "content"))) {
        Some(name) => Err(format!(
            r#"field "{field}": a message has "{name}", which is not read; "role" and "content" are: leave it out"#
        )),
        None => Ok(()),
    }
}

/// Chat messages: at most one system message, then turns of user and assistant, the last of them the user's.
fn conversation(
    messages: &[Value],
    listed: Vec<ImageRef>,
    field: &str,
    files: ImageFiles<'_>,
) -> Result<Asked, Complaint> {
    let mut messages = read_all(messages, field, files, false)?;
    let system = match messages.first() {
        Some(first) if first.role == "system" => Some(system_text(messages.remove(0), field)?),
        _ => None,
    };
    let images = placed_images(&mut messages, listed, field)?;
    Ok(Asked { system, ..spoken(messages, images, field)? })
}

fn system_text(message: ChatMessage, field: &str) -> Result<String, Complaint> {
    if message.images().next().is_some() {
        return Err(format!(
            r#"field "{field}": a system message with an image is not understood; show it to the user"#
        ));
    }
    Ok(message.texts().collect())
}

/// Turns that alternate, the last being the question. `images` are those of all messages, in order.
fn spoken(messages: Vec<ChatMessage>, images: Vec<ImageRef>, field: &str) -> Result<Asked, Complaint> {
    let mut images = images.into_iter();
    let mut turns: Vec<ChatTurn> = Vec::with_capacity(messages.len());
    for message in messages {
        let speaker = speaker(&message.role, field)?;
        match turns.last() {
            None if speaker == Speaker::Assistant => {
                return Err(format!(
                    r#"field "{field}" begins with an assistant turn; begin with the user's"#
                ));
            }
            Some(last) if last.speaker == speaker => {
                return Err(format!(
                    r#"field "{field}" has two {} turns in a row; join them"#,
                    speaker.role()
                ));
            }
            _ => turns.push(turn(speaker, message, &mut images)),
        }
    }
    let Some(last) = turns.pop() else {
        return Err(format!(r#"field "{field}" has 0 user turns; give the question as one"#));
    };
    if last.speaker == Speaker::Assistant {
        return Err(format!(
            r#"field "{field}" ends in an assistant turn; leave it out: the model is to answer (the reference belongs in "answer")"#
        ));
    }
    let ChatTurn { text: question, images, image_places, .. } = last;
    Ok(Asked { system: None, history: turns, question, images, image_places })
}

fn speaker(role: &str, field: &str) -> Result<Speaker, Complaint> {
    match role {
        "user" => Ok(Speaker::User),
        "assistant" => Ok(Speaker::Assistant),
        "system" => {
            Err(format!(r#"field "{field}": only one system message, the first of all, is understood"#))
        }
        other => Err(format!(
            r#"field "{field}" has role "{other}"; "system", "user" and "assistant" are understood"#
        )),
    }
}

/// The message's text in one, and where in it its images stand. Texts that follow one another are joined.
fn turn(speaker: Speaker, message: ChatMessage, images: &mut impl Iterator<Item = ImageRef>) -> ChatTurn {
    let (mut text, mut shown, mut places) = (String::new(), Vec::new(), Vec::new());
    for piece in message.content {
        match piece {
            ContentPiece::Text(piece) => text.push_str(&piece),
            ContentPiece::Image(_) => {
                shown.push(images.next().expect("an image for every place"));
                places.push(text.chars().count());
            }
        }
    }
    ChatTurn { speaker, text, images: shown, image_places: plain(places) }
}

/// Images that all come first need no places.
fn plain(places: Vec<usize>) -> Vec<usize> {
    if places.iter().all(|&place| place == 0) { Vec::new() } else { places }
}
