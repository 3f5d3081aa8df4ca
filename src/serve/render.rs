//! From a request's messages, texts or token ids to what the model reads.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    api_error::ApiError,
    images::image_bytes,
    protocol::{ChatBody, CompletionBody, TextOrTokens},
};
use crate::{
    model::{ImagePatches, ModelInput},
    processor::Processor,
};

/// How prompts are made.
#[derive(Clone)]
pub(super) struct Rendering {
    pub processor: Arc<Processor>,
    pub fetches_images: bool,
    /// Images of a request, at most.
    pub most_images: usize,
}

impl Rendering {
    /// The prompt of a conversation. May block, and takes a while where there are images.
    ///
    /// # Errors
    /// Names what is wrong with the messages.
    pub(super) fn chat(&self, body: &ChatBody) -> Result<ModelInput, ApiError> {
        if body.messages.is_empty() {
            return Err(ApiError::of("messages", "there are no messages"));
        }
        let mut urls = Vec::new();
        let messages: Vec<Value> =
            body.messages.iter().map(|message| for_template(message, &mut urls)).collect::<Result<_, _>>()?;
        let images = self.images(&urls)?;
        let prompt = self.processor.chat_showing(&messages, images);
        prompt.map(|prompt| prompt.input).map_err(|error| ApiError::of("messages", format!("{error:#}")))
    }

    /// The prompts of a completion request.
    ///
    /// # Errors
    /// Names what is wrong with them.
    pub(super) fn prompts(&self, body: &CompletionBody) -> Result<Vec<ModelInput>, ApiError> {
        let encode = |text: &String| {
            self.processor.encode(text).map_err(|error| ApiError::of("prompt", format!("{error:#}")))
        };
        let ids: Vec<Vec<u32>> = match &body.prompt {
            TextOrTokens::Text(text) => vec![encode(text)?],
            TextOrTokens::Texts(texts) => texts.iter().map(encode).collect::<Result<_, _>>()?,
            TextOrTokens::Tokens(ids) => vec![ids.clone()],
            TextOrTokens::ManyTokens(all) => all.clone(),
        };
        let urls: Vec<&str> = body.images.iter().map(String::as_str).collect();
        let images = self.images(&urls)?;
        if !images.is_empty() && ids.len() != 1 {
            return Err(ApiError::of("images", "images belong to one prompt; there are several"));
        }
        let input = |ids: Vec<u32>| {
            if ids.is_empty() {
                return Err(ApiError::of("prompt", "the prompt is empty"));
            }
            let input = self.processor.checked(ModelInput { ids, images: images.clone() });
            input.map_err(|error| ApiError::of("prompt", format!("{error:#}")))
        };
        ids.into_iter().map(input).collect()
    }

    fn images(&self, urls: &[&str]) -> Result<Vec<Arc<ImagePatches>>, ApiError> {
        if urls.len() > self.most_images {
            let message = format!("{} images; at most {} are read", urls.len(), self.most_images);
            return Err(ApiError::of("image_url", message));
        }
        let image = |(at, url): (usize, &&str)| {
            let bytes = image_bytes(url, self.fetches_images)?;
            let patches = self.processor.patches_of_bytes(&bytes, at + 1);
            patches.map(Arc::new).map_err(|error| ApiError::of("image_url", format!("{error:#}")))
        };
        urls.iter().enumerate().map(image).collect()
    }
}

/// A message as chat templates take it; its images' URLs go to `urls`, in order.
fn for_template<'a>(message: &'a Value, urls: &mut Vec<&'a str>) -> Result<Value, ApiError> {
    let role = match message["role"].as_str() {
        Some(role @ ("system" | "user" | "assistant")) => role,
        Some("developer") => "system",
        role => {
            let given = role.unwrap_or("none");
            let message = format!("a message's role must be system, user or assistant; this is {given}");
            return Err(ApiError::of("messages", message));
        }
    };
    let parts = match &message["content"] {
        Value::String(text) => return Ok(json!({"role": role, "content": text})),
        Value::Array(parts) => parts,
        _ => return Err(ApiError::of("messages", "a message's content must be a text or an array of parts")),
    };
    let before = urls.len();
    let parts: Vec<Value> =
        parts.iter().map(|part| part_for_template(part, urls)).collect::<Result<_, _>>()?;
    if urls.len() > before {
        return Ok(json!({"role": role, "content": parts}));
    }
    // Templates of models that read text only take no parts.
    let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
    Ok(json!({"role": role, "content": texts.join("\n")}))
}

fn part_for_template<'a>(part: &'a Value, urls: &mut Vec<&'a str>) -> Result<Value, ApiError> {
    match part["type"].as_str() {
        Some("text") => match part["text"].as_str() {
            Some(text) => Ok(json!({"type": "text", "text": text})),
            None => Err(ApiError::of("messages", r#"a part of type "text" needs a "text""#)),
        },
        Some("image_url") => {
            let image = &part["image_url"];
            let Some(url) = image["url"].as_str().or(image.as_str()) else {
                return Err(ApiError::of(
                    "messages",
                    r#"a part of type "image_url" needs {"image_url": {"url": …}}"#,
                ));
            };
            urls.push(url);
            Ok(json!({"type": "image"}))
        }
        kind => {
            let given = kind.unwrap_or("none");
            let message = format!(r#"a part's type must be "text" or "image_url"; this is {given}"#);
            Err(ApiError::of("messages", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_become_what_templates_take() {
        let message = json!({"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "data:a", "detail": "auto"}},
            {"type": "text", "text": "Is it?"},
            {"type": "image_url", "image_url": "data:b"},
        ]});
        let mut urls = Vec::new();
        let read = for_template(&message, &mut urls).unwrap();
        assert_eq!(
            read["content"],
            json!([{"type": "image"}, {"type": "text", "text": "Is it?"}, {"type": "image"}])
        );
        assert_eq!(urls, ["data:a", "data:b"]);
        let texts = json!({"role": "developer", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]});
        assert_eq!(for_template(&texts, &mut urls).unwrap(), json!({"role": "system", "content": "a\nb"}));
    }

    #[test]
    fn messages_of_another_shape_are_refused() {
        for message in [
            json!("hi"),
            json!({"content": "hi"}),
            json!({"role": "tool", "content": "hi"}),
            json!({"role": "user"}),
            json!({"role": "user", "content": 5}),
            json!({"role": "user", "content": [{"type": "audio"}]}),
            json!({"role": "user", "content": [{"type": "text"}]}),
            json!({"role": "user", "content": [{"type": "image_url"}]}),
        ] {
            let failure = for_template(&message, &mut Vec::new()).unwrap_err();
            assert_eq!(failure.param.as_deref(), Some("messages"), "{message}");
        }
    }
}
