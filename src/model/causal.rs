//! A language model that reads text only: decoder and head. Families that differ in their configuration
//! alone have this network in common. Field names follow the checkpoint's.

use burn::{module::Module, tensor::backend::Backend};

use super::{
    config::ModelConfig,
    decoder::{AroundDecoder, NetworkParts},
    layers::Projection,
    text::{TextModel, new_head},
};

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

impl<B: Backend> AroundDecoder<B> for CausalLm<B> {
    fn decoder(&self) -> (&TextModel<B>, Option<&Projection<B>>) {
        (&self.model, self.lm_head.as_ref())
    }

    fn parts_mut(&mut self) -> NetworkParts<'_, B> {
        NetworkParts { visual: Vec::new(), model: &mut self.model, lm_head: &mut self.lm_head }
    }
}
