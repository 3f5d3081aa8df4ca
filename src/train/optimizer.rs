//! AdamW (arXiv 1711.05101) with a learning rate per step, and the global gradient norm.
//!
//! The moments are kept per parameter, flat; they are saved and restored under the checkpoint's names.

use std::{collections::HashMap, path::Path};

use anyhow::Result;
use burn::{
    module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    optim::GradientsParams,
    tensor::{DType, Tensor, TensorData, backend::AutodiffBackend},
};
use serde::{Deserialize, Serialize};

use super::{parameters::visit_gradients, tensors::on_host};
use crate::{
    error::input_error,
    kernels::{AdamWMoments, AdamWStep, Kernels, TrainBackend},
    model::{
        Model,
        weights::{
            LazyTensor, Precision, StoredTensor, first_not_finite, open_tensors, parameter_names,
            write_tensors,
        },
    },
};

/// AdamW's settings, with the field's defaults for reinforcement learning.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamWConfig {
    pub beta1: f64,
    pub beta2: f64,
    pub epsilon: f64,
    /// Applied to matrices and embeddings; never to norms and biases.
    pub weight_decay: f64,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

/// The optimizer and its state, which lives on the inner backend.
pub struct AdamW<B: AutodiffBackend> {
    config: AdamWConfig,
    /// Updates done, for the bias correction.
    updates: u64,
    moments: HashMap<ParamId, AdamWMoments<B::InnerBackend>>,
}

impl<B: AutodiffBackend> AdamW<B> {
    /// An optimizer without history.
    pub fn new(config: AdamWConfig) -> Self {
        Self { config, updates: 0, moments: HashMap::new() }
    }

    /// One update of every parameter that has a gradient; gradients are first multiplied by `scale`. In place where
    /// nobody else holds the model.
    pub fn step<M: AutodiffModule<B>>(
        &mut self,
        model: M,
        gradients: GradientsParams,
        learning_rate: f64,
        scale: f64,
    ) -> M
    where
        B: TrainBackend,
    {
        self.updates += 1;
        let AdamWConfig { beta1, beta2, epsilon, weight_decay } = self.config;
        let corrections = [beta1, beta2].map(|beta| 1.0 - beta.powf(self.updates as f64));
        let step = AdamWStep { beta1, beta2, epsilon, weight_decay, learning_rate, scale, corrections };
        model.map(&mut Update { optimizer: self, gradients, step })
    }

    /// Writes the moments as `first.NAME` and `second.NAME`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save<M: Module<B>>(&self, model: &M, path: &Path) -> Result<()> {
        let names = parameter_names(model);
        let lazy = |name, tensor| LazyTensor::new(name, tensor, false, Precision::F32);
        let mut tensors = Vec::with_capacity(1 + 2 * self.moments.len());
        for (id, moments) in &self.moments {
            let name = &names[id];
            tensors.push(lazy(format!("first.{name}"), moments.first.clone()));
            tensors.push(lazy(format!("second.{name}"), moments.second.clone()));
        }
        let updates = TensorData::new(vec![self.updates as f32], [1]);
        tensors.push(lazy("updates".to_owned(), Tensor::from_data(updates, &model.devices()[0])));
        write_tensors(&tensors, path)
    }

    /// Reads back what [`AdamW::save`] wrote for the same model.
    ///
    /// # Errors
    /// When the file is missing, malformed, or of another model.
    pub fn load<M: Module<B>>(
        config: AdamWConfig,
        model: &M,
        path: &Path,
        device: &B::Device,
    ) -> Result<Self> {
        let tensors: HashMap<String, StoredTensor> = open_tensors(path)?.into_iter().collect();
        let read = |name: &str| -> Result<Tensor<B::InnerBackend, 1>> {
            let stored = tensors.get(name).filter(|tensor| tensor.is_float());
            let stored = stored
                .ok_or_else(|| input_error(format!("{}: has no float tensor {name}", path.display())))?;
            let values = stored.read(false)?;
            if let Some(broken) = first_not_finite(&values) {
                return Err(input_error(format!("{}: {name} holds {broken}", path.display())));
            }
            let count = values.len();
            Ok(Tensor::from_data(TensorData::new(values, [count]), device))
        };
        let updates = read("updates")?.into_data().iter::<f32>().next().unwrap_or_default() as u64;
        let mut moments = HashMap::new();
        for (id, name) in parameter_names(model) {
            // A parameter that never had a gradient has no moments.
            if tensors.contains_key(&format!("first.{name}")) {
                let pair = AdamWMoments {
                    first: read(&format!("first.{name}"))?,
                    second: read(&format!("second.{name}"))?,
                };
                moments.insert(id, pair);
            }
        }
        Ok(Self { config, updates, moments })
    }
}

struct Update<'a, B: AutodiffBackend> {
    optimizer: &'a mut AdamW<B>,
    gradients: GradientsParams,
    step: AdamWStep,
}

impl<B: TrainBackend> ModuleMapper<B> for Update<'_, B> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let (id, tensor, mapper) = param.consume();
        let Some(gradient) = self.gradients.remove::<B::InnerBackend, D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let AdamWConfig { weight_decay, .. } = self.optimizer.config;
        let step = AdamWStep { weight_decay: if D > 1 { weight_decay } else { 0.0 }, ..self.step };
        let shape = tensor.dims();
        let moments = self.optimizer.moments.remove(&id);
        let (weights, moments) =
            B::InnerBackend::adamw(tensor.inner().reshape([-1]), gradient.reshape([-1]), moments, &step);
        self.optimizer.moments.insert(id, moments);
        Param::from_mapped_value(id, Tensor::from_inner(weights.reshape(shape)).require_grad(), mapper)
    }
}

/// The L2 norm over all gradients of a model together.
pub fn global_norm<B: AutodiffBackend, M: AutodiffModule<B>>(model: &M, gradients: &GradientsParams) -> f64 {
    struct SquaredNorm<'a, B: AutodiffBackend> {
        gradients: &'a GradientsParams,
        sum: Option<Tensor<B::InnerBackend, 1>>,
    }
    impl<B: AutodiffBackend> ModuleVisitor<B> for SquaredNorm<'_, B> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            if let Some(gradient) = self.gradients.get::<B::InnerBackend, D>(param.id) {
                let squares = gradient.square().sum();
                self.sum = Some(match self.sum.take() {
                    Some(sum) => sum + squares,
                    None => squares,
                });
            }
        }
    }
    let mut visitor = SquaredNorm::<B> { gradients, sum: None };
    model.visit(&mut visitor);
    visitor
        .sum
        .map_or(0.0, |sum| f64::from(sum.into_data().convert::<f32>().iter::<f32>().sum::<f32>()).sqrt())
}

/// Gradients in f32, whatever the model that has them computes in.
pub(super) fn in_f32<B: TrainBackend, M: AutodiffModule<B>>(
    model: &M,
    gradients: GradientsParams,
) -> GradientsParams {
    struct Widened(GradientsParams, GradientsParams);
    impl<B: TrainBackend> ModuleVisitor<B> for Widened {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            if let Some(gradient) = self.0.remove::<B::InnerBackend, D>(param.id) {
                self.1.register::<B::InnerBackend, D>(param.id, B::InnerBackend::cast(gradient, DType::F32));
            }
        }
    }
    let mut visitor = Widened(gradients, GradientsParams::new());
    model.visit(&mut visitor);
    visitor.1
}

/// Gradients on the host under the parameters' names.
pub(super) fn named<B: AutodiffBackend>(
    model: &Model<B>,
    gradients: &GradientsParams,
) -> Vec<(String, Vec<f32>)> {
    let names = parameter_names(model);
    let mut found = Vec::new();
    visit_gradients::<B, _>(model, gradients, |id, _, gradient| {
        found.extend(gradient.map(|gradient| (names[&id].clone(), on_host(gradient))));
    });
    found
}
