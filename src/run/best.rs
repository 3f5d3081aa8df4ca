//! `best/`: the model of the best evaluation, as a directory that others load, with what it scored.

use anyhow::Result;
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::{
    directory::{RunDirectory, read_json, write_json},
    state::RunState,
};
use crate::{
    checkpoint::{WeightFormat, replace_model_dir_with},
    config::RunConfig,
    eval::{BestBy, Scores},
    model::Model,
};

/// The file beside the model.
const EVALUATION: &str = "evaluation.json";

/// What `best/evaluation.json` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BestModel {
    pub step: u64,
    /// The figure by which it is the best.
    pub by: BestBy,
    pub value: Option<f64>,
    pub scores: Scores,
}

/// Puts a model into `best/`, in place of the one that is there, in a single moment.
pub(super) fn save_best<B: Backend>(
    model: &Model<B>,
    config: &RunConfig,
    dir: &RunDirectory,
    format: WeightFormat,
    (step, scores): (u64, &Scores),
) -> Result<()> {
    let by = config.eval.best_by;
    let best = BestModel { step, by, value: scores.by(by), scores: scores.clone() };
    replace_model_dir_with(model, &config.model.path, &dir.best(), format, |unfinished| {
        write_json(&unfinished.join(EVALUATION), &best)
    })
}

/// Says on stderr where `best/` is not what a resumed run remembers as its best. It is of a later step where the run
/// goes on from an earlier one, and missing where somebody has taken it.
pub(super) fn tell_other_best(dir: &RunDirectory, state: &RunState) {
    let best = dir.best();
    let there: Option<BestModel> = read_json(&best.join(EVALUATION)).ok();
    let place = best.display();
    match (there, state.evaluations.best) {
        (Some(there), _) if there.step > state.step => say!(
            "--resume: {place} is of step {}, which is taken again; it stays until an evaluation is better than the best \
             one up to step {}",
            there.step,
            state.step
        ),
        (Some(there), Some(known)) if there.step != known.step => say!(
            "--resume: {place} is of step {}, and not of step {}, the best of this run so far; it stays until an evaluation \
             is better",
            there.step,
            known.step
        ),
        (None, Some(known)) => say!(
            "--resume: {place} cannot be read, which held the best model so far, of step {}; it is written again when an \
             evaluation is better",
            known.step
        ),
        _ => {}
    }
}
