//! Attention over the cache of decoding, which is allocated once and written in place.

use burn::tensor::{DType, TensorMetadata};

use super::{
    attention::{AttentionInputs, angle_table, wide},
    engine::{Engine, TensorRows, rows},
    norm::stored,
    operate::{Operate, Raw, exactly, spec},
};
use crate::kernels::HeadCounts;
use crate::kernels::cuda::launch::{self, CacheShape, RotationShape, Storage};

/// Where new positions come into the cache.
#[derive(Debug, Clone, Copy)]
pub(super) struct CachePlace {
    /// Sequences side by side.
    pub rows: usize,
    pub heads: HeadCounts,
    /// Positions that the cache holds already.
    pub cached: usize,
    /// Positions that it has room for.
    pub capacity: usize,
}

/// The output, and keys and values with the new positions, `[rows, heads.keys, capacity, head_dim]`.
pub(super) struct CacheAttended<T> {
    pub output: T,
    pub cache: [T; 2],
}

/// Rotates queries and keys, appends keys and values to the cache, and attends from `starts` (`[rows]`) on.
pub(super) fn attend<B: Operate>(
    inputs: AttentionInputs<Raw<B>>,
    starts: Raw<B>,
    cache: Option<[Raw<B>; 2]>,
    place: CachePlace,
) -> CacheAttended<Raw<B>> {
    let AttentionInputs { query, key, value, angles: [cos, sin] } = inputs;
    let (shape, dtype) = (query.shape().to_vec(), query.dtype());
    let head_dim = shape[1] / place.heads.queries;
    let cached = spec(&[place.rows, place.heads.keys, place.capacity, head_dim], dtype);
    let outputs = vec![spec(&shape, dtype), cached.clone(), cached.clone()];
    let inputs =
        [query, key, value, cos, sin, starts].into_iter().chain(cache.into_iter().flatten()).collect();
    let [output, key, value] =
        exactly(B::run("cached_attention", inputs, outputs, move |engine, mut inputs| {
            let cache = inputs.split_off(6);
            let starts = engine.contiguous(inputs.pop().expect("the starts are there"));
            let cache = if cache.is_empty() {
                [(); 2].map(|()| engine.empty(&cached.shape, dtype))
            } else {
                exactly(cache.into_iter().map(|cache| engine.owned(cache)).collect())
            };
            let step = CacheStep { place, new: shape[0] / place.rows, head_dim, dtype };
            let query = step.append(engine, exactly(inputs).map(|tensor| rows(engine, tensor)), &cache);
            let output = step.attend(engine, &query, &cache, &starts);
            let [key, value] = cache;
            vec![output, key, value]
        }));
    CacheAttended { output, cache: [key, value] }
}

/// `new` positions per row.
struct CacheStep {
    place: CachePlace,
    new: usize,
    head_dim: usize,
    dtype: DType,
}

impl CacheStep {
    /// Writes rotated keys, and values, into the cache, and gives the rotated queries.
    fn append<E: Engine>(
        &self,
        engine: &E,
        inputs: [TensorRows<E::Tensor>; 5],
        cache: &[E::Tensor; 2],
    ) -> E::Tensor {
        let [query, key, value, cos, sin] = inputs;
        let value = wide(engine, value);
        let angles = angle_table(engine, [&cos, &sin]);
        let tokens = self.place.rows * self.new;
        let shape = RotationShape {
            storage: self.storage(),
            tokens,
            heads: self.place.heads,
            head_dim: self.head_dim,
            from: [query.layout.pitch, key.layout.pitch],
            table: angles.layout,
        };
        let rotated = engine.empty(&[tokens, self.width()], self.dtype);
        let pitches = [value.layout.pitch, self.width()];
        let launch = launch::rotate_append(&shape, &self.cache_shape(), self.place.cached, pitches);
        let [cos, sin] = &angles.tensors;
        let tensors = [&query.tensor, &key.tensor, &value.tensor, cos, sin, &rotated, &cache[0], &cache[1]];
        engine.launch(launch, &tensors);
        rotated
    }

    /// Attends over the cache, with the new positions in it.
    fn attend<E: Engine>(
        &self,
        engine: &E,
        query: &E::Tensor,
        [key, value]: &[E::Tensor; 2],
        starts: &E::Tensor,
    ) -> E::Tensor {
        let (shape, length) = (self.cache_shape(), self.place.cached + self.new);
        let output = engine.empty(&[self.place.rows * self.new, self.width()], self.dtype);
        if self.new > 1 {
            let launch = launch::prefill_attention(&shape, self.place.cached, self.new);
            engine.launch(launch, &[query, key, value, starts, &output]);
            return output;
        }
        let partial = engine.empty(&[shape.partial_size(length)], DType::F32);
        engine.launch(launch::decode_attention(&shape, length), &[query, key, value, starts, &partial]);
        engine.launch(launch::decode_combine(&shape, length), &[&partial, &output]);
        output
    }

    fn storage(&self) -> Storage {
        stored(self.dtype)
    }

    /// Features of all heads of queries.
    fn width(&self) -> usize {
        self.place.heads.queries * self.head_dim
    }

    fn cache_shape(&self) -> CacheShape {
        CacheShape {
            storage: self.storage(),
            rows: self.place.rows,
            heads: self.place.heads,
            head_dim: self.head_dim,
            capacity: self.place.capacity,
            pitches: [self.width(); 2],
        }
    }
}
