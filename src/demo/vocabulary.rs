//! Trains a small byte-level BPE tokenizer with Qwen2's pre-tokenisation and special tokens.

use std::collections::HashSet;

use anyhow::{Result, anyhow};
use tokenizers::{
    AddedToken, SplitDelimiterBehavior, Tokenizer, TokenizerBuilder,
    models::bpe::{BPE, BpeTrainer},
    normalizers::NFC,
    pre_tokenizers::{
        byte_level::ByteLevel,
        sequence::Sequence,
        split::{Split, SplitPattern},
    },
};

use crate::error::input_error;

/// Qwen2's special tokens, in its order.
pub(super) const SPECIAL_TOKENS: [&str; 14] = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
];

/// Qwen2's split into words, single digits, runs of punctuation, and white space.
const QWEN_SPLIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// A tokenizer of at most `size` tokens, trained on the texts: 256 bytes, the most frequent merges, and
/// the special tokens last. The same texts give the same tokenizer.
///
/// # Errors
/// An input error where `size` has no room for the bytes and the special tokens.
pub(super) fn train_tokenizer(texts: &[String], size: usize) -> Result<Tokenizer> {
    let alphabet: HashSet<char> = ByteLevel::alphabet().into_iter().collect();
    let least = alphabet.len() + SPECIAL_TOKENS.len();
    if size < least {
        return Err(input_error(format!("a vocabulary of {size} tokens is too small: at least {least}")));
    }
    let mut trainer = BpeTrainer::builder()
        .show_progress(false)
        .vocab_size(size - SPECIAL_TOKENS.len())
        .min_frequency(2)
        .initial_alphabet(alphabet)
        .build();
    train_with(&mut trainer, texts).map_err(|error| anyhow!("the tokenizer cannot be trained: {error}"))
}

fn train_with(trainer: &mut BpeTrainer, texts: &[String]) -> tokenizers::Result<Tokenizer> {
    let split =
        Split::new(SplitPattern::Regex(QWEN_SPLIT.to_owned()), SplitDelimiterBehavior::Isolated, false)?;
    let bytes = ByteLevel::new(false, false, false);
    let mut tokenizer = TokenizerBuilder::new()
        .with_model(BPE::default())
        .with_normalizer(Some(NFC))
        .with_pre_tokenizer(Some(Sequence::new(vec![split.into(), bytes.into()])))
        .with_post_processor(Some(bytes))
        .with_decoder(Some(bytes))
        .build()?;
    tokenizer.train(trainer, texts.iter())?;
    tokenizer.add_special_tokens(&SPECIAL_TOKENS.map(|token| AddedToken::from(token, true)));
    tokenizer.to_string(false)?.parse()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::is_input_error;

    fn texts() -> Vec<String> {
        (10..99).map(|i| format!("What number is written? I see {i}. \\boxed{{{i}}} Réponse")).collect()
    }

    fn ids(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
        tokenizer.encode(text, true).unwrap().get_ids().to_vec()
    }

    #[test]
    fn frequent_words_are_one_token_and_digits_one_each() {
        let tokenizer = train_tokenizer(&texts(), 640).unwrap();
        assert_eq!(ids(&tokenizer, " number").len(), 1);
        assert_eq!(ids(&tokenizer, "4071").len(), 4);
        assert_eq!(ids(&tokenizer, " \\boxed{40}").len(), 6);
    }

    #[test]
    fn special_tokens_are_last_and_never_split() {
        let tokenizer = train_tokenizer(&texts(), 640).unwrap();
        let size = tokenizer.get_vocab_size(true);
        assert!(size <= 640);
        for (place, token) in SPECIAL_TOKENS.iter().enumerate() {
            assert_eq!(ids(&tokenizer, token), [(size - SPECIAL_TOKENS.len() + place) as u32]);
        }
    }

    #[test]
    fn any_text_survives() {
        let tokenizer = train_tokenizer(&texts(), 640).unwrap();
        for text in ["What number?\n\n  4+0=4;", "größer 数字 🙂", " \\boxed{7}"] {
            assert_eq!(tokenizer.decode(&ids(&tokenizer, text), true).unwrap(), text);
        }
    }

    #[test]
    fn training_twice_gives_the_same_file() {
        let file = || train_tokenizer(&texts(), 320).unwrap().to_string(false).unwrap();
        let first = file();
        assert!((0..5).all(|_| file() == first));
    }

    #[test]
    fn too_small_a_vocabulary_is_an_input_error() {
        assert!(is_input_error(&train_tokenizer(&texts(), 269).unwrap_err()));
    }
}
