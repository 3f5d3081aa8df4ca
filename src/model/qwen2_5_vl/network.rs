//! Vision tower, decoder and head of Qwen2.5-VL. Field names follow the checkpoint's.

use burn::{
    module::Module,
    tensor::{Int, Tensor, backend::Backend},
};

use super::tower::VisionTower;
use crate::{
    kernels::{Kernels, RotaryTable},
    model::{
        config::ModelConfig,
        input::ImagePatches,
        layers::Projection,
        pass::ForwardPass,
        policy::{ImageFeatures, Policy},
        rope::Position,
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

impl<B: Backend> Policy<B> for Qwen2_5Vl<B> {
    fn layers(&self) -> usize {
        self.model.layers.len()
    }

    fn device(&self) -> B::Device {
        self.model.device()
    }

    fn projections_mut(&mut self) -> Vec<(String, &mut Projection<B>)> {
        let vision = self.visual.projections_mut().into_iter();
        let vision = vision.map(|(path, projection)| (format!("visual.{path}"), projection));
        vision.chain(self.model.projections_with_head(&mut self.lm_head)).collect()
    }

    fn rotary(&self, rows: &[&[Position]]) -> RotaryTable<B> {
        self.model.rotary(rows)
    }

    fn embed_tokens(&self, ids: Tensor<B, 1, Int>) -> Tensor<B, 2>
    where
        B: Kernels,
    {
        self.model.embed_tokens(ids)
    }

    fn image_features(&self, images: &[&ImagePatches]) -> Option<ImageFeatures<B>>
    where
        B: Kernels,
    {
        let hidden = self.visual.forward(images, &self.device());
        Some(ImageFeatures { hidden, added: Vec::new() })
    }

    fn layer(&self, index: usize, x: Tensor<B, 2>, pass: &mut ForwardPass<'_, B>) -> Tensor<B, 2>
    where
        B: Kernels,
    {
        self.model.layers[index].forward(x, pass, index)
    }

    fn norm(&self, x: Tensor<B, 2>) -> Tensor<B, 2>
    where
        B: Kernels,
    {
        self.model.norm.forward(x)
    }

    fn pack(&mut self)
    where
        B: Kernels,
    {
        self.model.pack(self.lm_head.as_mut());
    }

    fn is_packed(&self) -> bool {
        self.model.is_packed()
    }

    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2>
    where
        B: Kernels,
    {
        self.model.logits(self.lm_head.as_ref(), hidden)
    }
}
