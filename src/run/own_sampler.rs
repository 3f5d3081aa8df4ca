//! Who samples for a run that brings no sampler of its own, or for an evaluation: this process, or the servers that are
//! named.

use std::{path::Path, sync::Arc};

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
    random::unrepeatable,
    rollout::{DrawPicture, EngineKind, Generate, LocalEngine, RemoteEngine, RolloutConfig, ServerCallbacks},
};

/// The sampler that the recipe asks for.
///
/// # Errors
/// Input errors: adapters cannot be sent to SGLang, and several ranks cannot sample ahead; a lost peer.
pub(super) fn own_sampler<B: Kernels>(
    config: &RunConfig,
    (processor, peers): (&Processor, &Arc<Peers>),
    interrupt: Interrupt,
) -> Result<Box<dyn Generate<B>>> {
    let engine = config.rollout.engine;
    if engine == EngineKind::Local {
        return Ok(Box::new(LocalEngine::new(config.rollout.local()).stopped_by(interrupt)));
    }
    let refused = |what: &str| Err(input_error(format!("rollout.engine: {what}; set it to \"local\"")));
    if peers.world() > 1 && config.rollout.ahead > 0 {
        return Err(input_error(
            "rollout.ahead = 1: several ranks sample in step; set it to 0, or train in one process",
        ));
    }
    if engine == EngineKind::Sglang && config.lora.is_on() {
        return refused("adapters cannot be sent to SGLang");
    }
    Ok(Box::new(RemoteEngine::new(config.rollout.clone(), callbacks(config, processor, peers)?, interrupt)?))
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
///
/// # Errors
/// When a peer is lost.
fn callbacks<B: Backend>(
    config: &RunConfig,
    processor: &Processor,
    peers: &Arc<Peers>,
) -> Result<ServerCallbacks<B>> {
    let source = config.model.path.clone();
    let format = WeightFormat { precision: Precision::F32, shard_bytes: usize::MAX };
    let own_head = config.rollout.engine == EngineKind::Vllm;
    let run = peers.from_first(|| Ok(unrepeatable()))?;
    let (is_publisher, ranks) = (peers.writes(), peers.clone());
    let write = move |policy: &Model<B>, dir: &Path| match own_head {
        true => replace_model_dir(&policy.clone().with_own_head(), &source, dir, format),
        false => replace_model_dir(policy, &source, dir, format),
    };
    Ok(ServerCallbacks {
        // All ranks have the same weights.
        write: Box::new(move |policy: &Model<B>, dir: &Path| ranks.from_first(|| write(policy, dir))),
        is_publisher,
        run,
        has_adapters: config.lora.is_on(),
        picture: picture(processor),
    })
}

fn picture(processor: &Processor) -> DrawPicture {
    let images = processor.image().cloned();
    Box::new(move |patches: &ImagePatches| {
        let images = images.as_ref().expect("only a model that sees has images");
        Ok(format!("data:image/png;base64,{}", STANDARD.encode(images.picture(patches)?)))
    })
}
