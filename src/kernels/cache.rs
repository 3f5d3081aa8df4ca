//! What decoding keeps of earlier tokens, and what each row may see of it.

use std::cell::OnceCell;

use burn::tensor::{Tensor, backend::Backend};

use super::tensors::visibility_bias;

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

/// What each row sees of its cache: everything from its own start to the position itself.
#[derive(Debug)]
pub struct Visibility<'a, B: Backend> {
    /// The first visible entry of every row; there are as many rows as starts.
    pub starts: &'a [usize],
    /// The same as a bias, made by the first layer that asks for it.
    bias: OnceCell<Option<Tensor<B, 4>>>,
}

impl<'a, B: Backend> Visibility<'a, B> {
    /// Rows that see their cache from `starts` on. A value serves the layers of one forward pass, which all have
    /// equally many new and cached positions.
    pub fn new(starts: &'a [usize]) -> Self {
        Self { starts, bias: OnceCell::new() }
    }

    /// The bias on the scores of `new` positions that follow `cached` ones, `[rows, 1, new, cached + new]`;
    /// `None` where every position sees all.
    pub(super) fn bias(&self, cached: usize, new: usize, device: &B::Device) -> Option<&Tensor<B, 4>> {
        let bias = self.bias.get_or_init(|| {
            let visible =
                |row: usize, query: usize, key: usize| key <= cached + query && key >= self.starts[row];
            let sizes = [self.starts.len(), new, cached + new];
            let hides = new > 1 || self.starts.iter().any(|&start| start > 0);
            hides.then(|| visibility_bias(sizes, visible, device))
        });
        bias.as_ref()
    }
}
