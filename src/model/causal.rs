//! A language model that reads text only: decoder and head. Families that differ in their configuration
//! alone have this network in common. Field names follow the checkpoint's.

use burn::{
    module::Module,
    tensor::{Int, Tensor, backend::Backend},
};

use super::{
    config::ModelConfig,
    layers::Projection,
    pass::ForwardPass,
    policy::Policy,
    rope::Position,
    text::{TextModel, new_head},
};
use crate::kernels::{Kernels, RotaryTable};

/// Decoder and head.
#[derive(Module, Debug)]
pub struct CausalLm<B: Backend> {
    pub model: TextModel<B>,
    /// `None` when the head is the transposed embedding.
    pub lm_head: Option<Projection<B>>,
}

impl<B: Backend> CausalLm<B> {
    /// A network of zeros with unit norms.
    pub fn new(config: &ModelConfig, device: &B::Device) -> Self {
        Self { model: TextModel::new(&config.text, device), lm_head: new_head(&config.text, device) }
    }
}

impl<B: Backend> Policy<B> for CausalLm<B> {
    fn layers(&self) -> usize {
        self.model.layers.len()
    }

    fn device(&self) -> B::Device {
        self.model.device()
    }

    fn projections_mut(&mut self) -> Vec<(String, &mut Projection<B>)> {
        self.model.projections_with_head(&mut self.lm_head)
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
