//! Text to token ids and back, by a Hugging Face `tokenizer.json`.

use std::path::Path;

use anyhow::{Result, anyhow};

use crate::error::input_error;

/// A tokenizer that adds nothing to and cuts nothing from what it is given.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// The texts that are read as special tokens, in the order of their ids.
    special: Vec<String>,
    /// All texts that are read as one token whatever stands beside them, special or not, the longest first.
    added: Vec<(String, u32)>,
}

impl Tokenizer {
    /// Loads a `tokenizer.json`.
    ///
    /// # Errors
    /// When the file is missing or malformed.
    pub fn from_file(path: &Path) -> Result<Self> {
        let unusable = |error| {
            input_error(format!(
                "cannot load tokenizer {}: {error}; copy it from the model's repository",
                path.display()
            ))
        };
        let mut inner = tokenizers::Tokenizer::from_file(path).map_err(unusable)?;
        // The file may carry settings of its last use; prompts are never cut or padded.
        inner.with_truncation(None).map_err(unusable)?;
        inner.with_padding(None);
        let mut special: Vec<_> =
            inner.get_added_tokens_decoder().into_iter().filter(|(_, token)| token.special).collect();
        special.sort_unstable_by_key(|(id, _)| *id);
        let added = inner.get_added_tokens_decoder().into_iter();
        let mut added: Vec<(String, u32)> = added.map(|(id, token)| (token.content, id)).collect();
        added.sort_unstable_by_key(|(text, id)| (std::cmp::Reverse(text.len()), *id));
        Ok(Self { inner, special: special.into_iter().map(|(_, token)| token.content).collect(), added })
    }

    /// The ids of a text; special tokens in it are recognised, none are added.
    ///
    /// # Errors
    /// When the text holds something that the vocabulary cannot express.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self
            .inner
            .encode_fast(text, false)
            .map_err(|error| anyhow!("cannot tokenize {text:?}: {error}"))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of ids, with or without the special tokens among them.
    ///
    /// # Errors
    /// When the decoder fails on them.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String> {
        self.inner.decode(ids, skip_special).map_err(|error| anyhow!("cannot decode token ids: {error}"))
    }

    /// The id of one token, special or not.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The id of the added token, special or not, with which `text` begins.
    pub(super) fn added_token_at(&self, text: &str) -> Option<u32> {
        let begins = |(token, _): &&(String, u32)| !token.is_empty() && text.starts_with(token);
        self.added.iter().find(begins).map(|(_, id)| *id)
    }

    /// A special token that `text` spells out and that [`encode`](Self::encode) would recognise.
    pub fn special_token_in(&self, text: &str) -> Option<&str> {
        self.special.iter().map(String::as_str).find(|token| text.contains(token))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing, *};

    fn tokenizer() -> Tokenizer {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokenizer.json");
        testing::write_tokenizer(&path);
        Tokenizer::from_file(&path).unwrap()
    }

    #[test]
    fn text_survives_the_round_trip() {
        let tokenizer = tokenizer();
        let text = "Grüße, 世界! 1+1=2\n";
        let ids = tokenizer.encode(text).unwrap();
        assert_eq!(tokenizer.decode(&ids, true).unwrap(), text);
    }

    #[test]
    fn special_tokens_are_one_id_each_and_can_be_left_out() {
        let tokenizer = tokenizer();
        let ids = tokenizer.encode("a<|im_end|>").unwrap();
        assert_eq!(ids.len(), 2);
        assert_eq!(Some(ids[1]), tokenizer.token_id("<|im_end|>"));
        assert_eq!(tokenizer.decode(&ids, true).unwrap(), "a");
        assert_eq!(tokenizer.decode(&ids, false).unwrap(), "a<|im_end|>");
        assert_eq!(tokenizer.token_id("<|absent|>"), None);
    }

    #[test]
    fn special_tokens_spelled_out_are_found() {
        let tokenizer = tokenizer();
        assert_eq!(tokenizer.special_token_in("see <|image_pad|>"), Some("<|image_pad|>"));
        assert_eq!(tokenizer.special_token_in("see <image>"), None);
    }

    #[test]
    fn truncation_and_padding_left_in_the_file_are_ignored() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokenizer.json");
        testing::write_tokenizer(&path);
        let mut settings = tokenizers::Tokenizer::from_file(&path).unwrap();
        let truncation = tokenizers::TruncationParams { max_length: 2, ..Default::default() };
        settings.with_truncation(Some(truncation)).unwrap();
        settings.save(&path, false).unwrap();
        assert_eq!(Tokenizer::from_file(&path).unwrap().encode("abcdef").unwrap().len(), 6);
    }

    #[test]
    fn a_missing_or_malformed_file_is_named() {
        let message = Tokenizer::from_file(Path::new("/nowhere/tokenizer.json")).unwrap_err().to_string();
        assert!(message.contains("/nowhere/tokenizer.json"), "{message}");
    }
}
