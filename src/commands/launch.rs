//! What `spark train` and `spark sft` set out with, from the command line.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;

use super::{names, recipe_source::RecipeSource};
use crate::{
    cli::{CommonArgs, RecipeArgs, RunArgs},
    config::{RecipeText, RunConfig},
    distributed::Rank,
    error::input_error,
    hub::{HubSource, ModelPart},
    run::{Launch, RunDirectory, check_trainable, provenance::kept_identity},
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
    let load = |recipe: RecipeText, known: &_| load_config(&recipe, &args.recipe, common, known, tells);
    let (config, dir) = if args.resume {
        let find = if tells { RunDirectory::existing } else { RunDirectory::found };
        let dir = find(out, &name)?;
        let recipe = args.recipe.recipe.clone().unwrap_or_else(|| dir.recipe());
        let known = kept_identity(&dir)?.map(|identity| identity.hub).unwrap_or_default();
        (load(RecipeText::from_file(&recipe)?, &known)?, dir)
    } else {
        source.check_measured(&args.recipe)?;
        source.note(&args.recipe).iter().filter(|_| tells).for_each(|note| say!("{note}"));
        (load(source.read()?, &BTreeMap::new())?, rank_dir(out, &name, rank)?)
    };
    let same = names::portable(&config).to_toml();
    let peers = rank.meet(&format!("{} {same}", env!("CARGO_PKG_VERSION")))?;
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
/// leaves to be decided is said, if this process tells anything. What it names on the hub is fetched: at the commits that
/// are `known`, which are those that a resumed run began with.
fn load_config(
    recipe: &RecipeText,
    args: &RecipeArgs,
    common: &CommonArgs,
    known: &BTreeMap<String, HubSource>,
    tells: bool,
) -> Result<RunConfig> {
    let (mut config, decided) =
        RunConfig::read_with_paths(recipe, &args.settings, &KnownNames::default(), &mut |config| {
            names::pin(config, known);
            names::resolve(config, ModelPart::Whole, common.quiet || !tells)
        })?;
    decided.iter().filter(|_| tells).for_each(|sentence| say!("{}: {sentence}", recipe.name()));
    config.seed = common.seed.unwrap_or(config.seed);
    config.model.dtype = common.dtype.unwrap_or(config.model.dtype);
    check_trainable(&config)?;
    Ok(config)
}
