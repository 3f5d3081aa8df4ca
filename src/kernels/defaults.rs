//! The backends that have the generic kernels so far, with and without autodiff.

use burn::backend::{Autodiff, autodiff::checkpoint::strategy::CheckpointStrategy};

use super::operations::Kernels;
use super::unfused;

macro_rules! generic_kernels {
    ($($feature:literal: $backend:ty),* $(,)?) => {$(
        #[cfg(feature = $feature)]
        impl Kernels for $backend {}
        #[cfg(feature = $feature)]
        impl<C: CheckpointStrategy> Kernels for Autodiff<$backend, C> {}
    )*};
}

generic_kernels! {
    "wgpu": burn::backend::Wgpu,
    "wgpu": unfused::Wgpu,
}
