//! The command line, typed once. What each command does is in [`crate::commands`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{bench::BenchWork, eval::Strategy, model::weights::Precision, verify::Extractor};

/// The recipe of `spark` without a command.
pub const DEFAULT_RECIPE: &str = "recipes/digits.toml";

/// Co-evolve a policy and its own reward model: reinforcement learning with verifiable rewards whose
/// checked answers become judge and reflection problems (SPARK, arXiv 2509.22624).
#[derive(Debug, Parser)]
#[command(version, after_help = "Without a command: spark train --recipe recipes/digits.toml")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct CommonArgs {
    /// Where to compute: flex, cuda, vulkan, wgpu or tch, with a device number as in cuda:1; cuda-unfused and
    /// vulkan-unfused run every operation by itself [default: the best one compiled in]
    #[arg(long, global = true, env = "SPARK_BACKEND", value_name = "NAME")]
    pub backend: Option<String>,
    /// What the model computes in where the backend can, or what merge writes [default: the recipe's, or f32]
    #[arg(long, global = true, value_enum, value_name = "TYPE")]
    pub dtype: Option<Precision>,
    /// Seed of everything random [default: the recipe's, or 0]
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,
    /// No progress on stderr
    #[arg(long, global = true)]
    pub quiet: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the SPARK loop: sample, verify, recycle, update
    #[command(
        after_help = "Example:\n  spark train --recipe recipes/digits.toml --set train.steps=20 --out runs/try\n  \
        spark train --out runs/try --resume"
    )]
    Train(RunArgs),
    /// Warm-start a model on (prompt, completion) pairs
    #[command(
        after_help = "Example:\n  spark sft --recipe recipes/tiny-vl-sft.toml --out runs/tiny-vl-sft\n  \
        spark sft --out runs/tiny-vl-sft --resume"
    )]
    Sft(RunArgs),
    /// Measure accuracy on a file of problems
    #[command(
        after_help = "Example:\n  spark eval --model models/tiny-vl --data datasets/digits-vl/test.jsonl --strategy reflect"
    )]
    Eval(EvalArgs),
    /// Sample completions of one prompt
    #[command(
        after_help = "Example:\n  spark generate --model models/tiny-vl --prompt 'What number is written?' \\\n    \
        --image datasets/digits-vl/images/test-0001.png --temperature 0"
    )]
    Generate(GenerateArgs),
    /// Log-probabilities of given completions
    #[command(
        after_help = "Rows: {\"messages\": [chat messages], \"images\": [paths], \"completion\": text}\n\
        Images are listed, shown by path in their parts, or both where the two agree.\n\n\
        Example:\n  spark score --model models/tiny-vl --data rows.jsonl > scored.jsonl"
    )]
    Score(ScoreArgs),
    /// Check responses against reference answers
    #[command(after_help = "Rows: {\"answer\": reference, \"response\": model text, \"verifier\"?: name}\n\
        Output: {\"reward\": 0..1, \"extracted\": text or null, \"reason\": why} per row, in order\n\n\
        Verifiers: math, choice, yes_no, exact, instruction, or several: math=0.8,exact=0.2\n\n\
        Examples:\n  spark verify --data answers.jsonl > verdicts.jsonl\n  \
        spark verify --data answers.jsonl --verifier math --extract box,phrase")]
    Verify(VerifyArgs),
    /// Make judge and reflection problems of rollouts in a file
    #[command(
        after_help = "Rows: {\"question\", \"images\"?, \"answer\", \"completions\": [{\"text\", \"reward\"}]},\n\
        or the rollouts.jsonl of a run.\n\
        Output: problems with \"kind\": pointwise, pairwise or reflection; labels balanced; a table on stderr\n\n\
        Examples:\n  spark recycle --rollouts rollouts.jsonl --out problems.jsonl --seed 1\n  \
        spark recycle --rollouts runs/digits/rollouts.jsonl --out problems.jsonl --recipe recipes/digits.toml \\\n    \
        --set recycle.critique_share=0.5"
    )]
    Recycle(RecycleArgs),
    /// Compare variants of a run over several seeds, at an equal number of sampled tokens
    #[command(
        after_help = "Runs what is not complete yet, then writes OUT/ablation.md, ablation.json and OUT/TASK/plots/*.svg.\n\n\
        Examples:\n  spark ablate --recipe recipes/ablation.toml --out runs/ablation\n  \
        spark ablate --task digits-vl --jobs 2\n  spark ablate --report"
    )]
    Ablate(AblateArgs),
    /// The same checkpoint, prompts and updates on several backends, side by side
    #[command(after_help = "Prints a table and writes OUT/compare.json and OUT/loss.svg.\n\n\
        Examples:\n  spark compare --backends flex,vulkan --steps 20\n  \
        spark compare --backends cuda,cuda-unfused,cuda --dtype bf16\n\n\
        With --dtype, the first backend still computes in f32: it is what the others are compared with.\n\
        Exit code 1: a backend differs from the first by more than the tolerance.")]
    Compare(CompareArgs),
    /// What is compiled in, which devices this machine has, and what is missing
    #[command(after_help = "Example:\n  spark backends --json")]
    Backends(BackendsArgs),
    /// Time whole steps of a model with random weights
    #[command(
        after_help = "Prints one JSON object: medians over the steps, tokens per second, operations per second.\n\n\
        Examples:\n  spark bench\n  spark bench --model Qwen2.5-VL-3B-Instruct/config.json --backend cuda --dtype bf16 \\\n    \
        --prompts 8 --samples 8 --completion-tokens 512 --peak-teraflops 989 \\\n    \
        --set train.activation_checkpointing=true --set train.logits_chunk=1024"
    )]
    Bench(BenchArgs),
    /// Merge the adapters of a PEFT directory into a full model directory
    #[command(
        after_help = "Example:\n  spark merge --model runs/qwen2.5-vl-7b-lora/final --out models/merged --dtype bf16"
    )]
    Merge(MergeArgs),
    /// Say how much memory a recipe needs, from the model's config.json and the recipe alone
    #[command(after_help = "Examples:\n  spark plan --memory 8GiB\n  \
        spark plan --model Qwen2.5-VL-7B-Instruct --image-tokens 1024 --backend cuda --memory 80GB \\\n    \
        --set train.micro_batch_tokens=4096 --set rollout.workers=1\n\n\
        Exit code 1: it does not fit into --memory.")]
    Plan(PlanArgs),
    /// Make the shipped data set and model directory from their sources
    Data {
        #[command(subcommand)]
        what: DataCommand,
    },
}

#[derive(Debug, Clone, Default, Args)]
pub struct RecipeArgs {
    /// The run's recipe [default: recipes/digits.toml; with --resume: the run's own]
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,
    /// Overrides one setting of the recipe, for example train.steps=20; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// The run's directory [default: the first free runs/NAME, runs/NAME-2, …]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Go on from the run's last checkpoint
    #[arg(long)]
    pub resume: bool,
    /// Write how long each part of a step takes into the metrics, as seconds/…, and a table at the end
    #[arg(long)]
    pub profile: bool,
}

#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// Part of the work to time
    #[arg(long, value_enum, default_value = "step")]
    pub work: BenchWork,
    /// A model directory or a config.json; its weights are not read [default: a text model of 5.4 M parameters]
    #[arg(long, value_name = "PATH")]
    pub model: Option<PathBuf>,
    /// Prompts per step
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub prompts: usize,
    /// Completions per prompt
    #[arg(long, default_value_t = 8, value_name = "N")]
    pub samples: usize,
    /// Text tokens of a prompt
    #[arg(long, default_value_t = 64, value_name = "N")]
    pub prompt_tokens: usize,
    /// Tokens of the image in every prompt, rounded up to a square; 0: none
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub image_tokens: usize,
    /// Tokens of every completion
    #[arg(long, default_value_t = 128, value_name = "N")]
    pub completion_tokens: usize,
    /// Measured steps, after one to warm up
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub steps: usize,
    /// What the device can do, in 10^12 operations per second: gives the utilisation
    #[arg(long, value_name = "X")]
    pub peak_teraflops: Option<f64>,
    /// Say how long each part of a step takes, too
    #[arg(long)]
    pub profile: bool,
    /// A setting as in a recipe, for example train.micro_batch_tokens=4096; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
}

#[derive(Debug, Clone, Copy, Args)]
pub struct BackendsArgs {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub struct EvalArgs {
    /// A Hugging Face model directory, or a PEFT adapter's
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// Problems: JSONL or a JSON array
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Completions per problem; more than one samples at temperature 1
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub samples: usize,
    #[arg(long, value_enum, default_value_t = Strategy::Single)]
    pub strategy: Strategy,
    /// Tokens per completion, at most
    #[arg(long, default_value_t = 512, value_name = "N")]
    pub max_new_tokens: usize,
    /// Writes every answer to this file, one JSON object per line
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

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
    /// [default: the model's generation_config.json, or 512]
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
}

#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// JSONL
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// The verifier of rows that name none [default: the one that the answer's shape asks for]
    #[arg(long, value_name = "NAME")]
    pub verifier: Option<String>,
    /// Where answers may stand, tried in this order
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "box,phrase,latex,plain",
        value_name = "LIST"
    )]
    pub extract: Vec<Extractor>,
    /// A decimal with at least this many places may stand for an exact value that it rounds
    #[arg(long, default_value_t = 6, value_name = "N")]
    pub rounding_places: u32,
    /// Some of several constraints earn their share of the reward
    #[arg(long)]
    pub partial_credit: bool,
    /// Adds "microseconds" to every line
    #[arg(long)]
    pub timing: bool,
}

#[derive(Debug, Clone, Args)]
pub struct RecycleArgs {
    /// JSONL: a group per line, or a run's rollouts.jsonl
    #[arg(long, value_name = "FILE")]
    pub rollouts: PathBuf,
    /// Where the problems go
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// What it says of recycling is followed; caps per step do not apply [default: the built-in settings]
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,
    /// Override a setting of the recipe
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

#[derive(Debug, Clone, Args)]
pub struct AblateArgs {
    /// Tasks, variants and seeds
    #[arg(long, default_value = "recipes/ablation.toml", value_name = "FILE")]
    pub recipe: PathBuf,
    /// Where the runs lie; complete ones are kept, interrupted ones go on
    #[arg(long, default_value = "runs/ablation", value_name = "DIR")]
    pub out: PathBuf,
    /// Only this task
    #[arg(long, value_name = "NAME")]
    pub task: Option<String>,
    /// Runs at a time; the cores are shared out
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// Run nothing, report on what is complete
    #[arg(long)]
    pub report: bool,
}

#[derive(Debug, Clone, Args)]
pub struct CompareArgs {
    /// Names as for --backend; the first is what the others are compared with
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', required = true)]
    pub backends: Vec<String>,
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// Updates, on the completions that the first backend samples
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub steps: usize,
    /// Where the files go
    #[arg(long, default_value = "runs/compare", value_name = "DIR")]
    pub out: PathBuf,
    /// What a log-probability may differ by [default: 1e-4, in 16 bits 0.25]
    #[arg(long, value_name = "X")]
    pub logprob_tolerance: Option<f64>,
    /// What the loss of an update may differ by [default: 1e-3, in 16 bits 0.01]
    #[arg(long, value_name = "X")]
    pub loss_tolerance: Option<f64>,
}

#[derive(Debug, Clone, Args)]
pub struct MergeArgs {
    /// A PEFT directory; its adapter_config.json names the base model
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// The model directory to write
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Weights go into files of at most this many bytes
    #[arg(long, default_value_t = 5_000_000_000, value_name = "N")]
    pub shard_bytes: usize,
}

#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// A folder with a model's config.json, in place of the recipe's model.path; weights are not needed
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// Text tokens of a prompt: a recipe does not say how long its prompts are
    #[arg(long, default_value_t = 512, value_name = "N")]
    pub prompt_tokens: usize,
    /// Tokens of a prompt's image [default: 256 with a vision tower, which is 448 x 448 pixels in
    /// Qwen2.5-VL; 0 without]
    #[arg(long, value_name = "N")]
    pub image_tokens: Option<usize>,
    /// Images in the data set, of which a run keeps up to 512 MiB [default: more than that]
    #[arg(long, value_name = "N")]
    pub images: Option<usize>,
    /// What it has to fit into, as in 80GB or 24GiB
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    pub memory: Option<u64>,
    /// One JSON object instead of the tables
    #[arg(long)]
    pub json: bool,
}

/// Bytes: a number with B, kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (powers of 1024) or
/// nothing behind it.
fn parse_bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "B" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        "KiB" => 1024.0,
        "MiB" => f64::from(1 << 20),
        "GiB" => f64::from(1 << 30),
        "TiB" => 1024.0 * f64::from(1 << 30),
        unit => return Err(format!("{unit} is no unit of memory; write for example 80GB or 24GiB")),
    };
    match digits.trim().parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok((number * unit) as u64),
        _ => Err("expected a size such as 80GB or 24GiB".to_owned()),
    }
}

#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Build datasets/digits-vl from real handwritten digits
    #[command(
        after_help = "Example:\n  spark data digits --source ../shared/data/handwritten_digits_8x8.csv --out datasets/digits-vl"
    )]
    Digits {
        /// CSV: label, then 64 grey values 0..16 per row
        #[arg(long, value_name = "FILE")]
        source: PathBuf,
        /// A folder without images of an earlier build
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Build datasets/calculations: chains of calculations in plain text
    #[command(after_help = "Example:\n  spark data calculations --out datasets/calculations")]
    Calculations {
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Write the tokenizer and configuration files of models/tiny-text
    #[command(
        after_help = "Example:\n  spark data tiny-text --dataset datasets/calculations --out models/tiny-text"
    )]
    TinyText {
        /// The data set whose text the tokenizer is made for
        #[arg(long, value_name = "DIR")]
        dataset: PathBuf,
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Write the tokenizer and configuration files of models/tiny-vl
    #[command(
        after_help = "Example:\n  spark data tiny-vl --dataset datasets/digits-vl --out models/tiny-vl"
    )]
    TinyVl {
        /// The data set whose text the tokenizer is made for
        #[arg(long, value_name = "DIR")]
        dataset: PathBuf,
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::parse_bytes;

    #[test]
    fn memory_is_read_with_decimal_and_binary_units() {
        assert_eq!(parse_bytes("80GB"), Ok(80_000_000_000));
        assert_eq!(parse_bytes("1.5GiB"), Ok(3 << 29));
        assert_eq!(parse_bytes("4096"), Ok(4096));
        assert!(parse_bytes("80G").unwrap_err().contains("80GB"));
        assert!(parse_bytes("-1GB").is_err() && parse_bytes("GB").is_err());
    }
}
