//! Attention over rows and forests: rotation, softmax attention, and their gradients.

use burn::tensor::{DType, TensorMetadata};

use super::{
    engine::{Engine, TensorRows, rows},
    operate::{Operate, Raw, exactly, spec},
};
use crate::kernels::cuda::launch::{
    self, AngleTable, AttentionShape, AttentionSpan, RotationShape, Storage, TreeTiles, Turn,
};
use crate::kernels::{HeadCounts, Tree};

/// What the queries see, as sizes; a forest's tables come as a tensor.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    /// Rows of equal length, seen as a whole.
    Rows { rows: usize, length: usize },
    /// The trees' tiles.
    Forest(TreeTiles),
}

/// Attention of one size.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub shape: AttentionShape,
    pub seen: Seen,
}

/// Queries, keys and values, with cosines and sines.
#[derive(Debug, Clone)]
pub(super) struct AttentionInputs<T> {
    pub query: T,
    pub key: T,
    pub value: T,
    pub angles: [T; 2],
}

/// What attention gives: the output, and what its backward pass needs.
#[derive(Debug, Clone)]
pub(super) struct AttentionResult<T> {
    pub output: T,
    /// Rotated queries and keys.
    pub rotated: [T; 2],
    /// Logarithms of the softmax's sums, f32 `[heads.queries, tokens]`.
    pub log_sums: T,
}

impl Pattern {
    /// Rows of `tokens / rows` tokens.
    pub fn rows(storage: Storage, [tokens, rows]: [usize; 2], heads: HeadCounts, head_dim: usize) -> Self {
        let shape = attention_shape(storage, tokens, heads, head_dim);
        Self { shape, seen: Seen::Rows { rows, length: tokens / rows } }
    }

    /// The trees of a forest.
    pub fn forest(storage: Storage, trees: &[Tree], heads: HeadCounts, head_dim: usize) -> Self {
        let tokens = trees.iter().map(Tree::length).sum();
        let shape = attention_shape(storage, tokens, heads, head_dim);
        Self { seen: Seen::Forest(TreeTiles::new(trees, &shape)), shape }
    }

    /// The tables that the forward pass and the gradient of the queries read, and those of the other gradients.
    pub fn tables(&self) -> Option<[&[u32]; 2]> {
        match &self.seen {
            Seen::Rows { .. } => None,
            Seen::Forest(tiles) => Some([&tiles.queries, &tiles.keys]),
        }
    }

    fn span(&self) -> AttentionSpan<'_> {
        match &self.seen {
            &Seen::Rows { rows, length } => AttentionSpan::Rows { rows, length },
            Seen::Forest(tiles) => AttentionSpan::Forest(tiles),
        }
    }

    /// Features of all heads of queries, and of keys.
    fn widths(&self) -> [usize; 2] {
        let AttentionShape { heads, head_dim, .. } = self.shape;
        [heads.queries * head_dim, heads.keys * head_dim]
    }
}

fn attention_shape(storage: Storage, tokens: usize, heads: HeadCounts, head_dim: usize) -> AttentionShape {
    let [queries, keys] = [heads.queries * head_dim, heads.keys * head_dim];
    AttentionShape { storage, tokens, heads, head_dim, pitches: [queries, keys, keys] }
}

/// Rotates queries and keys and attends. `tiles` is the first of [`Pattern::tables`].
pub(super) fn attend<B: Operate>(
    inputs: AttentionInputs<Raw<B>>,
    tiles: Option<Raw<B>>,
    pattern: &Pattern,
) -> AttentionResult<Raw<B>> {
    let AttentionInputs { query, key, value, angles: [cos, sin] } = inputs;
    let dtype = query.dtype();
    let (tokens, [queries, keys]) = (pattern.shape.tokens, pattern.widths());
    let outputs = vec![
        spec(&[tokens, queries], dtype),
        spec(&[tokens, queries], dtype),
        spec(&[tokens, keys], dtype),
        spec(&[pattern.shape.heads.queries, tokens], DType::F32),
    ];
    let (pattern, inputs) =
        (pattern.clone(), [query, key, value, cos, sin].into_iter().chain(tiles).collect());
    let [output, query, key, log_sums] =
        exactly(B::run("attention", inputs, outputs, move |engine, mut inputs| {
            let tiles = inputs.split_off(5).pop();
            let [query, key, value, cos, sin] = exactly(inputs).map(|tensor| rows(engine, tensor));
            let value = wide(engine, value);
            let rotated = rotate(engine, [&query, &key], [&cos, &sin], &pattern, Turn::Forward);
            let output = engine.empty(&[tokens, queries], dtype);
            let log_sums = engine.empty(&[pattern.shape.heads.queries, tokens], DType::F32);
            let shape = with_value(&pattern.shape, &value);
            let launch = launch::attention_forward(&shape, &pattern.span(), queries);
            let tensors = [&rotated[0], &rotated[1], &value.tensor];
            let tensors: Vec<_> = tensors.into_iter().chain(&tiles).chain([&output, &log_sums]).collect();
            engine.launch(launch, &tensors);
            let [query, key] = rotated;
            vec![output, query, key, log_sums]
        }));
    AttentionResult { output, rotated: [query, key], log_sums }
}

/// The gradients of queries, keys and values, before rotation. The tables are both of [`Pattern::tables`].
pub(super) fn attend_backward<B: Operate>(
    AttentionResult { output, rotated: [query, key], log_sums }: AttentionResult<Raw<B>>,
    value: Raw<B>,
    [cos, sin]: [Raw<B>; 2],
    d_output: Raw<B>,
    tables: Option<[Raw<B>; 2]>,
    pattern: &Pattern,
) -> [Raw<B>; 3] {
    let dtype = query.dtype();
    let (tokens, [queries, keys]) = (pattern.shape.tokens, pattern.widths());
    let outputs =
        vec![spec(&[tokens, queries], dtype), spec(&[tokens, keys], dtype), spec(&[tokens, keys], dtype)];
    let tables = tables.into_iter().flatten();
    let inputs =
        [query, key, value, output, d_output, log_sums, cos, sin].into_iter().chain(tables).collect();
    let pattern = pattern.clone();
    exactly(B::run("attention_backward", inputs, outputs, move |engine, mut inputs| {
        let tables = inputs.split_off(8);
        let [query, key, value, output, d_output, log_sums, cos, sin] = exactly(inputs);
        let [query, key, value, output, d_output] =
            [query, key, value, output, d_output].map(|tensor| wide(engine, rows(engine, tensor)));
        let angles = [cos, sin].map(|tensor| rows(engine, tensor));
        let gradients = Gradients { query, key, value, d_output, log_sums: engine.contiguous(log_sums) };
        let [d_query, d_key, d_value] = gradients.of(engine, &output, &tables, &pattern, dtype);
        let turned = [d_query, d_key].map(|tensor| rows(engine, tensor));
        let [d_query, d_key] = rotate(engine, turned.each_ref(), angles.each_ref(), &pattern, Turn::Back);
        vec![d_query, d_key, d_value]
    }))
}

/// What the three gradients are made from; queries and keys are rotated.
struct Gradients<T> {
    query: TensorRows<T>,
    key: TensorRows<T>,
    value: TensorRows<T>,
    d_output: TensorRows<T>,
    log_sums: T,
}

impl<T> Gradients<T> {
    /// The gradients of rotated queries and keys, and of values.
    fn of<E: Engine<Tensor = T>>(
        &self,
        engine: &E,
        output: &TensorRows<T>,
        tables: &[T],
        pattern: &Pattern,
        dtype: DType,
    ) -> [T; 3] {
        let ([queries, keys], tokens) = (pattern.widths(), pattern.shape.tokens);
        let shape = AttentionShape {
            pitches: [&self.query, &self.key, &self.value].map(|rows| rows.layout.pitch),
            ..pattern.shape
        };
        let d_output = self.d_output.layout.pitch;
        let delta = engine.empty(&[pattern.shape.heads.queries, tokens], DType::F32);
        let launch = launch::attention_delta(&shape, output.layout.pitch, d_output);
        engine.launch(launch, &[&output.tensor, &self.d_output.tensor, &delta]);
        let read = [
            &self.query.tensor,
            &self.key.tensor,
            &self.value.tensor,
            &self.d_output.tensor,
            &self.log_sums,
            &delta,
        ];
        let d_query = engine.empty(&[tokens, queries], dtype);
        let launch = launch::attention_backward_query(&shape, &pattern.span(), [d_output, queries]);
        engine.launch(launch, &read.into_iter().chain(tables.first()).chain([&d_query]).collect::<Vec<_>>());
        let [d_key, d_value] = [(); 2].map(|()| engine.empty(&[tokens, keys], dtype));
        let launch = launch::attention_backward_keys(&shape, &pattern.span(), [d_output, keys, keys]);
        let tensors: Vec<_> = read.into_iter().chain(tables.get(1)).chain([&d_key, &d_value]).collect();
        engine.launch(launch, &tensors);
        [d_query, d_key, d_value]
    }
}

/// Queries and keys turned by the angles, or back.
fn rotate<E: Engine>(
    engine: &E,
    [query, key]: [&TensorRows<E::Tensor>; 2],
    [cos, sin]: [&TensorRows<E::Tensor>; 2],
    pattern: &Pattern,
    turn: Turn,
) -> [E::Tensor; 2] {
    let AttentionShape { storage, tokens, heads, head_dim, .. } = pattern.shape;
    let (table, widths) = (angle_table(engine, [cos, sin]), pattern.widths());
    let from = [query.layout.pitch, key.layout.pitch];
    let shape = RotationShape { storage, tokens, heads, head_dim, from, table: table.layout };
    let dtype = E::placement(&query.tensor).dtype;
    let rotated = widths.map(|width| engine.empty(&[tokens, width], dtype));
    let [cos, sin] = &table.tensors;
    let tensors = [&query.tensor, &key.tensor, cos, sin, &rotated[0], &rotated[1]];
    engine.launch(launch::rotate(&shape, turn, widths), &tensors);
    rotated
}

/// Cosines and sines with equal pitches.
pub(super) struct AngleRows<T> {
    pub tensors: [T; 2],
    pub layout: AngleTable,
}

/// The tables as the kernels read them: with one pitch for both.
pub(super) fn angle_table<E: Engine>(
    engine: &E,
    angles: [&TensorRows<E::Tensor>; 2],
) -> AngleRows<E::Tensor> {
    let [cos, sin] = angles;
    let positions = cos.layout.rows;
    if cos.layout.pitch == sin.layout.pitch {
        let tensors = angles.map(|rows| rows.tensor.clone());
        return AngleRows { tensors, layout: AngleTable { positions, pitch: cos.layout.pitch } };
    }
    let tensors = angles.map(|rows| engine.contiguous(rows.tensor.clone()));
    AngleRows { tensors, layout: AngleTable { positions, pitch: cos.layout.columns } }
}

/// The rows with a pitch that lets tensor cores read 16 bytes at a time wherever packed rows would.
pub(super) fn wide<E: Engine>(engine: &E, rows: TensorRows<E::Tensor>) -> TensorRows<E::Tensor> {
    if rows.layout.pitch.is_multiple_of(8) {
        return rows;
    }
    let layout = launch::Pitched::packed(rows.layout.rows, rows.layout.columns);
    TensorRows { tensor: engine.contiguous(rows.tensor), layout }
}

/// The shape with the values' own pitch; queries and keys have been rotated into packed rows.
fn with_value<T>(shape: &AttentionShape, value: &TensorRows<T>) -> AttentionShape {
    let [query, key, _] = shape.pitches;
    AttentionShape { pitches: [query, key, value.layout.pitch], ..*shape }
}
