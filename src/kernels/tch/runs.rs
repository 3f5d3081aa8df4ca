//! Which tokens of a flat matrix attend together: runs of consecutive tokens that do not see one another, gathered into
//! rows of similar length, and trunks that the branches behind them see besides.
//!
//! Trees with a trunk of 2 and branches of 3 and 3 are the runs `t0 t1`, `a0 a1 a2` and `b0 b1 b2`, each causal in
//! itself; and the queries `a0 … b2` that see all of `t0 t1`. No mask is needed, and no key is repeated.

use std::ops::Range;

use burn::backend::libtorch::TchTensor;
use tch::{Device, Tensor};

use super::tensors::upload;
use crate::kernels::forest::Tree;

/// Runs may be filled up to the longest of their batch by this many tokens for every four of its own.
const FILLED_PER_FOUR: i64 = 1;

/// Who attends to whom.
#[derive(Debug, Clone)]
pub(super) struct Runs {
    /// All tokens, each in one row of one batch.
    pub batches: Vec<RunBatch>,
    /// Trunks with branches.
    pub shared: Vec<SharedTrunk>,
    /// Whether a token sees only itself and what came before in its run.
    pub causal: bool,
    /// Tokens in all.
    pub tokens: i64,
}

/// A trunk, and the tokens of all of its branches, which see the whole of it.
#[derive(Debug, Clone)]
pub(super) struct SharedTrunk {
    pub trunk: Range<i64>,
    pub branches: Range<i64>,
}

/// Runs that are worked on together as rows of equal length.
#[derive(Debug, Clone)]
pub(super) struct RunBatch {
    rows: i64,
    length: i64,
    place: Place,
}

/// Where the tokens of a batch lie.
#[derive(Debug, Clone)]
enum Place {
    /// One after the other from this token on.
    From(i64),
    /// At these numbers, both `[rows · length]`. What fills a short row up is read from the row's first token, and
    /// written and told apart by the number behind the last token.
    Listed { read: TchTensor, written: TchTensor },
}

/// A run's first token and how many there are.
type TokenRun = (i64, i64);

impl Runs {
    /// Rows of equal length, each token seeing all of its row.
    pub(super) fn rows(tokens: usize, rows: usize) -> Self {
        let (tokens, rows) = (tokens as i64, rows as i64);
        let batch = RunBatch { rows, length: tokens / rows, place: Place::From(0) };
        Self { batches: vec![batch], shared: Vec::new(), causal: false, tokens }
    }

    /// Trees one after the other, each token seeing what precedes it in its tree.
    pub(super) fn trees(trees: &[Tree], device: Device) -> Self {
        let (mut runs, mut shared, mut next) = (Vec::new(), Vec::new(), 0);
        for tree in trees {
            let trunk = next..next + tree.trunk as i64;
            runs.push((trunk.start, tree.trunk as i64));
            next = trunk.end;
            for &branch in &tree.branches {
                runs.push((next, branch as i64));
                next += branch as i64;
            }
            if next > trunk.end && !trunk.is_empty() {
                shared.push(SharedTrunk { branches: trunk.end..next, trunk });
            }
        }
        runs.retain(|&(_, length)| length > 0);
        runs.sort_by_key(|&(_, length)| std::cmp::Reverse(length));
        let similar = |first: &TokenRun, length: i64| first.1 * 4 <= length * (4 + FILLED_PER_FOUR);
        let mut batches = Vec::new();
        let mut rest = runs.as_slice();
        while let Some(longest) = rest.first() {
            let (batch, shorter) =
                rest.split_at(rest.partition_point(|&(_, length)| similar(longest, length)));
            batches.push(RunBatch::new(batch, next, device));
            rest = shorter;
        }
        Self { batches, shared, causal: true, tokens: next }
    }

    /// Whether one batch has all tokens in their order and nothing else is seen.
    pub(super) fn are_plain_rows(&self) -> bool {
        self.shared.is_empty() && matches!(self.batches[..], [RunBatch { place: Place::From(0), .. }])
    }
}

impl RunBatch {
    /// Runs, the longest first.
    fn new(runs: &[TokenRun], tokens: i64, device: Device) -> Self {
        let (rows, (start, length)) = (runs.len() as i64, runs[0]);
        let in_order = |(row, &run): (usize, &TokenRun)| run == (start + row as i64 * length, length);
        if runs.iter().enumerate().all(in_order) {
            return Self { rows, length, place: Place::From(start) };
        }
        let listed = |filling: fn(TokenRun, i64) -> i64| {
            let numbers = runs.iter().flat_map(|&run| {
                (0..length)
                    .map(move |offset| if offset < run.1 { run.0 + offset } else { filling(run, i64::MAX) })
            });
            let numbers: Vec<i64> = numbers.map(|number| number.min(tokens)).collect();
            TchTensor::new(upload(&numbers, device))
        };
        let place = Place::Listed { read: listed(|run, _| run.0), written: listed(|_, behind| behind) };
        Self { rows, length, place }
    }

    /// The batch's rows of `[tokens, heads, …]`, `[rows, length, heads, …]`.
    pub(super) fn take(&self, flat: &Tensor) -> Tensor {
        self.shaped(match &self.place {
            Place::From(start) => flat.narrow(0, *start, self.rows * self.length),
            Place::Listed { read, .. } => flat.index_select(0, &read.tensor),
        })
    }

    /// The batch's rows of `[tokens + 1, heads, …]`, in which the last is what fills short rows up.
    pub(super) fn take_filled(&self, flat: &Tensor) -> Tensor {
        self.shaped(match &self.place {
            Place::From(start) => flat.narrow(0, *start, self.rows * self.length),
            Place::Listed { written, .. } => flat.index_select(0, &written.tensor),
        })
    }

    /// Writes the batch's rows, `[rows, length, heads, …]`, into `[tokens + 1, heads, …]`.
    pub(super) fn put(&self, rows: &Tensor, flat: &mut Tensor) {
        let flattened = rows.flatten(0, 1);
        match &self.place {
            Place::From(start) => flat.narrow(0, *start, self.rows * self.length).copy_(&flattened),
            Place::Listed { written, .. } => drop(flat.index_copy_(0, &written.tensor, &flattened)),
        }
    }

    fn shaped(&self, flat: Tensor) -> Tensor {
        flat.unflatten(0, [self.rows, self.length])
    }
}
