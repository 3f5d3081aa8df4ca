//! One file per command: from its options to library calls. The only place that joins trainer,
//! checkpoint and data.

mod ablate;
mod auxiliary;
mod backends;
mod bench;
mod compare;
pub mod data;
mod eval;
mod generate;
mod inputs;
mod interrupt;
mod merge;
mod plan;
mod ranks;
mod recycle;
mod report;
mod run_dir;
mod saved;
mod score;
mod session;
mod sft;
mod train;
mod verify;

use std::path::PathBuf;

use anyhow::Result;

use crate::cli::{Cli, Command, DataCommand, RunArgs};

/// Runs a parsed command line.
///
/// # Errors
/// Whatever the command fails with; input errors are marked as such.
pub fn run(cli: Cli) -> Result<()> {
    let common = cli.common;
    match cli.command.unwrap_or_else(|| Command::Train(RunArgs::default())) {
        Command::Train(args) => train::run(args, &common),
        Command::Sft(args) => sft::run(args, &common),
        Command::Eval(args) => eval::run(args, &common),
        Command::Generate(args) => generate::run(args, &common),
        Command::Score(args) => score::run(args, &common),
        Command::Verify(args) => verify::run(&args),
        Command::Recycle(args) => recycle::run(&args, &common),
        Command::Ablate(args) => ablate::run(&args, &common),
        Command::Compare(args) => compare::run(&args, &common),
        Command::Backends(args) => backends::run(&args),
        Command::Bench(args) => bench::run(args, &common),
        Command::Merge(args) => merge::run(args, &common),
        Command::Plan(args) => plan::run(args, &common),
        Command::Data { what } => make_data(what, common.seed),
    }
}

fn make_tiny_model(architecture: data::Architecture, dataset: PathBuf, out: PathBuf) -> Result<()> {
    let report = data::write_tiny_model(&data::TinyModelOptions::new(architecture, dataset, out))?;
    eprintln!("{} tokens, vocabulary padded to {}", report.tokens, report.vocab_size);
    Ok(())
}

fn make_data(what: DataCommand, seed: Option<u64>) -> Result<()> {
    match what {
        DataCommand::Digits { source, out } => {
            let mut options = data::DigitsVlOptions::new(source, out);
            options.plan.seed = seed.unwrap_or(options.plan.seed);
            let report = data::write_digits_vl(&options)?;
            eprintln!(
                "{} images, {} training problems, {} test problems, {} warm-start pairs, {} drills",
                report.images, report.train_problems, report.test_problems, report.warm_pairs, report.drills
            );
        }
        DataCommand::TinyVl { dataset, out } => {
            make_tiny_model(data::Architecture::Qwen2_5Vl, dataset, out)?;
        }
        DataCommand::Calculations { out } => {
            let mut options = data::CalculationsOptions::new(out);
            options.seed = seed.unwrap_or(options.seed);
            data::write_calculations(&options)?;
            let data::CalculationsOptions { train, test, warm_pairs, drills, .. } = options;
            eprintln!(
                "{train} training problems, {test} test problems, {warm_pairs} warm-start pairs, {drills} drills"
            );
        }
        DataCommand::TinyText { dataset, out } => {
            make_tiny_model(data::Architecture::Qwen2, dataset, out)?;
        }
    }
    Ok(())
}
