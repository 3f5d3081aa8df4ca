//! RMSNorm and SwiGLU, forward and backward.

use tch::{Device, Kind, Tensor};

use super::tensors::in_f32;

/// `x / sqrt(mean(x²) + ε) · weight` per row of `[rows, size]`.
pub(super) fn rms_norm(x: &Tensor, weight: &Tensor, epsilon: f64) -> Tensor {
    let size = x.size()[1];
    if x.device() != Device::Cpu {
        return x.internal_fused_rms_norm([size], Some(weight), epsilon).0;
    }
    let mut normed = in_f32(x) * inverse_root_mean_square(x, epsilon);
    let _ = normed.g_mul_(&in_f32(weight));
    normed.to_kind(x.kind())
}

/// Gradients of `x` and `weight`. With `r` the row's factor, `g` the output's gradient and `n` the row's size:
/// `dx = r·(g∘w) − x·r³·(g∘x)·w / n`, `dw = Σ r·(g∘x)` over the rows.
pub(super) fn rms_norm_backward(x: &Tensor, weight: &Tensor, gradient: &Tensor, epsilon: f64) -> [Tensor; 2] {
    let (size, kinds) = (x.size()[1], [x.kind(), weight.kind()]);
    let factor = inverse_root_mean_square(x, epsilon);
    let [x, weight, gradient] = [x, weight, gradient].map(in_f32);
    let product = &gradient * &x;
    let of_weight = product.tr().mv(&factor.squeeze_dim(1));
    let mut along_x = product.mv(&weight).unsqueeze(1);
    let _ = along_x.g_mul_(&factor.pow_tensor_scalar(3)).g_mul_scalar_(-1.0 / size as f64);
    drop(product);
    let mut of_x = gradient * weight;
    let _ = of_x.g_mul_(&factor).addcmul_(&x, &along_x);
    [of_x.to_kind(kinds[0]), of_weight.to_kind(kinds[1])]
}

/// `1 / sqrt(mean(x²) + ε)` of each row, `[rows, 1]` in f32.
fn inverse_root_mean_square(x: &Tensor, epsilon: f64) -> Tensor {
    let mut norm = x.norm_scalaropt_dim_dtype(2.0, [1], true, Kind::Float);
    norm.square_().g_mul_scalar_(1.0 / x.size()[1] as f64).g_add_scalar_(epsilon).rsqrt_()
}

/// `silu(gate) · up`, element by element.
pub(super) fn gated_silu(gate: &Tensor, up: &Tensor) -> Tensor {
    gate.silu().g_mul_(up)
}

/// Gradients of `gate` and `up`.
pub(super) fn gated_silu_backward(gate: &Tensor, up: &Tensor, gradient: &Tensor) -> [Tensor; 2] {
    let of_up = gate.silu().g_mul_(gradient);
    [gate.silu_backward(&(gradient * up)), of_up]
}
