//! Adapters onto the projections of a model, and back into its weights.

use anyhow::Result;
use burn::{module::Module, tensor::backend::Backend};

use super::{config::LoraConfig, paths::module_path};
use crate::{
    error::input_error,
    model::{
        forward::Model,
        init::initial_adapter,
        weights::{drawn, fill_adapters},
    },
};

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
pub(in crate::model) fn attach<B: Backend>(
    model: &mut Model<B>,
    config: &LoraConfig,
    device: &B::Device,
) -> Result<()> {
    let is_target = config.targets.matcher()?;
    let is_vision_language = model.config.vision.is_some();
    let mut attached = 0;
    for (path, projection) in model.projections_mut() {
        if is_target(&module_path(&path, is_vision_language)) {
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
