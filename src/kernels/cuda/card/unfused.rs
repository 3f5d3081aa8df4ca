//! CUDA without operator fusion: an operation runs as soon as it is asked for.

use super::{cublaslt, device::CudaEngine};
use crate::kernels::{
    cuda::host::{
        engine::{Engine, Placement},
        operate::{Operate, Raw, TensorSpec},
    },
    unfused::Cuda,
};

impl Operate for Cuda {
    type Engine = CudaEngine;

    fn multiplies() -> bool {
        cublaslt::is_there()
    }

    fn run(
        name: &'static str,
        inputs: Vec<Raw<Self>>,
        outputs: Vec<TensorSpec>,
        work: impl Fn(&CudaEngine, Vec<Raw<Self>>) -> Vec<Raw<Self>> + Send + Sync + 'static,
    ) -> Vec<Raw<Self>> {
        let engine = CudaEngine::of(inputs.first().expect("an operation has inputs"));
        let results = work(&engine, inputs);
        assert_promised(name, &outputs, results.iter().map(CudaEngine::placement));
        results
    }
}

/// Checks results against what was said about them before.
///
/// # Panics
/// When they differ.
pub(super) fn assert_promised(
    name: &str,
    outputs: &[TensorSpec],
    results: impl ExactSizeIterator<Item = Placement>,
) {
    assert_eq!(outputs.len(), results.len(), "{name} has as many results as it says");
    for (TensorSpec { shape, dtype }, result) in outputs.iter().zip(results) {
        assert_eq!((shape, *dtype), (&result.shape, result.dtype), "{name} gives what it says");
    }
}
