//! Walks over a model's float parameters, laid flat: the one place that knows how a module is visited.

use burn::{
    module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    optim::GradientsParams,
    tensor::{
        Tensor, TensorData,
        backend::{AutodiffBackend, Backend},
    },
};

/// Hands every parameter's id, its values laid flat and whether it learns to `visit`, in the order of the model.
pub(super) fn visit_parameters<B: Backend, M: Module<B>>(
    model: &M,
    visit: impl FnMut(ParamId, Tensor<B, 1>, bool),
) {
    struct ParameterVisitor<F>(F);
    impl<B: Backend, F: FnMut(ParamId, Tensor<B, 1>, bool)> ModuleVisitor<B> for ParameterVisitor<F> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            (self.0)(param.id, param.val().reshape([-1]), param.is_require_grad());
        }
    }
    model.visit(&mut ParameterVisitor(visit));
}

/// Replaces every parameter's values, laid flat, by what `map` makes of them.
pub(super) fn map_parameters<B: Backend, M: Module<B>>(
    model: M,
    map: impl FnMut(ParamId, Tensor<B, 1>) -> Tensor<B, 1>,
) -> M {
    struct ParameterMapper<F>(F);
    impl<B: Backend, F: FnMut(ParamId, Tensor<B, 1>) -> Tensor<B, 1>> ModuleMapper<B> for ParameterMapper<F> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
            let (id, tensor, mapper) = param.consume();
            let shape = tensor.shape();
            Param::from_mapped_value(id, (self.0)(id, tensor.reshape([-1])).reshape(shape), mapper)
        }
    }
    model.map(&mut ParameterMapper(map))
}

/// Hands every parameter's id, its number of values and its gradient laid flat to `visit`, in the order of the
/// model.
pub(super) fn visit_gradients<B: AutodiffBackend, M: AutodiffModule<B>>(
    model: &M,
    gradients: &GradientsParams,
    visit: impl FnMut(ParamId, usize, Option<Tensor<B::InnerBackend, 1>>),
) {
    struct GradientVisitor<'a, F>(&'a GradientsParams, F);
    impl<B, F> ModuleVisitor<B> for GradientVisitor<'_, F>
    where
        B: AutodiffBackend,
        F: FnMut(ParamId, usize, Option<Tensor<B::InnerBackend, 1>>),
    {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            let gradient = self.0.get::<B::InnerBackend, D>(param.id);
            (self.1)(param.id, param.val().shape().num_elements(), gradient.map(|found| found.reshape([-1])));
        }
    }
    model.visit(&mut GradientVisitor(gradients, visit));
}

/// The gradients whose values `find` returns for a parameter's number of values, asked in the order of the model.
pub(super) fn gradients_of<B: AutodiffBackend, M: AutodiffModule<B>>(
    model: &M,
    find: impl FnMut(usize) -> Option<Vec<f32>>,
) -> GradientsParams {
    struct GradientBuilder<F>(GradientsParams, F);
    impl<B: AutodiffBackend, F: FnMut(usize) -> Option<Vec<f32>>> ModuleVisitor<B> for GradientBuilder<F> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            let weights = param.val().inner();
            let shape = weights.dims();
            if let Some(values) = (self.1)(shape.iter().product()) {
                let data = TensorData::new(values, shape);
                let gradient = Tensor::<B::InnerBackend, D>::from_data(data, &weights.device());
                self.0.register::<B::InnerBackend, D>(param.id, gradient);
            }
        }
    }
    let mut found = GradientBuilder(GradientsParams::new(), find);
    model.visit(&mut found);
    found.0
}
