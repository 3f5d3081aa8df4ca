//! What a trainer is built from.

use std::sync::Arc;

use anyhow::{Result, ensure};
use burn::tensor::backend::AutodiffBackend;

use super::{advantage::Advantage, config::TrainConfig, objective::Objective, optimizer::AdamW};
use crate::{
    distributed::Peers,
    error::input_error,
    interrupt::Interrupt,
    model::{Model, weights::Precision},
};

/// The parts of a trainer. What a configuration does not ask for is refused, so that nothing is lost unnoticed: see
/// [`Parts::without_unused`].
///
/// ```no_run
/// # use std::sync::Arc;
/// # use spark::{kernels::TrainBackend, model::Model, train::{AdamW, Parts, TrainConfig, Trainer}};
/// # fn trainer<B: TrainBackend>(policy: Model<B>, start: Arc<Model<B::InnerBackend>>) -> anyhow::Result<Trainer<B>> {
/// let config = TrainConfig::default();
/// let optimizer = AdamW::new(config.adamw);
/// let start = config.kl.is_on().then_some(start);
/// Trainer::new(Parts { start, ..Parts::new(policy, optimizer) }, &config)
/// # }
/// ```
pub struct Parts<B: AutodiffBackend> {
    /// The model that learns.
    pub policy: Model<B>,
    pub optimizer: AdamW<B>,
    /// The model that the run began with, which is the reference of a KL penalty.
    pub start: Option<Arc<Model<B::InnerBackend>>>,
    /// A saved reference that has moved since (`train.reference`).
    pub moved_reference: Option<Model<B::InnerBackend>>,
    /// A saved average of the policy over steps (`train.ema_decay`).
    pub average: Option<Model<B::InnerBackend>>,
    /// A saved KL coefficient that has adapted (`train.kl_target`).
    pub kl_coefficient: Option<f64>,
    /// Who shares every update's micro-batches: all make the same updates.
    pub peers: Arc<Peers>,
    /// What forward and backward passes compute in. The policy's own weights, their gradients' sums and what the
    /// optimizer keeps stay in f32, and so do losses and log-probabilities.
    pub precision: Precision,
    /// Advantage estimators that `train.advantage` may name beside the built-in ones.
    pub advantages: Vec<Arc<dyn Advantage>>,
    /// Objectives that join every update of the policy, but for one that `train.loss` names: that one stands in for
    /// the surrogate.
    pub objectives: Vec<Arc<dyn Objective<B>>>,
    /// Who may ask that an update be given up before it has changed anything. Updates that are shared among ranks, and
    /// steps of several updates, are finished all the same.
    pub interrupt: Interrupt,
}

impl<B: AutodiffBackend> Parts<B> {
    /// A policy and its optimizer, alone, in f32.
    pub fn new(policy: Model<B>, optimizer: AdamW<B>) -> Self {
        Self {
            policy,
            optimizer,
            start: None,
            moved_reference: None,
            average: None,
            kl_coefficient: None,
            peers: Arc::new(Peers::Alone),
            precision: Precision::F32,
            advantages: Vec::new(),
            objectives: Vec::new(),
            interrupt: Interrupt::default(),
        }
    }

    /// The parts without the saved ones that the configuration does not ask for, and what was dropped, each as a
    /// sentence for the user.
    pub fn without_unused(mut self, config: &TrainConfig) -> (Self, Vec<&'static str>) {
        let unused = self.unused(config);
        for part in &unused {
            match part {
                SavedPart::Start => self.start = None,
                SavedPart::Reference => self.moved_reference = None,
                SavedPart::Average => self.average = None,
                SavedPart::KlCoefficient => self.kl_coefficient = None,
            }
        }
        (self, unused.into_iter().filter_map(SavedPart::dropped).collect())
    }

    /// Refuses parts that the configuration does not ask for.
    pub(super) fn check(&self, config: &TrainConfig) -> Result<()> {
        let unused = self.unused(config);
        ensure!(unused.is_empty(), input_error(format!("{}; leave it out of the parts", unused[0].reason())));
        Ok(())
    }

    fn unused(&self, config: &TrainConfig) -> Vec<SavedPart> {
        let penalty = config.kl.is_on();
        let unused = [
            (SavedPart::Start, self.start.is_some() && !penalty),
            (SavedPart::Reference, self.moved_reference.is_some() && !(penalty && config.reference.moves())),
            (SavedPart::Average, self.average.is_some() && config.ema_decay == 0.0),
            (SavedPart::KlCoefficient, self.kl_coefficient.is_some() && !config.kl.is_adaptive()),
        ];
        unused.into_iter().filter_map(|(part, is_unused)| is_unused.then_some(part)).collect()
    }
}

/// A part that only some configurations ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SavedPart {
    Start,
    Reference,
    Average,
    KlCoefficient,
}

impl SavedPart {
    /// Why a trainer has no place for it.
    fn reason(self) -> &'static str {
        match self {
            Self::Start => "train.kl_coefficient is 0: there is no penalty against a reference model",
            Self::Reference => {
                "train.reference is not one that moves: there is no saved reference to go on with"
            }
            Self::Average => "train.ema_decay is 0: there is no average to go on with",
            Self::KlCoefficient => "train.kl_target is 0: there is no saved coefficient to go on with",
        }
    }

    /// What to tell a user whose saved part is dropped. The start is loaded whether it is needed or not.
    fn dropped(self) -> Option<&'static str> {
        match self {
            Self::Start => None,
            Self::Reference => Some("the saved reference is dropped: train.reference is not one that moves"),
            Self::Average => Some("the saved average of the policy is dropped: train.ema_decay is 0"),
            Self::KlCoefficient => Some("the saved KL coefficient is dropped: train.kl_target is 0"),
        }
    }
}
