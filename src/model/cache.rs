//! Keys and values of the tokens seen so far, one pair of tensors per layer.

use burn::tensor::{Int, Tensor, backend::Backend};

use crate::kernels::KeyValues;

/// The cache of a batch of rows that all end together (shorter ones are padded on the left).
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

    /// Entries of every row.
    pub fn length(&self) -> usize {
        self.layers.first().and_then(Option::as_ref).map_or(0, |layer| layer.length)
    }

    /// The cache whose row `i` is this one's row `rows[i]`, without the first `forgotten` entries: fans prompts
    /// out to groups, drops finished rows.
    pub fn select_rows(self, rows: Tensor<B, 1, Int>, forgotten: usize) -> Self {
        self.each(|KeyValues { key, value, length }| {
            let kept = length - forgotten;
            let select = |x: Tensor<B, 4>| x.narrow(2, forgotten, kept).select(0, rows.clone());
            KeyValues { key: select(key), value: select(value), length: kept }
        })
    }

    /// This cache's rows and then another's. The shorter one is padded on the left.
    ///
    /// # Panics
    /// When only one of them is empty, or they have different numbers of layers.
    pub fn joined(self, other: Self) -> Self {
        let mut others = other.layers.into_iter();
        self.each(|layer| {
            let other = others.next().flatten().expect("caches of one model, both with entries");
            let length = layer.length.max(other.length);
            let [layer, other] = [layer, other].map(|layer| padded(layer, length));
            KeyValues {
                key: Tensor::cat(vec![layer.key, other.key], 0),
                value: Tensor::cat(vec![layer.value, other.value], 0),
                length,
            }
        })
    }

    fn each(self, mut change: impl FnMut(KeyValues<B>) -> KeyValues<B>) -> Self {
        Self { layers: self.layers.into_iter().map(|layer| layer.map(&mut change)).collect() }
    }
}

/// A layer's part with as many zero entries in front as make `whole`; rows begin behind them.
fn padded<B: Backend>(KeyValues { key, value, length }: KeyValues<B>, whole: usize) -> KeyValues<B> {
    let pad = |x: Tensor<B, 4>| {
        let x = x.narrow(2, 0, length);
        if whole == length {
            return x;
        }
        let [rows, heads, _, head_dim] = x.dims();
        let front = Tensor::zeros([rows, heads, whole - length, head_dim], (&x.device(), x.dtype()));
        Tensor::cat(vec![front, x], 2)
    };
    KeyValues { key: pad(key), value: pad(value), length: whole }
}
