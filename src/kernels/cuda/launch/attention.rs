//! Softmax attention over flat matrices, forward and backward.

use super::{
    program::{KernelLaunch, KernelProgram, blocks, word},
    shape::AttentionShape,
    tiles::AttentionSpan,
};

const TENSOR: &[&str] = &[
    include_str!("../source/prelude.cuh"),
    include_str!("../source/tensor_core.cuh"),
    include_str!("../source/attention.cuh"),
    include_str!("../source/attention_tensor.cu"),
];
const TENSOR_BACKWARD: &[&str] = &[
    include_str!("../source/prelude.cuh"),
    include_str!("../source/tensor_core.cuh"),
    include_str!("../source/attention.cuh"),
    include_str!("../source/attention_tensor_backward.cu"),
];
const PLAIN: &[&str] = &[
    include_str!("../source/prelude.cuh"),
    include_str!("../source/attention.cuh"),
    include_str!("../source/attention_plain.cuh"),
    include_str!("../source/attention_plain.cu"),
];
const PLAIN_BACKWARD: &[&str] = &[
    include_str!("../source/prelude.cuh"),
    include_str!("../source/attention.cuh"),
    include_str!("../source/attention_plain.cuh"),
    include_str!("../source/attention_plain_backward.cu"),
];

impl AttentionShape {
    fn launch(
        &self,
        entry: &'static str,
        [tensor, plain]: [&'static [&'static str]; 2],
        span: &AttentionSpan<'_>,
        outputs: [usize; 2],
    ) -> KernelLaunch {
        let fast = self.on_tensor_cores() && outputs.iter().all(|pitch| pitch % 8 == 0);
        assert!(fast == self.on_tensor_cores(), "tiles are cut for the form that the outputs' pitches allow");
        let defines =
            vec![("T_BF16", self.storage.flag()), ("HEAD_DIM", word(self.head_dim)), ("SPAN", span.flag())];
        let length = span.row_length();
        let [query, key, value] = self.pitches;
        let mut scalars = [
            self.tokens,
            self.heads.queries,
            self.heads.keys,
            query,
            key,
            value,
            outputs[0],
            outputs[1],
            length,
            0,
            0,
        ]
        .map(word)
        .to_vec();
        scalars.push(((self.head_dim as f32).powf(-0.5)).to_bits());
        KernelLaunch {
            program: KernelProgram { entry, defines, parts: if fast { tensor } else { plain } },
            grid: [1, 1, 1],
            block: if fast { 128 } else { 256 },
            shared_bytes: 0,
            slots: &[],
            scalars,
        }
    }

    /// Bytes of `rows` rows of one head in shared memory, with the gap that keeps banks apart.
    fn shared(&self, rows: usize) -> u32 {
        let row = if self.on_tensor_cores() { 2 * (self.head_dim + 8) } else { 4 * (self.head_dim + 1) };
        word(rows * row)
    }
}

/// The outputs, with their pitch, and the logarithms of the softmax's sums, f32 `[heads.queries, tokens]`.
/// The table of tiles is [`TreeTiles::queries`](super::TreeTiles::queries).
///
/// # Panics
/// On tensor cores, where `output_pitch` is no multiple of 8.
pub fn attention_forward(
    shape: &AttentionShape,
    span: &AttentionSpan<'_>,
    output_pitch: usize,
) -> KernelLaunch {
    let mut launch = shape.launch("attention_forward", [TENSOR, PLAIN], span, [output_pitch, output_pitch]);
    launch.grid = [span.query_tiles(shape.query_tile()), word(shape.heads.queries), 1];
    launch.slots = match span {
        AttentionSpan::Forest(_) => &["query", "key", "value", "tiles", "output", "log_sums"],
        AttentionSpan::Rows { .. } => &["query", "key", "value", "output", "log_sums"],
    };
    launch.shared_bytes = match shape.on_tensor_cores() {
        true => shape.shared(64 + 4 * 64),
        false => shape.shared(3 * 32) + PLAIN_SCORES,
    };
    launch
}

/// Bytes of one tile of scores of the plain form, 32 rows of 33.
const PLAIN_SCORES: u32 = 32 * 33 * 4;

/// `delta[head, token]`, f32 `[heads.queries, tokens]`: the product of each output with its gradient, which both
/// halves of the backward pass need.
pub fn attention_delta(shape: &AttentionShape, output_pitch: usize, gradient_pitch: usize) -> KernelLaunch {
    let span = AttentionSpan::Rows { rows: 1, length: shape.tokens };
    let mut launch =
        shape.launch("attention_delta", [PLAIN_BACKWARD; 2], &span, [output_pitch, gradient_pitch]);
    launch.grid = [blocks(shape.tokens * shape.heads.queries, 8), 1, 1];
    launch.block = 256;
    launch.slots = &["output", "d_output", "delta"];
    launch
}

/// The gradient of the queries, with its pitch. The table of tiles is [`TreeTiles::queries`](super::TreeTiles::queries).
///
/// # Panics
/// On tensor cores, where a pitch is no multiple of 8.
pub fn attention_backward_query(
    shape: &AttentionShape,
    span: &AttentionSpan<'_>,
    [d_output, d_query]: [usize; 2],
) -> KernelLaunch {
    let sources = [TENSOR_BACKWARD, PLAIN_BACKWARD];
    let mut launch = shape.launch("attention_backward_query", sources, span, [d_output, d_query]);
    launch.grid = [span.query_tiles(shape.query_tile()), word(shape.heads.queries), 1];
    launch.slots = match span {
        AttentionSpan::Forest(_) => {
            &["query", "key", "value", "d_output", "log_sums", "delta", "tiles", "d_query"]
        }
        AttentionSpan::Rows { .. } => &["query", "key", "value", "d_output", "log_sums", "delta", "d_query"],
    };
    launch.shared_bytes = match shape.on_tensor_cores() {
        true => shape.shared(2 * 64 + 4 * 32),
        false => shape.shared(4 * 32) + PLAIN_SCORES,
    };
    launch
}

/// The gradients of keys and values, with their pitches. The table of tiles is [`TreeTiles::keys`](super::TreeTiles::keys).
///
/// # Panics
/// On tensor cores, where a pitch is no multiple of 8.
pub fn attention_backward_keys(
    shape: &AttentionShape,
    span: &AttentionSpan<'_>,
    [d_output, d_key, d_value]: [usize; 3],
) -> KernelLaunch {
    let sources = [TENSOR_BACKWARD, PLAIN_BACKWARD];
    let mut launch = shape.launch("attention_backward_keys", sources, span, [d_output, d_key]);
    launch.scalars[9] = word(d_value);
    launch.grid = [span.key_tiles(shape.key_tile()), word(shape.heads.keys), 1];
    launch.slots = match span {
        AttentionSpan::Forest(_) => {
            &["query", "key", "value", "d_output", "log_sums", "delta", "tiles", "d_key", "d_value"]
        }
        AttentionSpan::Rows { .. } => {
            &["query", "key", "value", "d_output", "log_sums", "delta", "d_key", "d_value"]
        }
    };
    launch.shared_bytes = match shape.on_tensor_cores() {
        true => shape.shared(2 * 64 + 4 * 32),
        false => shape.shared(4 * 32) + 2 * PLAIN_SCORES,
    };
    launch
}
