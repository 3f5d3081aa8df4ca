//! AdamW in place, a stretch of a parameter at a time, so that what lies between the operations is small.

use tch::Tensor;

use super::tensors::elements_at_once;
use crate::kernels::adamw::AdamWStep;

/// Updates weights and moments, all `[elements]` in f32 and their own only owners; moments of a first update are zeros.
pub(super) fn update(weights: &Tensor, gradient: &Tensor, moments: [&Tensor; 2], step: &AdamWStep) {
    let count = gradient.size()[0];
    let stretch = elements_at_once(gradient.device()) as i64;
    for start in (0..count).step_by(stretch as usize) {
        let part = |whole: &Tensor| whole.narrow(0, start, stretch.min(count - start));
        update_part(&mut part(weights), &part(gradient), moments.map(part), step);
    }
}

/// `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, `w ← w·(1 − lr·decay) − lr · (m/c₁) / (√(v/c₂) + ε)`; the last as
/// `w + m / d` with `d = (√v/√c₂ + ε) · (−c₁/lr)`, which needs no matrix but `d`.
fn update_part(weights: &mut Tensor, gradient: &Tensor, moments: [Tensor; 2], step: &AdamWStep) {
    let AdamWStep { beta1, beta2, epsilon, weight_decay, learning_rate, scale, corrections } = *step;
    let [mut first, mut second] = moments;
    let mut scratch = gradient * scale;
    let _ = first.lerp_(&scratch, 1.0 - beta1);
    let _ = second.lerp_(&scratch.square_(), 1.0 - beta2);
    if learning_rate == 0.0 {
        return;
    }
    let inverse_rate = -corrections[0] / learning_rate;
    let _ = second.sqrt_out(&scratch);
    let _ = scratch.g_mul_scalar_(inverse_rate / corrections[1].sqrt()).g_add_scalar_(epsilon * inverse_rate);
    if weight_decay != 0.0 {
        let _ = weights.g_mul_scalar_(1.0 - learning_rate * weight_decay);
    }
    let _ = weights.addcdiv_(&first, &scratch);
}
