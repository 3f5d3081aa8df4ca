//! Averages of a policy over steps.

use std::collections::HashMap;

use burn::tensor::{Tensor, backend::AutodiffBackend};

use super::parameters::{map_parameters, visit_parameters};
use crate::model::{Model, weights::parameter_names};

/// `decay · average + (1 − decay) · policy` of every parameter that learns; the others are equal.
pub(super) fn averaged<B: AutodiffBackend>(
    average: Model<B::InnerBackend>,
    policy: &Model<B>,
    decay: f64,
) -> Model<B::InnerBackend> {
    // By name: an average that was read from a file has other ids.
    let policy_names = parameter_names(policy);
    let mut learning: HashMap<String, Tensor<B::InnerBackend, 1>> = HashMap::new();
    visit_parameters(policy, |id, weights: Tensor<B, 1>, learns| {
        if learns {
            learning.insert(policy_names[&id].clone(), weights.inner());
        }
    });
    let names = parameter_names(&average);
    map_parameters(average, |id, weights: Tensor<B::InnerBackend, 1>| match learning.remove(&names[&id]) {
        Some(policy) => weights.mul_scalar(decay) + policy.mul_scalar(1.0 - decay),
        None => weights,
    })
}
