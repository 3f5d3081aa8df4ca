//! NVIDIA's cuBLASLt on raw pointers, opened at run time. One [`Multiplier`] belongs to one device and one stream.

use std::{collections::HashMap, ffi::c_void, mem::size_of, ptr};

use cudarc::{
    cublaslt::{
        result::{self, CublasError},
        sys::{
            cublasComputeType_t::CUBLAS_COMPUTE_32F,
            cublasLtEpilogue_t::CUBLASLT_EPILOGUE_BIAS,
            cublasLtHandle_t, cublasLtMatmulAlgo_t, cublasLtMatmulDesc_t,
            cublasLtMatmulDescAttributes_t::{self as Desc},
            cublasLtMatmulPreferenceAttributes_t::{self as Preference},
            cublasLtMatrixLayout_t, cudaDataType,
        },
    },
    driver::{
        result::malloc_sync,
        sys::{CUdeviceptr, CUstream},
    },
};

use crate::kernels::cuda::{
    host::product::{ColumnMatrix, Product},
    launch::Storage,
};

/// What NVIDIA recommends for Hopper; larger than every algorithm needs elsewhere.
const WORKSPACE_BYTES: usize = 32 << 20;

/// Sums that are split over blocks are joined in f32, in the workspace, in a fixed order.
const REDUCTION_IN_F32: u32 = 2;

/// Device addresses of a product's matrices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addresses {
    pub left: CUdeviceptr,
    pub right: CUdeviceptr,
    pub bias: Option<CUdeviceptr>,
    pub output: CUdeviceptr,
}

/// The library, ready for one device, with the algorithms that were picked so far.
#[derive(Debug)]
pub(super) struct Multiplier {
    handle: cublasLtHandle_t,
    workspace: CUdeviceptr,
    plans: HashMap<(Product, [u32; 4]), ProductPlan>,
}

/// A product's description for the library, kept for as long as the process runs.
#[derive(Debug, Clone, Copy)]
struct ProductPlan {
    description: cublasLtMatmulDesc_t,
    a: cublasLtMatrixLayout_t,
    b: cublasLtMatrixLayout_t,
    d: cublasLtMatrixLayout_t,
    algorithm: cublasLtMatmulAlgo_t,
}

/// Whether the library can be opened; says once on standard error what its absence means.
pub(in crate::kernels::cuda) fn is_there() -> bool {
    static THERE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *THERE.get_or_init(|| {
        // SAFETY: the library is opened and closed; nothing in it is called.
        let there = unsafe { cudarc::cublaslt::sys::is_culib_present() };
        if !there {
            say!(
                "warning: libcublasLt is not on the library path: matrix products run on slower kernels; install \
                 CUDA's cuBLAS, or add its directory to LD_LIBRARY_PATH"
            );
        }
        there
    })
}

impl Multiplier {
    /// Opens the library for the device whose context is current.
    pub fn new() -> Result<Self, String> {
        let handle = result::create_handle().map_err(|error| format!("cublasLtCreate: {error}"))?;
        // SAFETY: a context is current; the memory belongs to this value, which lives as long as the process.
        let workspace = unsafe { malloc_sync(WORKSPACE_BYTES) }
            .map_err(|error| format!("32 MiB of workspace for cuBLASLt: {error}"))?;
        Ok(Self { handle, workspace, plans: HashMap::new() })
    }

    /// Enqueues a product.
    ///
    /// # Safety
    /// The addresses are of the context that is current, as large as the product says, and stay so until the stream
    /// has done the work. The stream is of that context, and no other stream uses this value at the same time.
    pub unsafe fn multiply(
        &mut self,
        product: &Product,
        addresses: Addresses,
        stream: CUstream,
    ) -> Result<(), String> {
        // SAFETY: as this function's.
        unsafe { self.enqueue(product, addresses, stream) }
            .map_err(|error| format!("cuBLASLt refuses {product:?}: {error}"))
    }

    unsafe fn enqueue(
        &mut self,
        product: &Product,
        Addresses { left, right, bias, output }: Addresses,
        stream: CUstream,
    ) -> Result<(), CublasError> {
        let bias = bias.unwrap_or(0);
        let alignments = [right, left, output, bias].map(alignment);
        let plan = match self.plans.get(&(*product, alignments)) {
            Some(&plan) => plan,
            None => {
                // SAFETY: the handle is open.
                let plan = unsafe { ProductPlan::new(self.handle, product, alignments, bias) }?;
                self.plans.insert((*product, alignments), plan);
                plan
            }
        };
        let (one, zero) = (1f32, 0f32);
        // SAFETY: the description is alive, the scalars outlive the call, and the rest is the caller's promise.
        unsafe {
            if product.bias {
                describe(plan.description, Desc::CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias)?;
            }
            result::matmul(
                self.handle,
                plan.description,
                address_of(&one),
                address_of(&zero),
                right as *const c_void,
                plan.a,
                left as *const c_void,
                plan.b,
                output as *const c_void,
                plan.d,
                output as *mut c_void,
                plan.d,
                &plan.algorithm,
                self.workspace as *mut c_void,
                WORKSPACE_BYTES,
                stream.cast(),
            )
        }
    }
}

impl ProductPlan {
    /// Describes the product to the library and picks its algorithm for memory of these alignments: of the right
    /// factor, the left one and the output, in bytes. The bias's alignment is seen from its address.
    unsafe fn new(
        handle: cublasLtHandle_t,
        product: &Product,
        [a_bytes, b_bytes, d_bytes, _]: [u32; 4],
        bias: CUdeviceptr,
    ) -> Result<Self, CublasError> {
        let columns = product.by_columns();
        let description = result::create_matmul_desc(CUBLAS_COMPUTE_32F, cudaDataType::CUDA_R_32F)?;
        let [a, b] = [columns.a, columns.b].map(|matrix| layout(product.input, matrix));
        let (a, b, d) = (a?, b?, layout(product.output, columns.d)?);
        let preference = result::create_matmul_pref()?;
        // SAFETY: description, layouts and preference have just been made; each value has its attribute's size.
        let found = unsafe {
            describe(description, Desc::CUBLASLT_MATMUL_DESC_TRANSA, &u32::from(columns.a.transposed))?;
            describe(description, Desc::CUBLASLT_MATMUL_DESC_TRANSB, &u32::from(columns.b.transposed))?;
            if product.bias {
                let epilogue = CUBLASLT_EPILOGUE_BIAS as u32;
                describe(description, Desc::CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue)?;
                describe(description, Desc::CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias)?;
            }
            prefer(preference, Preference::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &WORKSPACE_BYTES)?;
            prefer(preference, Preference::CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &REDUCTION_IN_F32)?;
            prefer(preference, Preference::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &a_bytes)?;
            prefer(preference, Preference::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &b_bytes)?;
            prefer(preference, Preference::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &d_bytes)?;
            prefer(preference, Preference::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &d_bytes)?;
            result::get_matmul_algo_heuristic(handle, description, a, b, d, d, preference)
        };
        // SAFETY: it was made above, and nothing holds it.
        unsafe { result::destroy_matmul_pref(preference) }?;
        Ok(Self { description, a, b, d, algorithm: found?.algo })
    }
}

/// The largest power of two, up to 256, that divides an address.
fn alignment(address: CUdeviceptr) -> u32 {
    1 << address.trailing_zeros().min(8)
}

fn layout(storage: Storage, matrix: ColumnMatrix) -> Result<cublasLtMatrixLayout_t, CublasError> {
    let dtype = match storage {
        Storage::F32 => cudaDataType::CUDA_R_32F,
        Storage::Bf16 => cudaDataType::CUDA_R_16BF,
    };
    result::create_matrix_layout(dtype, matrix.rows as u64, matrix.columns as u64, matrix.leading as i64)
}

/// Sets an attribute of a product's description, whose size is `T`'s.
unsafe fn describe<T>(
    description: cublasLtMatmulDesc_t,
    attribute: Desc,
    value: &T,
) -> Result<(), CublasError> {
    // SAFETY: the caller's promise.
    unsafe { result::set_matmul_desc_attribute(description, attribute, address_of(value), size_of::<T>()) }
}

/// Sets an attribute of what algorithms are wanted, whose size is `T`'s.
unsafe fn prefer<T>(
    preference: cudarc::cublaslt::sys::cublasLtMatmulPreference_t,
    attribute: Preference,
    value: &T,
) -> Result<(), CublasError> {
    // SAFETY: the caller's promise.
    unsafe { result::set_matmul_pref_attribute(preference, attribute, address_of(value), size_of::<T>()) }
}

fn address_of<T>(value: &T) -> *const c_void {
    ptr::from_ref(value).cast()
}
