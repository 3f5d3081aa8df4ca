//! Which operations the kernels take; the others run in the generic form.

use burn::tensor::{DType, backend::Backend};

use super::{engine::storage, operate::Operate};
use crate::kernels::{Qkv, is_switched_off};

/// The most features of a head that the kernels of attention take.
const LARGEST_HEAD: usize = 256;

/// Whether an operation's kernels run: it is not switched off, and they take these types, which are one.
pub(super) fn takes(operation: &str, dtypes: &[DType]) -> bool {
    !is_switched_off(operation)
        && storage(dtypes[0]).is_some()
        && dtypes.iter().all(|&dtype| dtype == dtypes[0])
}

/// Whether a matrix product is the library's: the library is there, the product is not switched off, and it takes
/// these types.
pub(super) fn multiplies<B: Operate>(operation: &str, dtypes: &[DType]) -> bool {
    takes(operation, dtypes) && B::multiplies()
}

/// Whether the kernels of attention run.
pub(super) fn attends<B: Backend>(operation: &str, inputs: &Qkv<'_, B>) -> bool {
    let Qkv { query, key, value, heads, rotary } = inputs;
    let head_dim = query.dims()[1] / heads.queries;
    takes(operation, &[query.dtype(), key.dtype(), value.dtype()])
        && [rotary.cos.dtype(), rotary.sin.dtype()] == [DType::F32; 2]
        && head_dim <= LARGEST_HEAD
        && head_dim.is_multiple_of(2)
}
