//! What `spark train` and `spark sft` set out with, from the command line.

use std::path::Path;

use anyhow::Result;

use super::recipe_source::RecipeSource;
use crate::{
    cli::{CommonArgs, RecipeArgs, RunArgs},
    config::{RecipeText, RunConfig},
    distributed::Rank,
    error::input_error,
    run::{Launch, RunDirectory, check_trainable},
    train::KnownNames,
};

/// Which of several processes this one is, by the environment.
///
/// # Errors
/// Input errors that name the variable.
pub(super) fn rank() -> Result<Rank> {
    Rank::from_variables(&|name| std::env::var(name).ok())
}

/// The recipe and directory of a run to start or, with `--resume`, to go on with; then the recipe is
/// the run's own unless another is named. Rank 0 has claimed the directory before anything is loaded and before the
/// ranks meet. Returns once all ranks are there.
///
/// # Errors
/// As [`RunConfig::load`], [`RunDirectory::create`], [`RunDirectory::existing`] and [`Rank::meet`].
pub(super) fn launch(args: &RunArgs, common: &CommonArgs, rank: &Rank) -> Result<Launch> {
    let source = RecipeSource::of(&args.recipe);
    let (name, out) = (source.run_name(&args.recipe), args.out.as_deref());
    let tells = rank.rank == 0;
    let load = |recipe: RecipeText| load_config(&recipe, &args.recipe, common, tells);
    let (config, dir) = if args.resume {
        let find = if tells { RunDirectory::existing } else { RunDirectory::found };
        let dir = find(out, &name)?;
        let recipe = args.recipe.recipe.clone().unwrap_or_else(|| dir.recipe());
        (load(RecipeText::from_file(&recipe)?)?, dir)
    } else {
        source.check_measured(&args.recipe)?;
        source.note(&args.recipe).iter().filter(|_| tells).for_each(|note| say!("{note}"));
        (load(source.read()?)?, rank_dir(out, &name, rank)?)
    };
    let peers = rank.meet(&format!("{} {}", env!("CARGO_PKG_VERSION"), config.to_toml()))?;
    let quiet = common.quiet || !peers.writes();
    Ok(Launch { config, dir, resume: args.resume, quiet, peers })
}

/// A new run's directory, which rank 0 makes.
fn rank_dir(out: Option<&Path>, name: &str, rank: &Rank) -> Result<RunDirectory> {
    match out {
        Some(out) if rank.rank > 0 => Ok(RunDirectory::at(out.to_owned())),
        None if rank.world > 1 => Err(input_error(format!(
            "WORLD_SIZE={}: name the run's directory with --out, so that all ranks mean the same",
            rank.world
        ))),
        out => RunDirectory::create(out, name),
    }
}

/// Loads a recipe with its settings, by which it can be trained; `--seed` and `--dtype` win over both. What the recipe
/// leaves to be decided is said, if this process tells anything.
fn load_config(
    recipe: &RecipeText,
    args: &RecipeArgs,
    common: &CommonArgs,
    tells: bool,
) -> Result<RunConfig> {
    let (mut config, decided) = RunConfig::read(recipe, &args.settings, &KnownNames::default())?;
    decided.iter().filter(|_| tells).for_each(|sentence| say!("{}: {sentence}", recipe.name()));
    config.seed = common.seed.unwrap_or(config.seed);
    config.model.dtype = common.dtype.unwrap_or(config.model.dtype);
    check_trainable(&config)?;
    Ok(config)
}
