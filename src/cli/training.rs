//! What `spark train`, `sft`, `ablate` and `data` are told.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Clone, Default, Args)]
pub struct RecipeArgs {
    /// The run's recipe [default: recipes/digits.toml; where model.path and data.train are set: recipes/base.toml, built
    /// in; with --resume: the run's own]
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
    /// The variant whose differences from all others are reported [default: the recipe's]
    #[arg(long, value_name = "NAME")]
    pub compared: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Build datasets/digits-vl from real handwritten digits
    #[command(
        after_help = "Example:\n  spark data digits --source handwritten_digits.csv --out runs/digits-vl"
    )]
    Digits {
        /// CSV made of the UCI data set "Optical Recognition of Handwritten Digits": a header line, then per row a label
        /// and 64 grey values from 0 to 16
        #[arg(long, value_name = "FILE")]
        source: PathBuf,
        /// A folder without images of an earlier build
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Build datasets/calculations: chains of calculations in plain text
    #[command(after_help = "Example:\n  spark data calculations --out runs/calculations")]
    Calculations {
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Write the tokenizer and configuration files of models/tiny-text
    #[command(
        after_help = "Example:\n  spark data tiny-text --dataset datasets/calculations --out runs/tiny-text"
    )]
    TinyText {
        /// The data set whose text the tokenizer is made for
        #[arg(long, value_name = "DIR")]
        dataset: PathBuf,
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Write the tokenizer and configuration files of models/tiny-vl
    #[command(after_help = "Example:\n  spark data tiny-vl --dataset datasets/digits-vl --out runs/tiny-vl")]
    TinyVl {
        /// The data set whose text the tokenizer is made for
        #[arg(long, value_name = "DIR")]
        dataset: PathBuf,
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}
