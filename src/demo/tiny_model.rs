//! The tiny models' files other than their weights: a tokenizer trained on a data set, and configurations in
//! the layout of a released Qwen2.5-VL or Qwen2.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokenizers::Tokenizer;

use super::vocabulary::{SPECIAL_TOKENS, train_tokenizer};
use crate::{error::input_error, storage::write_new};

/// Qwen2's template in short: no system prompt of its own, no image numbering, no video.
const CHAT_TEMPLATE: &str = include_str!("chat_template.jinja");
const END_OF_TURN: &str = "<|im_end|>";
const PADDING: &str = "<|endoftext|>";

/// Whose layout and configuration a tiny model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// With a vision tower.
    Qwen2_5Vl,
    /// Text only.
    Qwen2,
}

/// What [`write_tiny_model`] makes, from what, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TinyModelOptions {
    pub architecture: Architecture,
    /// The folder of a data set: `train.jsonl` and `sft.jsonl` are the text that the tokenizer is
    /// trained on.
    pub dataset: PathBuf,
    /// The folder to fill; files of the same name are replaced.
    pub out: PathBuf,
    /// The most tokens, special ones included.
    pub vocabulary: usize,
}

impl TinyModelOptions {
    /// The shipped models' vocabulary.
    pub fn new(architecture: Architecture, dataset: impl Into<PathBuf>, out: impl Into<PathBuf>) -> Self {
        Self { architecture, dataset: dataset.into(), out: out.into(), vocabulary: 640 }
    }
}

/// What [`write_tiny_model`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TinyModelReport {
    /// Tokens that the tokenizer knows.
    pub tokens: usize,
    /// Rows of the embedding: the tokens, padded to a multiple of 64.
    pub vocab_size: usize,
}

/// Writes the tokenizer, the chat template and every configuration file. The same data set gives the
/// same bytes.
///
/// # Errors
/// An input error where the data set cannot be read; otherwise where a file cannot be written.
pub fn write_tiny_model(options: &TinyModelOptions) -> Result<TinyModelReport> {
    let tokenizer = train_tokenizer(&read_texts(&options.dataset)?, options.vocabulary)?;
    let tokens = tokenizer.get_vocab_size(true);
    let report = TinyModelReport { tokens, vocab_size: tokens.next_multiple_of(64) };
    let out = &options.out;
    fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    write_json(out, "tokenizer.json", &serde_json::to_value(&tokenizer)?)?;
    write_json(out, "tokenizer_config.json", &tokenizer_config(&tokenizer))?;
    write_json(out, "special_tokens_map.json", &special_tokens_map())?;
    let config = match options.architecture {
        Architecture::Qwen2_5Vl => {
            write_json(out, "preprocessor_config.json", &preprocessor_config())?;
            vision_language_config(&tokenizer, report.vocab_size)
        }
        Architecture::Qwen2 => text_config(&tokenizer, report.vocab_size),
    };
    write_json(out, "generation_config.json", &generation_config(&tokenizer))?;
    write_json(out, "config.json", &config)?;
    write(out, "chat_template.jinja", CHAT_TEMPLATE)?;
    Ok(report)
}

/// Every question and completion, with the roles before them as the chat template writes them.
fn read_texts(dataset: &Path) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for name in ["train.jsonl", "sft.jsonl"] {
        let path = dataset.join(name);
        let file = fs::read_to_string(&path)
            .map_err(|error| input_error(format!("{}: cannot be read: {error}", path.display())))?;
        for (line, text) in (1..).zip(file.lines()) {
            let row: Value = serde_json::from_str(text)
                .map_err(|error| input_error(format!("{}, line {line}: {error}", path.display())))?;
            for (role, field) in [("user", "question"), ("assistant", "completion")] {
                texts.extend(row[field].as_str().map(|said| format!("{role}\n{said}")));
            }
        }
    }
    Ok(texts)
}

fn write_json(folder: &Path, name: &str, value: &Value) -> Result<()> {
    write(folder, name, &(serde_json::to_string_pretty(value)? + "\n"))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    write_new(&folder.join(name), text.as_bytes())
}

fn id(tokenizer: &Tokenizer, token: &str) -> u32 {
    tokenizer.token_to_id(token).expect("the special tokens were added to this tokenizer")
}

fn tokenizer_config(tokenizer: &Tokenizer) -> Value {
    let decoder: serde_json::Map<String, Value> = SPECIAL_TOKENS
        .iter()
        .map(|token| {
            let added = json!({
                "content": token, "lstrip": false, "normalized": false, "rstrip": false,
                "single_word": false, "special": true,
            });
            (id(tokenizer, token).to_string(), added)
        })
        .collect();
    json!({
        "add_bos_token": false,
        "add_prefix_space": false,
        "added_tokens_decoder": decoder,
        "additional_special_tokens": additional_special_tokens(),
        "bos_token": null,
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": false,
        "eos_token": END_OF_TURN,
        "errors": "replace",
        "model_max_length": 2048,
        "pad_token": PADDING,
        "split_special_tokens": false,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": null,
    })
}

fn special_tokens_map() -> Value {
    json!({
        "additional_special_tokens": additional_special_tokens(),
        "eos_token": END_OF_TURN,
        "pad_token": PADDING,
    })
}

fn additional_special_tokens() -> Vec<&'static str> {
    SPECIAL_TOKENS.into_iter().filter(|token| *token != PADDING).collect()
}

fn preprocessor_config() -> Value {
    json!({
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": "Qwen2_5_VLProcessor",
        "do_convert_rgb": true,
        "do_resize": true,
        "do_rescale": true,
        "do_normalize": true,
        "resample": 3,
        "rescale_factor": 1.0 / 255.0,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
        "min_pixels": 784,
        "max_pixels": 100_352,
        "patch_size": 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
    })
}

fn generation_config(tokenizer: &Tokenizer) -> Value {
    json!({
        "do_sample": true,
        "temperature": 1.0,
        "eos_token_id": [id(tokenizer, END_OF_TURN), id(tokenizer, PADDING)],
        "pad_token_id": id(tokenizer, PADDING),
    })
}

fn text_config(tokenizer: &Tokenizer, vocab_size: usize) -> Value {
    json!({
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "vocab_size": vocab_size,
        "hidden_size": 128,
        "intermediate_size": 384,
        "num_hidden_layers": 5,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "hidden_act": "silu",
        "attention_dropout": 0.0,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "max_position_embeddings": 2048,
        "use_sliding_window": false,
        "tie_word_embeddings": true,
        "initializer_range": 0.02,
        "use_cache": true,
        "torch_dtype": "float32",
        "bos_token_id": id(tokenizer, PADDING),
        "eos_token_id": id(tokenizer, END_OF_TURN),
        "pad_token_id": id(tokenizer, PADDING),
    })
}

/// The text model's, with one layer less and what images add, where a released model has it.
fn vision_language_config(tokenizer: &Tokenizer, vocab_size: usize) -> Value {
    let mut config = text_config(tokenizer, vocab_size);
    config["architectures"] = json!(["Qwen2_5_VLForConditionalGeneration"]);
    config["model_type"] = json!("qwen2_5_vl");
    config["num_hidden_layers"] = json!(4);
    let fields = config.as_object_mut().expect("a configuration is an object");
    let after_theta = fields.keys().position(|key| key == "rope_theta").map_or(0, |place| place + 1);
    let mrope = json!({ "type": "mrope", "mrope_section": [4, 6, 6] });
    fields.shift_insert(after_theta, "rope_scaling".to_owned(), mrope);
    for (name, token) in [
        ("vision_start_token_id", "<|vision_start|>"),
        ("vision_end_token_id", "<|vision_end|>"),
        ("vision_token_id", "<|vision_pad|>"),
        ("image_token_id", "<|image_pad|>"),
        ("video_token_id", "<|video_pad|>"),
    ] {
        fields.insert(name.to_owned(), json!(id(tokenizer, token)));
    }
    fields.insert("vision_config".to_owned(), vision_config());
    config
}

fn vision_config() -> Value {
    json!({
        "model_type": "qwen2_5_vl",
        "depth": 4,
        "hidden_size": 96,
        "intermediate_size": 256,
        "num_heads": 4,
        "hidden_act": "silu",
        "in_channels": 3,
        "in_chans": 3,
        "out_hidden_size": 128,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "spatial_patch_size": 14,
        "temporal_patch_size": 2,
        "window_size": 56,
        "fullatt_block_indexes": [1, 3],
        "tokens_per_second": 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        demo::digits_vl::{tests::small, write_digits_vl},
        error::is_input_error,
    };

    fn read_json(folder: &Path, name: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    }

    #[test]
    fn the_files_agree_and_are_the_same_every_time() {
        let directory = tempfile::tempdir().unwrap();
        let data = small(directory.path());
        write_digits_vl(&data).unwrap();
        let first = TinyModelOptions::new(Architecture::Qwen2_5Vl, &data.out, directory.path().join("first"));
        let second = TinyModelOptions { out: directory.path().join("second"), ..first.clone() };
        let report = write_tiny_model(&first).unwrap();
        write_tiny_model(&second).unwrap();
        for entry in fs::read_dir(&first.out).unwrap() {
            let name = entry.unwrap().file_name();
            assert_eq!(fs::read(first.out.join(&name)).unwrap(), fs::read(second.out.join(&name)).unwrap());
        }

        let tokenizer = Tokenizer::from_file(first.out.join("tokenizer.json")).unwrap();
        let config = read_json(&first.out, "config.json");
        assert_eq!(tokenizer.get_vocab_size(true), report.tokens);
        assert_eq!(config["vocab_size"], report.vocab_size);
        assert_eq!(config["image_token_id"], tokenizer.token_to_id("<|image_pad|>").unwrap());
        let template = read_json(&first.out, "tokenizer_config.json")["chat_template"].clone();
        assert_eq!(template, fs::read_to_string(first.out.join("chat_template.jinja")).unwrap());
    }

    #[test]
    fn the_chat_template_renders_images_text_and_the_assistants_turn() {
        let render = |messages: Value, add_generation_prompt: bool| {
            let environment = minijinja::Environment::new();
            let context = minijinja::context! { messages, add_generation_prompt };
            environment.render_str(CHAT_TEMPLATE, context).unwrap()
        };
        let asked = json!([{ "role": "user", "content": [
            { "type": "image", "image": "images/test-0001.png" },
            { "type": "text", "text": "Read the number." },
        ]}]);
        assert_eq!(
            render(asked, true),
            "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Read the number.<|im_end|>\n\
             <|im_start|>assistant\n"
        );
        let system = json!([{ "role": "system", "content": "Be brief." }]);
        assert_eq!(render(system, false), "<|im_start|>system\nBe brief.<|im_end|>\n");
    }

    #[test]
    fn a_missing_data_set_is_an_input_error() {
        let error =
            write_tiny_model(&TinyModelOptions::new(Architecture::Qwen2, "no/such", "unused")).unwrap_err();
        assert!(is_input_error(&error) && error.to_string().contains("train.jsonl"), "{error}");
    }
}
