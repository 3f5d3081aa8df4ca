//! The model's own chat template: messages in, prompt text out. Knows no tokens.

mod arguments;
mod bounds;
mod date;
mod environment;
mod methods;
mod operators;
mod program;
mod python;
mod source;
#[cfg(test)]
mod tests;
mod values;

use std::path::{Path, PathBuf};

use anyhow::Result;
#[cfg(test)]
use serde_json::json;
use serde_json::{Map, Value};

use self::{
    date::{CivilTime, FIXED},
    program::Program,
};
use super::files::{read_json, token_text};
use crate::error::input_error;

pub use self::arguments::TemplateArguments;

/// What a template is given by every prompt, and no argument may replace.
const GIVEN: [&str; 2] = ["messages", "add_generation_prompt"];

/// A compiled chat template.
pub struct ChatTemplate {
    program: Program,
    /// `bos_token`, `eos_token` and their like, which templates may refer to, and arguments.
    variables: Map<String, Value>,
    /// The file it came from, for messages.
    origin: PathBuf,
}

impl ChatTemplate {
    /// Reads the template from `chat_template.jinja`, `chat_template.json` or `tokenizer_config.json`, the first that has
    /// one.
    ///
    /// # Errors
    /// When none has one, or it is not a valid template.
    pub fn from_dir(directory: &Path) -> Result<Self> {
        let tokenizer_config = read_json(&directory.join("tokenizer_config.json"))?.unwrap_or_default();
        let (origin, text) = source::find(directory, &tokenizer_config)?;
        let program = Program::new(source::prepared(&text))
            .map_err(|error| input_error(format!("{}: invalid chat template: {error}", origin.display())))?;
        Ok(Self { program, variables: special_tokens(&tokenizer_config), origin })
    }

    /// Gives the template values beside the messages.
    ///
    /// # Errors
    /// When the template does not mention one of them, which would then have no effect; the message names it.
    pub fn with_arguments(mut self, arguments: &TemplateArguments) -> Result<Self> {
        let TemplateArguments { values, prefix } = arguments;
        for (name, value) in values {
            if GIVEN.contains(&name.as_str()) || !self.program.variables().contains(name) {
                return Err(self.unknown_argument(prefix, name));
            }
            if name != date::FUNCTION {
                self.variables.insert(name.clone(), value.clone());
            } else if value.as_str().and_then(CivilTime::parse).is_some() {
                self.variables.insert(FIXED.to_owned(), value.clone());
            } else {
                return Err(input_error(format!(
                    "{prefix}{name} = {value}: expected a date such as \"2026-11-27\" or \"2026-11-27 13:30:00\""
                )));
            }
        }
        Ok(self)
    }

    fn unknown_argument(&self, prefix: &str, name: &str) -> anyhow::Error {
        let mut known: Vec<&str> = self.arguments();
        known.sort_unstable();
        let known = if known.is_empty() {
            "it takes none".to_owned()
        } else {
            format!("it takes {}", known.join(", "))
        };
        input_error(format!("{prefix}{name}: {} does not mention it; {known}", self.origin.display()))
    }

    /// Names of what the template reads and is not given by every prompt.
    fn arguments(&self) -> Vec<&str> {
        let is_function = |name: &str| name != date::FUNCTION && self.program.is_function(name);
        let names = self.program.variables().iter().map(String::as_str);
        names
            .filter(|name| !GIVEN.contains(name) && !is_function(name) && !name.ends_with("_token"))
            .collect()
    }

    /// Whether prompts differ from day to day: the template shows the date, and no argument fixes it.
    pub(super) fn shows_todays_date(&self) -> bool {
        self.program.variables().contains(date::FUNCTION) && !self.variables.contains_key(FIXED)
    }

    /// The prompt for these messages, up to where the model's turn begins.
    ///
    /// # Errors
    /// When the template refuses them, or makes more text than any prompt; the message names its file.
    pub fn render(&self, messages: &[Value]) -> Result<String> {
        self.run(messages, true)
    }

    /// A conversation that is over.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub(super) fn render_whole(&self, messages: &[Value]) -> Result<String> {
        self.run(messages, false)
    }

    fn run(&self, messages: &[Value], add_generation_prompt: bool) -> Result<String> {
        let mut variables = self.variables.clone();
        variables.insert(GIVEN[0].to_owned(), messages.into());
        variables.insert(GIVEN[1].to_owned(), add_generation_prompt.into());
        self.program.run(&Value::Object(variables)).map_err(|error| {
            input_error(format!("{}: the chat template failed: {error}", self.origin.display()))
        })
    }
}

/// An optional system message, then one user message: `images` image parts and the text, or just the
/// text where there are none.
#[cfg(test)]
pub(super) fn messages(system: Option<&str>, question: &str, images: usize) -> Vec<Value> {
    let content = if images == 0 {
        json!(question)
    } else {
        let mut parts = vec![json!({"type": "image"}); images];
        parts.push(json!({"type": "text", "text": question}));
        Value::Array(parts)
    };
    let system = system.map(|text| json!({"role": "system", "content": text}));
    system.into_iter().chain([json!({"role": "user", "content": content})]).collect()
}

fn special_tokens(tokenizer_config: &Value) -> Map<String, Value> {
    let Some(fields) = tokenizer_config.as_object() else { return Map::new() };
    fields
        .iter()
        .filter(|(name, _)| name.ends_with("_token"))
        .filter_map(|(name, value)| Some((name.clone(), token_text(value)?.into())))
        .collect()
}

#[cfg(test)]
mod message_tests {
    use super::*;

    #[test]
    fn images_come_before_the_text() {
        assert_eq!(messages(None, "q", 0), [json!({"role": "user", "content": "q"})]);
        let expected = [
            json!({"role": "system", "content": "s"}),
            json!({"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "q"}]}),
        ];
        assert_eq!(messages(Some("s"), "q", 1), expected);
    }
}
