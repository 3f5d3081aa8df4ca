//! Rotary positions: heads turned by the angles of their positions, and back.

use burn::backend::{LibTorch, libtorch::TchTensor};
use tch::{Kind, Tensor};

use super::tensors::into_tch;
use crate::kernels::attention::RotaryTable;

/// The rotation of each position over a head's whole width, in f32, `[rows or 1, sequence, 1, head_dim]`: feature `i`
/// becomes `x[i]·cos[i] + x[i ± head_dim / 2]·sin[i]`, where `sin` carries the sign.
#[derive(Debug, Clone)]
pub(super) struct WideRotation {
    cos: TchTensor,
    sin: TchTensor,
}

impl WideRotation {
    pub(super) fn new(table: &RotaryTable<LibTorch>) -> Self {
        let [cos, sin] = [&table.cos, &table.sin].map(|half| into_tch(half.clone()).tensor);
        let wide = |low: &Tensor, high: &Tensor| {
            let whole = Tensor::cat(&[low, high], -1).transpose(1, 2).to_kind(Kind::Float);
            TchTensor::new(whole)
        };
        Self { cos: wide(&cos, &cos), sin: wide(&sin.neg(), &sin) }
    }

    /// Turns heads of `[rows, sequence, heads, head_dim]`.
    pub(super) fn turn(&self, heads: &Tensor) -> Tensor {
        let mut turned = heads * &self.cos.tensor;
        let paired = heads.roll([heads.size()[3] / 2], [-1]);
        if heads.kind() == Kind::Float {
            return turned.addcmul_(&paired, &self.sin.tensor);
        }
        let rounded = Tensor::empty(heads.size(), (heads.kind(), heads.device()));
        turned.addcmul_out(&rounded, &paired, &self.sin.tensor)
    }

    /// The rotation by the opposite angles.
    pub(super) fn inverse(&self) -> Self {
        Self { cos: self.cos.clone(), sin: TchTensor::new(self.sin.tensor.neg()) }
    }
}
