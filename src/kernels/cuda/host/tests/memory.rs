//! The host's memory as a device: an engine that writes down what it is asked for.

use std::{
    alloc::{Layout, alloc, dealloc},
    cell::{Cell, RefCell},
    ffi::c_void,
    ptr::NonNull,
    sync::Arc,
};

use burn::tensor::{DType, TensorData};
use burn_flex::{Flex, FlexTensor};

use super::{emulator::emulate, products::multiply};
use crate::kernels::cuda::{
    host::{
        engine::{Engine, Placement},
        operate::{Operate, Raw, TensorSpec},
        product::Product,
    },
    launch::KernelLaunch,
};

/// CubeCL's unit of a row's pitch, in bytes.
const PITCH: usize = 512;

thread_local! {
    static ASKED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static PITCHED: Cell<bool> = const { Cell::new(false) };
}

/// What `work` asks of the engine, with its result.
pub fn recorded<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    ASKED.take();
    let result = work();
    (result, ASKED.take())
}

/// Runs `work` where inputs come in packed rows, and where they come with gaps between rows.
pub fn in_both_layouts(work: impl Fn()) {
    for pitched in [false, true] {
        PITCHED.set(pitched);
        work();
    }
    PITCHED.set(false);
}

fn ask(what: impl Into<String>) {
    ASKED.with_borrow_mut(|asked| asked.push(what.into()));
}

/// The processor as a device.
#[derive(Clone)]
pub struct HostEngine;

/// A tensor in the host's memory, in which everything that belongs to no element is NaN.
#[derive(Debug, Clone)]
pub struct HostTensor {
    memory: Arc<HostMemory>,
    placement: Placement,
    /// Whether a tensor of flex reads the same values.
    shared: bool,
}

/// Bytes with the alignment of a device's allocations.
#[derive(Debug)]
struct HostMemory(NonNull<u8>, Layout);

// SAFETY: the tests' operations run one after the other, on one thread each.
unsafe impl Send for HostMemory {}
// SAFETY: as above.
unsafe impl Sync for HostMemory {}

impl HostMemory {
    fn new(bytes: usize) -> Self {
        let layout = Layout::from_size_align(bytes + PITCH, PITCH).expect("a size that the host has");
        // SAFETY: the layout's size is not zero.
        let start = NonNull::new(unsafe { alloc(layout) }).expect("the host has memory");
        // SAFETY: all of it has just been allocated.
        unsafe { start.write_bytes(0xff, layout.size()) };
        Self(start, layout)
    }
}

impl Drop for HostMemory {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(self.0.as_ptr(), self.1) }
    }
}

impl HostTensor {
    fn new(placement: Placement) -> Self {
        let elements: usize =
            placement.shape.iter().zip(&placement.strides).map(|(size, stride)| (size - 1) * stride).sum();
        let memory = Arc::new(HostMemory::new((elements + 1) * placement.dtype.size()));
        Self { memory, placement, shared: false }
    }

    pub fn pointer(&self) -> *mut c_void {
        self.memory.0.as_ptr().cast()
    }

    /// The bytes of the elements, in row-major order.
    fn bytes(&self) -> Vec<u8> {
        let size = self.placement.dtype.size();
        let mut bytes = Vec::new();
        self.for_each(|at, _| {
            // SAFETY: the element lies in the allocation.
            bytes.extend(unsafe { std::slice::from_raw_parts(self.memory.0.as_ptr().add(at * size), size) });
        });
        bytes
    }

    fn write(&self, bytes: &[u8]) {
        let size = self.placement.dtype.size();
        self.for_each(|at, index| {
            let element = &bytes[index * size..][..size];
            // SAFETY: the element lies in the allocation, which no reference is to.
            unsafe { self.memory.0.as_ptr().add(at * size).copy_from_nonoverlapping(element.as_ptr(), size) };
        });
    }

    /// Calls `visit` with the place of each element and its number.
    fn for_each(&self, mut visit: impl FnMut(usize, usize)) {
        let Placement { shape, strides, .. } = &self.placement;
        for index in 0..shape.iter().product() {
            let (mut rest, mut at) = (index, 0);
            for (size, stride) in shape.iter().zip(strides).rev() {
                at += rest % size * stride;
                rest /= size;
            }
            visit(at, index);
        }
    }

    fn from_flex(tensor: FlexTensor) -> Self {
        let shared = !tensor.is_unique();
        let data = tensor.into_data();
        let shape = data.shape.to_vec();
        let mut placement = row_major(&shape, data.dtype);
        if PITCHED.get() && shape.len() > 1 {
            let unit = PITCH / data.dtype.size();
            let pitch = shape[shape.len() - 1].next_multiple_of(unit);
            let mut stride = pitch;
            for dim in (0..shape.len() - 1).rev() {
                placement.strides[dim] = stride;
                stride *= shape[dim];
            }
        }
        let host = Self { shared, ..Self::new(placement) };
        host.write(data.as_bytes());
        host
    }

    fn into_flex(self) -> FlexTensor {
        let Placement { shape, dtype, .. } = self.placement.clone();
        FlexTensor::from_data(TensorData::from_bytes_vec(self.bytes(), shape, dtype))
    }
}

impl Engine for HostEngine {
    type Tensor = HostTensor;

    fn of(_tensor: &HostTensor) -> Self {
        Self
    }

    fn placement(tensor: &HostTensor) -> Placement {
        tensor.placement.clone()
    }

    fn empty(&self, shape: &[usize], dtype: DType) -> HostTensor {
        HostTensor::new(row_major(shape, dtype))
    }

    fn contiguous(&self, tensor: HostTensor) -> HostTensor {
        let packed = row_major(&tensor.placement.shape, tensor.placement.dtype);
        if tensor.placement == packed { tensor } else { copied(&tensor) }
    }

    fn owned(&self, tensor: HostTensor) -> HostTensor {
        let tensor = self.contiguous(tensor);
        let alone = !tensor.shared && Arc::strong_count(&tensor.memory) == 1;
        if alone { tensor } else { copied(&tensor) }
    }

    fn launch(&self, launch: KernelLaunch, tensors: &[&HostTensor]) {
        ask(launch.program.entry);
        assert_eq!(launch.slots.len(), tensors.len(), "{} takes {:?}", launch.program.entry, launch.slots);
        let pointers: Vec<_> = tensors.iter().map(|tensor| tensor.pointer()).collect();
        emulate(&launch, &pointers);
    }

    fn multiply(
        &self,
        product: Product,
        [left, right]: [&HostTensor; 2],
        bias: Option<&HostTensor>,
        output: &HostTensor,
    ) {
        ask("multiply");
        let pointers = [left, right, output].map(HostTensor::pointer);
        // SAFETY: the tensors are alive, and as large as the product says, which their guards of NaN bear out.
        unsafe { multiply(&product, pointers, bias.map(HostTensor::pointer)) };
    }
}

/// Row-major order without gaps.
fn row_major(shape: &[usize], dtype: DType) -> Placement {
    let mut strides = vec![1; shape.len()];
    for dim in (1..shape.len()).rev() {
        strides[dim - 1] = strides[dim] * shape[dim];
    }
    Placement { shape: shape.to_vec(), strides, dtype, offset: 0 }
}

fn copied(tensor: &HostTensor) -> HostTensor {
    ask("copy");
    let copy = HostTensor::new(row_major(&tensor.placement.shape, tensor.placement.dtype));
    copy.write(&tensor.bytes());
    copy
}

/// Flex with the host's memory as its device: the backend of these tests.
impl Operate for Flex {
    type Engine = HostEngine;

    fn multiplies() -> bool {
        true
    }

    fn run(
        name: &'static str,
        inputs: Vec<Raw<Self>>,
        outputs: Vec<TensorSpec>,
        work: impl Fn(&HostEngine, Vec<HostTensor>) -> Vec<HostTensor> + Send + Sync + 'static,
    ) -> Vec<Raw<Self>> {
        let inputs: Vec<HostTensor> = inputs.into_iter().map(HostTensor::from_flex).collect();
        let results = work(&HostEngine::of(&inputs[0]), inputs);
        assert_eq!(outputs.len(), results.len(), "{name} has as many results as it says");
        for (TensorSpec { shape, dtype }, result) in outputs.iter().zip(&results) {
            let Placement { shape: given, dtype: of, .. } = &result.placement;
            assert_eq!((shape, dtype), (given, of), "{name} gives what it says");
        }
        results.into_iter().map(HostTensor::into_flex).collect()
    }
}
