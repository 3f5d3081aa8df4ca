//! Vision tower, decoder and head of Qwen2.5-VL. Field names follow the checkpoint's.

use burn::{module::Module, tensor::backend::Backend};

use super::tower::VisionTower;
use crate::{
    kernels::Kernels,
    model::{
        config::ModelConfig,
        decoder::{AroundDecoder, NetworkParts},
        input::ImagePatches,
        layers::Projection,
        policy::ImageFeatures,
        text::{TextModel, new_head},
    },
};

/// The whole network.
#[derive(Module, Debug)]
pub struct Qwen2_5Vl<B: Backend> {
    pub visual: VisionTower<B>,
    pub model: TextModel<B>,
    /// `None` when the head is the transposed embedding.
    pub lm_head: Option<Projection<B>>,
}

impl<B: Backend> Qwen2_5Vl<B> {
    /// A network of zeros with unit norms.
    ///
    /// # Panics
    /// When the configuration has no vision tower; reading it has made sure.
    pub fn new(config: &ModelConfig, device: &B::Device) -> Self {
        let vision = config.vision.as_ref().expect("this family's configuration has a vision tower");
        Self {
            visual: VisionTower::new(vision, device),
            model: TextModel::new(&config.text, device),
            lm_head: new_head(&config.text, device),
        }
    }
}

impl<B: Backend> AroundDecoder<B> for Qwen2_5Vl<B> {
    fn decoder(&self) -> (&TextModel<B>, Option<&Projection<B>>) {
        (&self.model, self.lm_head.as_ref())
    }

    fn parts_mut(&mut self) -> NetworkParts<'_, B> {
        NetworkParts {
            visual: self.visual.projections_mut(),
            model: &mut self.model,
            lm_head: &mut self.lm_head,
        }
    }

    fn see(&self, images: &[&ImagePatches]) -> Option<ImageFeatures<B>>
    where
        B: Kernels,
    {
        let hidden = self.visual.forward(images, &self.model.device());
        Some(ImageFeatures { hidden, added: Vec::new() })
    }
}
