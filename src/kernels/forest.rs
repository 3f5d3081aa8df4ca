//! Prompts and the completions that share them, laid end to end without padding; and how the generic
//! attention gathers them into rows of equal length.

use std::{any::Any, cell::OnceCell};

use burn::tensor::{Int, Tensor, backend::Backend};

use super::tensors::{index_tensor, visibility_bias};

/// Tokens in a row (the trunk), and continuations of them (the branches) that do not see one another. A token sees
/// what comes before it in its own trunk or branch; in a branch, it sees all of the trunk, too.
///
/// A trunk of 2 and branches of 1 and 2 are the tokens `t0 t1 a0 b0 b1`, where `b1` sees `t0 t1 b0 b1`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    /// Tokens of a prompt, or of a whole sequence that shares nothing.
    pub trunk: usize,
    /// Tokens of each continuation; they lie behind the trunk, in order.
    pub branches: Vec<usize>,
}

impl Tree {
    /// Tokens in all.
    pub fn length(&self) -> usize {
        self.trunk + self.branches.iter().sum::<usize>()
    }
}

/// The trees of one flat matrix, in order.
#[derive(Debug)]
pub struct Forest<'a, B: Backend> {
    /// What each tree's tokens are.
    pub trees: &'a [Tree],
    /// The trees gathered into rows, made by the first layer that asks for them.
    rows: OnceCell<ForestRows<B>>,
    /// What hand-written kernels make of the trees.
    #[cfg_attr(not(feature = "tch"), allow(dead_code))]
    prepared: OnceCell<Box<dyn Any>>,
}

/// Trunks and branches as rows of equal length: which token stands where.
#[derive(Debug)]
pub(super) struct ForestRows<B: Backend> {
    pub trunks: GatheredRows<B>,
    /// `None` where no tree has branches.
    pub branches: Option<GatheredRows<B>>,
    /// For each token its number among the trunks' and then the branches' queries, laid flat.
    pub places: Tensor<B, 1, Int>,
}

/// Rows of queries over rows of keys, as token numbers. Rows that are too short are filled up with any token, which
/// the bias hides.
#[derive(Debug)]
pub(super) struct GatheredRows<B: Backend> {
    /// How many rows there are.
    pub count: usize,
    /// `[count · queries]`
    pub queries: Tensor<B, 1, Int>,
    /// `[count · keys]`
    pub keys: Tensor<B, 1, Int>,
    /// `[count or 1, 1, queries, keys]`
    pub bias: Tensor<B, 4>,
}

impl<'a, B: Backend> Forest<'a, B> {
    /// Trees whose tokens stand one after the other.
    pub fn new(trees: &'a [Tree]) -> Self {
        Self { trees, rows: OnceCell::new(), prepared: OnceCell::new() }
    }

    /// The trees gathered into rows of equal length.
    pub(super) fn rows(&self, device: &B::Device) -> &ForestRows<B> {
        self.rows.get_or_init(|| ForestRows::new(self.trees, device))
    }

    /// What a backend's own kernels make of the trees, made by the first layer that asks for it.
    ///
    /// # Panics
    /// When another type was asked for before: all kernels of a backend share one.
    #[cfg(feature = "tch")]
    pub(super) fn prepared<T: 'static>(&self, prepare: impl FnOnce(&[Tree]) -> T) -> &T {
        let prepared = self.prepared.get_or_init(|| Box::new(prepare(self.trees)));
        prepared.downcast_ref().expect("a backend prepares its trees in one form")
    }
}

/// The tokens of a branch, and of the trunk that it follows.
struct Branch {
    start: usize,
    length: usize,
    trunk_start: usize,
    trunk: usize,
}

impl<B: Backend> ForestRows<B> {
    fn new(trees: &[Tree], device: &B::Device) -> Self {
        let (mut trunks, mut branches, mut next) = (Vec::new(), Vec::new(), 0);
        for tree in trees {
            let trunk_start = next;
            trunks.push((trunk_start, tree.trunk));
            next += tree.trunk;
            for &length in &tree.branches {
                branches.push(Branch { start: next, length, trunk_start, trunk: tree.trunk });
                next += length;
            }
        }
        let trunk = trees.iter().map(|tree| tree.trunk).max().unwrap_or(0);
        let branch = branches.iter().map(|branch| branch.length).max().unwrap_or(0);
        let mut places = vec![0; next];
        for (row, &(start, length)) in trunks.iter().enumerate() {
            (0..length).for_each(|offset| places[start + offset] = row * trunk + offset);
        }
        for (row, &Branch { start, length, .. }) in branches.iter().enumerate() {
            let first = trunks.len() * trunk + row * branch;
            (0..length).for_each(|offset| places[start + offset] = first + offset);
        }
        Self {
            trunks: trunk_rows(&trunks, trunk, device),
            branches: (branch > 0).then(|| branch_rows(&branches, [trunk, branch], device)),
            places: index_tensor(&places, device),
        }
    }
}

/// A row per trunk. Padding stands on the right, where no real token sees it.
fn trunk_rows<B: Backend>(trunks: &[(usize, usize)], longest: usize, device: &B::Device) -> GatheredRows<B> {
    let tokens: Vec<usize> =
        trunks.iter().flat_map(|&(start, length)| filled(start, length, longest)).collect();
    GatheredRows {
        count: trunks.len(),
        queries: index_tensor(&tokens, device),
        keys: index_tensor(&tokens, device),
        bias: visibility_bias([1, longest, longest], |_, query, key| key <= query, device),
    }
}

/// A row per branch, whose keys are first the trunk's, then its own.
fn branch_rows<B: Backend>(
    branches: &[Branch],
    [trunk, own]: [usize; 2],
    device: &B::Device,
) -> GatheredRows<B> {
    let (mut queries, mut keys) = (Vec::new(), Vec::new());
    for branch in branches {
        let tokens = filled(branch.start, branch.length, own);
        keys.extend(filled(branch.trunk_start, branch.trunk, trunk));
        keys.extend(tokens.clone());
        queries.extend(tokens);
    }
    let visible = |row: usize, query: usize, key: usize| match key.checked_sub(trunk) {
        Some(key) => key <= query,
        None => key < branches[row].trunk,
    };
    GatheredRows {
        count: branches.len(),
        queries: index_tensor(&queries, device),
        keys: index_tensor(&keys, device),
        bias: visibility_bias([branches.len(), own, trunk + own], visible, device),
    }
}

/// `longest` token numbers: `length` consecutive ones from `start` on, filled up with the first.
fn filled(start: usize, length: usize, longest: usize) -> impl Iterator<Item = usize> + Clone {
    (0..longest).map(move |offset| if offset < length { start + offset } else { start })
}
