//! Loading what a command works on: problems that can be rendered, and a model with its processor.

use std::path::Path;

use anyhow::{Context, Result};
use burn::tensor::backend::Backend;
use rayon::prelude::*;

use super::prompt_bound::prompt_bound;
use crate::{
    config::{DataConfig, RunConfig},
    data::{BadRows, Problem, SftExample, load_problems, load_sft_with},
    error::input_error,
    eval::held_out_sample,
    judge::check_kind,
    model::{
        Model, ModelConfig, Sequence, base_dir, check_precision, computing_in, is_adapter, load_model,
        weights::Precision,
    },
    processor::{Processor, TemplateArguments},
    train::batch::Example,
    verify::Verifier,
};

/// A model and the processor that belongs to it.
///
/// # Errors
/// When the directory is incomplete or malformed.
pub fn load_model_and_processor<B: Backend>(
    dir: &Path,
    arguments: &TemplateArguments,
    device: &B::Device,
) -> Result<(Model<B>, Processor)> {
    // What is read quickly comes first: a wrong setting is told before gigabytes are read.
    let processor = load_processor(dir, arguments)?;
    Ok((load_model(dir, device)?, processor))
}

/// A model for inference, computing in a float type, and its processor.
///
/// # Errors
/// When the directory is incomplete or malformed, or the device does not compute in the float type.
pub fn load_to_compute_in<B: Backend>(
    dir: &Path,
    arguments: &TemplateArguments,
    precision: Option<Precision>,
    device: &B::Device,
) -> Result<(Model<B>, Processor)> {
    let precision = precision.unwrap_or_default();
    check_precision::<B>(precision, device)?;
    let (model, processor) = load_model_and_processor(dir, arguments, device)?;
    Ok((computing_in(model, precision), processor))
}

/// The values that a recipe gives the chat template.
///
/// # Errors
/// Names a value that no template can be given.
pub fn template_arguments(config: &DataConfig) -> Result<TemplateArguments> {
    TemplateArguments::from_table(&config.template_arguments, "data.template_arguments.")
}

/// The processor of a model directory, or of an adapter's, which may leave it to its base model. Says on stderr where
/// the chat template alone shows what ends a completion.
///
/// # Errors
/// When a file that is needed is missing or malformed, or the template does not mention an argument.
pub fn load_processor(dir: &Path, arguments: &TemplateArguments) -> Result<Processor> {
    let own = !is_adapter(dir) || dir.join("tokenizer.json").exists();
    let base = base_dir(dir)?;
    let processor = Processor::from_dir_with(if own { dir } else { &base }, arguments)?;
    if let Some(token) = processor.end_shown_by_template() {
        say!(
            "{}: {token} ends a completion, too, as the chat template ends turns with it; generation_config.json, tokenizer_config.json and config.json name other tokens alone",
            dir.display()
        );
    }
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
    let checked: Vec<Result<Problem>> = loaded
        .problems
        .into_par_iter()
        .map(|problem| {
            check_kind(&problem)?;
            verifier.prepare(&problem)?;
            processor.prompt(&problem)?;
            Ok(problem)
        })
        .collect();
    let usable = usable_rows(checked, path, config.bad_rows, loaded.skipped)?;
    if let Some(message) = verifier.setting_overruled(&usable)? {
        say!("{}: {message}", path.display());
    }
    if usable.is_empty() {
        return Err(input_error(format!("{}: no usable problem", path.display())));
    }
    Ok(usable)
}

/// The rows of a file that can be used. A bad one is refused, or reported beside those that were skipped before.
fn usable_rows<T>(
    read: Vec<Result<T>>,
    path: &Path,
    bad_rows: BadRows,
    mut skipped: Vec<String>,
) -> Result<Vec<T>> {
    let mut usable = Vec::with_capacity(read.len());
    for row in read {
        match row {
            Ok(row) => usable.push(row),
            Err(error) if bad_rows == BadRows::Skip => {
                skipped.push(format!("{}: {error:#}", path.display()));
            }
            Err(error) => return Err(error.context(path.display().to_string())),
        }
    }
    report_skipped(path, &skipped);
    Ok(usable)
}

/// The held-out problems that a recipe measures by: all of them, or its sample.
///
/// # Errors
/// As [`usable_problems`].
pub fn held_out_problems(
    config: &RunConfig,
    processor: &Processor,
    verifier: &Verifier,
) -> Result<Vec<Problem>> {
    let problems = usable_problems(&config.data.test, &config.data, processor, verifier)?;
    Ok(held_out_sample(problems, config.eval.problems))
}

/// A processor that asks as a recipe does, for prompts of at most the length that model and memory allow.
///
/// # Errors
/// When the recipe asks for longer prompts than the model reads, or the model has no room for any.
pub fn asking_as<B: Backend>(
    config: &RunConfig,
    processor: Processor,
    model: &ModelConfig,
    device: &B::Device,
) -> Result<Processor> {
    let bound = prompt_bound::<B>(config, model, device)?;
    Ok(processor.with_instruction(config.data.instruction.clone()).with_bound(bound))
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

/// Renders and tokenizes every pair of a file; completions end as the chat template ends an assistant's turn. A pair
/// that cannot be rendered, or is longer than the model reads, is a bad row.
///
/// # Errors
/// Input errors that name the file and row.
pub fn load_examples(data: &Path, config: &RunConfig) -> Result<Vec<Example>> {
    let model = ModelConfig::from_dir(&base_dir(&config.model.path)?)?;
    let processor = load_processor(&config.model.path, &template_arguments(&config.data)?)?
        .with_instruction(config.data.instruction.clone());
    let example = |pair: &SftExample| -> Result<Example> {
        let prompt = processor.prompt(&pair.problem)?;
        let mut completion = processor.encode(&pair.completion)?;
        completion.push(processor.end_of_turn());
        let fits = prompt.input.check_length(completion.len(), &model);
        fits.with_context(|| format!("{}, its completion included", pair.problem.id))?;
        Ok(Example::to_imitate(Sequence::new(&prompt.input, &completion, &model)))
    };
    let (pairs, notes) = load_sft_with(data, &config.data.reading(data))?;
    notes.iter().for_each(|note| say!("{note}"));
    let read: Vec<Result<Example>> = pairs.par_iter().map(example).collect();
    let examples = usable_rows(read, data, config.data.bad_rows, Vec::new())?;
    match examples.is_empty() {
        true => Err(input_error(format!("{}: no usable pair", data.display()))),
        false => Ok(examples),
    }
}
