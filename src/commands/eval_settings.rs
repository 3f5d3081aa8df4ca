//! What `spark eval` does, from its command line: low-level options become a configuration, once.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::names;
use crate::{
    cli::{CommonArgs, EvalArgs},
    config::RunConfig,
    error::input_error,
    eval::{AnswerOptions, EvalConfig, Strategy},
    hub::ModelPart,
    processor::TemplateArguments,
    rollout::{EngineKind, RolloutConfig, Sampling},
    run::RunDirectory,
};

/// What problems are asked by where no recipe says anything, before the settings of the command line.
const WITHOUT_RECIPE: [&str; 2] = ["eval.max_new_tokens=512", "rollout.max_rows=256"];

/// What is measured, and how.
#[derive(Debug)]
pub(super) struct EvalSettings {
    /// The recipe under the settings and options of the command line.
    pub config: RunConfig,
    /// The run that the recipe is of, where its judge items lie beside it.
    pub run: Option<RunDirectory>,
    pub model: PathBuf,
    /// Files of problems; none is the recipe's own evaluation.
    pub data: Vec<PathBuf>,
    /// How the problems of files are answered.
    pub answers: AnswerOptions,
    /// The k of pass@k.
    pub ks: Vec<usize>,
    /// Who samples: this process, or servers, which have weights of their own.
    pub rollout: RolloutConfig,
    /// What the chat template is given instead of what the recipe says.
    pub template: Option<TemplateArguments>,
}

impl EvalSettings {
    /// # Errors
    /// Input errors that name the option or setting.
    pub fn new(args: &EvalArgs, common: &CommonArgs) -> Result<Self> {
        let run = args.run.clone().map(RunDirectory::at);
        let recipe = run.as_ref().map(RunDirectory::recipe).or_else(|| args.recipe.clone());
        let mut config = load(recipe.as_deref(), &args.set)?;
        apply_common(&mut config, args, common)?;
        let run = run.or_else(|| recipe.as_deref().and_then(run_of));
        let model = match (&args.model, &run) {
            (Some(model), _) => names::model("--model", model, ModelPart::Whole, common.quiet)?,
            (None, Some(run)) => run.final_model(),
            (None, None) => return Err(input_error("--model: name the model that is measured")),
        };
        let (answers, ks) = if args.data.is_empty() {
            apply_to_evaluation(&mut config.eval, args)?;
            let greedy = Sampling::greedy(config.eval.max_new_tokens);
            (AnswerOptions::single(greedy, config.seed), config.eval.pass_at())
        } else {
            let answers = answer_options(&config, args)?;
            let each = if answers.strategy.election().is_some() { 1 } else { answers.samples };
            (answers, ks(&args.k, each)?)
        };
        config.verify.check()?;
        if args.data.is_empty() {
            config.eval.check()?;
        }
        let template = template(args, &config)?;
        let data = found_data(&mut config, args, common.quiet)?;
        let rollout = rollout(&config, args, common)?;
        Ok(Self { config, run, model, data, answers, ks, template, rollout })
    }
}

/// Where samples come from: this process, whatever a recipe says of servers that its run sampled on, or those that are named.
fn rollout(config: &RunConfig, args: &EvalArgs, common: &CommonArgs) -> Result<RolloutConfig> {
    let RolloutConfig { max_rows, workers, dtype, .. } = config.rollout.clone();
    if args.server.is_empty() {
        return match args.server_kind {
            Some(_) => Err(input_error("--server-kind has no effect without --server URL")),
            None => Ok(RolloutConfig { max_rows, workers, dtype, ..RolloutConfig::default() }),
        };
    }
    if common.dtype.is_some() {
        return Err(input_error(
            "--dtype has no effect with --server: the server computes in a type of its own",
        ));
    }
    let rollout = RolloutConfig {
        engine: args.server_kind.unwrap_or(EngineKind::Spark),
        servers: args.server.clone(),
        api_key_file: args.api_key_file.clone(),
        ..config.rollout.clone()
    };
    rollout.check().context("--server")?;
    Ok(rollout)
}

/// The files of problems. What is asked by names on the hub is fetched, and images that it holds get a place.
fn found_data(config: &mut RunConfig, args: &EvalArgs, quiet: bool) -> Result<Vec<PathBuf>> {
    config.data.image_cache = config.data.image_cache.take().or_else(names::image_cache);
    if args.data.is_empty() {
        for file in config.data.test.iter_mut() {
            file.path = names::data("data.test", &file.path, quiet)?;
        }
    }
    args.data.iter().map(|path| names::data("--data", path, quiet)).collect()
}

fn load(recipe: Option<&Path>, settings: &[String]) -> Result<RunConfig> {
    match recipe {
        Some(recipe) => RunConfig::load(recipe, settings),
        None => {
            let defaults = WITHOUT_RECIPE.iter().map(|&setting| setting.to_owned());
            RunConfig::of_settings(&defaults.chain(settings.iter().cloned()).collect::<Vec<_>>())
        }
    }
}

/// The run whose recipe this is: its judge items lie beside it.
fn run_of(recipe: &Path) -> Option<RunDirectory> {
    let run = RunDirectory::at(recipe.parent()?.to_owned());
    (recipe.file_name() == run.recipe().file_name() && run.judge_set().exists()).then_some(run)
}

/// What the command line says of seed, type, tokens and checking.
fn apply_common(config: &mut RunConfig, args: &EvalArgs, common: &CommonArgs) -> Result<()> {
    config.seed = common.seed.unwrap_or(config.seed);
    config.model.dtype = common.dtype.unwrap_or(config.model.dtype);
    config.eval.max_new_tokens = args.max_new_tokens.unwrap_or(config.eval.max_new_tokens);
    if !args.extract.is_empty() {
        config.verify.extract.clone_from(&args.extract);
    }
    if args.verifier.is_some() {
        config.verify.verifier.clone_from(&args.verifier);
    }
    if !args.python.functions.is_empty() {
        config.verify = args.python.applied_to(config.verify.clone());
    }
    match args.max_new_tokens {
        Some(0) => Err(input_error("--max-new-tokens 0: must be at least 1")),
        _ => Ok(()),
    }
}

/// What the command line says of a recipe's own evaluation.
fn apply_to_evaluation(eval: &mut EvalConfig, args: &EvalArgs) -> Result<()> {
    if args.strategy.is_some() {
        return Err(input_error(
            "--strategy: is for the problems of --data; a recipe's evaluation takes eval.reflection_rounds and \
             eval.vote_samples",
        ));
    }
    eval.samples = args.samples.unwrap_or(eval.samples);
    if !args.k.is_empty() {
        eval.k.clone_from(&args.k);
    }
    let is_drawn = args.temperature.is_some() || args.top_p.is_some() || args.top_k.is_some();
    if is_drawn && eval.samples + eval.vote_samples == 0 {
        return Err(input_error(
            "--temperature, --top-p, --top-k: the evaluation draws no answers, it is greedy; add --samples N",
        ));
    }
    eval.temperature = args.temperature.unwrap_or(eval.temperature);
    eval.top_p = args.top_p.unwrap_or(eval.top_p);
    eval.top_k = args.top_k.unwrap_or(eval.top_k);
    Ok(())
}

/// How the problems of files are answered.
fn answer_options(config: &RunConfig, args: &EvalArgs) -> Result<AnswerOptions> {
    let (samples, strategy) = (args.samples.unwrap_or(1), args.strategy.unwrap_or(Strategy::Single));
    if samples == 0 {
        return Err(input_error("--samples 0: must be at least 1"));
    }
    let temperature = args.temperature.unwrap_or(if samples == 1 { 0.0 } else { config.eval.temperature });
    if !(temperature.is_finite() && temperature >= 0.0) {
        return Err(input_error(format!("--temperature {temperature}: must be a number of 0 or more")));
    }
    if strategy.election().is_some() && samples < 2 {
        return Err(input_error(
            "--strategy: this one gives one answer of several; add --samples N, for example 8",
        ));
    }
    if strategy.election().is_some() && !args.k.is_empty() {
        return Err(input_error(
            "--k: this strategy gives one answer per problem, so that pass@k has no k but 1",
        ));
    }
    if strategy == Strategy::Reflect && (samples > 1 || temperature > 0.0) {
        return Err(input_error(
            "--strategy reflect answers greedily: leave out --samples and --temperature",
        ));
    }
    if samples > 1 && temperature == 0.0 {
        return Err(input_error(format!(
            "--samples {samples} --temperature 0: all answers to a problem would be the same"
        )));
    }
    if temperature == 0.0 && (args.top_p.is_some() || args.top_k.is_some()) {
        return Err(input_error("--top-p, --top-k: have no effect on greedy answers; add --temperature T"));
    }
    let EvalConfig { top_p, top_k, max_new_tokens, reflection_rounds, .. } = config.eval;
    let (top_p, top_k) = (args.top_p.unwrap_or(top_p), args.top_k.unwrap_or(top_k));
    if !(top_p > 0.0 && top_p <= 1.0) {
        return Err(input_error(format!("--top-p {top_p}: must be above 0 and at most 1")));
    }
    let sampling = Sampling { temperature, top_p, top_k, ..Sampling::greedy(max_new_tokens) };
    Ok(AnswerOptions { strategy, samples, reflection_rounds, ..AnswerOptions::single(sampling, config.seed) })
}

/// The k of pass@k: 1 and the number of answers, unless they are named.
fn ks(named: &[usize], samples: usize) -> Result<Vec<usize>> {
    if let Some(k) = named.iter().find(|k| !(1..=samples).contains(k)) {
        return Err(input_error(format!("--k {k}: must be 1 to --samples {samples}")));
    }
    let eval = EvalConfig { samples, k: named.to_vec(), ..EvalConfig::default() };
    Ok(eval.pass_at())
}

fn template(args: &EvalArgs, config: &RunConfig) -> Result<Option<TemplateArguments>> {
    if args.template.settings.is_empty() {
        return Ok(None);
    }
    if args.data.is_empty() || !config.data.template_arguments.is_empty() {
        return Err(input_error(
            "--template-argument: a recipe has its own; change one with --set data.template_arguments.KEY=VALUE",
        ));
    }
    args.template.arguments().map(Some)
}
