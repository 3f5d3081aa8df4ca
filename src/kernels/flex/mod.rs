//! Hand-written kernels for flex, with and without autodiff: raw slices, one pass, all cores. They take f32,
//! and most of them bf16, which they compute in f32; other float types run the generic form.

mod adamw;
mod attention;
mod autodiff;
mod brain;
mod cached;
mod draw;
mod elementwise;
mod heads;
mod logprob;
mod matrix;
mod number;
mod pattern;
mod plain;
mod product;
mod tensors;
mod vector;
