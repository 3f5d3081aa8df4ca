//! Values into the parameters of a model, one tensor at a time: from a checkpoint, or drawn at random.

use burn::{
    module::{Module, ModuleMapper, Param},
    tensor::{Tensor, TensorData, backend::Backend},
};

use super::{names::ParameterPath, stored::spread};
use crate::model::{config::ModelConfig, forward::Model, init::initial_values};

/// What a parameter is to hold.
pub(in crate::model) struct Wanted<'a> {
    /// The checkpoint's name.
    pub name: &'a str,
    /// Its shape in the checkpoint's layout.
    pub shape: &'a [usize],
    /// Whether the module holds the transpose.
    pub transposed: bool,
}

/// Fills parameters from `source`, which gives the values in the module's layout; a parameter it has
/// nothing for stays as it is.
struct Filler<S> {
    path: ParameterPath,
    /// Fill the adapters, or everything else.
    adapters: bool,
    source: S,
}

impl<S> Filler<S> {
    fn new(adapters: bool, source: S) -> Self {
        Self { path: ParameterPath::default(), adapters, source }
    }
}

impl<B: Backend, S: FnMut(&Wanted<'_>) -> Option<Vec<f32>>> ModuleMapper<B> for Filler<S> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        if self.path.is_adapter() != self.adapters {
            return param;
        }
        // The parameter is lazy: its own value is never made.
        let (id, device, shape) = (param.id, param.lazy_device(), param.lazy_shape());
        let transposed = self.path.is_transposed();
        let mut stored_shape = shape.to_vec();
        if transposed {
            stored_shape.reverse();
        }
        let wanted = Wanted { name: &self.path.name(), shape: &stored_shape, transposed };
        match (self.source)(&wanted) {
            None => param,
            Some(values) => {
                let tensor = Tensor::<B, D>::from_data(TensorData::new(values, shape), &device);
                Param::initialized(id, tensor.require_grad())
            }
        }
    }
}

/// Fills the parameters of a model, its adapters left out, from a source of values in the module's layout.
pub(super) fn fill_weights<B: Backend>(
    model: Model<B>,
    source: impl FnMut(&Wanted<'_>) -> Option<Vec<f32>>,
) -> Model<B> {
    model.map(&mut Filler::new(false, source))
}

/// A model with random weights that depend on the seed and the parameters' names alone.
pub fn random_model<B: Backend>(config: &ModelConfig, seed: u64, device: &B::Device) -> Model<B> {
    let source = drawn(move |name, shape| initial_values(name, shape, seed));
    fill_weights(Model::new(config, device), source)
}

/// Fills the adapters of a model from a source of values in the module's layout.
pub(in crate::model) fn fill_adapters<B: Backend>(
    model: Model<B>,
    source: impl FnMut(&Wanted<'_>) -> Option<Vec<f32>>,
) -> Model<B> {
    model.map(&mut Filler::new(true, source))
}

/// A source that makes values by name and shape, in the checkpoint's layout.
pub(in crate::model) fn drawn(
    values: impl Fn(&str, &[usize]) -> Vec<f32>,
) -> impl Fn(&Wanted<'_>) -> Option<Vec<f32>> {
    move |wanted| {
        let values = values(wanted.name, wanted.shape);
        Some(if wanted.transposed { transposed(&values, wanted.shape[1]) } else { values })
    }
}

/// The transpose of a row-major matrix.
fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    let mut turned = vec![0.0; values.len()];
    spread(values, 0, columns, &mut turned, values.len() / columns);
    turned
}
