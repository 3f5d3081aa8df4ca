//! A small tokenizer for the tests of this module: bytes, and the special tokens of Qwen.

use std::path::Path;

use tokenizers::{
    AddedToken, decoders::byte_level::ByteLevel, models::bpe::BPE,
    pre_tokenizers::byte_level::ByteLevel as Bytes,
};

/// Ids follow the 256 bytes, in this order.
pub const SPECIAL: [&str; 6] =
    ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"];
pub const END_OF_TEXT: u32 = 256;
pub const IM_END: u32 = 258;
pub const IMAGE_PAD: u32 = 261;

/// Writes a byte-level BPE without merges.
pub fn write_tokenizer(path: &Path) {
    let mut alphabet: Vec<char> = Bytes::alphabet().into_iter().collect();
    alphabet.sort_unstable();
    let vocab = (0..).zip(alphabet).map(|(id, symbol)| (symbol.to_string(), id)).collect();
    let mut tokenizer = tokenizers::Tokenizer::new(BPE::new(vocab, Vec::new()));
    tokenizer.with_pre_tokenizer(Some(Bytes::new(false, true, false)));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    tokenizer.add_special_tokens(&SPECIAL.map(|token| AddedToken::from(token, true)));
    tokenizer.save(path, false).unwrap();
}
