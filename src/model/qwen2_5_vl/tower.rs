//! The vision tower: patches in, one feature per merged cell out. Knows nothing of text.
//!
//! Images of one size run as one batch. Inside, patches stand window by window (see [`super::window`]),
//! so that a block attends within windows or over the image by a reshape alone.

use burn::{
    module::Module,
    tensor::{Tensor, TensorData, backend::Backend},
};

use super::{
    blocks::{PatchMerger, VisionBlock},
    window::WindowLayout,
};
use crate::{
    kernels::{
        Kernels, RotaryTable,
        generic::{index_tensor, visibility_bias},
    },
    model::{
        config::VisionConfig,
        input::ImagePatches,
        layers::Projection,
        rope::rotary_table,
        vision::{AttentionLayout, Padding, PatchEmbed, axial_angles, features_by_size, patch_coordinates},
    },
};

/// Up to this many patches, padding in a whole image is hidden instead of left out, which saves copies.
pub(crate) const HIDDEN_PATCHES: usize = 1024;

/// The whole tower.
#[derive(Module, Debug)]
pub struct VisionTower<B: Backend> {
    pub patch_embed: PatchEmbed<B>,
    pub blocks: Vec<VisionBlock<B>>,
    pub merger: PatchMerger<B>,
    #[module(skip)]
    config: VisionConfig,
}

impl<B: Backend> VisionTower<B> {
    /// A tower of zeros with unit norms.
    pub fn new(config: &VisionConfig, device: &B::Device) -> Self {
        Self {
            patch_embed: PatchEmbed::new(config, false, device),
            blocks: (0..config.depth).map(|_| VisionBlock::new(config, device)).collect(),
            merger: PatchMerger::new(config, device),
            config: config.clone(),
        }
    }

    /// The linear maps of all blocks and of the merger, by path.
    pub fn projections_mut(&mut self) -> Vec<(String, &mut Projection<B>)> {
        let blocks = self.blocks.iter_mut().enumerate();
        let blocks = blocks.flat_map(|(index, block)| {
            [
                ("attn.qkv", &mut block.attn.qkv),
                ("attn.proj", &mut block.attn.proj),
                ("mlp.gate_proj", &mut block.mlp.gate_proj),
                ("mlp.up_proj", &mut block.mlp.up_proj),
                ("mlp.down_proj", &mut block.mlp.down_proj),
            ]
            .map(|(name, projection)| (format!("blocks.{index}.{name}"), projection))
        });
        let merger = [("merger.mlp.0", &mut self.merger.mlp_in), ("merger.mlp.2", &mut self.merger.mlp_out)];
        blocks.chain(merger.map(|(path, projection)| (path.to_owned(), projection))).collect()
    }
}

impl<B: Kernels> VisionTower<B> {
    /// Features of all merged cells, image after image, cells in raster order: `[cells, out_hidden]`.
    ///
    /// # Panics
    /// When there are no images, or for video (`t > 1`), which the processor refuses.
    pub fn forward(&self, images: &[&ImagePatches], device: &B::Device) -> Tensor<B, 2> {
        let patches_per_cell = self.config.spatial_merge_size.pow(2);
        let features = features_by_size(images, patches_per_cell, device, |size, images| {
            vec![self.forward_same_size(size, images, device)]
        });
        features.into_iter().next().expect("the merger makes one matrix of features")
    }

    fn forward_same_size(
        &self,
        size: [usize; 3],
        images: &[&ImagePatches],
        device: &B::Device,
    ) -> Tensor<B, 2> {
        let [time, height, width] = size;
        assert_eq!(time, 1, "video input is not supported");
        let layout = WindowLayout::new(height, width, &self.config);
        let patch_dim = self.config.patch_dim();
        let pixels = place_patches(images, &layout, patch_dim);
        let slots = images.len() * layout.slots.len();
        let pixels = Tensor::<B, 2>::from_data(TensorData::new(pixels, [slots, patch_dim]), device);
        let [whole, windows] = self.layouts(size, &layout, images.len(), device);
        let mut x = self.patch_embed.forward(pixels);
        for (index, block) in self.blocks.iter().enumerate() {
            let full = self.config.attends_over_image(index);
            x = block.forward(x, if full { &whole } else { &windows });
        }
        let cells_per_image = layout.slots.len() / self.config.spatial_merge_size.pow(2);
        let cells: Vec<usize> = (0..images.len())
            .flat_map(|image| layout.cell_slots.iter().map(move |slot| image * cells_per_image + slot))
            .collect();
        self.merger.forward(x).select(0, index_tensor(&cells, device))
    }

    /// The image-wide and the window-wise view.
    fn layouts(
        &self,
        [_, height, width]: [usize; 3],
        layout: &WindowLayout,
        images: usize,
        device: &B::Device,
    ) -> [AttentionLayout<B>; 2] {
        let half = self.config.hidden_size / self.config.num_heads / 2;
        let coordinates = patch_coordinates(height, width, self.config.spatial_merge_size);
        let angles = |slots: &mut dyn Iterator<Item = Option<usize>>| -> Vec<f32> {
            axial_angles(slots.map(|slot| slot.map_or([0, 0], |patch| coordinates[patch])), half)
        };
        let (windows, length) = (layout.windows, layout.window_length);
        let is_ragged = layout.is_ragged();
        let leaves_out = is_ragged && layout.slots.len() > HIDDEN_PATCHES;
        let every = angles(&mut layout.slots.iter().copied());
        let seen = match leaves_out {
            true => &angles(&mut layout.slots.iter().copied().filter(Option::is_some)),
            false => &every,
        };
        let hidden = |sequences: usize, length: usize| {
            let visible = |row: usize, _, key: usize| layout.slots[row * length + key].is_some();
            visibility_bias::<B>([sequences, 1, length], visible, device).repeat_dim(0, images)
        };
        let whole = AttentionLayout {
            sequences: images,
            // One row of angles serves any number of images.
            rotary: rotary_table(seen, [1, seen.len() / half, half], device),
            padding: match is_ragged {
                true if leaves_out => leave_out(layout, images, device),
                true => Padding::Hidden(hidden(1, layout.slots.len())),
                false => Padding::None,
            },
        };
        let table = rotary_table::<B>(&every, [windows, length, half], device);
        let windowed = AttentionLayout {
            sequences: images * windows,
            rotary: RotaryTable {
                cos: table.cos.repeat_dim(0, images),
                sin: table.sin.repeat_dim(0, images),
            },
            padding: if is_ragged { Padding::Hidden(hidden(windows, length)) } else { Padding::None },
        };
        [whole, windowed]
    }
}

/// Every image's patches without the padding slots, and the way back.
fn leave_out<B: Backend>(layout: &WindowLayout, images: usize, device: &B::Device) -> Padding<B> {
    let (mut kept, mut slots) = (Vec::new(), Vec::new());
    for slot in 0..images * layout.slots.len() {
        let is_real = layout.slots[slot % layout.slots.len()].is_some();
        slots.push(if is_real { kept.len() } else { 0 });
        if is_real {
            kept.push(slot);
        }
    }
    Padding::LeftOut { kept: index_tensor(&kept, device), slots: index_tensor(&slots, device) }
}

/// All images' patches in slot order, zeros in padding slots.
fn place_patches(images: &[&ImagePatches], layout: &WindowLayout, patch_dim: usize) -> Vec<f32> {
    let mut pixels = Vec::with_capacity(images.len() * layout.slots.len() * patch_dim);
    for image in images {
        for slot in &layout.slots {
            match slot {
                Some(patch) => pixels.extend_from_slice(&image.pixels[patch * patch_dim..][..patch_dim]),
                None => pixels.resize(pixels.len() + patch_dim, 0.0),
            }
        }
    }
    pixels
}
