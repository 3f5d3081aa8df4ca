//! `spark plan`: how much memory a recipe needs.

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::json;

use crate::{
    backend::{Job, backend_kind, run_without_device},
    cli::{CommonArgs, DEFAULT_RECIPE, PlanArgs},
    config::RunConfig,
    kernels::TrainBackend,
    model::{ModelConfig, base_dir, parameter_shapes},
    plan::{ImageSize, KernelForm, Moment, Parameters, Place, Plan, PromptSize, Sizes, Workload},
    processor::IMAGE_CACHE_BYTES,
};

/// Image tokens of a prompt, unless the command line tells.
const IMAGE_TOKENS: usize = 256;

/// Prints the plan.
///
/// # Errors
/// Input errors that name the option or file; otherwise when the plan does not fit.
pub fn run(args: PlanArgs, common: &CommonArgs) -> Result<()> {
    let recipe = args.recipe.recipe.as_deref().unwrap_or(Path::new(DEFAULT_RECIPE));
    let mut config = RunConfig::load(recipe, &args.recipe.settings)?;
    if let Some(model) = &args.model {
        config.model.path.clone_from(model);
    }
    config.model.dtype = common.dtype.unwrap_or(config.model.dtype);
    let backend = backend_kind(common.backend.as_deref())?;
    let model = ModelConfig::from_dir(&base_dir(&config.model.path)?)?;
    let workload = workload(&args, &config, &model, backend)?;
    let plan = Plan::new(&workload);
    if args.json {
        println!("{}", as_json(&args, backend, &workload, &plan));
    } else {
        print_tables(&config.model.path, backend, &workload, &plan);
    }
    judge(args.memory, &plan)
}

fn workload<'a>(
    args: &PlanArgs,
    config: &'a RunConfig,
    model: &'a ModelConfig,
    backend: &str,
) -> Result<Workload<'a>> {
    let image_tokens = match &model.vision {
        Some(_) => args.image_tokens.unwrap_or(IMAGE_TOKENS),
        None => 0,
    };
    let image = ImageSize::new(model, image_tokens).map_or(0, |image| image.bytes());
    let kept = args.images.map(|images| images as u64 * image);
    Ok(Workload {
        model,
        parameters: run_without_device(CountParameters { model, config })?,
        train: &config.train,
        rollout: config.rollout,
        prompt: PromptSize { text_tokens: args.prompt_tokens, image_tokens },
        image_cache_bytes: kept.unwrap_or(u64::MAX).min(IMAGE_CACHE_BYTES as u64),
        kernels: if backend == "flex" { KernelForm::HandWritten } else { KernelForm::Generic },
        precision: config.model.dtype,
        frozen_in_it: config.lora.is_on(),
    })
}

struct CountParameters<'a> {
    model: &'a ModelConfig,
    config: &'a RunConfig,
}

impl Job for CountParameters<'_> {
    type Output = Parameters;

    fn run<B: TrainBackend>(self, _device: B::Device) -> Result<Parameters> {
        let Self { model, config } = self;
        Ok(Parameters::new(&parameter_shapes::<B>(model, &config.lora, &config.model.freeze)?))
    }
}

/// # Errors
/// When the peak exceeds the memory; names the largest item and what makes it smaller.
fn judge(memory: Option<u64>, plan: &Plan) -> Result<()> {
    let peak = plan.peak();
    match (memory, peak.largest()) {
        (Some(memory), Some(largest)) if peak.bytes > memory => bail!(
            "{} do not fit into {}; the largest item, {}, takes {}: {}",
            readable(peak.bytes),
            readable(memory),
            largest.name,
            readable(largest.bytes),
            largest.remedy
        ),
        _ => Ok(()),
    }
}

fn as_json(args: &PlanArgs, backend: &str, workload: &Workload<'_>, plan: &Plan) -> serde_json::Value {
    let peak = plan.peak();
    json!({
        "parameters": workload.parameters.total,
        "trainable_parameters": workload.parameters.trainable,
        "dtype": workload.precision.name(),
        "backend": backend,
        "kernels": workload.kernels,
        "prompt_tokens": workload.prompt.text_tokens,
        "image_tokens": workload.prompt.image_tokens,
        "sampling": plan.sampling,
        "update": plan.update,
        "peak_bytes": peak.bytes,
        "host_bytes": plan.sampling.host_bytes.max(plan.update.host_bytes),
        "memory_bytes": args.memory,
        "fits": args.memory.map(|memory| peak.bytes <= memory),
    })
}

fn print_tables(model: &Path, backend: &str, workload: &Workload<'_>, plan: &Plan) {
    let sizes = Sizes::new(workload);
    let PromptSize { text_tokens, image_tokens } = workload.prompt;
    let (parameters, dtype) = (grouped(workload.parameters.total), workload.precision.name());
    println!("model     {}: {parameters} parameters, {dtype}", model.display());
    println!(
        "prompt    {text_tokens} text tokens (--prompt-tokens), {image_tokens} of an image (--image-tokens)"
    );
    println!(
        "step      {} prompts, {} rows of {} tokens; {backend}",
        sizes.prompts, sizes.rows, sizes.sequence
    );
    print_moment(&format!("sampling  {} rows at once", sizes.decoded_rows), &plan.sampling);
    let batches = format!("update    {} micro-batches of {} rows", sizes.micro_batches, sizes.micro_rows);
    print_moment(&batches, &plan.update);
    let phase = if plan.peak() == &plan.sampling { "sampling" } else { "the update" };
    println!("\npeak      {} in {phase}", readable(plan.peak().bytes));
}

fn print_moment(title: &str, moment: &Moment) {
    println!("\n{title}; the most {}", moment.at);
    for item in &moment.items {
        let place = if moment.host_bytes > 0 && item.place == Place::Host { "  (host)" } else { "" };
        println!("  {:36}{:>12}{place}", item.name, readable(item.bytes));
    }
    println!("  {:36}{:>12}", "together", readable(moment.bytes));
    if moment.host_bytes > 0 {
        println!("  {:36}{:>12}  (host)", "and", readable(moment.host_bytes));
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits")).collect();
    groups.join(",")
}

/// Bytes in the unit that leaves a number below 1024.
fn readable(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return format!("{value:.1} {unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_for_people() {
        assert_eq!((grouped(8_292_166_656), grouped(12)), ("8,292,166,656".to_owned(), "12".to_owned()));
        assert_eq!((readable(1536), readable(80 << 30)), ("1.5 KiB".to_owned(), "80.0 GiB".to_owned()));
    }
}
