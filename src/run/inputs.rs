//! Loading what a command works on: problems that can be rendered, and a model with its processor.

use std::path::Path;

use anyhow::Result;
use burn::tensor::backend::Backend;
use rayon::prelude::*;

use crate::{
    config::{DataConfig, RunConfig},
    data::{BadRows, Problem, SftExample, load_problems, load_sft_with},
    error::input_error,
    judge::check_kind,
    model::{
        Model, ModelConfig, Sequence, base_dir, check_precision, computing_in, is_adapter, load_model,
        weights::Precision,
    },
    processor::Processor,
    train::batch::Example,
    verify::Verifier,
};

/// A model and the processor that belongs to it.
///
/// # Errors
/// When the directory is incomplete or malformed.
pub fn load_model_and_processor<B: Backend>(dir: &Path, device: &B::Device) -> Result<(Model<B>, Processor)> {
    Ok((load_model(dir, device)?, load_processor(dir)?))
}

/// A model for inference, computing in a float type, and its processor.
///
/// # Errors
/// When the directory is incomplete or malformed, or the device does not compute in the float type.
pub fn load_to_compute_in<B: Backend>(
    dir: &Path,
    precision: Option<Precision>,
    device: &B::Device,
) -> Result<(Model<B>, Processor)> {
    let precision = precision.unwrap_or_default();
    check_precision::<B>(precision, device)?;
    let (model, processor) = load_model_and_processor(dir, device)?;
    Ok((computing_in(model, precision), processor))
}

/// The processor of a model directory, or of an adapter's, which may leave it to its base model.
///
/// # Errors
/// When a file that is needed is missing or malformed.
pub fn load_processor(dir: &Path) -> Result<Processor> {
    let own = !is_adapter(dir) || dir.join("tokenizer.json").exists();
    let base = base_dir(dir)?;
    let processor = Processor::from_dir(if own { dir } else { &base })?;
    Ok(processor.for_model(ModelConfig::from_dir(&base)?))
}

/// Problems that can be rendered and checked; bad rows are refused, or skipped, counted and reported.
///
/// # Errors
/// When the file cannot be read, a row is bad and may not be skipped, or none is left.
pub fn usable_problems(
    path: &Path,
    config: &DataConfig,
    processor: &Processor,
    verifier: &Verifier,
) -> Result<Vec<Problem>> {
    let loaded = load_problems(path, config.reading(path))?;
    loaded.notes.iter().for_each(|note| say!("{note}"));
    let mut skipped = loaded.skipped;
    let checked: Vec<(Problem, Result<()>)> = loaded
        .problems
        .into_par_iter()
        .map(|problem| {
            let check = check_kind(&problem)
                .and_then(|()| verifier.prepare(&problem))
                .and_then(|()| processor.prompt(&problem).map(|_| ()));
            (problem, check)
        })
        .collect();
    let mut usable = Vec::with_capacity(checked.len());
    for (problem, check) in checked {
        match check {
            Ok(()) => usable.push(problem),
            Err(error) if config.bad_rows == BadRows::Skip => {
                skipped.push(format!("{}: {error:#}", path.display()));
            }
            Err(error) => return Err(error.context(path.display().to_string())),
        }
    }
    report_skipped(path, &skipped);
    if let Some(message) = verifier.setting_overruled(&usable)? {
        say!("{}: {message}", path.display());
    }
    if usable.is_empty() {
        return Err(input_error(format!("{}: no usable problem", path.display())));
    }
    Ok(usable)
}

fn report_skipped(path: &Path, skipped: &[String]) {
    const SHOWN: usize = 5;
    if skipped.is_empty() {
        return;
    }
    say!("{}: {} rows skipped", path.display(), skipped.len());
    skipped.iter().take(SHOWN).for_each(|message| say!("  {message}"));
    if skipped.len() > SHOWN {
        say!("  … and {} more", skipped.len() - SHOWN);
    }
}

/// Renders and tokenizes every pair of a file; completions end in the end-of-sequence token.
///
/// # Errors
/// Input errors that name the file and row.
pub fn load_examples(data: &Path, config: &RunConfig) -> Result<Vec<Example>> {
    let model = ModelConfig::from_dir(&base_dir(&config.model.path)?)?;
    let processor = load_processor(&config.model.path)?.with_instruction(config.data.instruction.clone());
    let end = processor.eos_token_ids()[0];
    let example = |pair: &SftExample| -> Result<Example> {
        let prompt = processor.prompt(&pair.problem)?;
        let mut completion = processor.encode(&pair.completion)?;
        completion.push(end);
        Ok(Example::to_imitate(Sequence::new(&prompt.input, &completion, &model)))
    };
    let (pairs, notes) = load_sft_with(data, &config.data.reading(data))?;
    notes.iter().for_each(|note| say!("{note}"));
    pairs.par_iter().map(example).collect()
}
