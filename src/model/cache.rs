//! Keys and values of the tokens seen so far, one pair of tensors per layer.

use burn::tensor::{Int, Tensor, backend::Backend};

use crate::kernels::KeyValues;

/// The cache of a batch of rows that all have the same length (short prompts are padded on the left).
#[derive(Debug, Clone)]
pub struct KvCache<B: Backend> {
    layers: Vec<Option<KeyValues<B>>>,
}

impl<B: Backend> KvCache<B> {
    /// An empty cache for this many layers.
    pub fn new(layers: usize) -> Self {
        Self { layers: vec![None; layers] }
    }

    /// One layer's part; `None` before the first token.
    pub fn layer(&mut self, layer: usize) -> &mut Option<KeyValues<B>> {
        &mut self.layers[layer]
    }

    /// The cache whose row `i` is this one's row `rows[i]`: fans prompts out to groups, drops
    /// finished rows.
    pub fn select_rows(self, rows: Tensor<B, 1, Int>) -> Self {
        let select = |layer: KeyValues<B>| KeyValues {
            key: layer.key.select(0, rows.clone()),
            value: layer.value.select(0, rows.clone()),
            length: layer.length,
        };
        Self { layers: self.layers.into_iter().map(|layer| layer.map(select)).collect() }
    }
}
