//! Attention over the cache of decoding.

use super::program::{KernelLaunch, KernelProgram, Storage, blocks, word};
use crate::kernels::HeadCounts;

const TENSOR_DECODE: &[&str] = &[
    include_str!("../source/prelude.cuh"),
    include_str!("../source/tensor_core.cuh"),
    include_str!("../source/decode_tensor.cu"),
];
const PLAIN_DECODE: &[&str] =
    &[include_str!("../source/prelude.cuh"), include_str!("../source/decode_plain.cu")];
const TENSOR_PREFILL: &[&str] = &[
    include_str!("../source/prelude.cuh"),
    include_str!("../source/tensor_core.cuh"),
    include_str!("../source/attention.cuh"),
    include_str!("../source/attention_tensor.cu"),
];
const PLAIN_PREFILL: &[&str] = &[
    include_str!("../source/prelude.cuh"),
    include_str!("../source/attention.cuh"),
    include_str!("../source/attention_plain.cuh"),
    include_str!("../source/attention_plain.cu"),
];

/// Keys and values of earlier tokens, both `[rows, heads.keys, capacity, head_dim]` without gaps.
#[derive(Debug, Clone, Copy)]
pub struct CacheShape {
    /// How queries, cache and outputs are stored.
    pub storage: Storage,
    /// Sequences side by side.
    pub rows: usize,
    /// How many heads there are.
    pub heads: HeadCounts,
    /// Features of a head, at most 256.
    pub head_dim: usize,
    /// Positions that each row has room for.
    pub capacity: usize,
    /// The pitches of the rotated queries and of the outputs.
    pub pitches: [usize; 2],
}

impl CacheShape {
    fn on_tensor_cores(&self) -> bool {
        let aligned = self.pitches.iter().all(|pitch| pitch % 8 == 0);
        self.storage == Storage::Bf16 && self.head_dim.is_multiple_of(16) && self.head_dim <= 128 && aligned
    }

    /// Positions of one split of the first `length` ones: multiples of 64, which is a tile on tensor cores, so that
    /// about 1,000 blocks have work, and no row has more than 64 splits.
    fn chunk(&self, length: usize) -> usize {
        let wanted = 1024usize.div_ceil(self.rows * self.heads.keys).min(64);
        length.max(1).div_ceil(wanted).next_multiple_of(64)
    }

    /// Into how many parts the first `length` positions of a row are split.
    pub fn splits(&self, length: usize) -> usize {
        length.div_ceil(self.chunk(length)).max(1)
    }

    /// Numbers (f32) of the buffer `partial` between [`decode_attention`] and [`decode_combine`]:
    /// `[rows, heads.queries, splits, head_dim + 2]`.
    pub fn partial_size(&self, length: usize) -> usize {
        self.rows * self.heads.queries * self.splits(length) * (self.head_dim + 2)
    }

    fn decode(&self, entry: &'static str, length: usize) -> KernelLaunch {
        let fast = self.on_tensor_cores();
        let defines = vec![("T_BF16", self.storage.flag()), ("HEAD_DIM", word(self.head_dim))];
        let [query, output] = self.pitches;
        let (splits, chunk) = (self.splits(length), self.chunk(length));
        let counts =
            [self.heads.queries, self.heads.keys, self.capacity, query, output, length, splits, chunk];
        let mut scalars = counts.map(word).to_vec();
        scalars.push((self.head_dim as f32).powf(-0.5).to_bits());
        KernelLaunch {
            program: KernelProgram { entry, defines, parts: if fast { TENSOR_DECODE } else { PLAIN_DECODE } },
            grid: [word(self.rows), 1, word(splits)],
            block: 128,
            shared_bytes: 0,
            slots: &[],
            scalars,
        }
    }
}

/// One new position per row, whose keys and values are in the cache already: shares of the attention over
/// positions `starts[row] .. length` (`starts` in 32 bits, `[rows]`), to be joined by [`decode_combine`].
pub fn decode_attention(shape: &CacheShape, length: usize) -> KernelLaunch {
    let mut launch = shape.decode("decode_attention", length);
    if shape.on_tensor_cores() {
        // A block has one key head and up to 16 of the query heads that read it.
        launch.grid[1] = word(shape.heads.keys) * blocks(shape.heads.group(), 16);
        let tiles = 2 * 2 * 64 * (shape.head_dim + 8) * 2 + 16 * (shape.head_dim + 8) * 2;
        let joined = 4 * 16 * (shape.head_dim + 2) * 4;
        launch.shared_bytes = word(tiles.max(joined));
    } else {
        launch.grid[1] = word(shape.heads.queries);
    }
    launch.slots = &["query", "cached_keys", "cached_values", "starts", "partial"];
    launch
}

/// Joins the shares of the splits; the output is `[rows, heads.queries · head_dim]`.
pub fn decode_combine(shape: &CacheShape, length: usize) -> KernelLaunch {
    let mut launch = shape.decode("decode_combine", length);
    launch.program.parts = PLAIN_DECODE;
    launch.grid = [word(shape.rows), word(shape.heads.queries), 1];
    launch.block = word(shape.head_dim.next_multiple_of(32));
    launch.slots = &["partial", "output"];
    launch
}

/// `new` positions per row that follow `cached` ones and are in the cache already; each sees its row from
/// `starts[row]` to itself. Queries and outputs are `[rows · new, heads.queries · head_dim]`.
pub fn prefill_attention(shape: &CacheShape, cached: usize, new: usize) -> KernelLaunch {
    let fast = shape.on_tensor_cores();
    let tile = if fast { 64 } else { 32 };
    let defines = vec![("T_BF16", shape.storage.flag()), ("HEAD_DIM", word(shape.head_dim)), ("SPAN", 2)];
    let [query, output] = shape.pitches;
    let counts = [
        shape.rows * new,
        shape.heads.queries,
        shape.heads.keys,
        query,
        shape.head_dim,
        shape.head_dim,
        output,
        output,
        new,
        cached,
        shape.capacity,
    ];
    let mut scalars = counts.map(word).to_vec();
    scalars.push((shape.head_dim as f32).powf(-0.5).to_bits());
    let row = if fast { 2 * (shape.head_dim + 8) } else { 4 * (shape.head_dim + 1) };
    KernelLaunch {
        program: KernelProgram {
            entry: "attention_forward",
            defines,
            parts: if fast { TENSOR_PREFILL } else { PLAIN_PREFILL },
        },
        grid: [word(shape.rows) * blocks(new, tile), word(shape.heads.queries), 1],
        block: if fast { 128 } else { 256 },
        shared_bytes: if fast { word(5 * 64 * row) } else { word(3 * 32 * row + 32 * 33 * 4) },
        slots: &["query", "cached_keys", "cached_values", "starts", "output"],
        scalars,
    }
}
