//! CUDA with operator fusion: an operation waits in fusion's queue, as one that it knows nothing about.

use std::fmt;

use burn::tensor::Shape;
use burn_fusion::{
    FusionHandle,
    stream::{Operation, OperationStreams},
};
use burn_ir::{CustomOpIr, HandleContainer, OperationIr, TensorIr};

use super::{device::CudaEngine, unfused::assert_promised};
use crate::kernels::{
    cuda::host::{
        engine::Engine,
        operate::{Operate, Raw, TensorSpec},
    },
    unfused,
};

/// CUDA with fusion, on top of CUDA without it.
type Fused = burn::backend::Cuda;

/// What runs fusion's queue on CUDA.
type Runtime = <unfused::Cuda as burn_fusion::FusionBackend>::FusionRuntime;

type CudaTensor = Raw<unfused::Cuda>;

impl Operate for Fused {
    type Engine = CudaEngine;

    fn multiplies() -> bool {
        unfused::Cuda::multiplies()
    }

    fn run(
        name: &'static str,
        inputs: Vec<Raw<Self>>,
        outputs: Vec<TensorSpec>,
        work: impl Fn(&CudaEngine, Vec<CudaTensor>) -> Vec<CudaTensor> + Send + Sync + 'static,
    ) -> Vec<Raw<Self>> {
        let client = inputs.first().expect("an operation has inputs").client.clone();
        let streams = OperationStreams::with_inputs(&inputs);
        let inputs: Vec<TensorIr> = inputs.into_iter().map(|input| input.into_ir()).collect();
        let promised = |TensorSpec { shape, dtype }: &TensorSpec| {
            TensorIr::uninit(client.create_empty_handle(), Shape::from(shape.clone()), *dtype)
        };
        let results: Vec<TensorIr> = outputs.iter().map(promised).collect();
        let description = CustomOpIr::new(name, &inputs, &results);
        let operation = Waiting { name, inputs, outputs, results, work };
        client.register(streams, OperationIr::Custom(description), operation)
    }
}

/// An operation in fusion's queue.
struct Waiting<W> {
    name: &'static str,
    inputs: Vec<TensorIr>,
    outputs: Vec<TensorSpec>,
    results: Vec<TensorIr>,
    work: W,
}

impl<W> fmt::Debug for Waiting<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Waiting").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<W> Operation<Runtime> for Waiting<W>
where
    W: Fn(&CudaEngine, Vec<CudaTensor>) -> Vec<CudaTensor> + Send + Sync,
{
    fn execute(&self, handles: &mut HandleContainer<FusionHandle<Runtime>>) {
        let inputs: Vec<CudaTensor> =
            self.inputs.iter().map(|input| handles.get_float_tensor::<unfused::Cuda>(input)).collect();
        let engine = CudaEngine::of(&inputs[0]);
        let results = (self.work)(&engine, inputs);
        assert_promised(self.name, &self.outputs, results.iter().map(CudaEngine::placement));
        for (result, tensor) in self.results.iter().zip(results) {
            handles.register_float_tensor::<unfused::Cuda>(&result.id, tensor);
        }
    }
}
