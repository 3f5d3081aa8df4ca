//! What `spark serve` is told.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use super::template::TemplateArgs;

#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// A Hugging Face model directory or name, or a PEFT adapter's directory
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// Where to listen; other machines reach 0.0.0.0, and then need a key
    #[arg(long, default_value = "127.0.0.1:8000", value_name = "ADDRESS")]
    pub addr: SocketAddr,
    /// What clients call the model [default: --model, as it is written]
    #[arg(long, value_name = "NAME")]
    pub served_name: Option<String>,
    /// What clients must send as "Authorization: Bearer KEY"
    #[arg(long, env = "SPARK_API_KEY", hide_env_values = true, value_name = "KEY")]
    pub api_key: Option<String>,
    /// Requests under way, at most; further ones get status 503
    #[arg(long, default_value_t = 4096, value_name = "N")]
    pub max_queue: usize,
    /// Completions that are decoded together, at most
    #[arg(long, default_value_t = 256, value_name = "N")]
    pub max_rows: usize,
    /// Tokens of a prompt and its completion together [default: what the model reads, 8192 at most]
    #[arg(long, value_name = "N")]
    pub max_model_len: Option<usize>,
    /// Bytes of a request's body, at most
    #[arg(long, default_value_t = 64 << 20, value_name = "N")]
    pub max_body_bytes: usize,
    /// Fetch images that are given as http and https URLs; without it only data URLs are read
    #[arg(long)]
    pub fetch_images: bool,
    #[command(flatten)]
    pub template: TemplateArgs,
}
