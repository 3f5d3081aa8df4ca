//! The host's side of each operation: which kernels run, on which memory, with which sizes. Generic over the engine that
//! runs them.
//!
//! Knows no driver and no device; what is here runs in tests without a card.

mod adamw;
mod attention;
pub(super) mod autodiff;
mod cached;
mod draw;
pub(super) mod engine;
mod fitness;
mod linear;
mod logprobs;
mod norm;
pub(super) mod operate;
pub(super) mod plain;
pub(super) mod product;
mod tensors;
#[cfg(test)]
mod tests;
