//! The vision tower: patches in; one feature per merged cell out, and as many again for each block that DeepStack takes
//! features from. Knows nothing of text.

use burn::{
    module::{Initializer, Module},
    nn::{Embedding, EmbeddingConfig},
    tensor::{Tensor, TensorData, backend::Backend},
};

use super::{
    blocks::{Qwen3PatchMerger, Qwen3VisionBlock},
    interpolation::Interpolation,
};
use crate::{
    kernels::{
        Kernels,
        generic::{cast, in_f32, index_tensor},
    },
    model::{
        config::VisionConfig,
        input::ImagePatches,
        layers::Projection,
        policy::ImageFeatures,
        rope::rotary_table,
        vision::{AttentionLayout, Padding, PatchEmbed, axial_angles, features_by_size, patch_coordinates},
    },
};

/// The whole tower.
#[derive(Module, Debug)]
pub struct Qwen3VisionTower<B: Backend> {
    pub patch_embed: PatchEmbed<B>,
    /// Of a square grid, row-major.
    pub pos_embed: Embedding<B>,
    pub blocks: Vec<Qwen3VisionBlock<B>>,
    pub merger: Qwen3PatchMerger<B>,
    /// In the order of the configuration's list of blocks.
    pub deepstack_merger_list: Vec<Qwen3PatchMerger<B>>,
    #[module(skip)]
    config: VisionConfig,
}

impl<B: Backend> Qwen3VisionTower<B> {
    /// A tower of zeros with unit norms.
    ///
    /// # Panics
    /// When the configuration has no position embeddings; reading it has made sure.
    pub fn new(config: &VisionConfig, device: &B::Device) -> Self {
        let positions = config.num_position_embeddings.expect("this family's tower has position embeddings");
        let deepstack = config.deepstack_visual_indexes.iter();
        Self {
            patch_embed: PatchEmbed::new(config, true, device),
            pos_embed: EmbeddingConfig::new(positions, config.hidden_size)
                .with_initializer(Initializer::Zeros)
                .init(device),
            blocks: (0..config.depth).map(|_| Qwen3VisionBlock::new(config, device)).collect(),
            merger: Qwen3PatchMerger::last(config, device),
            deepstack_merger_list: deepstack.map(|_| Qwen3PatchMerger::deepstack(config, device)).collect(),
            config: config.clone(),
        }
    }

    /// The linear maps of all blocks and of the mergers, by path.
    pub fn projections_mut(&mut self) -> Vec<(String, &mut Projection<B>)> {
        let blocks = self.blocks.iter_mut().enumerate();
        let blocks = blocks.flat_map(|(index, block)| {
            [
                ("attn.qkv", &mut block.attn.qkv),
                ("attn.proj", &mut block.attn.proj),
                ("mlp.linear_fc1", &mut block.mlp.linear_fc1),
                ("mlp.linear_fc2", &mut block.mlp.linear_fc2),
            ]
            .map(|(name, projection)| (format!("blocks.{index}.{name}"), projection))
        });
        let deepstack = self.deepstack_merger_list.iter_mut().enumerate();
        let deepstack = deepstack.map(|(index, merger)| (format!("deepstack_merger_list.{index}"), merger));
        let mergers = std::iter::once(("merger".to_owned(), &mut self.merger)).chain(deepstack);
        let mergers = mergers.flat_map(|(path, merger)| {
            [("linear_fc1", &mut merger.linear_fc1), ("linear_fc2", &mut merger.linear_fc2)]
                .map(|(name, projection)| (format!("{path}.{name}"), projection))
        });
        blocks.chain(mergers).collect()
    }
}

impl<B: Kernels> Qwen3VisionTower<B> {
    /// Features of all merged cells, image after image, cells in raster order: `[cells, out_hidden]` each.
    ///
    /// # Panics
    /// When there are no images, or for video (`t > 1`), which the processor refuses.
    pub fn forward(&self, images: &[&ImagePatches], device: &B::Device) -> ImageFeatures<B> {
        let patches_per_cell = self.config.spatial_merge_size.pow(2);
        let mut features = features_by_size(images, patches_per_cell, device, |size, images| {
            self.forward_same_size(size, images, device)
        });
        let hidden = features.remove(0);
        ImageFeatures { hidden, added: features }
    }

    /// The last block's features, then those of DeepStack in the order of the blocks that they come from, which is that
    /// of the decoder layers that they go to.
    fn forward_same_size(
        &self,
        [time, height, width]: [usize; 3],
        images: &[&ImagePatches],
        device: &B::Device,
    ) -> Vec<Tensor<B, 2>> {
        assert_eq!(time, 1, "video input is not supported");
        let coordinates = patch_coordinates(height, width, self.config.spatial_merge_size);
        let pixels = images.iter().flat_map(|image| image.pixels.iter().copied()).collect();
        let shape = [images.len() * coordinates.len(), self.config.patch_dim()];
        let pixels = Tensor::<B, 2>::from_data(TensorData::new(pixels, shape), device);
        let positions = self.positions(&coordinates, [height, width], device);
        let half = self.config.hidden_size / self.config.num_heads / 2;
        let angles = axial_angles(coordinates.iter().copied(), half);
        let layout = AttentionLayout {
            sequences: images.len(),
            // One row of angles serves any number of images.
            rotary: rotary_table(&angles, [1, coordinates.len(), half], device),
            padding: Padding::None,
        };
        let mut x = at_positions(self.patch_embed.forward(pixels), positions);
        let mut deep = Vec::new();
        for (index, block) in self.blocks.iter().enumerate() {
            x = block.forward(x, &layout);
            let mut places = self.config.deepstack_visual_indexes.iter();
            if let Some(place) = places.position(|&block| block == index) {
                deep.push(self.deepstack_merger_list[place].forward(x.clone()));
            }
        }
        std::iter::once(self.merger.forward(x)).chain(deep).collect()
    }

    /// The position embeddings of an image's patches, `[patches, hidden]`, in f32.
    fn positions(&self, coordinates: &[[usize; 2]], size: [usize; 2], device: &B::Device) -> Tensor<B, 2> {
        let grid = self.pos_embed.weight.val();
        let [entries, hidden] = grid.dims();
        let patches = coordinates.len();
        let Interpolation { entries, weights } = Interpolation::new(coordinates, size, entries.isqrt());
        let weights = Tensor::<B, 2>::from_data(TensorData::new(weights, [4 * patches, 1]), device);
        let taken = in_f32(grid.select(0, index_tensor(&entries, device))) * weights;
        taken.reshape([4, patches, hidden]).sum_dim(0).reshape([patches, hidden])
    }
}

/// Adds the same position embeddings, `[patches, hidden]`, to the patches of every image.
fn at_positions<B: Backend>(x: Tensor<B, 2>, positions: Tensor<B, 2>) -> Tensor<B, 2> {
    let shape = x.dims();
    let [patches, hidden] = positions.dims();
    let positions = cast(positions, x.dtype()).reshape([1, patches, hidden]);
    (x.reshape([-1, patches as i32, hidden as i32]) + positions).reshape(shape)
}
