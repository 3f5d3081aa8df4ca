//! The model that the KL penalty holds the policy near: the start of the run, or one that follows the policy.

use std::sync::Arc;

use burn::{
    module::AutodiffModule,
    tensor::backend::{AutodiffBackend, Backend},
};
use serde::{Deserialize, Serialize};

use super::average::averaged;
use crate::{
    kernels::Kernels,
    model::{Model, computing_in, weights::Precision},
};

/// How the reference moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReferenceMode {
    /// It stays the start.
    #[default]
    Fixed,
    /// Every so many steps it becomes the policy of that step (as in TR-DPO's hard update,
    /// arXiv 2404.09656).
    Refreshed,
    /// After every step `decay · reference + (1 − decay) · policy` (its soft update).
    Ema,
}

/// What the reference is, as a recipe says it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReferenceConfig {
    /// `train.reference`.
    pub mode: ReferenceMode,
    /// Steps after which a refreshed reference becomes the policy (`train.reference_every`).
    pub every: u64,
    /// What an averaged reference keeps of itself per step (`train.reference_decay`).
    pub decay: f64,
}

impl Default for ReferenceConfig {
    fn default() -> Self {
        Self { mode: ReferenceMode::Fixed, every: 100, decay: 0.992 }
    }
}

impl ReferenceConfig {
    /// Whether the reference follows the policy, so that a checkpoint must keep it.
    pub fn moves(&self) -> bool {
        self.mode != ReferenceMode::Fixed
    }
}

/// The reference model of a run.
pub(super) struct Reference<B: Backend> {
    model: Arc<Model<B>>,
    config: ReferenceConfig,
    /// What it computes in.
    precision: Precision,
}

impl<B: Kernels> Reference<B> {
    /// The reference at the start of a run, or where it has `moved` to since.
    pub(super) fn new<A: AutodiffBackend<InnerBackend = B>>(
        config: ReferenceConfig,
        start: Arc<Model<B>>,
        moved: Option<Model<B>>,
        policy: &Model<A>,
        precision: Precision,
    ) -> Self {
        let model = match moved {
            Some(moved) => Arc::new(moved),
            // What follows a policy with adapters has adapters: at the beginning, those that change nothing.
            None if config.moves() && policy.lora.is_some() => Arc::new(policy.valid()),
            // What never moves is kept in the type it computes in.
            None if !config.moves() => Arc::new(computing_in(Model::clone(&start), precision)),
            None => start,
        };
        Self { model, config, precision }
    }

    /// The reference in the type it computes in.
    pub(super) fn to_compute(&self) -> Model<B> {
        computing_in(Model::clone(&self.model), self.precision)
    }

    /// The model where it moves, which is what a checkpoint must keep.
    pub(super) fn moving(&self) -> Option<&Model<B>> {
        self.config.moves().then_some(&*self.model)
    }

    /// Moves after a step of the policy.
    pub(super) fn follow<A: AutodiffBackend<InnerBackend = B>>(&mut self, policy: &Model<A>, step: u64) {
        let ReferenceConfig { mode, every, decay } = self.config;
        match mode {
            ReferenceMode::Refreshed if step.is_multiple_of(every) => self.model = policy.valid().into(),
            ReferenceMode::Fixed | ReferenceMode::Refreshed => {}
            ReferenceMode::Ema => {
                self.model = averaged(Model::clone(&self.model), policy, decay).into();
            }
        }
    }
}
