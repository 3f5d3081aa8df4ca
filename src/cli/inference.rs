//! What `spark generate`, `score` and `merge` are told.

use std::path::PathBuf;

use clap::Args;

use super::template::TemplateArgs;

#[derive(Debug, Clone, Args)]
pub struct GenerateArgs {
    /// A Hugging Face model directory, or a PEFT adapter's
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// The user's text
    #[arg(long, value_name = "TEXT")]
    pub prompt: String,
    /// An image shown before the text; may be repeated
    #[arg(long = "image", value_name = "FILE")]
    pub images: Vec<PathBuf>,
    /// [default: the model's generation_config.json, or 512, and no more than the model reads]
    #[arg(long, value_name = "N")]
    pub max_new_tokens: Option<usize>,
    /// 0 takes the most likely token every time [default: the model's generation_config.json, or 1]
    #[arg(long, value_name = "T")]
    pub temperature: Option<f64>,
    /// [default: the model's generation_config.json, or 1]
    #[arg(long, value_name = "P")]
    pub top_p: Option<f64>,
    /// 0: off [default: the model's generation_config.json, or 0]
    #[arg(long, value_name = "K")]
    pub top_k: Option<usize>,
    /// Holds tokens back that have occurred; 1: off [default: the model's generation_config.json, or 1]
    #[arg(long, value_name = "F")]
    pub repetition_penalty: Option<f64>,
    /// Completions
    #[arg(long = "n", default_value_t = 1, value_name = "N")]
    pub samples: usize,
    /// One JSON object per completion, with token ids and log-probabilities
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub template: TemplateArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ScoreArgs {
    /// A Hugging Face model directory, or a PEFT adapter's
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// JSONL, or a JSON array
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Tokens that go through the model at once; one row at least
    #[arg(long, default_value_t = 4096, value_name = "N")]
    pub batch_tokens: usize,
    #[command(flatten)]
    pub template: TemplateArgs,
}

#[derive(Debug, Clone, Args)]
pub struct MergeArgs {
    /// A PEFT directory, whose adapter_config.json names the base model; with --own-head any model directory
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// Writes the head as weights of its own where it is the embeddings: vLLM exchanges no weights of a model without
    #[arg(long)]
    pub own_head: bool,
    /// The model directory to write
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Weights go into files of at most this many bytes
    #[arg(long, default_value_t = 5_000_000_000, value_name = "N")]
    pub shard_bytes: usize,
}
