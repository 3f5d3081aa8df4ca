//! What `spark eval` is told.

use std::path::PathBuf;

use clap::Args;

use super::{python::PythonArgs, template::TemplateArgs};
use crate::{eval::Strategy, rollout::EngineKind, verify::Extractor};

#[derive(Debug, Clone, Args)]
pub struct EvalArgs {
    /// A Hugging Face model directory, or a PEFT adapter's [default: with --run, its final/]
    #[arg(long, value_name = "DIR", required_unless_present = "run")]
    pub model: Option<PathBuf>,
    /// A server that samples from the weights that it has, which --model's directory then only tells how to ask; may be
    /// repeated
    #[arg(long, value_name = "URL")]
    pub server: Vec<String>,
    /// [default: spark]
    #[arg(long, value_enum)]
    pub server_kind: Option<EngineKind>,
    /// A file with the key that the servers ask for
    #[arg(long, value_name = "FILE", requires = "server")]
    pub api_key_file: Option<PathBuf>,
    /// Problems: JSONL or a JSON array; may be repeated [default: the recipe's held-out evaluation]
    #[arg(long, value_name = "FILE", required_unless_present_any = ["recipe", "run"])]
    pub data: Vec<PathBuf>,
    /// How problems are asked and checked, and what is measured: a run's recipe.toml brings the run's judge items
    #[arg(long, value_name = "FILE", conflicts_with = "run")]
    pub recipe: Option<PathBuf>,
    /// A run, whose recipe, judge items and final model are used
    #[arg(long, value_name = "DIR")]
    pub run: Option<PathBuf>,
    /// Overrides one setting of the recipe, for example eval.problems=100; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Answers per problem: of a file in all [default: 1], of a recipe's evaluation beside the greedy one [default: the
    /// recipe's]
    #[arg(long, value_name = "N")]
    pub samples: Option<usize>,
    /// The k of pass@k, as in 1,8 [default: 1 and the number of samples]
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    pub k: Vec<usize>,
    /// How answers are drawn; 0 takes the most likely token every time [default: 0 for one answer, 1 for several]
    #[arg(long, value_name = "T")]
    pub temperature: Option<f64>,
    /// [default: 1]
    #[arg(long, value_name = "P")]
    pub top_p: Option<f64>,
    /// 0: off [default: 0]
    #[arg(long, value_name = "K")]
    pub top_k: Option<usize>,
    /// Where answers may stand, tried in this order: box, phrase, latex, plain [default: the recipe's, or box]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "LIST")]
    pub extract: Vec<Extractor>,
    /// The verifier of rows that name none [default: the recipe's, or the one that the answer's shape asks for]
    #[arg(long, value_name = "NAME")]
    pub verifier: Option<String>,
    /// [default: single]
    #[arg(long, value_enum)]
    pub strategy: Option<Strategy>,
    /// Tokens per completion, at most [default: the recipe's, or 512]
    #[arg(long, value_name = "N")]
    pub max_new_tokens: Option<usize>,
    /// Writes every answer to this file, one JSON object per line
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Goes on with an evaluation of --data that was stopped: its answers are kept beside --out
    #[arg(long, requires_all = ["out", "data"])]
    pub resume: bool,
    #[command(flatten)]
    pub template: TemplateArgs,
    #[command(flatten)]
    pub python: PythonArgs,
}
