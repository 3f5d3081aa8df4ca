//! A model that does nothing but sample: the weights of its decoder and head lie in the order in which decoding reads
//! them. Knows shapes; what the order is, a backend knows.

use super::{config::TextConfig, forward::Model};
use crate::kernels::Kernels;

/// Numbers in the matrices of a model that is worth packing. Smaller ones stay in the caches of a processor, and keep
/// the products that training has, to the bit.
const WORTH_PACKING: u64 = 4 << 20;

/// Numbers in the matrices of decoder and head.
pub(crate) fn packed_numbers(text: &TextConfig) -> u64 {
    let [hidden, intermediate, head_dim] = [text.hidden_size, text.intermediate_size, text.head_dim];
    let attention = 2 * hidden * head_dim * (text.num_attention_heads + text.num_key_value_heads);
    (text.num_hidden_layers * (attention + 3 * hidden * intermediate) + hidden * text.vocab_size) as u64
}

/// Whether a model of this shape is packed on a backend that packs.
pub(crate) fn is_worth_packing(text: &TextConfig) -> bool {
    packed_numbers(text) >= WORTH_PACKING
}

impl<B: Kernels> Model<B> {
    /// The same model for sampling alone: [`packed`](Self::packed) where it is worth it.
    #[must_use]
    pub fn for_sampling(self) -> Self {
        if is_worth_packing(&self.config.text) { self.packed() } else { self }
    }

    /// The model with packed weights, where the backend packs any: it cannot be trained, saved or cast any more.
    /// Products read the weights faster, hidden states and caches are f32 whatever type the weights have, and the
    /// unpacked ones are gone unless somebody else holds them.
    #[must_use]
    pub fn packed(mut self) -> Self {
        if !self.is_packed() {
            self.policy_mut().pack();
        }
        self
    }

    /// Whether its weights are packed.
    pub fn is_packed(&self) -> bool {
        self.policy().is_packed()
    }
}
