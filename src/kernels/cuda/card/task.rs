//! A kernel's source as CubeCL's compiler takes it.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
};

use cubecl::{
    CompilationError, Compiler, CubeTask,
    backtrace::BackTrace,
    cuda::CudaCompiler,
    ir::{ElemType, UIntKind},
    prelude::{
        CompiledKernel, CubeDim, ExecutionMode, KernelDefinition, KernelId, KernelMetadata, KernelOptions,
        Scope, StorageType,
    },
};
use cubecl_cpp::shared::SharedMemory;

use crate::kernels::cuda::launch::KernelProgram;

/// CUDA C++ to compile, once for every device; CubeCL keeps the result in memory and in its directory of kernels.
#[derive(Debug, Clone)]
pub(super) struct SourceTask {
    pub program: KernelProgram,
    /// Threads of a block.
    pub block: u32,
    /// Bytes of dynamic shared memory.
    pub shared_bytes: u32,
}

/// What tells one compiled source from another, also between runs of different versions of this crate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct SourceKey {
    name: String,
    digest: u64,
    shared_bytes: u32,
}

impl KernelMetadata for SourceTask {
    fn id(&self) -> KernelId {
        let key = SourceKey {
            name: self.program.name(),
            digest: digest(self.program.parts()),
            shared_bytes: self.shared_bytes,
        };
        KernelId::new::<Self>().info(key).cube_dim(CubeDim::new_1d(self.block))
    }

    fn address_type(&self) -> StorageType {
        ElemType::UInt(UIntKind::U64).into()
    }
}

impl CubeTask<CudaCompiler> for SourceTask {
    fn compile(
        &self,
        compiler: &mut CudaCompiler,
        options: &<CudaCompiler as Compiler>::CompilationOptions,
        mode: ExecutionMode,
        address_type: StorageType,
    ) -> Result<CompiledKernel<CudaCompiler>, CompilationError> {
        let cube_dim = CubeDim::new_1d(self.block);
        // CubeCL reads the size of the shared memory off its own form of the kernel: an empty one.
        let empty = KernelDefinition {
            buffers: Vec::new(),
            tensor_maps: Vec::new(),
            scalars: Vec::new(),
            cube_dim,
            body: Scope::root(false),
            options: KernelOptions { kernel_name: self.program.entry.to_owned(), ..KernelOptions::default() },
        };
        let mut form = compiler.compile(empty, options, mode, address_type)?;
        if self.shared_bytes > 0 {
            let item = form.body.address_type;
            let length = (self.shared_bytes as usize).div_ceil(item.size());
            form.body.shared_memories = vec![SharedMemory::new_array(0, item, length, 16)];
        }
        Ok(CompiledKernel {
            entrypoint_name: self.program.entry.to_owned(),
            debug_name: None,
            source: self.program.text(),
            repr: Some(form),
            cube_dim,
            debug_info: None,
        })
    }
}

/// A kernel that cannot be compiled: how work that went wrong on CubeCL's thread comes to the next one who waits for
/// its stream.
#[derive(Debug, Clone)]
pub(super) struct FailingTask {
    pub reason: String,
}

impl KernelMetadata for FailingTask {
    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info(self.reason.clone())
    }

    fn address_type(&self) -> StorageType {
        ElemType::UInt(UIntKind::U64).into()
    }
}

impl CubeTask<CudaCompiler> for FailingTask {
    fn compile(
        &self,
        _compiler: &mut CudaCompiler,
        _options: &<CudaCompiler as Compiler>::CompilationOptions,
        _mode: ExecutionMode,
        _address_type: StorageType,
    ) -> Result<CompiledKernel<CudaCompiler>, CompilationError> {
        Err(CompilationError::Generic { reason: self.reason.clone(), backtrace: BackTrace::capture() })
    }
}

/// A number of the sources, worked out once for each list of parts.
fn digest(parts: &'static [&'static str]) -> u64 {
    static DIGESTS: Mutex<Option<HashMap<usize, u64>>> = Mutex::new(None);
    let mut digests = DIGESTS.lock().unwrap_or_else(PoisonError::into_inner);
    *digests.get_or_insert_default().entry(parts.as_ptr() as usize).or_insert_with(|| {
        let mut hasher = DefaultHasher::new();
        parts.hash(&mut hasher);
        hasher.finish()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cuda::launch::{NormShape, Pitched, Storage, rms_norm};

    /// What CubeCL reads off a compiled kernel: source, entry, and the size of the shared memory.
    #[test]
    fn a_source_is_compiled_by_cubecl_as_it_is() {
        let shape =
            NormShape { storage: Storage::F32, weight: Storage::F32, x: Pitched::packed(2, 8), y_pitch: 8 };
        let task =
            |shared_bytes| SourceTask { program: rms_norm(&shape, 1e-6).program, block: 256, shared_bytes };
        for shared_bytes in [0, 4096, 200_000] {
            let mut compiler = CudaCompiler::default();
            let task = task(shared_bytes);
            let mode = ExecutionMode::Checked;
            let kernel = task
                .compile(&mut compiler, &Default::default(), mode, task.address_type())
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(kernel.entrypoint_name, "rms_norm");
            assert_eq!(kernel.source, task.program.text());
            assert_eq!(kernel.repr.expect("CubeCL unwraps it").shared_memory_size(), shared_bytes as usize);
        }
        assert_eq!(task(0).id(), task(0).id());
        assert_ne!(task(0).id(), task(16).id());
        assert_eq!(task(0).id().stable_hash(), task(0).id().stable_hash());
    }
}
