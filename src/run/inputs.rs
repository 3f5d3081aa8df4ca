//! Loading what a command works on: problems that can be rendered, and a model with its processor.

use std::path::Path;

use anyhow::{Context, Result};
use burn::tensor::backend::Backend;
use rayon::prelude::*;

use super::{
    problems::{check_system, usable_rows},
    prompt_bound::prompt_bound,
};
use crate::{
    config::{DataConfig, RunConfig},
    data::{SftExample, load_sft_with},
    error::input_error,
    kernels::Kernels,
    model::{
        Model, ModelConfig, Sequence, base_dir, check_precision, computing_in, is_adapter, load_model,
        weights::Precision,
    },
    processor::{Processor, TemplateArguments},
    train::batch::Example,
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
pub fn load_to_compute_in<B: Kernels>(
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

/// Renders and tokenizes every pair of a file; completions end as the chat template ends an assistant's turn. A pair
/// that cannot be rendered, or is longer than the model reads, is a bad row.
///
/// # Errors
/// Input errors that name the file and row.
pub fn load_examples(data: &Path, config: &RunConfig) -> Result<Vec<Example>> {
    let model = ModelConfig::from_dir(&base_dir(&config.model.path)?)?;
    let processor = load_processor(&config.model.path, &template_arguments(&config.data)?)?
        .with_instruction(config.data.instruction.clone());
    check_system(&config.data, &processor)?;
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
