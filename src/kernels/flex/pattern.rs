//! Which tokens of a flat matrix attend to which: blocks that do not see one another, cut into segments.

use std::ops::Range;

use burn::tensor::backend::Backend;

use crate::kernels::{
    attention::HeadCounts,
    forest::{Forest, Tree},
};

/// Who attends to whom, and with how many heads.
#[derive(Debug, Clone)]
pub(super) struct AttentionPattern {
    /// All tokens, block by block.
    pub blocks: Vec<Block>,
    /// Whether a position sees only itself and what came before.
    pub causal: bool,
    pub heads: HeadCounts,
}

impl AttentionPattern {
    /// Rows of equal length, each position seeing all of its row.
    pub(super) fn rows(tokens: usize, rows: usize, heads: HeadCounts) -> Self {
        let length = tokens / rows;
        let tree = Tree { trunk: length, branches: Vec::new() };
        let block = |row| Block { start: row * length, tree: tree.clone() };
        Self { blocks: (0..rows).map(block).collect(), causal: false, heads }
    }

    /// Trees one after the other, each position seeing what precedes it in its tree.
    pub(super) fn trees<B: Backend>(forest: &Forest<'_, B>, heads: HeadCounts) -> Self {
        let mut next = 0;
        let blocks = forest.trees.iter().map(|tree| {
            let start = next;
            next += tree.length();
            Block { start, tree: tree.clone() }
        });
        Self { blocks: blocks.collect(), causal: true, heads }
    }
}

/// Tokens of a flat matrix that attend among themselves.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The first token.
    pub start: usize,
    pub tree: Tree,
}

impl Block {
    /// Tokens in all.
    pub(super) fn length(&self) -> usize {
        self.tree.length()
    }

    /// The trunk, then each branch.
    pub(super) fn segments(&self) -> impl Iterator<Item = TreeSegment> {
        let Self { tree, .. } = self;
        let mut next = tree.trunk;
        let branches = tree.branches.iter().map(move |&length| {
            next += length;
            TreeSegment { own: next - length..next, prefix: 0..tree.trunk }
        });
        std::iter::once(TreeSegment { own: 0..tree.trunk, prefix: 0..0 }).chain(branches)
    }
}

/// The trunk of a block or one of its branches, as positions within the block.
pub(super) struct TreeSegment {
    /// Its own tokens.
    pub own: Range<usize>,
    /// The tokens before the block's branches that all of its own see besides: empty for the trunk.
    pub prefix: Range<usize>,
}

impl TreeSegment {
    /// What it sees of a head's `[length, head_dim]`.
    pub(super) fn seen(&self, head: &[f32], head_dim: usize) -> Vec<f32> {
        let part = |tokens: &Range<usize>| &head[tokens.start * head_dim..tokens.end * head_dim];
        [part(&self.prefix), part(&self.own)].concat()
    }

    /// Adds a gradient of what it sees to the head's.
    pub(super) fn add_seen(&self, gradient: &[f32], head: &mut [f32], head_dim: usize) {
        let (of_prefix, of_own) = gradient.split_at(self.prefix.len() * head_dim);
        for (tokens, gradient) in [(&self.prefix, of_prefix), (&self.own, of_own)] {
            let part = &mut head[tokens.start * head_dim..tokens.end * head_dim];
            part.iter_mut().zip(gradient).for_each(|(sum, value)| *sum += value);
        }
    }
}
