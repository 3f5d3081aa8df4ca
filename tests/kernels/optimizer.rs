//! AdamW.

use burn::tensor::Tensor;
use spark::kernels::{AdamWMoments, AdamWStep, Kernels, generic};

use super::tensors::in_f32;

/// The `update`th step, from 1 on.
pub fn step(update: i32) -> AdamWStep {
    AdamWStep {
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        weight_decay: 0.1,
        learning_rate: 1e-2,
        scale: 0.5,
        corrections: [0.9f64, 0.95].map(|beta| 1.0 - beta.powi(update)),
    }
}

/// Several updates, so that moments are begun and carried on, and one that does not learn; 200,000 elements are more
/// than are worked on at once.
pub fn adamw<B: Kernels>() {
    for count in [1, 33, 20_000, 200_000] {
        let start = in_f32::<B, 1>([count], 1);
        let mut own: (Tensor<B, 1>, Option<AdamWMoments<B>>) = (start.clone(), None);
        let mut theirs = own.clone();
        for update in 1..5 {
            let gradient = in_f32::<B, 1>([count], 10 + update as u64);
            let learning_rate = if update == 3 { 0.0 } else { 1e-2 };
            let step = AdamWStep { learning_rate, ..step(update) };
            let (weights, moments) = B::adamw(own.0, gradient.clone(), own.1, &step);
            own = (weights, Some(moments));
            let (weights, moments) = generic::adamw(theirs.0, gradient, theirs.1, &step);
            theirs = (weights, Some(moments));
            own.0
                .to_data()
                .assert_approx_eq::<f32>(&theirs.0.to_data(), burn::tensor::Tolerance::absolute(1e-6));
        }
    }
}
