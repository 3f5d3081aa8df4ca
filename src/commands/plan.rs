//! `spark plan`: how much memory a recipe needs.

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

use super::{names, recipe_source::RecipeSource};
use crate::{
    backend::{Job, backend_kind, run_without_device},
    cli::{CommonArgs, PlanArgs, RecipeArgs},
    config::RunConfig,
    hub::ModelPart,
    kernels::TrainBackend,
    metrics::memory_bytes,
    model::{ModelConfig, ParameterCounts, base_dir, parameter_shapes},
    plan::{
        DataSizes, Machine, Memory, MemoryPlan, PlannedMoment, ProcessBase, PromptSizes, RecipeSettings,
        Workload,
    },
    processor::PromptBound,
    run::{
        inputs::{load_processor, template_arguments},
        problems::check_system,
        prompt_bound::stated_bound,
    },
    train::KnownNames,
};

/// Text tokens of a prompt where the data cannot be read.
const TEXT_TOKENS: u64 = 512;
/// Image tokens of a prompt where the data cannot be read.
const IMAGE_TOKENS: u64 = 256;

/// Prints the plan.
///
/// # Errors
/// Input errors that name the option or file; otherwise when the plan does not fit.
pub(super) fn run(args: PlanArgs, common: &CommonArgs) -> Result<()> {
    let process = memory_bytes().unwrap_or(0);
    let backend = backend_kind(common.backend.as_deref())?;
    let mut config = planned_config(&args, common.quiet)?;
    config.model.dtype = common.dtype.unwrap_or(config.model.dtype);
    let model = ModelConfig::from_dir(&base_dir(&config.model.path)?)?;
    let bound = stated_bound(&config, &model)?;
    let data = data_sizes(&args, &config, &model, bound.clone())?;
    let bound = bound.map(|bound| bound.tokens);
    let workload = Workload {
        model: &model,
        parameters: run_without_device(CountParameters { model: &model, config: &config })?,
        recipe: RecipeSettings::new(&config, data.test_problems),
        prompts: data.prompts.clone(),
        base: ProcessBase { process, ..data.base },
        machine: Machine::new(backend, config.model.dtype),
    };
    let plan = MemoryPlan::new(&workload);
    if args.json {
        let mut answer = as_json(&args, backend, &data, &workload, &plan);
        answer["max_prompt_tokens"] = json!(bound);
        print_line!("{answer}")?;
    } else {
        print_tables(&config.model.path, backend, &data, &workload, &plan)?;
        let bound = bound
            .map_or_else(|| "as many tokens as fit".to_owned(), |tokens| format!("at most {tokens} tokens"));
        print_line!("prompts   {bound} are read (data.max_prompt_tokens)")?;
    }
    judge(args.memory, &plan)
}

/// The recipe as a run would have it. Says on stderr which it is where nobody has named one, and what it leaves to be
/// decided.
fn planned_config(args: &PlanArgs, quiet: bool) -> Result<RunConfig> {
    let mut settings = args.recipe.settings.clone();
    if let Some(model) = &args.model {
        settings.push(format!("model.path={}", toml::Value::from(model.to_string_lossy().as_ref())));
    }
    let asked = RecipeArgs { settings, ..args.recipe.clone() };
    let source = RecipeSource::of(&asked);
    source.note(&asked).iter().for_each(|note| say!("{note}"));
    let recipe = source.read()?;
    let (config, decided) =
        RunConfig::read_with_paths(&recipe, &asked.settings, &KnownNames::default(), &mut |config| {
            names::resolve(config, ModelPart::Description, quiet)
        })?;
    decided.iter().for_each(|sentence| say!("{}: {sentence}", recipe.name()));
    Ok(config)
}

/// The data's own sizes, unless the command line tells others, or model directory or data are not there.
fn data_sizes(
    args: &PlanArgs,
    config: &RunConfig,
    model: &ModelConfig,
    bound: Option<PromptBound>,
) -> Result<DataSizes> {
    let path = &config.model.path;
    let images = args.images.map(|images| images as u64);
    let text = args.prompt_tokens.map_or(TEXT_TOKENS, |tokens| tokens as u64);
    let image = args.image_tokens.map_or(IMAGE_TOKENS, |tokens| tokens as u64);
    let lengths = [text, if model.vision.is_some() { image } else { 0 }];
    let assumed = |why: &str| Ok(DataSizes::assumed(model, path, lengths, images, why));
    if args.prompt_tokens.is_some() || args.image_tokens.is_some() {
        return assumed("as the command line says");
    }
    if !config.data.train.exist() {
        let file = config.data.train.display();
        return assumed(&format!("assumed, for there is no {file}: see --prompt-tokens and --image-tokens"));
    }
    if !base_dir(path)?.join("tokenizer.json").exists() && !path.join("tokenizer.json").exists() {
        let path = path.display();
        return assumed(&format!(
            "assumed, for {path} has no tokenizer: see --prompt-tokens and --image-tokens"
        ));
    }
    let processor = load_processor(path, &template_arguments(&config.data)?)?
        .with_instruction(config.data.instruction.clone())
        .with_bound(bound);
    check_system(&config.data, &processor)?;
    DataSizes::read(config, &processor, images)
}

struct CountParameters<'a> {
    model: &'a ModelConfig,
    config: &'a RunConfig,
}

impl Job for CountParameters<'_> {
    type Output = ParameterCounts;

    fn run<B: TrainBackend>(self, _device: B::Device) -> Result<ParameterCounts> {
        let Self { model, config } = self;
        Ok(ParameterCounts::new(&parameter_shapes::<B>(model, &config.lora, &config.model.freeze)?))
    }
}

/// # Errors
/// When the peak exceeds the memory; names the largest footprint and what makes it smaller.
fn judge(memory: Option<u64>, plan: &MemoryPlan) -> Result<()> {
    let (phase, peak) = plan.peak();
    match (memory, peak.largest()) {
        (Some(memory), Some(largest)) if peak.bytes > memory => bail!(
            "{} in {phase} do not fit into {}; the largest item, {}, takes {}: {}",
            readable(peak.bytes),
            readable(memory),
            largest.name,
            readable(largest.bytes),
            largest.remedy
        ),
        _ => Ok(()),
    }
}

fn as_json(
    args: &PlanArgs,
    backend: &str,
    data: &DataSizes,
    workload: &Workload<'_>,
    plan: &MemoryPlan,
) -> Value {
    let (phase, peak) = plan.peak();
    let mut answer = json!({
        "parameters": workload.parameters.total,
        "trainable_parameters": workload.parameters.trainable,
        "dtype": workload.recipe.precision.name(),
        "backend": backend,
        "kernels": workload.machine.kernels,
        "prompts": data.prompts,
        "prompts_from": data.basis,
        "image_tokens": data.prompts.image_tokens,
    });
    let phases = plan.phases().into_iter().map(|(name, moment)| (name.to_owned(), json!(moment)));
    let rest = json!({
        "peak": phase,
        "peak_bytes": peak.bytes,
        "host_bytes": plan.host_bytes(),
        "memory_bytes": args.memory,
        "fits": args.memory.map(|memory| peak.bytes <= memory),
        "phases_that_fit": args.memory.map(|memory| fitting(plan, memory)),
    });
    let fields = answer.as_object_mut().expect("an object");
    fields.extend(phases);
    fields.extend(rest.as_object().cloned().unwrap_or_else(Map::new));
    answer
}

/// The phases that fit into so much memory.
fn fitting(plan: &MemoryPlan, memory: u64) -> Vec<&'static str> {
    plan.phases().into_iter().filter(|(_, moment)| moment.bytes <= memory).map(|(name, _)| name).collect()
}

fn print_tables(
    model: &Path,
    backend: &str,
    data: &DataSizes,
    workload: &Workload<'_>,
    plan: &MemoryPlan,
) -> Result<()> {
    let PromptSizes { original, recycled, image_tokens, .. } = &data.prompts;
    let (parameters, dtype) = (grouped(workload.parameters.total), workload.recipe.precision.name());
    print_line!("model     {}: {parameters} parameters, {dtype}", model.display())?;
    print_line!(
        "prompts   {} tokens, at most {}; recycled ones {}, at most {}; of an image at most {image_tokens}",
        original.mean,
        original.longest,
        recycled.mean,
        recycled.longest
    )?;
    print_line!("          {}", data.basis)?;
    let (step, micro) = (workload.step_load(), workload.update_load().largest_micro_batch());
    let (rows, decoded) = (step.requests * step.samples, workload.decoded(step));
    print_line!(
        "step      {} prompts, {rows} rows, {} at once; {} micro-batches of {} tokens; {backend}",
        step.requests,
        decoded.workers * decoded.rows,
        micro.count,
        micro.tokens
    )?;
    for (name, moment) in plan.phases() {
        print_moment(name, moment)?;
    }
    let (phase, peak) = plan.peak();
    print_line!("\npeak      {} in {phase}", readable(peak.bytes))
}

fn print_moment(phase: &str, moment: &PlannedMoment) -> Result<()> {
    print_line!("\n{phase}, the most {}", moment.at)?;
    for footprint in &moment.footprints {
        let on_host = moment.host_bytes > 0 && footprint.memory == Memory::Host;
        print_line!(
            "  {:36}{:>12}{}",
            footprint.name,
            readable(footprint.bytes),
            if on_host { "  (host)" } else { "" }
        )?;
    }
    print_line!("  {:36}{:>12}", "together", readable(moment.bytes))?;
    if moment.host_bytes > 0 {
        print_line!("  {:36}{:>12}  (host)", "and", readable(moment.host_bytes))?;
    }
    Ok(())
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
