//! What an ablation reports: text, figures for other programs, and plots.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;

use super::{
    outcome::{Outcome, TaskOutcomes},
    plots,
    runs::AblationRun,
    spec::{Ablation, AblationTask},
    table,
};
use crate::{error::input_error, run::directory::write_json, storage::write_atomically};

/// Writes `ablation.md`, `ablation.json` and the plots of all complete runs into `out`; returns the text.
///
/// # Errors
/// An input error where no run is complete; otherwise where a file cannot be read or written.
pub fn report(ablation: &Ablation, runs: &[AblationRun<'_>], out: &Path) -> Result<String> {
    let mut text = Vec::new();
    let mut figures = BTreeMap::new();
    for task in &ablation.tasks {
        let of_task: Vec<&AblationRun<'_>> = runs.iter().filter(|run| run.task.name == task.name).collect();
        let outcomes = task_outcomes(ablation, task, &of_task)?;
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
    Ok(text)
}

fn task_outcomes(
    ablation: &Ablation,
    task: &AblationTask,
    runs: &[&AblationRun<'_>],
) -> Result<TaskOutcomes> {
    let of_variant = |name: &str| -> Result<BTreeMap<u64, Outcome>> {
        let complete = runs.iter().filter(|run| run.variant.name == name && run.is_complete());
        complete.map(|run| Ok((run.seed, Outcome::read(&run.dir)?))).collect()
    };
    let of_task = ablation.variants_of(task);
    of_task.map(|variant| Ok((variant.name.clone(), of_variant(&variant.name)?))).collect()
}
