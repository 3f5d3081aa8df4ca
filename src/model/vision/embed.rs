//! The convolution over disjoint patches, which is a linear map.

use burn::{
    module::{Initializer, Module, Param},
    tensor::{Tensor, backend::Backend},
};

use crate::{kernels::generic::cast, model::config::VisionConfig};

/// Patches to the tower's width.
#[derive(Module, Debug)]
pub struct PatchEmbed<B: Backend> {
    pub proj: PatchProjection<B>,
}

/// Holds the weights under the checkpoint's names, `proj.weight` and `proj.bias`.
#[derive(Module, Debug)]
pub struct PatchProjection<B: Backend> {
    /// `[hidden, channels, temporal_patch, patch, patch]`, the checkpoint's shape.
    pub weight: Param<Tensor<B, 5>>,
    /// `[hidden]`
    pub bias: Option<Param<Tensor<B, 1>>>,
}

impl<B: Backend> PatchEmbed<B> {
    /// A map of zeros.
    pub fn new(config: &VisionConfig, bias: bool, device: &B::Device) -> Self {
        let (channels, temporal) = (config.in_channels, config.temporal_patch_size);
        let shape = [config.hidden_size, channels, temporal, config.patch_size, config.patch_size];
        let zeros = Initializer::Zeros;
        let bias = bias.then(|| zeros.init([config.hidden_size], device));
        Self { proj: PatchProjection { weight: zeros.init(shape, device), bias } }
    }

    /// `[patches, patch_dim]` to `[patches, hidden]`.
    pub fn forward(&self, patches: Tensor<B, 2>) -> Tensor<B, 2> {
        let weight = self.proj.weight.val();
        let hidden = weight.dims()[0];
        let embedded = cast(patches, weight.dtype()).matmul(weight.reshape([hidden as i32, -1]).transpose());
        match &self.proj.bias {
            Some(bias) => embedded + bias.val().unsqueeze(),
            None => embedded,
        }
    }
}
