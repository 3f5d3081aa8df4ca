//! What `spark train` and `spark sft` set out with, from the command line.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::names;
use crate::{
    cli::{CommonArgs, DEFAULT_RECIPE, RecipeArgs, RunArgs},
    config::RunConfig,
    distributed::Rank,
    error::input_error,
    hub::ModelPart,
    run::{Launch, RunDirectory, check_trainable, identity::hub_sources, provenance::kept_identity},
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
    let named = args.recipe.recipe.clone();
    let recipe = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_RECIPE));
    let (name, out) = (stem(&recipe), args.out.as_deref());
    let load = |recipe: &Path| load_config(recipe, &args.recipe, common);
    let (config, dir) = if args.resume {
        let find = if rank.rank == 0 { RunDirectory::existing } else { RunDirectory::found };
        let dir = find(out, &name)?;
        (load(&named.unwrap_or_else(|| dir.recipe()))?, dir)
    } else {
        (load(&recipe)?, rank_dir(out, &name, rank)?)
    };
    let mut meeting = format!("{} {}", env!("CARGO_PKG_VERSION"), config.to_toml());
    let config = resolved(config, args.resume.then_some(&dir), common.quiet || rank.rank > 0)?;
    // Where the cache is may differ from machine to machine, but not what was taken from the hub.
    meeting.extend(hub_sources(&config).into_iter().map(|(name, source)| format!("{name}: {source:?}\n")));
    let peers = rank.meet(&meeting)?;
    let quiet = common.quiet || !peers.writes();
    Ok(Launch { config, dir, resume: args.resume, quiet, peers })
}

/// The configuration with what it names on the hub fetched. A resumed run goes on with the commits that it began with.
fn resolved(mut config: RunConfig, resumed: Option<&RunDirectory>, quiet: bool) -> Result<RunConfig> {
    if let Some(identity) = resumed.map(kept_identity).transpose()?.flatten() {
        names::pin(&mut config, &identity.hub);
    }
    names::resolve(&mut config, ModelPart::Whole, quiet)?;
    Ok(config)
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

/// A file's name without its ending.
fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "run".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// Loads a recipe with its settings, by which it can be trained; `--seed` and `--dtype` win over both.
fn load_config(recipe: &Path, args: &RecipeArgs, common: &CommonArgs) -> Result<RunConfig> {
    let mut config = RunConfig::load(recipe, &args.settings)?;
    config.seed = common.seed.unwrap_or(config.seed);
    config.model.dtype = common.dtype.unwrap_or(config.model.dtype);
    check_trainable(&config)?;
    Ok(config)
}
