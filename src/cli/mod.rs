//! The command line, typed once. What each command does is in [`crate::commands`].

mod evaluation;
mod inference;
mod measurement;
mod offline;
mod python;
mod serving;
mod template;
mod training;

use clap::{Args, Parser, Subcommand};

pub use self::{
    evaluation::EvalArgs,
    inference::{GenerateArgs, MergeArgs, ScoreArgs},
    measurement::{BackendsArgs, BenchArgs, CompareArgs, KernelsArgs, ReportArgs},
    offline::{PlanArgs, RecycleArgs, VerifyArgs},
    python::PythonArgs,
    serving::ServeArgs,
    template::TemplateArgs,
    training::{AblateArgs, DataCommand, RecipeArgs, RunArgs},
};
use crate::model::weights::Precision;

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
    /// Operations to compute in their generic form, without the backend's own kernels: adamw, cached_attention,
    /// draw_tokens, gated_silu, project, project_transposed, rms_norm, self_attention, target_logprobs, tree_attention
    #[arg(long, global = true, value_delimiter = ',', value_name = "NAMES")]
    pub kernels_off: Vec<String>,
    /// No progress on stderr
    #[arg(long, global = true)]
    pub quiet: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the SPARK loop: sample, verify, recycle, update
    #[command(
        after_help = "Example:\n  spark train --recipe recipes/digits.toml --set train.steps=20 --out runs/try\n  \
        spark train --out runs/try --resume\n\n\
        Exit code 130, 143 or 129: stopped by SIGINT, SIGTERM or SIGHUP; what was done is saved, and stderr says how to go on."
    )]
    Train(RunArgs),
    /// Warm-start a model on (prompt, completion) pairs
    #[command(
        after_help = "Example:\n  spark sft --recipe recipes/tiny-vl-sft.toml --out runs/tiny-vl-sft\n  \
        spark sft --out runs/tiny-vl-sft --resume"
    )]
    Sft(RunArgs),
    /// Measure accuracy on files of problems, or by a run's own held-out evaluation
    #[command(
        after_help = "Output: one JSON object; with a recipe or run and without --data, the scores of summary.json\n\n\
        Examples:\n  spark eval --model models/tiny-vl --data datasets/digits-vl/test.jsonl --strategy reflect\n  \
        spark eval --model runs/digits/best --recipe runs/digits/recipe.toml\n  \
        spark eval --run runs/digits --data more.jsonl --samples 8 --temperature 0.7\n  \
        spark eval --model models/tiny-vl --server http://127.0.0.1:8000 --data datasets/digits-vl/test.jsonl \\\n    \
        --strategy vote --samples 8"
    )]
    Eval(Box<EvalArgs>),
    /// Sample completions of one prompt
    #[command(
        after_help = "Example:\n  spark generate --model models/tiny-vl --prompt 'What number is written?' \\\n    \
        --image datasets/digits-vl/images/test-0001.png --temperature 0"
    )]
    Generate(GenerateArgs),
    /// Answer requests in OpenAI's form over HTTP
    #[command(
        after_help = "Paths: /v1/chat/completions, /v1/completions, /v1/models, /tokenize, /detokenize, /reload,\n\
        /weight_info, /health, /metrics; docs/serving.md has their fields.\n\n\
        Examples:\n  spark serve --model HuggingFaceTB/SmolLM2-135M-Instruct\n  \
        curl http://127.0.0.1:8000/v1/chat/completions -H 'Content-Type: application/json' \\\n    \
        -d '{\"messages\": [{\"role\": \"user\", \"content\": \"What is 3 + 4?\"}]}'"
    )]
    Serve(ServeArgs),
    /// Log-probabilities of given completions
    #[command(
        after_help = "Rows: {\"messages\": [chat messages], \"images\": [paths], \"completion\": text}\n\
        Images are listed, shown by path in their parts, or both where the two agree.\n\n\
        Example:\n  spark score --model models/tiny-vl --data rows.jsonl > scored.jsonl"
    )]
    Score(ScoreArgs),
    /// Show runs, side by side, as one HTML file: figures, curves and a browser of completions
    #[command(
        after_help = "A training run writes one as it ends; this makes it at any time, also of a run that goes on.\n\n\
        Examples:\n  spark report runs/digits\n  spark report runs/lean runs/grpo --out both.html"
    )]
    Report(ReportArgs),
    /// Check responses against reference answers
    #[command(after_help = "Rows: {\"answer\": reference, \"response\": model text, \"verifier\"?: name}\n\
        Output: {\"reward\": 0..1, \"extracted\": text or null, \"reason\": why} per row, in order\n\n\
        Verifiers: math, choice, yes_no, exact, instruction, or several: math=0.8,exact=0.2\n\n\
        Examples:\n  spark verify --data answers.jsonl > verdicts.jsonl\n  \
        spark verify --data answers.jsonl --verifier math --extract box,phrase\n  \
        spark verify --data answers.jsonl --python reward.py:correct")]
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
    /// Run every operation with random inputs, and write values, gradients and seconds for another program to check
    #[command(
        after_help = "Prints one JSON object per case and writes the same to OUT/cases.jsonl, with the tensors beside it.\n\n\
        Example:\n  spark kernels --backend cuda --dtype bf16 --large --out runs/kernels\n  \
        python3 tests/oracle/kernels_float64.py runs/kernels\n\n\
        Exit code 1: an operation failed. Whether its numbers are right is for the other program to say."
    )]
    Kernels(KernelsArgs),
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
        after_help = "Examples:\n  spark merge --model runs/qwen2.5-vl-7b-lora/final --out models/merged --dtype bf16\n  \
            spark merge --own-head --model HuggingFaceTB/SmolLM2-135M-Instruct --out models/smollm2-for-vllm"
    )]
    Merge(MergeArgs),
    /// Say how much memory a recipe needs, from the model's config.json and the recipe alone
    #[command(after_help = "Examples:\n  spark plan --memory 8GiB\n  \
        spark plan --model Qwen2.5-VL-7B-Instruct --image-tokens 1024 --backend cuda --memory 80GB \\\n    \
        --set train.micro_batch_tokens=4096 --set rollout.workers=1\n\n\
        Exit code 1: it does not fit into --memory.")]
    Plan(PlanArgs),
    /// Make the shipped data sets and the files of the tiny models from their sources
    #[command(after_help = "Examples:\n  spark data calculations --out runs/calculations\n  \
        spark data tiny-text --dataset runs/calculations --out runs/tiny-text")]
    Data {
        #[command(subcommand)]
        what: DataCommand,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn no_two_options_of_a_command_are_the_same_to_clap() {
        Cli::command().debug_assert();
    }
}
