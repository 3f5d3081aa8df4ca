//! What two backends may differ by.

use serde::Serialize;

use crate::{kernels::cuda::rounds_products, model::weights::Precision};

/// What two backends may differ by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tolerance {
    /// A bound on the difference of any log-probability.
    pub logprob: f64,
    /// The least share of greedy answers that are the same to the last token.
    pub greedy: f64,
    /// The least cosine between two gradients of a group of parameters.
    pub cosine: f64,
    /// A bound on the difference of the loss of any update.
    pub loss: f64,
    /// A bound on the difference of a log-probability decoded from a cache from the same backend's full forward pass.
    pub decode: f64,
}

impl Tolerance {
    /// Both compute in f32.
    pub const F32: Self = Self { logprob: 1e-4, greedy: 1.0, cosine: 0.9999, loss: 1e-3, decode: 1e-4 };
    /// Both compute in f32, but the other's products are Burn's on CUDA's tensor cores, whose factors have 10 bits
    /// (TF32).
    pub const TF32: Self = Self { logprob: 1e-2, greedy: 0.95, cosine: 0.9999, loss: 1e-3, decode: 1e-3 };
    /// The other computes in 16 bits.
    pub const HALF: Self = Self { logprob: 0.25, greedy: 0.9, cosine: 0.99, loss: 0.01, decode: 0.25 };

    /// The tolerance of a backend that computes in this type, against f32 without tensor cores.
    pub fn of(backend_kind: &str, precision: Precision) -> Self {
        match (backend_kind, precision) {
            ("cuda", Precision::F32) if rounds_products() => Self::TF32,
            (_, Precision::F32) => Self::F32,
            _ => Self::HALF,
        }
    }
}
