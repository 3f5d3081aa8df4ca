//! Keys and values of the tokens seen so far, one pair of tensors per layer.

use burn::tensor::{Int, Tensor, backend::Backend};

/// Keys and values of one layer, `[rows, key_heads, length, head_dim]`.
#[derive(Debug, Clone)]
struct LayerCache<B: Backend> {
    key: Tensor<B, 4>,
    value: Tensor<B, 4>,
}

/// The cache of a batch of rows that all have the same length (short prompts are padded on the left).
#[derive(Debug, Clone)]
pub struct KvCache<B: Backend> {
    layers: Vec<Option<LayerCache<B>>>,
}

impl<B: Backend> KvCache<B> {
    /// An empty cache for this many layers.
    pub fn new(layers: usize) -> Self {
        Self { layers: vec![None; layers] }
    }

    /// Cached positions per row.
    pub fn length(&self) -> usize {
        self.layers.first().and_then(Option::as_ref).map_or(0, |layer| layer.key.dims()[2])
    }

    /// Appends new keys and values to a layer and returns all of them.
    pub fn append(
        &mut self,
        layer: usize,
        key: Tensor<B, 4>,
        value: Tensor<B, 4>,
    ) -> (Tensor<B, 4>, Tensor<B, 4>) {
        let grown = match self.layers[layer].take() {
            None => LayerCache { key, value },
            Some(old) => LayerCache {
                key: Tensor::cat(vec![old.key, key], 2),
                value: Tensor::cat(vec![old.value, value], 2),
            },
        };
        let all = (grown.key.clone(), grown.value.clone());
        self.layers[layer] = Some(grown);
        all
    }

    /// The cache whose row `i` is this one's row `rows[i]`: fans prompts out to groups, drops
    /// finished rows.
    pub fn select_rows(self, rows: Tensor<B, 1, Int>) -> Self {
        let select = |layer: LayerCache<B>| LayerCache {
            key: layer.key.select(0, rows.clone()),
            value: layer.value.select(0, rows.clone()),
        };
        Self { layers: self.layers.into_iter().map(|layer| layer.map(select)).collect() }
    }
}
