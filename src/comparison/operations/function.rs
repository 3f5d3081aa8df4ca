//! Operations that have a gradient: functions from matrices to a matrix.

use std::rc::Rc;

use anyhow::Result;
use burn::tensor::{DType, Tensor, TensorData};
use serde_json::{Value, json};

use super::{
    case::{CaseWork, MeasuredCase, Workplace},
    inputs::{MatrixInput, MatrixLayout, PlacedMatrix, normal_data},
};
use crate::kernels::{Kernels, TrainBackend};

/// The layouts of small inputs; large ones are dense.
const SMALL_LAYOUTS: &[MatrixLayout] = &[MatrixLayout::Dense, MatrixLayout::PartOfWider];

/// An operation on `N` matrices, with everything else that it depends on.
pub(super) trait MatrixFunction<const N: usize>: 'static {
    /// The matrices that it reads and has gradients for.
    fn inputs(&self) -> [MatrixInput; N];

    /// What the numbers depend on beside the tensors.
    fn parameters(&self) -> Value {
        json!({})
    }

    /// Tensors beside the matrices, as they are to be written.
    fn constants(&self) -> Vec<(String, TensorData)> {
        Vec::new()
    }

    /// The operation on a device.
    fn on<B: Kernels>(&self, device: &B::Device) -> impl Fn([Tensor<B, 2>; N]) -> Tensor<B, 2>;

    /// What it gives beside its output, without a gradient.
    fn beside<B: Kernels>(&self, _inputs: [Tensor<B, 2>; N]) -> Vec<(String, TensorData)> {
        Vec::new()
    }
}

/// The work of some functions: the small ones with their inputs in both layouts, the large ones in dense ones.
pub(super) fn works<B: TrainBackend, F: MatrixFunction<N>, const N: usize>(
    small: Vec<F>,
    large: Vec<F>,
) -> Vec<CaseWork<B>> {
    let small = small.into_iter().map(|function| (function, SMALL_LAYOUTS));
    let large = large.into_iter().map(|function| (function, &SMALL_LAYOUTS[..1]));
    let of_function = |(function, layouts): (F, &'static [MatrixLayout])| {
        let function = Rc::new(function);
        layouts.iter().map(move |&layout| {
            let function = function.clone();
            Box::new(move |place: &Workplace<B>| measure(&*function, layout, place)) as CaseWork<B>
        })
    };
    small.chain(large).flat_map(of_function).collect()
}

/// Values by both forms of the backend, with autodiff and without, gradients for a random direction, and seconds.
fn measure<B: TrainBackend, const N: usize>(
    function: &impl MatrixFunction<N>,
    layout: MatrixLayout,
    place: &Workplace<B>,
) -> Result<MeasuredCase> {
    let inputs = function.inputs();
    let mut stream = place.stream(inputs.iter().flat_map(|input| input.shape).sum::<usize>() as u64);
    let data = inputs.map(|input| normal_data(&mut stream, input.shape, (input.scale, place.dtype)));
    let mut tensors = function.constants();
    // Each is made anew for every call whose numbers are kept: LibTorch takes a view for the owner of its memory, and so
    // may write over the inputs of a call.
    let placed =
        || data.each_ref().map(|data| PlacedMatrix::<B::InnerBackend>::new(data, layout, &place.device));
    let (forward_seconds, output) = forwards(function, placed, place, &mut tensors)?;
    let direction = normal_data(&mut stream, output.shape, (1.0, output.dtype));
    let backward_seconds = Some(backwards(function, placed(), &direction, place, &mut tensors)?);
    tensors.push(("direction".to_owned(), direction));
    tensors.extend(inputs.iter().zip(data).map(|(input, data)| (input.name.to_owned(), data)));
    let mut parameters = function.parameters();
    parameters["layout"] = json!(layout.name());
    Ok(MeasuredCase { parameters, tensors, forward_seconds, backward_seconds })
}

/// Shape and type of an output.
struct OutputKind {
    shape: [usize; 2],
    dtype: DType,
}

/// Runs the form without autodiff: its seconds, and what its output is like.
fn forwards<B: TrainBackend, const N: usize>(
    function: &impl MatrixFunction<N>,
    placed: impl Fn() -> [PlacedMatrix<B::InnerBackend>; N],
    place: &Workplace<B>,
    tensors: &mut Vec<(String, TensorData)>,
) -> Result<(f64, OutputKind)> {
    let forward = function.on::<B::InnerBackend>(&place.device);
    let inputs = placed();
    let matrices = || inputs.each_ref().map(PlacedMatrix::matrix);
    let output = forward(matrices());
    let kind = OutputKind { shape: output.dims(), dtype: output.dtype() };
    tensors.push(("output.plain".to_owned(), output.into_data()));
    tensors.extend(function.beside(placed().each_ref().map(PlacedMatrix::matrix)));
    let seconds = place.median_seconds(|| drop(forward(matrices())))?;
    Ok((seconds, kind))
}

/// Runs forward and backward pass with autodiff: their seconds together.
fn backwards<B: TrainBackend, const N: usize>(
    function: &impl MatrixFunction<N>,
    inputs: [PlacedMatrix<B::InnerBackend>; N],
    direction: &TensorData,
    place: &Workplace<B>,
    tensors: &mut Vec<(String, TensorData)>,
) -> Result<f64> {
    let leaves = inputs.map(PlacedMatrix::into_leaf::<B>);
    let direction = Tensor::<B, 2>::from_data(direction.clone(), (&place.device, direction.dtype));
    let forward = function.on::<B>(&place.device);
    let differentiate = || {
        let output = forward(leaves.each_ref().map(PlacedMatrix::matrix));
        let gradients = (output.clone() * direction.clone()).sum().backward();
        (output, gradients)
    };
    let (output, gradients) = differentiate();
    tensors.push(("output".to_owned(), output.into_data()));
    for (input, leaf) in function.inputs().iter().zip(&leaves) {
        let gradient = leaf.whole.grad(&gradients).expect("every input of a function has a gradient");
        tensors.push((format!("gradient.{}", input.name), leaf.part_of(gradient).into_data()));
    }
    drop(gradients);
    place.median_seconds(|| drop(differentiate()))
}
