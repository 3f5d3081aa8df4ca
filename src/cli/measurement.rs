//! What `spark bench`, `backends`, `compare` and `kernels` are told.

use std::path::PathBuf;

use clap::Args;

use super::training::RecipeArgs;
use crate::bench::BenchWork;

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
pub struct KernelsArgs {
    /// Only these operations [default: all]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Shapes of a model of 3 billion parameters, too: needs some GB of memory and of disk
    #[arg(long)]
    pub large: bool,
    /// Timed runs of each case, after one to warm up
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub repeats: usize,
    /// Where the files go
    #[arg(long, default_value = "runs/kernels", value_name = "DIR")]
    pub out: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// Directories of runs
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// The file to write [default: report.html in the run's directory; of several, in this one]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
