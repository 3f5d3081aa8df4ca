//! The cases of `self_attention` and `tree_attention`.

use burn::tensor::{Tensor, TensorData, backend::Backend};
use serde_json::{Value, json};

use super::{
    case::CaseWork,
    function::{MatrixFunction, works},
    inputs::{MatrixInput, rotary_data},
};
use crate::{
    kernels::{Forest, HeadCounts, Kernels, Qkv, RotaryTable, TrainBackend, Tree},
    random::Stream,
};

/// Heads of queries and of keys, and features of a head.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadShape {
    pub queries: usize,
    pub keys: usize,
    pub head_dim: usize,
}

impl HeadShape {
    pub(super) const fn new(queries: usize, keys: usize, head_dim: usize) -> Self {
        Self { queries, keys, head_dim }
    }

    pub(super) fn counts(self) -> HeadCounts {
        HeadCounts { queries: self.queries, keys: self.keys }
    }

    pub(super) fn parameters(self) -> Value {
        json!({"heads": self.queries, "key_heads": self.keys, "head_dim": self.head_dim})
    }

    /// Queries, keys and values of so many tokens.
    pub(super) fn matrices(self, tokens: usize) -> [MatrixInput; 3] {
        [("query", self.queries), ("key", self.keys), ("value", self.keys)].map(|(name, heads)| MatrixInput {
            name,
            shape: [tokens, heads * self.head_dim],
            scale: 1.0,
        })
    }
}

/// The heads of Qwen2.5-3B.
pub(super) const HEADS_AT_3B: HeadShape = HeadShape::new(16, 2, 128);

/// Cosines and sines that a case is written with and runs with.
struct Angles([TensorData; 2]);

impl Angles {
    fn new(shape: [usize; 3]) -> Self {
        Self(rotary_data(&mut Stream::new(&[9]), shape))
    }

    fn written(&self) -> Vec<(String, TensorData)> {
        ["cos", "sin"].map(str::to_owned).into_iter().zip(self.0.clone()).collect()
    }

    fn table<B: Backend>(&self, device: &B::Device) -> RotaryTable<B> {
        let [cos, sin] = self.0.clone().map(|data| Tensor::from_data(data.clone(), (device, data.dtype)));
        RotaryTable { cos, sin }
    }
}

struct RowsCase {
    rows: usize,
    length: usize,
    heads: HeadShape,
    angles: Angles,
}

impl RowsCase {
    /// Rows with a table of angles each, or with one for all of them.
    fn new([rows, length]: [usize; 2], heads: HeadShape, tables: usize) -> Self {
        Self { rows, length, heads, angles: Angles::new([tables, length, heads.head_dim]) }
    }
}

impl MatrixFunction<3> for RowsCase {
    fn inputs(&self) -> [MatrixInput; 3] {
        self.heads.matrices(self.rows * self.length)
    }

    fn parameters(&self) -> Value {
        let mut parameters = self.heads.parameters();
        parameters["rows"] = json!(self.rows);
        parameters
    }

    fn constants(&self) -> Vec<(String, TensorData)> {
        self.angles.written()
    }

    fn on<B: Kernels>(&self, device: &B::Device) -> impl Fn([Tensor<B, 2>; 3]) -> Tensor<B, 2> {
        let (rotary, heads, rows) = (self.angles.table::<B>(device), self.heads.counts(), self.rows);
        move |[query, key, value]| B::self_attention(Qkv { query, key, value, heads, rotary: &rotary }, rows)
    }
}

struct ForestCase {
    trees: Vec<Tree>,
    heads: HeadShape,
    angles: Angles,
}

impl ForestCase {
    fn new(trees: &[(usize, &[usize])], heads: HeadShape) -> Self {
        let trees: Vec<Tree> =
            trees.iter().map(|&(trunk, branches)| Tree { trunk, branches: branches.to_vec() }).collect();
        let tokens = trees.iter().map(Tree::length).sum();
        Self { trees, heads, angles: Angles::new([1, tokens, heads.head_dim]) }
    }
}

impl MatrixFunction<3> for ForestCase {
    fn inputs(&self) -> [MatrixInput; 3] {
        self.heads.matrices(self.trees.iter().map(Tree::length).sum())
    }

    fn parameters(&self) -> Value {
        let mut parameters = self.heads.parameters();
        let tree = |tree: &Tree| json!({"trunk": tree.trunk, "branches": tree.branches});
        parameters["trees"] = self.trees.iter().map(tree).collect();
        parameters
    }

    fn constants(&self) -> Vec<(String, TensorData)> {
        self.angles.written()
    }

    fn on<B: Kernels>(&self, device: &B::Device) -> impl Fn([Tensor<B, 2>; 3]) -> Tensor<B, 2> {
        let (rotary, heads, forest) =
            (self.angles.table::<B>(device), self.heads.counts(), Forest::new(&self.trees));
        move |[query, key, value]| {
            B::tree_attention(Qkv { query, key, value, heads, rotary: &rotary }, &forest)
        }
    }
}

/// The large one is the vision tower of Qwen2.5-VL over an image of 1,024 patches.
pub(super) fn self_attention<B: TrainBackend>(large: bool) -> Vec<CaseWork<B>> {
    let small = vec![
        RowsCase::new([1, 1], HeadShape::new(1, 1, 2), 1),
        RowsCase::new([2, 5], HeadShape::new(4, 2, 6), 2),
        RowsCase::new([3, 17], HeadShape::new(3, 1, 8), 1),
        RowsCase::new([2, 70], HeadShape::new(2, 2, 80), 2),
        RowsCase::new([1, 130], HeadShape::new(4, 2, 64), 1),
    ];
    let tower = large.then(|| RowsCase::new([4, 1024], HeadShape::new(16, 16, 80), 4));
    works(small, tower.into_iter().collect())
}

/// Trunks alone and with branches; the large one is two prompts with eight completions of 512 tokens each.
pub(super) fn tree_attention<B: TrainBackend>(large: bool) -> Vec<CaseWork<B>> {
    let alone: &[(usize, &[usize])] = &[(5, &[]), (2, &[]), (3, &[])];
    let branching: &[(usize, &[usize])] = &[(4, &[3, 1, 2]), (2, &[]), (1, &[5, 4])];
    let longer: &[(usize, &[usize])] = &[(67, &[33, 70, 1]), (130, &[65, 64])];
    let small = vec![
        ForestCase::new(&[(1, &[])], HeadShape::new(1, 1, 2)),
        ForestCase::new(alone, HeadShape::new(4, 2, 6)),
        ForestCase::new(branching, HeadShape::new(3, 1, 36)),
        ForestCase::new(longer, HeadShape::new(6, 2, 64)),
        ForestCase::new(longer, HeadShape::new(4, 2, 128)),
    ];
    let at_3b = large.then(|| ForestCase::new(&[(64, &[512; 8]), (64, &[512; 8])], HEADS_AT_3B));
    works(small, at_3b.into_iter().collect())
}
