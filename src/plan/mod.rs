//! How much memory a recipe needs, by arithmetic on the model's shape, the recipe and the lengths of its prompts.
//!
//! Rooms state what they hold in `footprint.rs`, beside the code that allocates; here it is summed over the moments of a
//! run at which much is held at once. A phase (sampling, update, evaluation, saving) needs what its largest moment
//! holds, and a run what its largest phase needs. `cargo bench --bench memory` and `tests/plan.rs` compare with
//! measured peaks.
//!
//! Weights that learn, their moments and gradients are f32; where a model computes in 16 bits, its copy, its cache and
//! the reference are in those. Its activations are counted as f32: norms and softmax keep such copies. Nothing here
//! reads a file or a device.

mod bound;
mod data;
mod footprint;
mod heaps;
mod prompts;
mod sampling;
mod update;
mod workload;

#[cfg(test)]
mod tests;

use crate::model::{ParameterCounts, weights::Precision};

pub use self::{
    bound::longest_prompt,
    data::DataSizes,
    footprint::{Footprint, Memory, PlannedMoment},
    prompts::{PromptLengths, PromptSizes},
    workload::{EvaluationSettings, Machine, ProcessBase, RecipeSettings, Workload},
};
use self::{
    footprint::F32,
    heaps::{KeptMemory, MomentDraft},
    sampling::SamplingMoments,
    update::{UpdateMoments, saving},
};

/// What the process holds before it has read anything: code, threads' stacks, pools of the matrix products.
const PROCESS_BYTES: u64 = 24 << 20;

/// What a run holds in each phase, at the phase's largest moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryPlan {
    pub sampling: PlannedMoment,
    pub update: PlannedMoment,
    /// `None` where nothing is evaluated.
    pub evaluation: Option<PlannedMoment>,
    pub saving: PlannedMoment,
}

impl MemoryPlan {
    /// The plan of a run that never saw memory run out.
    pub fn new(workload: &Workload<'_>) -> Self {
        let moments = ["while the prompts are read", "while the last tokens are decoded"];
        let sampled = |load| SamplingMoments::new(workload, load).drafts(moments);
        let sampling = Vec::from(sampled(workload.step_load()));
        let update = UpdateMoments::new(workload).drafts();
        let evaluation: Vec<MomentDraft> =
            workload.evaluation_loads().into_iter().flat_map(sampled).collect();
        let saving = vec![saving(workload)];
        let kept = KeptMemory::new([&sampling, &update, &evaluation, &saving].into_iter().flatten());
        let standing = standing(workload);
        let planned = |draft: MomentDraft| match workload.machine.one_memory {
            true => kept.moment(draft, &standing),
            false => {
                let held = standing.iter().cloned().chain(draft.footprints).collect();
                PlannedMoment::new(draft.at, false, held)
            }
        };
        let largest = |drafts: Vec<MomentDraft>| drafts.into_iter().map(&planned).max_by_key(by_size);
        let some = |drafts| largest(drafts).expect("every run samples, learns and saves");
        Self {
            sampling: some(sampling),
            update: some(update),
            evaluation: largest(evaluation),
            saving: some(saving),
        }
    }

    /// Every phase by name, in the order of the output.
    pub fn phases(&self) -> Vec<(&'static str, &PlannedMoment)> {
        let evaluation = self.evaluation.iter().map(|moment| ("evaluation", moment));
        [("sampling", &self.sampling), ("update", &self.update)]
            .into_iter()
            .chain(evaluation)
            .chain([("saving", &self.saving)])
            .collect()
    }

    /// The phase that needs most, with its name.
    pub fn peak(&self) -> (&'static str, &PlannedMoment) {
        self.phases().into_iter().max_by_key(|(_, moment)| by_size(moment)).expect("there are phases")
    }

    /// The most of the process's memory besides the device's.
    pub fn host_bytes(&self) -> u64 {
        self.phases().into_iter().map(|(_, moment)| moment.host_bytes).max().unwrap_or(0)
    }
}

/// What is compared: moments on heaps that keep everything differ in what they hold themselves.
fn by_size(moment: &PlannedMoment) -> [u64; 2] {
    [moment.bytes, moment.own_bytes()]
}

/// What is held in every phase.
fn standing(workload: &Workload<'_>) -> Vec<Footprint> {
    let Workload { parameters, recipe, base, .. } = workload;
    let ParameterCounts { total, trainable, reference, .. } = *parameters;
    let (width, frozen) = (recipe.width(), total - trainable);
    let frozen_width = if recipe.frozen_in_it { width } else { F32 };
    let copied = match recipe.precision {
        Precision::F32 => 0,
        _ if recipe.frozen_in_it => trainable,
        _ => total,
    };
    let average = if recipe.average { trainable } else { 0 };
    let reference = if recipe.reference { reference } else { 0 };
    let (smaller, fewer_rows) = ("take a smaller model (model.path)", "take fewer problems (data.train)");
    vec![
        Footprint::device("weights", trainable * F32 + frozen * frozen_width, smaller),
        Footprint::device("the copy that computes", copied * width, smaller),
        Footprint::numbers(
            "optimizer moments",
            2 * trainable,
            "train adapters (lora.rank) or freeze some (model.freeze)",
        ),
        Footprint::device("reference model", reference * width, "set train.kl_coefficient=0"),
        Footprint::numbers("average of the weights", average, "set train.ema_decay=0"),
        Footprint::host("images, cut into patches", base.images, "scale the images down"),
        Footprint::host("problems", base.problems, fewer_rows),
        Footprint::host("tokenizer", base.tokenizer, smaller),
        Footprint::host("process", base.process.max(PROCESS_BYTES), "take a machine with more memory"),
    ]
}
