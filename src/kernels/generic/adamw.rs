//! AdamW.

use burn::tensor::{Tensor, backend::Backend};

use crate::kernels::adamw::{AdamWMoments, AdamWStep};

/// See [`Kernels::adamw`](crate::kernels::Kernels::adamw).
pub fn adamw<B: Backend>(
    weights: Tensor<B, 1>,
    gradient: Tensor<B, 1>,
    moments: Option<AdamWMoments<B>>,
    step: &AdamWStep,
) -> (Tensor<B, 1>, AdamWMoments<B>) {
    let AdamWStep { beta1, beta2, epsilon, weight_decay, learning_rate, scale, corrections } = *step;
    let gradient = gradient.mul_scalar(scale);
    let square = gradient.clone().square();
    let (first, second) = (gradient.mul_scalar(1.0 - beta1), square.mul_scalar(1.0 - beta2));
    let moments = match moments {
        Some(old) => AdamWMoments {
            first: old.first.mul_scalar(beta1) + first,
            second: old.second.mul_scalar(beta2) + second,
        },
        None => AdamWMoments { first, second },
    };
    let denominator = moments.second.clone().div_scalar(corrections[1]).sqrt().add_scalar(epsilon);
    let direction = moments.first.clone().div_scalar(corrections[0]) / denominator;
    let kept = weights.mul_scalar(1.0 - learning_rate * weight_decay);
    (kept - direction.mul_scalar(learning_rate), moments)
}
