//! Values that people give a chat template beside the messages, as transformers' `apply_chat_template` takes them.

use anyhow::Result;
use serde_json::{Map, Value};

use crate::error::input_error;

/// Arguments by name, and what they are called where they come from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TemplateArguments {
    pub(super) values: Map<String, Value>,
    /// What stands before a name in messages: `data.template_arguments.`.
    pub(super) prefix: &'static str,
}

impl TemplateArguments {
    /// The values of a table; `prefix` is what stands before their names in messages.
    ///
    /// # Errors
    /// Names a value that is infinite or no number.
    pub fn from_table(table: &toml::Table, prefix: &'static str) -> Result<Self> {
        let value = |(name, value): (&String, &toml::Value)| match plain(value) {
            Some(value) => Ok((name.clone(), value)),
            None => Err(input_error(format!("{prefix}{name}: numbers must be finite"))),
        };
        Ok(Self { values: table.iter().map(value).collect::<Result<_>>()?, prefix })
    }

    /// Settings as a command line gives them, `KEY=VALUE`: the value is read as TOML, or taken as a text if it is none.
    ///
    /// # Errors
    /// Names a setting without a key.
    pub fn from_settings(settings: &[String], prefix: &'static str) -> Result<Self> {
        let mut table = toml::Table::new();
        for setting in settings {
            let (key, text) =
                setting.split_once('=').filter(|(key, _)| !key.trim().is_empty()).ok_or_else(|| {
                    input_error(format!(
                        "{prefix}{setting}: expected KEY=VALUE, for example enable_thinking=false"
                    ))
                })?;
            let value = format!("value = {text}").parse::<toml::Table>().ok();
            let value = value.and_then(|mut parsed| parsed.remove("value"));
            table
                .insert(key.trim().to_owned(), value.unwrap_or_else(|| toml::Value::String(text.to_owned())));
        }
        Self::from_table(&table, prefix)
    }
}

/// A value without TOML's dates, which become texts.
fn plain(value: &toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => Value::Number(serde_json::Number::from_f64(*number)?),
        toml::Value::Boolean(value) => (*value).into(),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(items) => Value::Array(items.iter().map(plain).collect::<Option<_>>()?),
        toml::Value::Table(table) => {
            let field = |(name, value): (&String, &toml::Value)| Some((name.clone(), plain(value)?));
            Value::Object(table.iter().map(field).collect::<Option<_>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_read_as_toml_or_as_text() {
        let settings =
            ["enable_thinking=false", "effort = low", "tools=[{name = \"f\"}]", "day=2024-07-26", "a=b=c"];
        let read =
            TemplateArguments::from_settings(&settings.map(str::to_owned), "--template-argument ").unwrap();
        let expected = json!({"enable_thinking": false, "effort": " low", "tools": [{"name": "f"}],
            "day": "2024-07-26", "a": "b=c"});
        assert_eq!(Value::Object(read.values), expected);
    }

    #[test]
    fn what_is_no_setting_is_refused_by_name() {
        for setting in ["enable_thinking", "=3"] {
            let error =
                TemplateArguments::from_settings(&[setting.to_owned()], "--template-argument ").unwrap_err();
            assert!(
                error.to_string().contains(&format!("--template-argument {setting}: expected KEY=VALUE"))
            );
        }
        assert!(TemplateArguments::from_settings(&["x=nan".to_owned()], "").is_err());
    }
}
