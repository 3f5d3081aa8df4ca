//! Who samples for a run that brings no sampler of its own, or for an evaluation: this process, or the servers that are
//! named.

use std::path::Path;

use anyhow::Result;
use base64::{Engine, engine::general_purpose::STANDARD};
use burn::tensor::backend::Backend;

use crate::{
    checkpoint::{WeightFormat, replace_model_dir},
    config::RunConfig,
    distributed::Peers,
    error::input_error,
    interrupt::Interrupt,
    kernels::Kernels,
    model::{ImagePatches, Model, check_precision, computing_in, load_model, weights::Precision},
    processor::Processor,
    rollout::{DrawPicture, EngineKind, Generate, LocalEngine, RemoteEngine, RolloutConfig, ServerCallbacks},
};

/// The sampler that the recipe asks for.
///
/// # Errors
/// Input errors: several ranks cannot share servers, and adapters cannot be sent to them.
pub(super) fn own_sampler<B: Kernels>(
    config: &RunConfig,
    (processor, peers): (&Processor, &Peers),
    interrupt: Interrupt,
) -> Result<Box<dyn Generate<B>>> {
    let engine = config.rollout.engine;
    if engine == EngineKind::Local {
        return Ok(Box::new(LocalEngine::new(config.rollout.local()).stopped_by(interrupt)));
    }
    let refused = |what: &str| Err(input_error(format!("rollout.engine: {what}; set it to \"local\"")));
    if peers.world() > 1 {
        return refused("several ranks cannot sample on servers: each would send them its own weights");
    }
    if engine == EngineKind::Sglang && config.lora.is_on() {
        return refused("adapters cannot be sent to SGLang");
    }
    Ok(Box::new(RemoteEngine::new(config.rollout.clone(), callbacks(config, processor), interrupt)?))
}

/// A sampler for an evaluation of a model: in this process by the weights of its directory, or on servers, which have
/// weights of their own.
///
/// # Errors
/// When the weights cannot be read, or the settings of servers are wrong.
pub fn measured_sampler<B: Kernels>(
    dir: &Path,
    rollout: &RolloutConfig,
    (precision, processor): (Precision, &Processor),
    device: &B::Device,
    interrupt: Interrupt,
) -> Result<Box<dyn Generate<B>>> {
    if rollout.engine == EngineKind::Local {
        check_precision::<B>(precision, device)?;
        let model = computing_in(load_model::<B>(dir, device)?, precision);
        return Ok(Box::new(LocalEngine::with_model(model, rollout.local()).stopped_by(interrupt)));
    }
    Ok(Box::new(RemoteEngine::of_served_weights(rollout.clone(), picture(processor), interrupt)?))
}

/// What the servers need of the run: its weights as files, and its images as pictures.
fn callbacks<B: Backend>(config: &RunConfig, processor: &Processor) -> ServerCallbacks<B> {
    let source = config.model.path.clone();
    let format = WeightFormat { precision: Precision::F32, shard_bytes: usize::MAX };
    let own_head = config.rollout.engine == EngineKind::Vllm;
    ServerCallbacks {
        write: Box::new(move |policy: &Model<B>, dir| match own_head {
            true => replace_model_dir(&policy.clone().with_own_head(), &source, dir, format),
            false => replace_model_dir(policy, &source, dir, format),
        }),
        has_adapters: config.lora.is_on(),
        picture: picture(processor),
    }
}

fn picture(processor: &Processor) -> DrawPicture {
    let images = processor.image().cloned();
    Box::new(move |patches: &ImagePatches| {
        let images = images.as_ref().expect("only a model that sees has images");
        Ok(format!("data:image/png;base64,{}", STANDARD.encode(images.picture(patches)?)))
    })
}
