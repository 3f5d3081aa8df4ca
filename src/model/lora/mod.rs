//! Low-rank adapters (LoRA, arXiv 2106.09685) on chosen projections of a model: attached, loaded, saved
//! as PEFT does, and merged. Knows no training; which parameters learn is in [`super::trainable`].

mod peft;
mod targets;

use anyhow::Result;
use burn::{module::Module, tensor::backend::Backend};
use serde::{Deserialize, Serialize};

pub use self::{
    peft::{ADAPTER_CONFIG, base_of, load_adapter, save_adapter},
    targets::Targets,
};
use super::{
    init::initial_adapter,
    layers::Adapter,
    policy::Model,
    weights::{drawn, fill_adapters},
};
use crate::error::input_error;

/// The `[lora]` part of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoraConfig {
    /// Width of the adapters; 0 trains the model's own weights instead.
    pub rank: usize,
    /// What an adapter adds is scaled by `alpha / rank`.
    pub alpha: f64,
    /// Share of the inputs of an adapter that an update leaves out.
    pub dropout: f64,
    /// Which projections have one.
    pub targets: Targets,
    /// Scale by `alpha / sqrt(rank)` instead (arXiv 2312.03732).
    pub rslora: bool,
}

impl Default for LoraConfig {
    fn default() -> Self {
        Self { rank: 0, alpha: 16.0, dropout: 0.0, targets: Targets::default(), rslora: false }
    }
}

impl LoraConfig {
    /// Whether adapters are asked for.
    pub fn is_on(&self) -> bool {
        self.rank > 0
    }

    /// # Errors
    /// Names the first setting that is out of range.
    pub fn check(&self) -> Result<()> {
        if !(self.alpha.is_finite() && self.alpha > 0.0) {
            return Err(input_error(format!("lora.alpha = {}: must be above 0", self.alpha)));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(input_error(format!(
                "lora.dropout = {}: must be at least 0 and below 1",
                self.dropout
            )));
        }
        self.targets.matcher().map(|_| ())
    }

    fn scale(&self) -> f64 {
        let rank = self.rank as f64;
        self.alpha / if self.rslora { rank.sqrt() } else { rank }
    }

    fn adapter<B: Backend>(&self, shape: [usize; 2], device: &B::Device) -> Adapter<B> {
        Adapter::new(shape, self.rank, self.scale(), self.dropout, device)
    }
}

/// A model with fresh adapters, which add nothing yet: A is random by the seed and the projection's name,
/// B is zero.
///
/// # Errors
/// When the model has adapters already, or no projection is a target.
pub fn with_adapters<B: Backend>(mut model: Model<B>, config: &LoraConfig, seed: u64) -> Result<Model<B>> {
    if model.lora.is_some() {
        return Err(input_error(
            "lora.rank: the model has adapters already, which are trained on; set lora.rank=0, or merge them first: spark merge",
        ));
    }
    let device = model.device();
    attach(&mut model, config, &device)?;
    Ok(fill_adapters(model, drawn(|name, shape| initial_adapter(name, shape, seed))))
}

/// Gives every target an adapter without values.
///
/// # Errors
/// When no projection is a target.
pub(super) fn attach<B: Backend>(
    model: &mut Model<B>,
    config: &LoraConfig,
    device: &B::Device,
) -> Result<()> {
    let is_target = config.targets.matcher()?;
    let is_vision_language = model.config.vision.is_some();
    let mut attached = 0;
    for (path, projection) in model.projections_mut() {
        if is_target(&peft::module_path(&path, is_vision_language)) {
            let [input, output] = projection.shape();
            if config.rank > input.min(output) {
                return Err(input_error(format!(
                    "lora.rank = {}: must be at most {}, the smaller side of {path}",
                    config.rank,
                    input.min(output)
                )));
            }
            projection.adapter = Some(config.adapter([input, output], device));
            attached += 1;
        }
    }
    model.lora = Some(config.clone());
    if attached > 0 {
        return Ok(());
    }
    Err(input_error(format!(
        "lora.targets = {}: names no projection of this model; use \"all-linear\" or names like q_proj, v_proj, gate_proj",
        config.targets
    )))
}

/// The model without adapters that does the same.
pub fn merged<B: Backend>(mut model: Model<B>) -> Model<B> {
    for (_, projection) in model.projections_mut() {
        if projection.adapter.is_some() {
            *projection = projection.clone().merged();
        }
    }
    model.lora = None;
    model.no_grad()
}
