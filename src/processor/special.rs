//! Which token ids end a completion and which one pads, from a model directory's several files.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::{
    files::{read_json, token_text},
    tokenizer::Tokenizer,
};
use crate::error::input_error;

/// Ids with a part in sampling and batching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SpecialIds {
    /// Any of these ends a completion; never empty.
    pub eos: Vec<u32>,
    pub pad: u32,
    /// What a completion that is learnt from ends with.
    pub end_of_turn: u32,
    /// The end of a turn, where none of the files names it and only the chat template shows it.
    pub shown_by_template: Option<u32>,
}

impl SpecialIds {
    /// Looks in `generation_config.json`, then `tokenizer_config.json`, then `config.json`. Without a
    /// padding token the first end-of-sequence token pads.
    pub(super) fn from_dir(directory: &Path, tokenizer: &Tokenizer) -> Result<Self> {
        let eos = find("eos_token", directory, tokenizer)?.ok_or_else(|| {
            input_error(format!(
                "{} names no end-of-sequence token; add eos_token_id to generation_config.json",
                directory.display()
            ))
        })?;
        let pad = find("pad_token", directory, tokenizer)?.map_or(eos[0], |ids| ids[0]);
        Ok(Self { end_of_turn: eos[0], eos, pad, shown_by_template: None })
    }

    /// With the token that ends an assistant's turn in the chat template, which ends completions, too: base models
    /// name the end of a document alone.
    pub(super) fn with_end_of_turn(mut self, found: Option<u32>) -> Self {
        let Some(id) = found else { return self };
        self.end_of_turn = id;
        if !self.eos.contains(&id) {
            self.eos.push(id);
            self.shown_by_template = Some(id);
        }
        self
    }
}

/// The ids of `token` ("eos_token", "pad_token"), from the first file that names some.
fn find(token: &str, directory: &Path, tokenizer: &Tokenizer) -> Result<Option<Vec<u32>>> {
    let id_field = format!("{token}_id");
    let generation = directory.join("generation_config.json");
    if let Some(ids) = ids_in(&read_json(&generation)?.unwrap_or_default(), &id_field, &generation)? {
        return Ok(Some(ids));
    }
    let settings = directory.join("tokenizer_config.json");
    if let Some(text) = read_json(&settings)?.and_then(|settings| token_text(settings.get(token)?)) {
        let id = tokenizer.token_id(&text).ok_or_else(|| {
            input_error(format!(
                r#"{}: {token} "{text}" is not in tokenizer.json; the two files must come from one model"#,
                settings.display()
            ))
        })?;
        return Ok(Some(vec![id]));
    }
    let model = directory.join("config.json");
    let config = read_json(&model)?.unwrap_or_default();
    match ids_in(&config, &id_field, &model)? {
        Some(ids) => Ok(Some(ids)),
        None => ids_in(&config["text_config"], &id_field, &model),
    }
}

/// A field that holds one id or a list of them; null, absent and an empty list are none.
fn ids_in(config: &Value, field: &str, path: &Path) -> Result<Option<Vec<u32>>> {
    let ids = match config.get(field) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(ids)) => ids.as_slice(),
        Some(id) => std::slice::from_ref(id),
    };
    let ids: Option<Vec<u32>> = ids.iter().map(|id| id.as_u64()?.try_into().ok()).collect();
    let ids = ids.ok_or_else(|| {
        input_error(format!("{}: {field} must be a token id or a list of them", path.display()))
    })?;
    Ok((!ids.is_empty()).then_some(ids))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::testing, *};

    fn read(files: &[(&str, Value)]) -> Result<SpecialIds> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokenizer.json");
        testing::write_tokenizer(&path);
        for (name, content) in files {
            std::fs::write(directory.path().join(name), content.to_string()).unwrap();
        }
        SpecialIds::from_dir(directory.path(), &Tokenizer::from_file(&path).unwrap())
    }

    #[test]
    fn the_generation_config_comes_first_with_one_id_or_several() {
        let settings = ("tokenizer_config.json", json!({"eos_token": "<|im_end|>"}));
        for (eos, expected) in [(json!(5), vec![5]), (json!([5, 6]), vec![5, 6])] {
            let generation =
                ("generation_config.json", json!({"eos_token_id": eos.clone(), "pad_token_id": 3}));
            let ids = read(&[settings.clone(), generation]).unwrap();
            assert_eq!((ids.eos, ids.pad), (expected, 3));
        }
    }

    #[test]
    fn then_the_tokenizer_config_then_the_model_config() {
        let settings = json!({"eos_token": {"content": "<|im_end|>"}, "pad_token": "<|endoftext|>"});
        let ids = read(&[("tokenizer_config.json", settings), ("config.json", json!({"eos_token_id": 9}))])
            .unwrap();
        assert_eq!((ids.eos, ids.pad), (vec![testing::IM_END], testing::END_OF_TEXT));
        let ids = read(&[("config.json", json!({"eos_token_id": 9}))]).unwrap();
        assert_eq!((ids.eos, ids.pad), (vec![9], 9));
        let nested = json!({"text_config": {"eos_token_id": 8}});
        assert_eq!(read(&[("config.json", nested)]).unwrap().eos, [8]);
    }

    #[test]
    fn the_templates_end_of_turn_ends_completions_too_and_is_what_they_are_taught() {
        let ids = read(&[("config.json", json!({"eos_token_id": [9, 8]}))]).unwrap();
        assert_eq!((ids.end_of_turn, ids.shown_by_template), (9, None));
        let other = ids.clone().with_end_of_turn(Some(7));
        assert_eq!((other.eos, other.end_of_turn, other.shown_by_template), (vec![9, 8, 7], 7, Some(7)));
        let known = ids.clone().with_end_of_turn(Some(8));
        assert_eq!((known.eos, known.end_of_turn, known.shown_by_template), (vec![9, 8], 8, None));
        assert_eq!(ids.clone().with_end_of_turn(None), ids);
    }

    #[test]
    fn without_one_or_with_an_unknown_one_the_directory_is_refused() {
        assert!(read(&[]).unwrap_err().to_string().contains("add eos_token_id"));
        let unknown = read(&[("tokenizer_config.json", json!({"eos_token": "<eos>"}))]).unwrap_err();
        assert!(unknown.to_string().contains("\"<eos>\" is not in tokenizer.json"));
        let wrong = read(&[("generation_config.json", json!({"eos_token_id": "x"}))]).unwrap_err();
        assert!(wrong.to_string().contains("eos_token_id must be"));
    }
}
