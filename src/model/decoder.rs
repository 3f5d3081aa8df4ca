//! Networks around the decoder that all families share: they name their parts, and all that a policy states of decoder
//! and head is stated here once. Knows no family.

use burn::tensor::{Int, Tensor, backend::Backend};

use super::{
    input::ImagePatches,
    layers::Projection,
    pass::ForwardPass,
    policy::{ImageFeatures, Policy},
    rope::Position,
    text::TextModel,
};
use crate::kernels::{Kernels, RotaryTable};

/// The parts of a network, to change them.
pub struct NetworkParts<'a, B: Backend> {
    /// The linear maps of the vision tower, by path in it; none in a family that sees nothing.
    pub visual: Vec<(String, &'a mut Projection<B>)>,
    pub model: &'a mut TextModel<B>,
    /// `None` when the head is the transposed embedding.
    pub lm_head: &'a mut Option<Projection<B>>,
}

/// A network of the shared decoder, its head, and perhaps a vision tower: a [`Policy`].
pub trait AroundDecoder<B: Backend> {
    /// Decoder and head; `None` when the head is the transposed embedding.
    fn decoder(&self) -> (&TextModel<B>, Option<&Projection<B>>);

    /// All parts.
    fn parts_mut(&mut self) -> NetworkParts<'_, B>;

    /// What the vision tower makes of images; `None` without one.
    fn see(&self, _images: &[&ImagePatches]) -> Option<ImageFeatures<B>>
    where
        B: Kernels,
    {
        None
    }
}

impl<B: Backend, N: AroundDecoder<B>> Policy<B> for N {
    fn layers(&self) -> usize {
        self.decoder().0.layers.len()
    }

    fn device(&self) -> B::Device {
        self.decoder().0.device()
    }

    fn projections_mut(&mut self) -> Vec<(String, &mut Projection<B>)> {
        let NetworkParts { visual, model, lm_head } = self.parts_mut();
        let visual = visual.into_iter().map(|(path, projection)| (format!("visual.{path}"), projection));
        visual.chain(model.projections_with_head(lm_head)).collect()
    }

    fn give_own_head(&mut self) {
        let NetworkParts { model, lm_head, .. } = self.parts_mut();
        lm_head.get_or_insert_with(|| Projection::of(model.embed_tokens.weight.val().transpose()));
    }

    fn rotary(&self, rows: &[&[Position]]) -> RotaryTable<B> {
        self.decoder().0.rotary(rows)
    }

    fn embed_tokens(&self, ids: Tensor<B, 1, Int>) -> Tensor<B, 2>
    where
        B: Kernels,
    {
        self.decoder().0.embed_tokens(ids)
    }

    fn image_features(&self, images: &[&ImagePatches]) -> Option<ImageFeatures<B>>
    where
        B: Kernels,
    {
        self.see(images)
    }

    fn layer(&self, index: usize, x: Tensor<B, 2>, pass: &mut ForwardPass<'_, B>) -> Tensor<B, 2>
    where
        B: Kernels,
    {
        self.decoder().0.layers[index].forward(x, pass, index)
    }

    fn norm(&self, x: Tensor<B, 2>) -> Tensor<B, 2>
    where
        B: Kernels,
    {
        self.decoder().0.norm.forward(x)
    }

    fn pack(&mut self)
    where
        B: Kernels,
    {
        let NetworkParts { model, lm_head, .. } = self.parts_mut();
        model.pack(lm_head.as_mut());
    }

    fn is_packed(&self) -> bool {
        self.decoder().0.is_packed()
    }

    fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2>
    where
        B: Kernels,
    {
        let (model, head) = self.decoder();
        model.logits(head, hidden)
    }
}
