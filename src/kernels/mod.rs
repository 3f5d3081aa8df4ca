//! The few operations in which training spends its time, as an extension of Burn's backends: a generic form made
//! of Burn's own operations, and hand-written ones where a backend gains from them.
//!
//! Knows tensors; knows nothing of the model that is built from them, nor of how a backend is chosen.
//!
//! # Adding an implementation
//!
//! One folder holds one implementation: [`generic`] runs everywhere, `flex` on the processor, `tch` on LibTorch's
//! processor and CUDA. A new one stands behind the cargo feature of its backend and replaces that backend's lines in
//! `defaults.rs`; in `tch`, say:
//! 1. `plain.rs` has `impl Kernels for LibTorch` with the operations that gain; what is left out stays generic.
//! 2. `autodiff.rs` has `impl<C: CheckpointStrategy> Kernels for Autodiff<LibTorch, C>`. An operation computes its
//!    output on plain tensors and hands it with its backward pass, a closure, to `record::record`.
//! 3. Where an operation does not fit (another float type, too large a head) or [`is_switched_off`], call its form in
//!    [`generic`].
//! 4. `tests/kernels.rs` compares values and gradients with the generic form: add the new backend's line `check!`.
//!
//! A new operation is a method of [`Kernels`] whose default is its form in [`generic`].

mod adamw;
mod attention;
mod cache;
#[doc(hidden)]
pub mod cuda;
#[cfg(feature = "wgpu")]
mod defaults;
mod draw;
#[cfg(feature = "flex")]
mod flex;
mod footprint;
mod forest;
pub mod generic;
mod logprobs;
mod operations;
mod packed;
#[cfg(any(feature = "flex", feature = "cuda", feature = "tch"))]
mod record;
mod switches;
#[cfg(feature = "tch")]
mod tch;
mod tensors;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
pub(crate) mod unfused;

pub use adamw::{AdamWMoments, AdamWStep};
pub use attention::{HeadCounts, Qkv, RotaryTable};
pub use cache::{KeyValues, Visibility};
pub use draw::{DrawnTokens, RowDraw};
pub use footprint::KernelForm;
pub use forest::{Forest, Tree};
pub use logprobs::TargetLogprobs;
pub use operations::{Kernels, TrainBackend};
pub use packed::{PackedWeight, WeightOrder};
pub use switches::{is_switched_off, switch_off};
