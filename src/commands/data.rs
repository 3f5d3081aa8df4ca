//! `spark data`: the shipped data sets and the files of the tiny models.

use std::path::PathBuf;

use anyhow::Result;

use crate::{cli::DataCommand, demo};

fn make_tiny_model(architecture: demo::Architecture, dataset: PathBuf, out: PathBuf) -> Result<()> {
    let report = demo::write_tiny_model(&demo::TinyModelOptions::new(architecture, dataset, out))?;
    say!("{} tokens, vocabulary padded to {}", report.tokens, report.vocab_size);
    Ok(())
}

pub(super) fn run(what: DataCommand, seed: Option<u64>) -> Result<()> {
    match what {
        DataCommand::Digits { source, out } => {
            let mut options = demo::DigitsVlOptions::new(source, out);
            options.plan.seed = seed.unwrap_or(options.plan.seed);
            let report = demo::write_digits_vl(&options)?;
            say!(
                "{} images, {} training problems, {} test problems, {} warm-start pairs, {} drills",
                report.images,
                report.train_problems,
                report.test_problems,
                report.warm_pairs,
                report.drills
            );
        }
        DataCommand::TinyVl { dataset, out } => {
            make_tiny_model(demo::Architecture::Qwen2_5Vl, dataset, out)?;
        }
        DataCommand::Calculations { out } => {
            let mut options = demo::CalculationsOptions::new(out);
            options.seed = seed.unwrap_or(options.seed);
            demo::write_calculations(&options)?;
            let demo::CalculationsOptions { train, test, warm_pairs, drills, .. } = options;
            say!(
                "{train} training problems, {test} test problems, {warm_pairs} warm-start pairs, {drills} drills"
            );
        }
        DataCommand::TinyText { dataset, out } => {
            make_tiny_model(demo::Architecture::Qwen2, dataset, out)?;
        }
    }
    Ok(())
}
