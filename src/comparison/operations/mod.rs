//! Every operation of [`Kernels`](crate::kernels::Kernels) on one backend, with random inputs: values, gradients and
//! seconds, written so that another program can compute the same from the same inputs. What is right is not known here;
//! `tests/oracle/kernels_float64.py` knows.

mod adamw;
mod attention;
mod cached;
mod case;
mod draw;
mod elementwise;
mod function;
mod inputs;
mod logprobs;
mod products;
mod run;
mod sheet;

pub use run::{OperationOptions, run_operations};
