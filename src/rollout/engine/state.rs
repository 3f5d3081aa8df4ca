//! What a batch keeps on the device between passes over single tokens, for as long as its rows stay the same.

use burn::tensor::{Int, Tensor};

use super::row::DecodingRow;
use crate::{
    kernels::{Kernels, RotaryTable, Visibility},
    model::{KvCache, Model, index_tensor},
};

/// The newest token of every row, and what it sees.
pub(super) struct DecodingState<B: Kernels> {
    /// `[rows]`
    newest: Tensor<B, 1, Int>,
    /// Where the newest tokens stand, `[rows]`.
    positions: Tensor<B, 1, Int>,
    visibility: Visibility<B>,
    /// The rotation at every position that a row can reach.
    rotary: RotaryTable<B>,
}

impl<B: Kernels> DecodingState<B> {
    /// The state of these rows, whose cache has so many entries. Positions up to those of `rotary` are not computed
    /// again.
    pub(super) fn new(
        rows: &[DecodingRow],
        cached: usize,
        model: &Model<B>,
        rotary: Option<RotaryTable<B>>,
    ) -> Self {
        // A batch whose rows have all ended can still be run once.
        let left = most_tokens_left(rows).max(1);
        let reached = rows.iter().map(|row| row.next_position).max().unwrap_or(0) + left;
        let rotary = rotary.filter(|rotary| rotary.cos.dims()[2] >= reached);
        let list = |value: &dyn Fn(&DecodingRow) -> usize| -> Vec<usize> { rows.iter().map(value).collect() };
        let device = model.device();
        Self {
            newest: index_tensor(&list(&DecodingRow::newest), &device),
            positions: index_tensor(&list(&|row| row.next_position), &device),
            visibility: Visibility::new(list(&|row| row.start), cached + left),
            rotary: rotary.unwrap_or_else(|| model.text_rotary(reached)),
        }
    }

    /// The rotation at every position that a row could reach.
    pub(super) fn into_rotary(self) -> RotaryTable<B> {
        self.rotary
    }

    /// Runs the newest tokens: scores over the vocabulary, `[rows, vocabulary]`.
    pub(super) fn run(&self, model: &Model<B>, cache: &mut KvCache<B>) -> Tensor<B, 2> {
        let rotary = self.rotary.at(self.positions.clone());
        model.logits(model.decode(self.newest.clone(), rotary, &self.visibility, cache))
    }

    /// Goes on to the tokens that were drawn.
    pub(super) fn advance(&mut self, drawn: Tensor<B, 1, Int>) {
        self.newest = drawn;
        self.positions = self.positions.clone().add_scalar(1);
    }
}

/// The most tokens that a row still wants.
pub(super) fn most_tokens_left(rows: &[DecodingRow]) -> usize {
    rows.iter().map(DecodingRow::tokens_left).max().unwrap_or(0)
}
