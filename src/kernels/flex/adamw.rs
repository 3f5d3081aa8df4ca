//! AdamW in one pass, in place.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::tensors::{tensor_of, values};
use crate::{kernels::adamw::AdamWStep, lanes::wide};

/// Elements handled together.
const ELEMENTS: usize = 1 << 14;

/// A step's settings as factors of one element's update.
struct AdamWFactors {
    beta1: f32,
    beta2: f32,
    /// The weight of the new gradient in the first moment, `1 − beta1`.
    new1: f32,
    /// The weight of the new gradient's square in the second moment, `1 − beta2`.
    new2: f32,
    corrections: [f32; 2],
    epsilon: f32,
    learning_rate: f32,
    /// What weight decay leaves of a weight.
    kept: f32,
    scale: f32,
}

impl AdamWFactors {
    fn new(step: &AdamWStep) -> Self {
        Self {
            beta1: step.beta1 as f32,
            beta2: step.beta2 as f32,
            new1: (1.0 - step.beta1) as f32,
            new2: (1.0 - step.beta2) as f32,
            corrections: step.corrections.map(|correction| correction as f32),
            epsilon: step.epsilon as f32,
            learning_rate: step.learning_rate as f32,
            kept: (1.0 - step.learning_rate * step.weight_decay) as f32,
            scale: step.scale as f32,
        }
    }

    #[inline(always)]
    fn update(&self, weight: &mut f32, gradient: f32, first: &mut f32, second: &mut f32) {
        let gradient = gradient * self.scale;
        *first = *first * self.beta1 + gradient * self.new1;
        *second = *second * self.beta2 + gradient * gradient * self.new2;
        let direction =
            *first / self.corrections[0] / ((*second / self.corrections[1]).sqrt() + self.epsilon);
        *weight = *weight * self.kept - direction * self.learning_rate;
    }
}

/// Updates weights and moments; those of a first update are zeros.
pub(super) fn update(
    mut weights: FlexTensor,
    gradient: &FlexTensor,
    moments: Option<[FlexTensor; 2]>,
    step: &AdamWStep,
) -> (FlexTensor, [FlexTensor; 2]) {
    let count = values(gradient).len();
    let zeros = || tensor_of(vec![0.0; count], [count]);
    let [mut first, mut second] = moments.unwrap_or_else(|| [zeros(), zeros()]);
    let factors = AdamWFactors::new(step);
    weights
        .storage_mut::<f32>()
        .par_chunks_mut(ELEMENTS)
        .zip(values(gradient).par_chunks(ELEMENTS))
        .zip(first.storage_mut::<f32>().par_chunks_mut(ELEMENTS))
        .zip(second.storage_mut::<f32>().par_chunks_mut(ELEMENTS))
        .for_each(|(((weights, gradient), first), second)| {
            wide!({
                let moments = first.iter_mut().zip(second.iter_mut());
                for ((weight, &gradient), (first, second)) in weights.iter_mut().zip(gradient).zip(moments) {
                    factors.update(weight, gradient, first, second);
                }
            });
        });
    (weights, [first, second])
}
