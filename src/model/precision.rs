//! Computing in another float type than the weights are kept in. Weights, gradients and moments of what learns
//! stay in f32; the model that computes is a copy in the type asked for.

use std::collections::HashSet;

use anyhow::Result;
use burn::{
    module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    tensor::{Tensor, backend::Backend},
};

use super::{forward::Model, weights::Precision};
use crate::{
    error::input_error,
    kernels::{Kernels, TrainBackend},
};

/// The model in a float type; the same one where it is in it already.
pub fn computing_in<B: Kernels>(model: Model<B>, precision: Precision) -> Model<B> {
    model.map(&mut CastAll(precision))
}

/// A copy of the policy that computes in a float type: its gradients carry the policy's names.
pub(crate) fn policy_in<B: TrainBackend>(policy: &Model<B>, precision: Precision) -> Model<B> {
    let mut learning = TrainableIds(HashSet::new());
    Module::<B>::visit(policy, &mut learning);
    let copy = computing_in(policy.valid(), precision);
    Model::<B>::from_inner(copy).map(&mut MarkTrainable(learning.0))
}

/// Refuses a float type that a device does not compute in.
///
/// # Errors
/// Names the backend.
pub(crate) fn check_precision<B: Backend>(precision: Precision, device: &B::Device) -> Result<()> {
    if B::supports_dtype(device, precision.element()) {
        return Ok(());
    }
    Err(input_error(format!(
        "--dtype {}: {} does not compute in it; see what it does: spark backends",
        precision.name(),
        B::name(device)
    )))
}

struct CastAll(Precision);

impl<B: Kernels> ModuleMapper<B> for CastAll {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let (id, tensor, mapper) = param.consume();
        Param::from_mapped_value(id, B::cast(tensor, self.0.element()), mapper)
    }
}

struct TrainableIds(HashSet<ParamId>);

impl<B: Backend> ModuleVisitor<B> for TrainableIds {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if param.is_require_grad() {
            self.0.insert(param.id);
        }
    }
}

struct MarkTrainable(HashSet<ParamId>);

impl<B: Backend> ModuleMapper<B> for MarkTrainable {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let learns = self.0.contains(&param.id);
        param.set_require_grad(learns)
    }
}
