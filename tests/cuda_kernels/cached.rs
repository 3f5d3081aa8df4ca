//! Attention over the cache: single positions and several.

use spark::kernels::{
    HeadCounts,
    cuda::launch::{
        CacheShape, Pitched,
        Storage::{self, Bf16, F32},
        decode_attention, decode_combine, prefill_attention,
    },
    generic,
};

use crate::{
    emulator::{Buffer, run},
    numbers::{Plain, assert_close, random, tensor, tolerance, values},
};

/// Rows of different starts over a cache that is longer than what is seen of it.
struct Case {
    heads: HeadCounts,
    head_dim: usize,
    storage: Storage,
    starts: Vec<usize>,
    cached: usize,
    new: usize,
}

impl Case {
    fn total(&self) -> usize {
        self.cached + self.new
    }

    fn capacity(&self) -> usize {
        self.total() + 7
    }

    fn query(&self) -> Pitched {
        let columns = self.heads.queries * self.head_dim;
        Pitched { rows: self.starts.len() * self.new, columns, pitch: columns + 8 }
    }

    fn shape(&self) -> CacheShape {
        let Self { heads, head_dim, storage, .. } = *self;
        let pitches = [self.query().pitch, self.query().columns];
        CacheShape { storage, rows: self.starts.len(), heads, head_dim, capacity: self.capacity(), pitches }
    }

    /// Keys or values: what has been written, `[rows, key_heads, total, head_dim]`, and the cache with NaN behind it.
    fn cache(&self, seed: u64) -> (Vec<f32>, Buffer) {
        let lines = self.starts.len() * self.heads.keys;
        let written = random(lines * self.total() * self.head_dim, seed, self.storage);
        let layout = Pitched {
            rows: lines,
            columns: self.total() * self.head_dim,
            pitch: self.capacity() * self.head_dim,
        };
        let buffer = Buffer::matrix(&written, layout, self.storage);
        (written, buffer)
    }

    /// The generic form's output, flat.
    fn expected(&self, query: &[f32], [keys, cached_values]: [&[f32]; 2]) -> Vec<f32> {
        let (rows, total) = (self.starts.len(), self.total());
        let query = tensor::<Plain, 2>(query, [rows * self.new, self.query().columns]);
        let [key, value] =
            [keys, cached_values].map(|x| tensor(x, [rows, self.heads.keys, total, self.head_dim]));
        let visible =
            |row: usize, query: usize, key: usize| key <= self.cached + query && key >= self.starts[row];
        let bias = generic::visibility_bias([rows, self.new, total], visible, &Default::default());
        let query = generic::split_heads(query, rows, self.heads.queries);
        values(generic::join_heads(generic::attention(query, key, value, Some(&bias))))
    }

    fn check(&self) {
        let layout = self.query();
        let of_query = random(layout.rows * layout.columns, 1, self.storage);
        let query = Buffer::matrix(&of_query, layout, self.storage);
        let ((of_keys, keys), (of_values, cached_values)) = (self.cache(2), self.cache(3));
        let starts: Vec<u32> = self.starts.iter().map(|&start| start as u32).collect();
        let starts = Buffer::words(&starts);
        let packed = Pitched::packed(layout.rows, layout.columns);
        let output = Buffer::room(packed, self.storage);
        let shape = self.shape();
        if self.new == 1 {
            let partial = Buffer::empty(4 * shape.partial_size(self.total()));
            let launch = decode_attention(&shape, self.total());
            run(&launch, &[&query, &keys, &cached_values, &starts, &partial]);
            run(&decode_combine(&shape, self.total()), &[&partial, &output]);
        } else {
            let launch = prefill_attention(&shape, self.cached, self.new);
            run(&launch, &[&query, &keys, &cached_values, &starts, &output]);
        }
        let mut expected = self.expected(&of_query, [&of_keys, &of_values]);
        // A position before its row's start sees nothing: zeros here, anything in the generic form.
        for (token, output) in expected.chunks_mut(layout.columns).enumerate() {
            if self.cached + token % self.new < self.starts[token / self.new] {
                output.fill(0.0);
            }
        }
        let ours = output.read(packed, self.storage);
        assert_close("output", &ours, &expected, tolerance(self.storage));
    }
}

const SHAPES: [(usize, usize, usize, Storage); 7] = [
    (1, 1, 2, F32),
    (6, 2, 20, F32),
    (2, 1, 256, F32),
    (4, 1, 10, Bf16),
    (4, 2, 64, Bf16),
    (8, 1, 128, Bf16),
    (20, 1, 80, Bf16),
];

#[test]
fn one_position() {
    for (queries, keys, head_dim, storage) in SHAPES {
        for (starts, cached) in [(vec![0], 0), (vec![0, 2, 4], 6), (vec![3, 0], 63), (vec![130, 1], 300)] {
            let heads = HeadCounts { queries, keys };
            Case { heads, head_dim, storage, starts, cached, new: 1 }.check();
        }
    }
}

#[test]
fn several_positions() {
    for (queries, keys, head_dim, storage) in SHAPES {
        for (starts, cached, new) in
            [(vec![0], 0, 2), (vec![0, 2, 4], 0, 6), (vec![3, 0], 5, 70), (vec![66, 1], 0, 130)]
        {
            let heads = HeadCounts { queries, keys };
            Case { heads, head_dim, storage, starts, cached, new }.check();
        }
    }
}
