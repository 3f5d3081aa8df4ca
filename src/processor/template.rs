//! The model's own chat template: messages in, prompt text out. Knows no tokens.

use std::path::{Path, PathBuf};

use anyhow::Result;
use minijinja::{Environment, Error, ErrorKind, context, value::Value as Rendered};
#[cfg(test)]
use serde_json::json;
use serde_json::{Map, Value};

use super::files::{read_json, token_text};
use crate::error::input_error;

const NAME: &str = "chat";

/// Instructions after which a template is given up: long chats take thousands.
const FUEL: u64 = 10_000_000;

/// A compiled chat template.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    /// `bos_token`, `eos_token` and their like, which templates may refer to.
    special_tokens: Map<String, Value>,
    /// The file it came from, for messages.
    origin: PathBuf,
}

impl ChatTemplate {
    /// Reads the template from `chat_template.jinja`, `chat_template.json` or `tokenizer_config.json`, the first that has one.
    ///
    /// # Errors
    /// When none has one, or it is not a valid template.
    pub fn from_dir(directory: &Path) -> Result<Self> {
        let tokenizer_config = read_json(&directory.join("tokenizer_config.json"))?.unwrap_or_default();
        let (origin, source) = find(directory, &tokenizer_config)?;
        Self::new(source, special_tokens(&tokenizer_config), origin)
    }

    fn new(source: String, special_tokens: Map<String, Value>, origin: PathBuf) -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |message: String| -> Result<Rendered, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        environment
            .add_template_owned(NAME, source)
            .map_err(|error| input_error(format!("{}: invalid chat template: {error}", origin.display())))?;
        Ok(Self { environment, special_tokens, origin })
    }

    /// The prompt for these messages, up to where the model's turn begins.
    ///
    /// # Errors
    /// When the template refuses them; the message names its file.
    pub fn render(&self, messages: &[Value]) -> Result<String> {
        let variables = context! {
            messages => messages,
            add_generation_prompt => true,
            ..Rendered::from_serialize(&self.special_tokens)
        };
        let template = self.environment.get_template(NAME).expect("added when the template was made");
        template.render(variables).map_err(|error| {
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

fn find(directory: &Path, tokenizer_config: &Value) -> Result<(PathBuf, String)> {
    let jinja = directory.join("chat_template.jinja");
    if jinja.is_file() {
        let source = std::fs::read_to_string(&jinja)
            .map_err(|error| input_error(format!("cannot read {}: {error}", jinja.display())))?;
        return Ok((jinja, source));
    }
    let own_file = directory.join("chat_template.json");
    if let Some(source) = read_json(&own_file)?.as_ref().and_then(source_in) {
        return Ok((own_file, source));
    }
    if let Some(source) = source_in(tokenizer_config) {
        return Ok((directory.join("tokenizer_config.json"), source));
    }
    Err(input_error(format!(
        "{} has no chat template; add chat_template.jinja from the model's repository",
        directory.display()
    )))
}

/// The field `chat_template`: a text, or a list of named ones, of which the default counts.
fn source_in(config: &Value) -> Option<String> {
    let template = config.get("chat_template")?;
    let default =
        || template.as_array()?.iter().find(|entry| entry["name"] == "default")?["template"].as_str();
    template.as_str().or_else(default).map(str::to_owned)
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
mod tests {
    use super::*;

    fn directory(files: &[(&str, String)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(directory.path().join(name), content).unwrap();
        }
        directory
    }

    fn render(template: &str, messages: &[Value]) -> Result<String> {
        let directory = directory(&[("chat_template.jinja", template.into())]);
        ChatTemplate::from_dir(directory.path())?.render(messages)
    }

    #[test]
    fn the_first_file_that_has_a_template_counts() {
        let json = |text: &str| json!({"chat_template": text}).to_string();
        let files = [
            ("tokenizer_config.json", json("third")),
            ("chat_template.json", json("second")),
            ("chat_template.jinja", "first".to_owned()),
        ];
        for (count, expected) in [(1, "third"), (2, "second"), (3, "first")] {
            let directory = directory(&files[..count]);
            assert_eq!(ChatTemplate::from_dir(directory.path()).unwrap().render(&[]).unwrap(), expected);
        }
    }

    #[test]
    fn of_several_named_templates_the_default_counts() {
        let named = json!([{"name": "tool_use", "template": "a"}, {"name": "default", "template": "b"}]);
        let directory = directory(&[("tokenizer_config.json", json!({"chat_template": named}).to_string())]);
        assert_eq!(ChatTemplate::from_dir(directory.path()).unwrap().render(&[]).unwrap(), "b");
    }

    #[test]
    fn without_one_the_directory_is_refused() {
        let directory = directory(&[("tokenizer_config.json", "{}".into())]);
        let message = ChatTemplate::from_dir(directory.path()).unwrap_err().to_string();
        assert!(message.contains("add chat_template.jinja"), "{message}");
    }

    #[test]
    fn blocks_are_trimmed_and_python_methods_work() {
        let template = "{% for m in messages %}\n  {% if m.content.startswith('q') %}\n[{{ m['content'].strip() }}]\n  {% endif %}\n{% endfor %}\n{% if add_generation_prompt %}A:{% endif %}\n";
        assert_eq!(render(template, &messages(None, "q  ", 0)).unwrap(), "[q]\nA:");
    }

    #[test]
    fn templates_may_count_images_and_insert_a_system_message() {
        let template = "{% set count = namespace(value=0) %}{% for m in messages %}\
            {% if loop.first and m['role'] != 'system' %}S:none {% endif %}\
            {% if m['content'] is string %}{{ m['content'] }}{% else %}{% for part in m['content'] %}\
            {% if part['type'] == 'image' or 'image_url' in part %}{% set count.value = count.value + 1 %}\
            {% if add_vision_id %}no{% endif %}<{{ count.value }}>\
            {%- elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}{% endfor %}\
            {%- if tools %}no{% endif %}";
        assert_eq!(render(template, &messages(None, "q", 2)).unwrap(), "S:none <1><2>q");
    }

    #[test]
    fn special_tokens_can_be_referred_to() {
        let config = json!({
            "bos_token": "<s>", "eos_token": {"content": "</s>", "special": true}, "pad_token": null,
            "chat_template": "{{ bos_token }}{{ eos_token }}{{ pad_token }}",
        });
        let directory = directory(&[("tokenizer_config.json", config.to_string())]);
        assert_eq!(ChatTemplate::from_dir(directory.path()).unwrap().render(&[]).unwrap(), "<s></s>");
    }

    #[test]
    fn what_a_template_raises_reaches_the_user() {
        let message = render("{{ raise_exception('no system role') }}", &[]).unwrap_err().to_string();
        assert!(message.contains("chat_template.jinja") && message.contains("no system role"), "{message}");
        let endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
        assert!(render(endless, &[]).unwrap_err().to_string().contains("chat template failed"));
        let message = render("{% if %}", &[]).unwrap_err().to_string();
        assert!(message.contains("invalid chat template"), "{message}");
    }

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
