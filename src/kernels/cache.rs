//! What decoding keeps of earlier tokens, and what each row may see of it.

use std::cell::OnceCell;

use burn::tensor::{Int, Tensor, backend::Backend};

use super::tensors::{index_tensor, visibility_bias};

/// Keys and values of the tokens that one layer has seen, both `[rows, key_heads, capacity, head_dim]`. The first
/// `length` positions count; what lies behind them belongs to the kernel that grows the cache.
#[derive(Debug, Clone)]
pub struct KeyValues<B: Backend> {
    /// Rotated keys.
    pub key: Tensor<B, 4>,
    /// Values.
    pub value: Tensor<B, 4>,
    /// Positions that count.
    pub length: usize,
}

/// What each row sees of its cache: everything from its own start to the position itself. A value serves one forward
/// pass over prompts, or all passes over single tokens for as long as a batch has the same rows.
#[derive(Debug)]
pub struct Visibility<B: Backend> {
    starts: Vec<usize>,
    capacity: usize,
    starts_on_device: OnceCell<Tensor<B, 1, Int>>,
    /// For several new positions; made by the first layer that asks for it.
    bias: OnceCell<Option<Tensor<B, 4>>>,
    /// For single tokens, over the whole capacity.
    later_bias: OnceCell<Option<Tensor<B, 4>>>,
}

impl<B: Backend> Visibility<B> {
    /// Rows that see their cache from `starts` on, where the cache will come to hold `capacity` entries per row.
    pub fn new(starts: Vec<usize>, capacity: usize) -> Self {
        Self {
            starts,
            capacity,
            starts_on_device: OnceCell::new(),
            bias: OnceCell::new(),
            later_bias: OnceCell::new(),
        }
    }

    /// The first visible entry of every row; there are as many rows as starts.
    pub fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// Entries per row that the cache will come to hold, so that room for them can be made once.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The starts as a tensor, `[rows]`.
    pub fn starts_on_device(&self, device: &B::Device) -> &Tensor<B, 1, Int> {
        self.starts_on_device.get_or_init(|| index_tensor(&self.starts, device))
    }

    /// The bias on the scores of `new` positions that follow `cached` ones, `[rows, 1, new, cached + new]`;
    /// `None` where every position sees all.
    pub(super) fn bias(&self, cached: usize, new: usize, device: &B::Device) -> Option<Tensor<B, 4>> {
        if new > 1 {
            let bias = self.bias.get_or_init(|| Some(self.prompt_bias(cached, new, device)));
            return bias.clone();
        }
        let bias = self.later_bias.get_or_init(|| self.token_bias(device));
        bias.as_ref().map(|bias| bias.clone().narrow(3, 0, cached + 1))
    }

    fn prompt_bias(&self, cached: usize, new: usize, device: &B::Device) -> Tensor<B, 4> {
        let visible = |row: usize, query: usize, key: usize| key <= cached + query && key >= self.starts[row];
        visibility_bias([self.starts.len(), new, cached + new], visible, device)
    }

    /// `[rows, 1, 1, capacity]`
    fn token_bias(&self, device: &B::Device) -> Option<Tensor<B, 4>> {
        let visible = |row: usize, _: usize, key: usize| key >= self.starts[row];
        let hides = self.starts.iter().any(|&start| start > 0);
        hides.then(|| visibility_bias([self.starts.len(), 1, self.capacity], visible, device))
    }
}
