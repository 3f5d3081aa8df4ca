//! The cases of `adamw`: a few updates in a row.

use anyhow::Result;
use burn::tensor::{DType, Tensor, TensorData};
use serde_json::json;

use super::{
    case::{CaseWork, MeasuredCase, Workplace},
    inputs::normal_data,
};
use crate::kernels::{AdamWMoments, AdamWStep, Kernels, TrainBackend};

const UPDATES: usize = 3;
const BETAS: [f64; 2] = [0.9, 0.95];
const EPSILON: f64 = 1e-8;
const WEIGHT_DECAY: f64 = 0.1;
const LEARNING_RATE: f64 = 1e-2;
/// What gradients are multiplied by.
const SCALE: f64 = 0.5;

type State<B> = (Tensor<B, 1>, Option<AdamWMoments<B>>);

fn update<B: Kernels>((weights, moments): State<B>, gradient: Tensor<B, 1>, number: usize) -> State<B> {
    let step = AdamWStep {
        beta1: BETAS[0],
        beta2: BETAS[1],
        epsilon: EPSILON,
        weight_decay: WEIGHT_DECAY,
        learning_rate: LEARNING_RATE,
        scale: SCALE,
        corrections: BETAS.map(|beta| 1.0 - beta.powi(number as i32 + 1)),
    };
    let (weights, moments) = B::adamw(weights, gradient, moments, &step);
    (weights, Some(moments))
}

/// All in f32, as weights and moments are whatever a model computes in.
fn measure<B: TrainBackend>(elements: usize, place: &Workplace<B>) -> Result<MeasuredCase> {
    let mut stream = place.stream(elements as u64);
    let mut random = || normal_data(&mut stream, [elements], (1.0, DType::F32));
    let start = random();
    let gradients: [TensorData; UPDATES] = std::array::from_fn(|_| random());
    let on_device = |data: &TensorData| {
        Tensor::<B::InnerBackend, 1>::from_data(data.clone(), (&place.device, DType::F32))
    };
    let mut state: State<B::InnerBackend> = (on_device(&start), None);
    for (number, gradient) in gradients.iter().enumerate() {
        state = update(state, on_device(gradient), number);
    }
    let (weights, moments) = state;
    let AdamWMoments { first, second } = moments.expect("an update leaves moments");
    let written = [("output", &weights), ("first", &first), ("second", &second)];
    let mut tensors: Vec<(String, TensorData)> =
        written.map(|(name, tensor)| (name.to_owned(), tensor.to_data())).into();
    let gradient = on_device(&gradients[0]);
    let mut state = Some((weights, Some(AdamWMoments { first, second })));
    let forward_seconds = place.median_seconds(|| {
        state = state.take().map(|state| update(state, gradient.clone(), UPDATES));
    })?;
    tensors.push(("weights".to_owned(), start));
    let named = gradients.into_iter().enumerate();
    tensors.extend(named.map(|(number, gradient)| (format!("update.{number}"), gradient)));
    let parameters = json!({
        "betas": BETAS, "epsilon": EPSILON, "weight_decay": WEIGHT_DECAY, "learning_rate": LEARNING_RATE,
        "scale": SCALE, "updates": UPDATES,
    });
    Ok(MeasuredCase { parameters, tensors, forward_seconds, backward_seconds: None })
}

/// The large one is a matrix of the MLP of Qwen2.5-3B.
pub(super) fn adamw<B: TrainBackend>(large: bool) -> Vec<CaseWork<B>> {
    let mut sizes = vec![1, 33, 1023, 20_000];
    if large {
        sizes.push(2048 * 11_008);
    }
    let work =
        |elements: usize| Box::new(move |place: &Workplace<B>| measure(elements, place)) as CaseWork<B>;
    sizes.into_iter().map(work).collect()
}
