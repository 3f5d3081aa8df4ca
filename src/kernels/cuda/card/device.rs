//! CubeCL's CUDA device as the engine of the kernels.
//!
//! A kernel goes through CubeCL's own door for launches. A matrix product is a closure on the thread of CubeCL's
//! server, in the queue of everything else: there it resolves its tensors to addresses, which also makes its stream
//! wait for the streams they come from, and hands them to the library on CubeCL's own stream.

use std::{cell::RefCell, collections::HashMap};

use burn::tensor::{DType, Shape, TensorMetadata};
use burn_cubecl::{kernel::into_contiguous, tensor::CubeTensor};
use cubecl::{
    CubeCount, CubeTask, Runtime,
    client::ComputeClient,
    config::{CubeClRuntimeConfig, RuntimeConfig},
    cuda::{CudaCompiler, CudaDevice, CudaRuntime},
    device::Device,
    device_handle::DeviceHandle,
    prelude::ExecutionMode,
    server::{Binding, ComputeServer, KernelArguments, MetadataBindingInfo},
    stream_id::StreamId,
};

use super::{
    cublaslt::{Addresses, Multiplier},
    order::StreamOrder,
    task::{FailingTask, SourceTask},
};
use crate::kernels::cuda::{
    host::{
        engine::{Engine, Placement},
        product::Product,
    },
    launch::KernelLaunch,
};

/// CubeCL's server of one CUDA device.
type Server = <CudaRuntime as Runtime>::Server;

/// A CUDA device.
#[derive(Clone)]
pub(in crate::kernels) struct CudaEngine {
    client: ComputeClient<CudaRuntime>,
    device: CudaDevice,
}

impl Engine for CudaEngine {
    type Tensor = CubeTensor<CudaRuntime>;

    fn of(tensor: &Self::Tensor) -> Self {
        Self { client: tensor.client.clone(), device: tensor.device.clone() }
    }

    fn placement(tensor: &Self::Tensor) -> Placement {
        Placement {
            shape: tensor.shape().to_vec(),
            strides: tensor.meta.strides().to_vec(),
            dtype: tensor.dtype,
            offset: tensor.handle.offset_start.unwrap_or(0) as usize,
        }
    }

    fn empty(&self, shape: &[usize], dtype: DType) -> Self::Tensor {
        let bytes = shape.iter().product::<usize>() * dtype.size();
        self.tensor(shape, dtype, self.client.empty(bytes))
    }

    fn contiguous(&self, tensor: Self::Tensor) -> Self::Tensor {
        if Self::placement(&tensor).is_aligned() {
            return into_contiguous(tensor);
        }
        into_contiguous(tensor.copy())
    }

    fn owned(&self, tensor: Self::Tensor) -> Self::Tensor {
        let tensor = self.contiguous(tensor);
        if tensor.can_mut() { tensor } else { into_contiguous(tensor.copy()) }
    }

    fn launch(&self, launch: KernelLaunch, tensors: &[&Self::Tensor]) {
        assert_eq!(launch.slots.len(), tensors.len(), "{} takes {:?}", launch.program.entry, launch.slots);
        if launch.grid.contains(&0) {
            return;
        }
        let KernelLaunch { program, grid: [x, y, z], block, shared_bytes, scalars, .. } = launch;
        let kernel: Box<dyn CubeTask<CudaCompiler>> = Box::new(SourceTask { program, block, shared_bytes });
        let words: Vec<u64> = scalars
            .chunks(2)
            .map(|pair| u64::from(pair[0]) | u64::from(pair.get(1).copied().unwrap_or(0)) << 32)
            .collect();
        let end = words.len();
        let buffers = tensors.iter().map(|tensor| tensor.handle.clone().binding()).collect();
        let arguments =
            KernelArguments::new().with_buffers(buffers).with_info(MetadataBindingInfo::new(words, end));
        self.client.launch(kernel, CubeCount::Static(x, y, z), arguments);
    }

    fn multiply(
        &self,
        product: Product,
        [left, right]: [&Self::Tensor; 2],
        bias: Option<&Self::Tensor>,
        output: &Self::Tensor,
    ) {
        if product.rows == 0 || product.columns == 0 {
            return;
        }
        let binding = |tensor: &Self::Tensor| tensor.handle.clone().binding();
        let bindings = ProductBindings {
            left: binding(left),
            right: binding(right),
            bias: bias.map(binding),
            output: binding(output),
        };
        let device = self.device.to_id();
        DeviceHandle::<Server>::new(device).submit(move |server| {
            let stream = StreamId::current();
            if let Err(reason) = multiply_on(server, device.index_id, stream, &product, bindings) {
                fail(server, stream, reason);
            }
        });
    }
}

impl CudaEngine {
    fn tensor(
        &self,
        shape: &[usize],
        dtype: DType,
        handle: cubecl::server::Handle,
    ) -> CubeTensor<CudaRuntime> {
        let shape = Shape::from(shape.to_vec());
        CubeTensor::new_contiguous(self.client.clone(), self.device.clone(), shape, handle, dtype)
    }
}

/// The memory of a product's tensors; alive until the work that uses it is enqueued.
struct ProductBindings {
    left: Binding,
    right: Binding,
    bias: Option<Binding>,
    output: Binding,
}

/// What products need on one stream of one device.
struct StreamState {
    multiplier: Multiplier,
    order: StreamOrder,
}

thread_local! {
    /// By device and by CubeCL's number of the stream. Each server has a thread of its own, which alone comes here.
    static STATES: RefCell<HashMap<(u16, usize), StreamState>> = RefCell::new(HashMap::new());
}

/// Enqueues a product. The bindings outlive that, and CubeCL hands their memory out again in the order of its
/// streams.
fn multiply_on(
    server: &mut Server,
    device: u16,
    stream: StreamId,
    product: &Product,
    bindings: ProductBindings,
) -> Result<(), String> {
    let mut address = |binding: Binding| match server.get_resource(binding, stream) {
        Ok(memory) => Ok(memory.resource().ptr),
        Err(error) => Err(format!("a tensor of a product is not in memory: {error}")),
    };
    let addresses = Addresses {
        left: address(bindings.left.clone())?,
        right: address(bindings.right.clone())?,
        bias: bindings.bias.clone().map(&mut address).transpose()?,
        output: address(bindings.output.clone())?,
    };
    let index = stream.value as usize % CubeClRuntimeConfig::get().streaming.max_streams as usize;
    STATES.with_borrow_mut(|states| {
        let state = match states.entry((device, index)) {
            std::collections::hash_map::Entry::Occupied(found) => found.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => place.insert(StreamState {
                multiplier: Multiplier::new()?,
                order: StreamOrder::new(server, index)?,
            }),
        };
        let StreamState { multiplier, order } = state;
        // SAFETY: `get_resource` has made the device's context current and the stream wait for the tensors; the
        // product was made for their sizes.
        order.enqueue(|stream| unsafe { multiplier.multiply(product, addresses, stream) })
    })
}

/// Makes the stream fail for whoever waits for it next.
fn fail(server: &mut Server, stream: StreamId, reason: String) {
    let kernel: Box<dyn CubeTask<CudaCompiler>> = Box::new(FailingTask { reason });
    let nothing = KernelArguments::new();
    // SAFETY: the kernel is never run, since it cannot be compiled.
    unsafe { server.launch(kernel, CubeCount::Static(1, 1, 1), nothing, ExecutionMode::Checked, stream) };
}
