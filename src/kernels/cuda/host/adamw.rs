//! AdamW in place.

use burn::tensor::{DType, TensorMetadata};

use super::{
    engine::Engine,
    norm::stored,
    operate::{Operate, Raw, exactly, spec},
};
use crate::kernels::AdamWStep;
use crate::kernels::cuda::launch::{self, AdamWForm};

/// New weights and both moments, f32 `[elements]`, in the memory of the old ones where nobody else reads it.
pub(super) fn update<B: Operate>(
    weights: Raw<B>,
    gradient: Raw<B>,
    moments: Option<[Raw<B>; 2]>,
    step: &AdamWStep,
) -> [Raw<B>; 3] {
    let count = weights.shape()[0];
    let form = AdamWForm { gradient: stored(gradient.dtype()), fresh: moments.is_none(), copy: false };
    let outputs = (0..3).map(|_| spec(&[count], DType::F32)).collect();
    let inputs = [weights, gradient].into_iter().chain(moments.into_iter().flatten()).collect();
    let step = *step;
    exactly(B::run("adamw", inputs, outputs, move |engine, mut inputs| {
        let moments = inputs.split_off(2);
        let [weights, gradient] = exactly(inputs);
        let (weights, gradient) = (engine.owned(weights), engine.contiguous(gradient));
        let [first, second] = if form.fresh {
            [(); 2].map(|()| engine.empty(&[count], DType::F32))
        } else {
            exactly(moments.into_iter().map(|moment| engine.owned(moment)).collect())
        };
        engine.launch(launch::adamw(count, form, &step), &[&weights, &gradient, &first, &second]);
        vec![weights, first, second]
    }))
}
