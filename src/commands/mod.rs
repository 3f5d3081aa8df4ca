//! One file per command: from its options to library calls. The only place that joins trainer,
//! checkpoint and data.

mod ablate;
mod answering;
mod backends;
mod bench;
mod compare;
mod data;
mod eval;
mod eval_settings;
mod generate;
mod kernels;
mod launch;
mod merge;
mod names;
mod output;
mod plan;
mod recipe_source;
mod recycle;
mod report;
mod score;
mod serve;
mod sft;
mod train;
mod verify;

use anyhow::Result;

use crate::{
    cli::{Cli, Command, RunArgs},
    kernels::switch_off,
};

/// Runs a parsed command line.
///
/// # Errors
/// Whatever the command fails with; input errors are marked as such.
pub fn run(cli: Cli) -> Result<()> {
    let common = cli.common;
    switch_off(&common.kernels_off)?;
    match cli.command.unwrap_or_else(|| Command::Train(RunArgs::default())) {
        Command::Train(args) => train::run(args, &common),
        Command::Sft(args) => sft::run(args, &common),
        Command::Eval(args) => eval::run(*args, &common),
        Command::Generate(args) => generate::run(args, &common),
        Command::Serve(args) => serve::run(args, &common),
        Command::Score(args) => score::run(args, &common),
        Command::Verify(args) => verify::run(&args),
        Command::Recycle(args) => recycle::run(&args, &common),
        Command::Ablate(args) => ablate::run(&args, &common),
        Command::Compare(args) => compare::run(&args, &common),
        Command::Kernels(args) => kernels::run(&args, &common),
        Command::Backends(args) => backends::run(&args),
        Command::Bench(args) => bench::run(args, &common),
        Command::Merge(args) => merge::run(args, &common),
        Command::Report(args) => report::run(args),
        Command::Plan(args) => plan::run(args, &common),
        Command::Data { what } => data::run(what, common.seed),
    }
}
