//! The vision tower: patches in, one feature per merged cell out. Knows nothing of text.
//!
//! Images of one size run as one batch. Inside, patches stand window by window (see [`super::window`]),
//! so that a block attends within windows or over the image by a reshape alone.

use burn::{
    module::{Initializer, Module, Param},
    tensor::{Int, Tensor, TensorData, activation::gelu, backend::Backend},
};

use super::{
    config::{VISION_ROPE_THETA, VisionConfig},
    input::ImagePatches,
    layers::{GatedMlp, Projection},
    norm::RmsNorm,
    rope::{inverse_frequencies, rotary_table},
    window::{WindowLayout, patch_coordinates},
};
use crate::kernels::{
    HeadCounts, Kernels, Qkv, RotaryTable,
    generic::{attention, cast, cat, index_tensor, join_heads, rotate, split_heads, visibility_bias},
};

const EPSILON: f64 = 1e-6;

/// Up to this many patches, padding in a whole image is hidden instead of left out, which saves copies.
pub const HIDDEN_PATCHES: usize = 1024;

/// The convolution over disjoint patches, which is a linear map.
#[derive(Module, Debug)]
pub struct PatchEmbed<B: Backend> {
    /// `[hidden, channels, temporal_patch, patch, patch]`, the checkpoint's shape.
    pub proj: PatchProjection<B>,
}

/// Holds the weight under the checkpoint's name, `proj.weight`.
#[derive(Module, Debug)]
pub struct PatchProjection<B: Backend> {
    pub weight: Param<Tensor<B, 5>>,
}

impl<B: Backend> PatchEmbed<B> {
    fn new(config: &VisionConfig, device: &B::Device) -> Self {
        let (channels, temporal) = (config.in_channels, config.temporal_patch_size);
        let shape = [config.hidden_size, channels, temporal, config.patch_size, config.patch_size];
        Self { proj: PatchProjection { weight: Initializer::Zeros.init(shape, device) } }
    }

    /// `[patches, patch_dim]` to `[patches, hidden]`.
    fn forward(&self, patches: Tensor<B, 2>) -> Tensor<B, 2> {
        let weight = self.proj.weight.val();
        let hidden = weight.dims()[0];
        cast(patches, weight.dtype()).matmul(weight.reshape([hidden as i32, -1]).transpose())
    }
}

/// Self-attention without a causal order.
#[derive(Module, Debug)]
pub struct VisionAttention<B: Backend> {
    pub qkv: Projection<B>,
    pub proj: Projection<B>,
    heads: usize,
}

impl<B: Kernels> VisionAttention<B> {
    /// Attends within each stretch of `[slots, hidden]`.
    fn forward(&self, x: Tensor<B, 2>, place: &Place<B>) -> Tensor<B, 2> {
        let hidden = x.dims()[1];
        let qkv = self.qkv.forward(x);
        let [query, key, value] = [0, 1, 2].map(|part| qkv.clone().narrow(1, part * hidden, hidden));
        let (rows, heads) = (place.stretches, self.heads);
        let counts = HeadCounts { queries: heads, keys: heads };
        let attend = |[query, key, value]: [Tensor<B, 2>; 3]| {
            let rotary = &place.rotary;
            B::self_attention(Qkv { query, key, value, heads: counts, rotary }, rows)
        };
        self.proj.forward(match &place.padding {
            Padding::None => attend([query, key, value]),
            Padding::LeftOut { kept, slots } => {
                attend([query, key, value].map(|x| x.select(0, kept.clone()))).select(0, slots.clone())
            }
            Padding::Hidden(bias) => {
                let query = rotate(split_heads(query, rows, heads), &place.rotary);
                let key = rotate(split_heads(key, rows, heads), &place.rotary);
                join_heads(attention(query, key, split_heads(value, rows, heads), Some(bias)))
            }
        })
    }
}

/// One transformer block.
#[derive(Module, Debug)]
pub struct VisionBlock<B: Backend> {
    pub norm1: RmsNorm<B>,
    pub attn: VisionAttention<B>,
    pub norm2: RmsNorm<B>,
    pub mlp: GatedMlp<B>,
}

impl<B: Backend> VisionBlock<B> {
    fn new(config: &VisionConfig, device: &B::Device) -> Self {
        let hidden = config.hidden_size;
        Self {
            norm1: RmsNorm::new(hidden, EPSILON, device),
            attn: VisionAttention {
                qkv: Projection::new(hidden, 3 * hidden, true, device),
                proj: Projection::new(hidden, hidden, true, device),
                heads: config.num_heads,
            },
            norm2: RmsNorm::new(hidden, EPSILON, device),
            mlp: GatedMlp::new(hidden, config.intermediate_size, true, device),
        }
    }
}

impl<B: Kernels> VisionBlock<B> {
    fn forward(&self, x: Tensor<B, 2>, place: &Place<B>) -> Tensor<B, 2> {
        let x = x.clone() + self.attn.forward(self.norm1.forward(x), place);
        x.clone() + self.mlp.forward(self.norm2.forward(x))
    }
}

/// Joins each cell's `merge²` patches into one feature of the language model's width.
#[derive(Module, Debug)]
pub struct PatchMerger<B: Backend> {
    pub ln_q: RmsNorm<B>,
    /// The checkpoint's `mlp.0`.
    pub mlp_in: Projection<B>,
    /// The checkpoint's `mlp.2`.
    pub mlp_out: Projection<B>,
}

impl<B: Backend> PatchMerger<B> {
    fn new(config: &VisionConfig, device: &B::Device) -> Self {
        let width = config.hidden_size * config.spatial_merge_size.pow(2);
        Self {
            ln_q: RmsNorm::new(config.hidden_size, EPSILON, device),
            mlp_in: Projection::new(width, width, true, device),
            mlp_out: Projection::new(width, config.out_hidden_size, true, device),
        }
    }
}

impl<B: Kernels> PatchMerger<B> {
    /// `[slots, hidden]` to `[slots / merge², out_hidden]`.
    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let width = self.mlp_in.weight.dims()[0];
        let cells = self.ln_q.forward(x).reshape([-1, width as i32]);
        self.mlp_out.forward(gelu(self.mlp_in.forward(cells)))
    }
}

/// How a block sees the slots: as whole images, or as windows.
struct Place<B: Backend> {
    /// Windows or images that attend within themselves.
    stretches: usize,
    rotary: RotaryTable<B>,
    padding: Padding<B>,
}

/// What becomes of padding slots.
enum Padding<B: Backend> {
    None,
    /// The patches without padding, and for each slot its row among them (padding: any).
    LeftOut {
        kept: Tensor<B, 1, Int>,
        slots: Tensor<B, 1, Int>,
    },
    /// Added to the scores: for windows and small images. Over a large image the scores of all heads would
    /// not fit into memory.
    Hidden(Tensor<B, 4>),
}

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
            patch_embed: PatchEmbed::new(config, device),
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
    /// Without images, or for video (`t > 1`); the processor refuses those.
    pub fn forward(&self, images: &[&ImagePatches], device: &B::Device) -> Tensor<B, 2> {
        let mut by_size: Vec<([usize; 3], Vec<usize>)> = Vec::new();
        for (index, image) in images.iter().enumerate() {
            match by_size.iter_mut().find(|(size, _)| *size == image.grid_thw) {
                Some((_, members)) => members.push(index),
                None => by_size.push((image.grid_thw, vec![index])),
            }
        }
        let features = by_size.iter().map(|(size, members)| {
            let same_size: Vec<&ImagePatches> = members.iter().map(|&index| images[index]).collect();
            self.forward_same_size(*size, &same_size, device)
        });
        let features = cat(features.collect(), 0);
        if by_size.len() == 1 {
            return features;
        }
        let order = restore_order(images, &by_size, self.config.spatial_merge_size.pow(2));
        features.select(0, index_tensor(&order, device))
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
        let [whole, windows] = self.places(size, &layout, images.len(), device);
        let mut x = self.patch_embed.forward(pixels);
        for (index, block) in self.blocks.iter().enumerate() {
            let full = self.config.fullatt_block_indexes.contains(&index);
            x = block.forward(x, if full { &whole } else { &windows });
        }
        let cells_per_image = layout.slots.len() / self.config.spatial_merge_size.pow(2);
        let cells: Vec<usize> = (0..images.len())
            .flat_map(|image| layout.cell_slots.iter().map(move |slot| image * cells_per_image + slot))
            .collect();
        self.merger.forward(x).select(0, index_tensor(&cells, device))
    }

    /// The image-wide and the window-wise view.
    fn places(
        &self,
        [_, height, width]: [usize; 3],
        layout: &WindowLayout,
        images: usize,
        device: &B::Device,
    ) -> [Place<B>; 2] {
        let half = self.config.hidden_size / self.config.num_heads / 2;
        let coordinates = patch_coordinates(height, width, self.config.spatial_merge_size);
        let frequencies = inverse_frequencies(VISION_ROPE_THETA, half / 2);
        let angles = |slots: &mut dyn Iterator<Item = Option<usize>>| -> Vec<f32> {
            slots
                .flat_map(|slot| slot.map_or([0, 0], |patch| coordinates[patch]))
                .flat_map(|coordinate| frequencies.iter().map(move |f| coordinate as f32 * f))
                .collect()
        };
        let (windows, length) = (layout.windows, layout.window_length);
        let is_ragged = layout.is_ragged();
        let leaves_out = is_ragged && layout.slots.len() > HIDDEN_PATCHES;
        let every = angles(&mut layout.slots.iter().copied());
        let seen = match leaves_out {
            true => &angles(&mut layout.slots.iter().copied().filter(Option::is_some)),
            false => &every,
        };
        let hidden = |stretches: usize, length: usize| {
            let visible = |row: usize, _, key: usize| layout.slots[row * length + key].is_some();
            visibility_bias::<B>([stretches, 1, length], visible, device).repeat_dim(0, images)
        };
        let whole = Place {
            stretches: images,
            // One row of angles serves any number of images.
            rotary: rotary_table(seen, [1, seen.len() / half, half], device),
            padding: match is_ragged {
                true if leaves_out => leave_out(layout, images, device),
                true => Padding::Hidden(hidden(1, layout.slots.len())),
                false => Padding::None,
            },
        };
        let table = rotary_table::<B>(&every, [windows, length, half], device);
        let windowed = Place {
            stretches: images * windows,
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
    for place in 0..images * layout.slots.len() {
        let is_real = layout.slots[place % layout.slots.len()].is_some();
        slots.push(if is_real { kept.len() } else { 0 });
        if is_real {
            kept.push(place);
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

/// For each cell in the images' own order, its row among the features grouped by size.
fn restore_order(
    images: &[&ImagePatches],
    by_size: &[([usize; 3], Vec<usize>)],
    patches_per_cell: usize,
) -> Vec<usize> {
    let mut starts = vec![0; images.len()];
    let mut next = 0;
    for &index in by_size.iter().flat_map(|(_, members)| members) {
        starts[index] = next;
        next += images[index].patches() / patches_per_cell;
    }
    let cells = |index: usize| starts[index]..starts[index] + images[index].patches() / patches_per_cell;
    (0..images.len()).flat_map(cells).collect()
}
