//! `spark ablate`: the same task with parts of SPARK switched on and off, over several seeds, at an equal
//! number of sampled tokens; one table and plots. Every run is a child process of its own, and a run directory
//! that `spark train` can resume and anyone can look into.

mod outcome;
mod plots;
mod runs;
mod spec;
mod statistics;
mod table;

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;

use outcome::Outcome;
use runs::{Run, Runner};
use spec::Ablation;

use crate::run::directory::write_json;
use crate::{
    checkpoint::write_atomically,
    cli::{AblateArgs, CommonArgs},
    error::input_error,
};

/// Outcomes of one task: of each variant in the recipe's order, by seed.
type TaskOutcomes = Vec<(String, BTreeMap<u64, Outcome>)>;

/// Runs what has not been run yet, then reports on everything that is complete.
///
/// # Errors
/// Input errors of the recipe; when a run fails, or none is complete.
pub fn run(args: &AblateArgs, common: &CommonArgs) -> Result<()> {
    let ablation = Ablation::load(&args.recipe, args.task.as_deref())?;
    let runs = runs::all(&ablation, &args.out);
    if !args.report {
        Runner { args, common }.run_missing(&ablation, &runs)?;
    }
    report(&ablation, &runs, &args.out)
}

fn report(ablation: &Ablation, runs: &[Run<'_>], out: &Path) -> Result<()> {
    let mut text = Vec::new();
    let mut figures = BTreeMap::new();
    for task in &ablation.tasks {
        let of_task: Vec<&Run<'_>> = runs.iter().filter(|run| run.task.name == task.name).collect();
        let outcomes = task_outcomes(ablation, &of_task)?;
        let complete: usize = outcomes.iter().map(|(_, by_seed)| by_seed.len()).sum();
        if complete == 0 {
            continue;
        }
        let heading = format!("## {}\n\n{complete} of {} runs complete.\n", task.name, of_task.len());
        text.push(format!("{heading}\n{}", table::markdown(&outcomes, &ablation.compared)));
        let plots = out.join(&task.name).join("plots");
        plots::write_all(&outcomes, &ablation.compared, &plots)?;
        figures.insert(task.name.clone(), table::figures(&outcomes));
    }
    if figures.is_empty() {
        return Err(input_error(format!("{}: holds no complete run to report on", out.display())));
    }
    let text = text.join("\n");
    write_atomically(&out.join("ablation.md"), &text)?;
    write_json(&out.join("ablation.json"), &figures)?;
    println!("{text}");
    Ok(())
}

fn task_outcomes(ablation: &Ablation, runs: &[&Run<'_>]) -> Result<TaskOutcomes> {
    let of_variant = |name: &str| -> Result<BTreeMap<u64, Outcome>> {
        let complete = runs.iter().filter(|run| run.variant.name == name && run.is_complete());
        complete.map(|run| Ok((run.seed, Outcome::read(&run.dir)?))).collect()
    };
    ablation.variants.iter().map(|variant| Ok((variant.name.clone(), of_variant(&variant.name)?))).collect()
}
