//! What a Rust program adds to a run: everything that has a door may come from outside the crate.

use std::sync::Arc;

use burn::tensor::backend::AutodiffBackend;

use crate::{
    interrupt::Interrupt,
    recycle::Recipe,
    rollout::Generate,
    train::{Advantage, KnownNames, Objective},
    verify::Check,
};

/// Parts of a run that are the caller's own, beside those that ship or instead of them.
pub struct Extensions<B: AutodiffBackend> {
    /// Verifiers that rows and `verify.verifier` may name.
    pub checks: Vec<Arc<dyn Check>>,
    /// Recycled kinds beside those that ship.
    pub recipes: Vec<Arc<dyn Recipe>>,
    /// Advantage estimators that `train.advantage` may name.
    pub advantages: Vec<Arc<dyn Advantage>>,
    /// Objectives that join every update, but for one that `train.loss` names: that one stands in for the surrogate.
    pub objectives: Vec<Arc<dyn Objective<B>>>,
    /// What samples instead of the engine of this process.
    pub sampler: Option<Box<dyn Generate<B::InnerBackend>>>,
    /// Who may ask the run to stop: what it is at is then given up where it can be repeated, with an
    /// [`Interrupted`](crate::interrupt::Interrupted) error. See [`Run::stopped`](super::Run::stopped).
    pub interrupt: Interrupt,
}

impl<B: AutodiffBackend> Default for Extensions<B> {
    fn default() -> Self {
        Self {
            checks: Vec::new(),
            recipes: Vec::new(),
            advantages: Vec::new(),
            objectives: Vec::new(),
            sampler: None,
            interrupt: Interrupt::default(),
        }
    }
}

impl<B: AutodiffBackend> Extensions<B> {
    /// The names that a recipe may use beside the built-in ones, for [`RunConfig::load_with`].
    ///
    /// [`RunConfig::load_with`]: crate::config::RunConfig::load_with
    pub fn known_names(&self) -> KnownNames {
        KnownNames {
            advantages: self.advantages.iter().map(|own| own.name().to_owned()).collect(),
            losses: self.objectives.iter().map(|own| own.name().to_owned()).collect(),
            kinds: self.recipes.iter().map(|own| own.kind()).collect(),
        }
    }
}
