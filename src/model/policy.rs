//! The door for a family of models: what it must state, so that packed training, cached decoding,
//! activation checkpointing, adapters and files are written once for all families. Knows no family.

use burn::tensor::{
    Int, Tensor,
    backend::{AutodiffBackend, Backend},
};

use super::{input::ImagePatches, layers::Projection, pass::ForwardPass, rope::Position};
use crate::kernels::{Kernels, RotaryTable};

/// What the layers read before they attend.
#[derive(Debug, Clone)]
pub struct Embeddings<B: Backend> {
    /// The input of the first layer, `[tokens, hidden]`.
    pub hidden: Tensor<B, 2>,
    /// What is added to the output of the first layers, one `[tokens, hidden]` for each of them: features
    /// of images that reach deeper layers directly (DeepStack). Empty in most families.
    pub added: Vec<Tensor<B, 2>>,
}

/// The output of a layer with what is added to it, where something is: `added` as in [`Embeddings`].
pub(crate) fn add_after_layer<B: Backend>(
    added: &[Tensor<B, 2>],
    layer: usize,
    output: Tensor<B, 2>,
) -> Tensor<B, 2> {
    match added.get(layer) {
        Some(added) => output + added.clone(),
        None => output,
    }
}

impl<B: AutodiffBackend> Embeddings<B> {
    /// The same values without a graph.
    pub fn inner(self) -> Embeddings<B::InnerBackend> {
        Embeddings { hidden: self.hidden.inner(), added: self.added.into_iter().map(Tensor::inner).collect() }
    }
}

/// What a vision tower makes of images, image after image.
#[derive(Debug, Clone)]
pub struct ImageFeatures<B: Backend> {
    /// What takes the places of image tokens, `[features, hidden]`.
    pub hidden: Tensor<B, 2>,
    /// What is added in those places to the output of the first layers, `[features, hidden]` each.
    pub added: Vec<Tensor<B, 2>>,
}

/// One family's network: from token ids to hidden states and from these to scores, a piece at a time.
///
/// The pieces are put together by [`super::Model`]: `embed_tokens`, image features in their places,
/// `layer` after `layer`, `norm`, `logits`.
pub trait Policy<B: Backend> {
    /// Number of decoder layers.
    fn layers(&self) -> usize;

    /// The device that the weights are on.
    fn device(&self) -> B::Device;

    /// Every linear map that may carry an adapter, under its path in a released checkpoint.
    fn projections_mut(&mut self) -> Vec<(String, &mut Projection<B>)>;

    /// Where the head is the transposed embedding, makes a head of its own of it.
    fn give_own_head(&mut self);

    /// The rotation of queries and keys at these positions, for rows of equal length.
    fn rotary(&self, rows: &[&[Position]]) -> RotaryTable<B>;

    /// Embeddings of ids, `[ids]` to `[ids, hidden]`; image tokens are ids like others.
    fn embed_tokens(&self, ids: Tensor<B, 1, Int>) -> Tensor<B, 2>
    where
        B: Kernels;

    /// Features of images; `None` in a family that sees none.
    fn image_features(&self, _images: &[&ImagePatches]) -> Option<ImageFeatures<B>>
    where
        B: Kernels,
    {
        None
    }

    /// One decoder layer, `[tokens, hidden]` in and out.
    ///
    /// # Panics
    /// When there are not so many layers.
    fn layer(&self, index: usize, x: Tensor<B, 2>, pass: &mut ForwardPass<'_, B>) -> Tensor<B, 2>
    where
        B: Kernels;

    /// The final norm, `[tokens, hidden]` in and out.
    fn norm(&self, x: Tensor<B, 2>) -> Tensor<B, 2>
    where
        B: Kernels;

    /// Puts the weights of the language model in the order in which sampling reads them, where the backend gains from
    /// it. Hidden states are then f32. A family that does not state how samples from its weights as they are.
    fn pack(&mut self)
    where
        B: Kernels,
    {
    }

    /// Whether the weights are packed.
    fn is_packed(&self) -> bool {
        false
    }

    /// Scores over the vocabulary, `[n, hidden]` to `[n, vocabulary]`.
    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2>
    where
        B: Kernels;
}
