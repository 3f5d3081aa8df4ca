//! Hand-written kernels for flex, with and without autodiff: raw slices, one pass, all cores. They take f32; other
//! float types run the generic form.

mod adamw;
mod attention;
mod autodiff;
mod cached;
mod draw;
mod elementwise;
mod heads;
mod logprob;
mod matrix;
mod pattern;
mod plain;
mod tensors;
mod vector;
